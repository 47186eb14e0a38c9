"""Writes what the PyPI package saas-metrics says of the export that it generates, and the same export as
the tables of docs/catalog.md, into a folder. Revenue of a month is what the package spreads onto it; movements
are dated on the last day of their month. Only the package's numbers go into metrics.csv."""

import csv
import sys
from pathlib import Path

from saas_metrics import analyze, sample

MONTHS = 15
folder = Path(sys.argv[1])
export = folder / "billing.csv"
sample.generate(months=MONTHS).to_csv(export, index=False)
report = analyze(str(export), mapping=sample.MAPPING)
assert report.ok, report.checks
export.unlink()

customers = report.customers
months = [column for column in customers.columns if column != "customer_id"]
movements, accounts = [], []
for row in customers.to_dict("records"):
    before, seen, start = 0, False, None
    for month in months:
        now = round(row[month] * 100)
        if now > 0 and before == 0:
            movements.append((month, row["customer_id"], "reactivation" if seen else "new", now))
            start = month
        elif now == 0 and before > 0:
            movements.append((month, row["customer_id"], "churn", -before))
            accounts.append((str(start), str(month)))
        elif now > before:
            movements.append((month, row["customer_id"], "expansion", now - before))
        elif now < before:
            movements.append((month, row["customer_id"], "contraction", now - before))
        seen, before = seen or now > 0, now
    if before > 0:
        accounts.append((str(start), ""))


def write(name, header, rows):
    with open(folder / name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


cents = lambda amount: f"{amount / 100:.2f}"  # noqa: E731
write("mrr_movements.csv", ["day", "customer_id", "kind", "amount"],
      [(day, customer, kind, cents(amount)) for day, customer, kind, amount in sorted(movements)])
write("accounts.csv", ["started_on", "ended_on"], sorted(accounts))
wanted = ["period_end", "arr", "quick_ratio", "logo_churn_rate", "gross_revenue_churn_rate", "nrr_12m", "grr_12m"]
metrics, waterfall = report.metrics, report.waterfall.set_index("period_end")
rows = []
for row in metrics.to_dict("records")[-4:]:
    falls = waterfall.loc[row["period_end"]]
    numbers = ["" if row[name] != row[name] else f"{float(row[name]):.12g}" for name in wanted[1:]]
    lost = float(falls["contraction"]) + float(falls["churn"])
    rows.append([str(row["period_end"])[:10], *numbers, f"{float(falls['reactivation']):.2f}", f"{lost:.2f}"])
write("metrics.csv", [*wanted, "reactivation", "lost"], rows)
