//! `eval` and `check` as their users see them: the worked example, a real shop, exit codes, errors.

use std::path::Path;

use crate::exporter::{command, eval, kpi, run};
use serde_json::{Value, json};

const DEFAULT: &str = "config/kpi-exporter.yaml";
const CDNOW: &str = "config/examples/cdnow/kpi-exporter.yaml";

#[track_caller]
fn close(actual: &Value, expected: f64) {
    let actual = actual.as_f64().unwrap_or_else(|| panic!("{actual} is no number"));
    let tolerance = 1e-9 * expected.abs().max(1.0);
    assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected}");
}

#[test]
fn the_worked_example_after_one_month() {
    let (json, code) = eval(Path::new(DEFAULT), "2026-04-30");
    assert_eq!(code, Some(0));
    assert_eq!(json["as_of"], "2026-05-01T00:00:00-04:00");
    let traffic = kpi(&json, "organic_traffic");
    close(&traffic["value"], 125_000.0);
    close(&traffic["baseline_value"], 100_000.0);
    // A ramp seen through its window of 30 of 91 days: t² / (w (2 − w)) with t = w.
    let expected = (30.0 / 91.0) / (2.0 - 30.0 / 91.0);
    close(&traffic["expected_value"], 100_000.0 + 30_000.0 * expected);
    close(&traffic["pace_ratio"], 1.0 + (25.0 / 30.0 - expected));
    assert_eq!(traffic["status"], "on_track");
    let conversion = kpi(&json, "trial_to_paid");
    close(&conversion["value"], 0.10);
    close(&conversion["target_ratio"], 0.625);
    close(&conversion["progress_ratio"], -0.5);
    close(&conversion["pace_ratio"], 1.0 - 0.5 - expected);
    assert_eq!(conversion["status"], "off_track");
    let arr = kpi(&json, "net_new_arr");
    close(&arr["value"], 60_000.0);
    close(&arr["pace_ratio"], 1.2);
    assert_eq!(arr["status"], "on_track");
    assert_eq!(arr["period"]["id"], "2026-Q2");
    assert_eq!(arr["period"]["start"], "2026-04-01T00:00:00-04:00");
    close(&arr["period"]["elapsed_ratio"], 30.0 / 91.0);
}

#[test]
fn the_worked_example_at_the_close() {
    let (json, code) = eval(Path::new(DEFAULT), "2026-06-30");
    assert_eq!(code, Some(0));
    for (id, value, ratio, status) in [
        ("organic_traffic", 135_000.0, 135.0 / 130.0, "achieved"),
        ("trial_to_paid", 0.15, 0.9375, "missed"),
        ("net_new_arr", 230_000.0, 0.92, "missed"),
    ] {
        let kpi = kpi(&json, id);
        close(&kpi["value"], value);
        close(&kpi["target_ratio"], ratio);
        assert_eq!(kpi["status"], status, "{kpi:#}");
    }
}

#[test]
fn a_real_shop_gives_the_golden_figures() {
    let golden: Value = serde_json::from_str(include_str!("../golden/cdnow-sample.json")).unwrap();
    let days = [
        ("1997-Q1", "1997-03-31"),
        ("1997-Q2", "1997-06-30"),
        ("1997-Q3", "1997-09-30"),
        ("1997-Q4", "1997-12-31"),
        ("1998-Q1", "1998-03-31"),
        ("1998-Q2", "1998-06-30"),
        ("1998-Q2 as of 1998-05-15", "1998-05-15"),
        ("1997-Q4 as of 1997-11-30", "1997-11-30"),
    ];
    assert_eq!(golden.as_object().unwrap().len(), days.len());
    for (name, day) in days {
        let (json, _) = eval(Path::new(CDNOW), day);
        for id in ["revenue", "average_order_value", "repeat_purchase_rate", "active_customers"] {
            close(&kpi(&json, id)["value"], golden[name][id].as_f64().unwrap());
        }
    }
}

