//! The second witness: what earlier periods say speaks through `eval` as well, beside the store that
//! remembers them.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use chrono::{Datelike, NaiveDate};
use serde_json::Value;

use crate::exporter::{eval, kpi, run};

/// A shop that sells in the first 50 days of each quarter and hardly afterwards.
fn shop(folder: &Path) {
    let mut rows = "day,amount\n".to_owned();
    let first = NaiveDate::from_ymd_opt(2022, 10, 1).unwrap();
    let end = NaiveDate::from_ymd_opt(2024, 5, 19).unwrap();
    for (index, day) in first.iter_days().take_while(|day| *day < end).enumerate() {
        let quarter = day.with_day(1).and_then(|day| day.with_month(day.month0() / 3 * 3 + 1));
        let passed = (day - quarter.unwrap()).num_days();
        let amount = if passed < 50 { 1000 } else { 20 } + index * 37 % 91;
        writeln!(rows, "{day},{amount}").unwrap();
    }
    fs::write(folder.join("sales.csv"), rows).unwrap();
    for (name, store) in [("kpis.yaml", "store: { path: history.db }"), ("alone.yaml", "")] {
        let text = format!(
            "
version: 1
{store}
sources: {{ s: {{ files: {{ tables: {{ sales: sales.csv }} }} }} }}
metrics:
  sales: {{ source: s, query: 'SELECT coalesce(sum(amount), 0) AS value FROM sales WHERE day >= :window_start_date AND day < :window_end_date' }}
kpis:
  sales: {{ kind: lagging, formula: sales, accumulation: flow, unit: EUR, direction: increase, period: quarter, target: 75000 }}
"
        );
        fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn what_has_hardly_a_chance_is_not_green_though_it_is_a_quarter_ahead() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let of = |name: &str| folder.path().join(name);
    let config = of("kpis.yaml");
    let span = ["--from", "2022-10-01", "--to", "2024-05-18"];
    let kept = run(&[&["backfill", "--config", config.to_str().unwrap()], &span[..]].concat());
    assert!(kept.status.success(), "{}", String::from_utf8_lossy(&kept.stderr));

    let (json, _) = eval(&config, "2024-05-18");
    let seen = kpi(&json, "sales");
    assert!(seen["pace_ratio"].as_f64().unwrap() > 1.25, "{seen:#}");
    let chance = seen["target_hit_probability"].as_f64().unwrap();
    assert!(chance > 0.0 && chance < 0.005, "{chance}");
    assert_eq!(seen["status"], "off_track", "{seen:#}");
    let reason = seen["reason"].as_str().unwrap();
    assert!(reason.contains("by what earlier periods did from here the chance is"), "{reason}");

    // Without what the store remembers there is only the pace.
    let (json, _) = eval(&of("alone.yaml"), "2024-05-18");
    let alone = kpi(&json, "sales");
    assert_eq!(alone["target_hit_probability"], Value::Null);
    assert_eq!((&alone["status"], &alone["pace_ratio"]), (&"on_track".into(), &seen["pace_ratio"]));
}
