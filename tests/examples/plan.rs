//! The plan in a sheet: targets, paths and weights from data; a country that begins in the middle of a
//! month, one that the plan lacks, and one that nobody has sold anything in. No server is needed.

use std::path::Path;

use serde_json::Value;

use crate::exporter::eval;

const PLAN: &str = "config/examples/regional_plan/kpi-exporter.yaml";

/// The verdicts of a day by country, in the order in which they are shown.
fn verdicts(as_of: &str) -> Vec<(String, Value)> {
    let (json, _) = eval(Path::new(PLAN), as_of);
    let all = json["kpis"].as_array().unwrap().iter();
    all.map(|kpi| (kpi["labels"]["country"].as_str().unwrap().to_owned(), kpi.clone())).collect()
}

#[track_caller]
fn country(verdicts: &[(String, Value)], name: &str) -> Value {
    verdicts.iter().find(|(country, _)| country == name).map(|(_, kpi)| kpi.clone()).unwrap()
}

#[track_caller]
fn close(actual: &Value, expected: f64) {
    let actual = actual.as_f64().unwrap_or_else(|| panic!("{actual} is no number"));
    assert!((actual - expected).abs() < 1e-6, "{actual} is not {expected}");
}

/// 1 to 20 September 2026 has 14 working days and 6 days of weekends, which count a fifth: 15.2 of the
/// 23.6 of the month. From the 14th on it is 5.4 of 13.8.
#[test]
fn targets_paths_and_weights_come_from_the_sheet() {
    let verdicts = verdicts("2026-09-20");
    let order: Vec<&str> = verdicts.iter().map(|(country, _)| country.as_str()).collect();
    assert_eq!(order, ["AT", "DE", "ES", "FR", "PL"], "what was planned and not measured is first");

    let germany = country(&verdicts, "DE");
    close(&germany["value"], 15_200.0);
    close(&germany["target_value"], 23_600.0);
    close(&germany["expected_value"], 23_600.0 * 15.2 / 23.6);
    close(&germany["pace_ratio"], 1.0);
    assert_eq!(germany["status"], "on_track");

    let france = country(&verdicts, "FR");
    close(&france["pace_ratio"], 0.8);
    assert_eq!(france["status"], "off_track");

    let spain = country(&verdicts, "ES");
    close(&spain["value"], 2_700.0);
    close(&spain["expected_value"], 6_900.0 * 5.4 / 13.8);
    assert_eq!(spain["status"], "on_track", "its plan began when it did: {spain:#}");

    let poland = country(&verdicts, "PL");
    assert_eq!((&poland["status"], &poland["target_value"]), (&"no_data".into(), &Value::Null));
    assert_eq!(poland["reason"], "No verdict: no target for PL in `plan`.");

    let austria = country(&verdicts, "AT");
    assert_eq!((&austria["value"], &austria["status"]), (&Value::Null, &"no_data".into()));
    assert_eq!(
        austria["reason"],
        "No data: nothing was measured for AT, and the plan has a target of €4,000."
    );
}

#[test]
fn a_country_has_its_verdict_from_its_first_day_on() {
    let before = verdicts("2026-09-13");
    assert_eq!(country(&before, "ES")["status"], "no_data");
    let first = country(&verdicts("2026-09-14"), "ES");
    close(&first["expected_value"], 500.0);
    close(&first["pace_ratio"], 1.0);
    let close_of_month = country(&verdicts("2026-09-30"), "ES");
    assert_eq!(close_of_month["status"], "achieved");
    close(&close_of_month["target_ratio"], 1.0);
}
