//! Nothing is green against its own evidence, a future that is asked for says so, and a changed goal is
//! told from a changed definition.

use std::fs;
use std::path::Path;

use crate::exporter::{Exporter, eval, kpi, run, sample};

/// A folder with a configuration over tables of CSV.
fn folder(tables: &[(&str, &str)], config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, rows) in tables {
        fs::write(folder.path().join(format!("{name}.csv")), rows).unwrap();
    }
    let names = tables.iter().map(|(name, _)| format!("{name}: {name}.csv"));
    let names = names.collect::<Vec<_>>().join(", ");
    let text =
        format!("version: 1\nsources: {{ s: {{ files: {{ tables: {{ {names} }} }} }} }}\n{config}");
    fs::write(folder.path().join("kpis.yaml"), text).unwrap();
    folder
}

fn config(folder: &Path) -> std::path::PathBuf {
    folder.join("kpis.yaml")
}

const CUSTOMERS: &str = "
metrics:
  churn: { source: s, query: 'SELECT sum(left_us) AS gone, sum(customers) AS all_of_them FROM c WHERE day >= :window_start_date AND day < :window_end_date' }
kpis:
  to_date:  { kind: lagging, formula: churn.gone / churn.all_of_them, accumulation: ratio, unit: percent, direction: decrease, period: month, target: { max: 4% } }
  trailing: { kind: lagging, formula: churn.gone / churn.all_of_them, accumulation: ratio, window: 14d, unit: percent, direction: decrease, period: month, target: { max: 4% } }
";

#[test]
fn churn_above_its_limit_is_not_green_however_little_it_is() {
    for (gone, status) in [(418, "at_risk"), (396, "on_track"), (600, "off_track")] {
        let rows: Vec<String> =
            (1..=20).map(|day| format!("2026-06-{day:02},{gone},10000\n")).collect();
        let rows = rows.concat();
        let folder = folder(&[("c", &format!("day,left_us,customers\n{rows}"))], CUSTOMERS);
        let (json, _) = eval(&config(folder.path()), "2026-06-20");
        for id in ["to_date", "trailing"] {
            assert_eq!(kpi(&json, id)["status"], status, "{gone}: {:#}", kpi(&json, id));
        }
    }
}

const SALES: &str = "
metrics:
  sales: { source: s, query: 'SELECT coalesce(sum(amount), 0) AS value FROM sales WHERE day >= :window_start_date AND day < :window_end_date' }
kpis:
  sales: { kind: lagging, formula: sales, accumulation: flow, unit: EUR, direction: increase, period: month, target: 250000 }
";

#[test]
fn what_needs_a_month_s_work_on_the_last_day_is_not_green() {
    // 205,176 EUR of 250,000 with a day to go, from rows so uneven that chance would explain anything.
    let rows = "day,amount\n2026-06-03,120000\n2026-06-11,5176\n2026-06-25,80000\n";
    let folder = folder(&[("sales", rows)], SALES);
    let (json, _) = eval(&config(folder.path()), "2026-06-29");
    let sales = kpi(&json, "sales");
    assert_ne!(sales["status"], "on_track", "{sales:#}");
    let reason = sales["reason"].as_str().unwrap();
    assert!(reason.contains("€44.8 K a day needed for 1 day"), "{reason}");
    // Two hours before the close as well.
    let (json, _) = eval(&config(folder.path()), "2026-06-30T22:00:00Z");
    assert_ne!(kpi(&json, "sales")["status"], "on_track", "{json:#}");
}

#[test]
fn an_instant_that_is_still_to_come_says_so() {
    let folder = folder(&[("sales", "day,amount\n2026-06-03,120000\n")], SALES);
    let path = config(folder.path());
    let path = path.to_str().unwrap();
    let said = |arguments: &[&str]| {
        let output = run(&[arguments, &["--config", path]].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    for command in [&["eval"][..], &["fetch", "sales"]] {
        let (out, err) = said(&[command, &["--as-of", "2199-12-31"]].concat());
        assert!(out.contains("still to come"), "{out}");
        assert!(err.contains("--as-of 2199-12-31 is still to come"), "{err}");
        let (out, err) = said(&[command, &["--as-of", "2026-06-30"]].concat());
        assert!(!out.contains("to come") && !err.contains("to come"), "{out}{err}");
        let (out, err) = said(command);
        assert!(!out.contains("to come") && !err.contains("to come"), "{out}{err}");
    }
    let (json, err) = said(&["eval", "--format", "json", "--as-of", "2199-12-31T00:00:00Z"]);
    assert!(json.starts_with('{') && err.contains("still to come"), "{err}");
    let (_, err) = said(&["backfill", "--from", "2026-06-01", "--to", "2199-12-31"]);
    assert!(err.contains("2199-12-31 has not come to its end yet"), "{err}");
}

#[test]
fn a_new_target_is_told_with_the_old_one_and_a_new_formula_as_another_definition() {
    const KPIS: &str = "
store: { path: history.db }
defaults: { schedule: every 1s, period: year }
metrics:
  orders: { source: s, query: 'SELECT sum(amount) AS value FROM orders' }
kpis:
  orders: { kind: lagging, formula: FORMULA, accumulation: level, unit: USD, direction: increase, target: TARGET }
";
    let kpis =
        |formula: &str, target: &str| KPIS.replace("FORMULA", formula).replace("TARGET", target);
    let tables = [("orders", "day,amount\n2026-01-01,120\n")];
    let shop = folder(&tables, &kpis("orders", "100"));
    let again = |formula: &str, target: &str| {
        let other = folder(&tables, &kpis(formula, target));
        fs::copy(config(other.path()), config(shop.path())).unwrap();
    };
    let daemon = Exporter::run(&config(shop.path()));
    let target = r#"kpi_target_value{kpi="orders"}"#;
    daemon.until("100", |m| sample(m, target) == Some(100.0));
    again("orders", "175");
    daemon.signal("HUP");
    daemon.until("175", |m| sample(m, target) == Some(175.0));
    let line = |words: &str| {
        let log = daemon.log();
        let found = log.lines().find(|line| line.contains(words)).map(str::to_owned);
        found.unwrap_or_else(|| panic!("no {words} in\n{log}"))
    };
    let told = line("the goal changed");
    assert!(told.contains("target: 100") && told.contains("target: 175"), "{told}");
    again("orders * 2", "175");
    daemon.signal("HUP");
    let value = r#"kpi_value{kpi="orders"}"#;
    daemon.until("240", |m| sample(m, value) == Some(240.0));
    let told = line("the meaning changed");
    assert!(told.contains("formula: orders") && told.contains("orders*2"), "{told}");
    assert!(!daemon.log().contains("the source changed"), "{}", daemon.log());
}
