//! Label sets of several metrics: none gets lost, and what is missing is told or 0.

use std::path::Path;

use serde_json::Value;

use crate::exporter::eval;

const CONFIG: &str = r#"
version: 1
sources: { s: { files: { tables: { orders: orders.csv, refunds: refunds.csv, plan: plan.csv } } } }
metrics:
  orders: { source: s, labels: [country], query: "SELECT country, sum(n) AS n FROM orders WHERE day >= :window_start_date AND day < :window_end_date GROUP BY country" }
  refunds: { source: s, labels: [country], MISSING query: "SELECT country, sum(n) AS n FROM refunds WHERE day >= :window_start_date AND day < :window_end_date GROUP BY country" }
  plan: { source: s, labels: [country], query: "SELECT country, n AS value FROM plan" }
objectives: { o: { title: O } }
kpis:
  rate: { kind: efficiency, objective: o, formula: refunds.n / orders.n, accumulation: ratio, unit: percent, direction: decrease, period: month, baseline: previous_period, target: 5% }
  refunds: { kind: lagging, formula: refunds.n, accumulation: flow, unit: count, direction: decrease, period: month, baseline: previous_period, target: { formula: plan } }
  share: { kind: efficiency, formula: refunds.n / orders.n, breakdown: [country], accumulation: ratio, unit: percent, direction: decrease, period: month, target: 5% }
"#;

fn folder(missing: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("kpi.yaml", &CONFIG.replace("MISSING", missing));
    write(
        "orders.csv",
        "day,country,n\n2026-03-05,DE,100\n2026-03-05,FR,100\n2026-04-05,DE,200\n2026-04-05,FR,100\n\
         2026-04-05,IT,50\n",
    );
    write("refunds.csv", "day,country,n\n2026-03-07,DE,8\n2026-03-07,US,1\n2026-04-07,FR,4\n");
    write("plan.csv", "country,n\nDE,5\nFR,6\nES,7\n");
    folder
}

fn verdicts<'a>(json: &'a Value, kpi: &str) -> Vec<(&'a str, &'a Value)> {
    let all = json["kpis"].as_array().unwrap().iter().filter(|one| one["kpi"] == kpi);
    all.map(|one| (one["labels"]["country"].as_str().unwrap_or("-"), one)).collect()
}

fn values<'a>(json: &'a Value, kpi: &str, of: &str) -> Vec<(&'a str, Option<f64>)> {
    verdicts(json, kpi).into_iter().map(|(country, one)| (country, one[of].as_f64())).collect()
}

fn result(folder: &Path) -> Value {
    eval(&folder.join("kpi.yaml"), "2026-04-30").0
}

#[test]
fn a_label_set_that_lacks_an_input_has_no_data_and_says_which() {
    let folder = folder("");
    let json = result(folder.path());
    let expected = [("DE", None), ("FR", Some(0.04)), ("IT", None)];
    assert_eq!(values(&json, "rate", "value"), expected);
    let (_, de) = verdicts(&json, "rate")[0];
    assert_eq!(de["status"], "no_data");
    assert_eq!(de["reason"], "No data: nothing for `refunds` in country=DE.");
    assert_eq!(values(&json, "refunds", "value"), [("DE", None), ("ES", None), ("FR", Some(4.0))]);
    let members: Vec<&Value> = verdicts(&json, "share")[0].1["breakdown"][0]["members"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(members.len(), 3, "{members:#?}");
}

#[test]
fn missing_zero_is_zero_now_in_the_baseline_and_where_only_the_plan_or_the_past_has_it() {
    let folder = folder("missing: zero,");
    let json = result(folder.path());
    let rate = [("DE", Some(0.0)), ("FR", Some(0.04)), ("IT", Some(0.0))];
    assert_eq!(values(&json, "rate", "value"), rate);
    let baseline = [("DE", Some(0.08)), ("FR", Some(0.0)), ("IT", None)];
    assert_eq!(values(&json, "rate", "baseline_value"), baseline);
    // US had refunds in March and has no plan; ES has a plan only.
    let mut refunds = values(&json, "refunds", "value");
    refunds.sort_by_key(|(country, _)| *country);
    assert_eq!(
        refunds,
        [("DE", Some(0.0)), ("ES", Some(0.0)), ("FR", Some(4.0)), ("US", Some(0.0))]
    );
    let whole = verdicts(&json, "share")[0].1;
    assert_eq!(whole["value"].as_f64(), Some(4.0 / 350.0));
    let members = whole["breakdown"][0]["members"].as_array().unwrap();
    let of = |name: &str| members.iter().find(|one| one["member"] == name).unwrap();
    assert_eq!(of("DE")["value"].as_f64(), Some(0.0));
    assert_eq!(of("DE")["change"].as_f64(), Some(-0.08));
    assert_eq!(of("FR")["change"].as_f64(), Some(0.04), "none in March, which was 0");
}

#[test]
fn an_answer_without_rows_is_zero_and_a_fetch_that_fails_is_not() {
    let folder = folder("missing: zero,");
    let refunds = folder.path().join("refunds.csv");
    std::fs::write(&refunds, "day,country,n\n2020-01-01,DE,1\n").unwrap();
    let zero = [("DE", Some(0.0)), ("FR", Some(0.0)), ("IT", Some(0.0))];
    assert_eq!(values(&result(folder.path()), "rate", "value"), zero);
    std::fs::write(&refunds, "day,country,wrong\n2020-01-01,DE,1\n").unwrap();
    let json = result(folder.path());
    let [(_, only)] = verdicts(&json, "rate")[..] else { panic!("{json:#}") };
    assert_eq!(only["value"], Value::Null);
    let reason = only["reason"].as_str().unwrap();
    assert!(reason.contains("metric `refunds` of source `s` fails"), "{reason}");
}