#[test]
fn the_table_says_it_in_words() {
    let output = run(&["eval", "--as-of", "2026-04-30"]);
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn a_kpi_without_value_gives_exit_code_3_and_says_why() {
    let (json, code) = eval(Path::new(DEFAULT), "2031-01-31");
    assert_eq!(code, Some(3));
    let traffic = kpi(&json, "organic_traffic");
    assert_eq!((&traffic["value"], &traffic["status"]), (&Value::Null, &json!("no_data")));
    assert!(traffic["reason"].as_str().unwrap().starts_with("No data: "), "{traffic:#}");
}

#[test]
fn only_the_kpis_asked_for_are_evaluated() {
    let output =
        run(&["eval", "--as-of", "2026-04-30", "--kpi", "net_new_arr", "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["kpis"].as_array().unwrap().len(), 1);
    let output = run(&["eval", "--kpi", "net_new_ar"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("there is no KPI `net_new_ar`"), "{stderr}");
}

#[test]
fn one_failing_source_leaves_the_other_kpis_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.csv"), "day,n\n2026-04-02,7\n").unwrap();
    let config = folder.path().join("kpis.yaml");
    std::fs::write(&config, TWO_SOURCES).unwrap();
    let (json, code) = eval(&config, "2026-04-30");
    assert_eq!(code, Some(3));
    close(&kpi(&json, "good")["value"], 7.0);
    let bad = kpi(&json, "bad");
    assert_eq!(bad["status"], "no_data");
    let reason = bad["reason"].as_str().unwrap();
    assert!(reason.contains("`lost`") && reason.contains("missing.csv"), "{reason}");
    // What both give together fails, and says which part.
    assert_eq!(kpi(&json, "both")["status"], "no_data");
}

const TWO_SOURCES: &str = r#"
version: 1
sources:
  here: { files: { tables: { good: good.csv } } }
  lost: { files: { tables: { bad: missing.csv } } }
metrics:
  n: { source: here, query: "SELECT sum(n) AS value FROM good WHERE day < :window_end_date" }
  m: { source: lost, query: "SELECT sum(n) AS value FROM bad WHERE day < :window_end_date" }
kpis:
  good: { kind: leading, formula: n, accumulation: flow, unit: count, direction: increase, target: 10 }
  bad: { kind: leading, formula: m, accumulation: flow, unit: count, direction: increase, target: 10 }
  both: { kind: leading, formula: n / m, accumulation: ratio, unit: ratio, direction: increase, target: 2 }
"#;

#[test]
fn metrics_of_two_sources_and_label_sets_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("ads.csv", "day,region,spend\n2026-04-02,EU,600\n2026-04-03,US,900\n2026-04-03,EU,300\n");
    write("crm.csv", "day,region\n2026-04-05,EU\n2026-04-06,EU\n2026-04-07,EU\n2026-04-08,US\n");
    write("kpis.yaml", CAC);
    let (json, code) = eval(&folder.path().join("kpis.yaml"), "2026-04-30");
    assert_eq!(code, Some(0));
    let found: Vec<_> = json["kpis"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kpi| (kpi["labels"]["region"].as_str().unwrap(), kpi["value"].as_f64().unwrap()))
        .collect();
    assert_eq!(found, [("EU", 300.0), ("US", 900.0)]);
}

const CAC: &str = "
version: 1
sources:
  ads: { files: { tables: { spend: ads.csv } } }
  crm: { files: { tables: { won: crm.csv } } }
metrics:
  ads:
    source: ads
    labels: [region]
    query: |
      SELECT region, sum(spend) AS spend FROM spend
      WHERE day >= :window_start_date AND day < :window_end_date GROUP BY region
  crm:
    source: crm
    labels: [region]
    query: |
      SELECT region, count(*) AS won FROM won
      WHERE day >= :window_start_date AND day < :window_end_date GROUP BY region
kpis:
  cac: { kind: efficiency, formula: ads.spend / crm.won, accumulation: ratio, unit: USD, direction: decrease, target: 400 }
";

#[test]
fn check_counts_what_it_found_and_errors_give_exit_code_2() {
    let output = run(&["check"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
    let output = run(&["check", "--config", "config/nothing.yaml"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("config/nothing.yaml"), "{stderr}");
}

#[test]
fn every_shipped_example_passes_check() {
    for example in ["cdnow", "postgres"] {
        let path = format!("config/examples/{example}/kpi-exporter.yaml");
        let output = crate::exporter::command()
            .args(["check", "--config", &path])
            .env("WAREHOUSE_URL", "postgres://reader@db.example.com/shop")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{path}: {stderr}");
    }
}

#[test]
fn a_folder_without_a_configuration_is_told_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["eval"][..], &["check"], &["report"], &["run"]] {
        let output = command().args(arguments).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}: {said}");
        for hint in
            ["there is no such file", "`kpi-exporter init`", "`kpi-exporter demo --write DIR`"]
        {
            assert!(said.contains(hint), "{arguments:?}: {hint}: {said}");
        }
    }
}
