"""Tables in a Trino's memory, and what kpi-exporter makes of them beside what Trino itself says.

    try.py http://HOST:PORT KPI-EXPORTER FOLDER
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request

url, exporter, folder = sys.argv[1:]
kpis = os.path.join(os.path.dirname(__file__), "kpis.yaml")


def ask(statement, not_yet=None):
    """The rows of a statement, by Trino's own protocol; None when it is refused with `not_yet`."""
    request = urllib.request.Request(url + "/v1/statement", statement.encode(), {"X-Trino-User": "setup"})
    rows, deadline = [], time.monotonic() + 120
    while time.monotonic() < deadline:
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.load(answer)
        if "error" in said:
            if not_yet and not_yet in said["error"]["message"]:
                return None
            sys.exit(f"{statement}\n{said['error']['message']}")
        rows += said.get("data", [])
        if "nextUri" not in said:
            return rows
        request = urllib.request.Request(said["nextUri"], headers={"X-Trino-User": "setup"})
    sys.exit(f"no end of {statement}")


def run(*arguments, good=True):
    environment = {**os.environ, "TRINO_URL": url.replace("http://", "trino+http://kpi@") + "/memory/default"}
    done = subprocess.run([exporter, *arguments], env=environment, capture_output=True, text=True, timeout=300)
    if (done.returncode == 0) != good:
        sys.exit(f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + ("" if good else done.stderr)


# Hours around the change of the clock in Berlin (29 March 2026), and at the ends of days.
orders = """CREATE TABLE memory.default.orders AS SELECT
    with_timezone(at, 'UTC') AS paid_at, at AS utc_at, CAST(with_timezone(at, 'UTC') AT TIME ZONE 'Europe/Berlin' AS date) AS day,
    amount, priority, express, rating
    FROM (SELECT CAST(TIMESTAMP '2026-01-01 00:30:00' + orderkey % 2900 * INTERVAL '1' HOUR AS timestamp(3)) AS at,
    CAST(totalprice AS decimal(12, 2)) AS amount, CAST(substr(orderpriority, 1, 1) AS char(1)) AS priority,
    orderkey % 3 = 0 AS express, CAST(orderkey % 5 + 1 AS real) AS rating FROM tpch.tiny.orders)"""
# It serves before it knows of itself as a node that can hold tables, and an attempt then may leave the table's name.
deadline, made = time.monotonic() + 120, None
while made is None:
    assert time.monotonic() < deadline, "it knows no node"
    time.sleep(0.2)
    ask("DROP TABLE IF EXISTS memory.default.orders")
    made = ask(orders, not_yet="nodes is empty")
between = "paid_at >= TIMESTAMP '2026-01-01 00:00:00 Europe/Berlin' AND paid_at < TIMESTAMP '2026-03-30 00:00:00 Europe/Berlin'"
theirs = ask(f"SELECT CAST(sum(amount) AS double), count(*) FROM memory.default.orders WHERE {between}")[0]
by_day = {
    (priority, str(express).lower()): (revenue, rating)
    for priority, express, revenue, rating in ask(
        "SELECT priority, express, CAST(sum(amount) AS double), CAST(avg(rating) AS double) FROM memory.default.orders "
        "WHERE day < DATE '2026-03-30' GROUP BY priority, express"
    )
}

said = json.loads(run("eval", "--config", kpis, "--as-of", "2026-03-29", "--format", "json"))
ours = {(one["kpi"], one["labels"].get("priority"), one["labels"].get("express")): one["value"] for one in said["kpis"]}
expected = {("instants", None, None): theirs[0], ("utc", None, None): theirs[0], ("orders", None, None): theirs[1]}
for (priority, express), (revenue, rating) in by_day.items():
    expected["days", priority, express] = revenue
    expected["rating", priority, express] = rating
assert len(expected) == 23, expected
assert ours.keys() == expected.keys(), (sorted(ours), sorted(expected))
for key, value in expected.items():
    assert abs(ours[key] - value) <= 1e-6 * abs(value), (key, ours[key], value)

# Every metric once, and what it says of a mistake.
run("check", "--connect", "--config", kpis)
wrong = os.path.join(folder, "wrong.yaml")
with open(kpis) as good, open(wrong, "w") as bad:
    bad.write(good.read().replace("sum(amount) AS revenue, count(*)", "sum(amuont) AS revenue, count(*)"))
told = run("check", "--connect", "--config", wrong, good=False)
assert "amuont" in told and "cannot be resolved" in told, told

# Only reads, whatever the login may do.
deletes = os.path.join(folder, "deletes.yaml")
with open(kpis) as good, open(deletes, "w") as bad:
    bad.write(good.read().replace("SELECT sum(amount) AS revenue, count(*) AS orders FROM", "DELETE FROM"))
told = run("check", "--config", deletes, good=False)
assert "DELETE" in told, told

# A query without end is ended there as well.
slow = os.path.join(folder, "slow.yaml")
with open(kpis) as good, open(slow, "w") as bad:
    text = good.read().replace('"${env:TRINO_URL}" }', '"${env:TRINO_URL}", timeout: 3s }')
    crossed = "FROM tpch.sf1.lineitem a CROSS JOIN tpch.sf1.lineitem b, (SELECT * FROM orders) WHERE"
    bad.write(text.replace("FROM orders WHERE paid_at", crossed + " a.comment <> b.comment AND paid_at"))
told = run("check", "--connect", "--config", slow, good=False)
# Trino looks at its limit once in a while: ours may come first, before an answer or in the middle of one, and ends
# the query too.
ours = r"(no answer from \S+|the answer of \S+ was not complete) within 3 s"
assert "was cancelled on the server" in told or re.search(ours, told), told
deadline = time.monotonic() + 60
while ask("SELECT count(*) FROM system.runtime.queries WHERE state = 'RUNNING' AND query LIKE '%CROSS JOIN%' AND user = 'kpi'")[0][0]:
    assert time.monotonic() < deadline, "the query goes on"
    time.sleep(0.5)
print(f"{len(expected)} values agree")
