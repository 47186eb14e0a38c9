//! A value that cannot be is told, and still there.

use std::fs;

use serde_json::Value;

use crate::program::program;

fn reason(keys: &str, value: &str) -> (Option<f64>, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "version: 1\nsources: {{ s: {{ files: {{ tables: {{ t: t.csv }} }} }} }}\nmetrics:\n  m: {{ source: s, query: \"SELECT {value} FROM t WHERE day < :window_end_date\" }}\nkpis:\n  k:\n{keys}"
    );
    fs::write(folder.path().join("k.yaml"), config).unwrap();
    fs::write(folder.path().join("t.csv"), "day,a\n2026-01-01,10\n").unwrap();
    let arguments = ["eval", "--config", "k.yaml", "--as-of", "2026-05-15", "--format", "json"];
    let outcome = program(folder.path(), &arguments);
    let answer: Value =
        serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}", outcome.err));
    let kpi = &answer["kpis"][0];
    (kpi["value"].as_f64(), kpi["reason"].as_str().unwrap().to_owned())
}

const COUNT: &str = "    kind: lagging\n    formula: m.v\n    accumulation: flow\n    unit: count\n    direction: increase\n    target: 10\n";
const GRR: &str = "    template: grr\n    inputs: { at_start: m.s, contraction: m.c, churned: 0 }\n    baseline: 90%\n    target: 95%\n";
const NPS: &str = "    template: nps\n    inputs: { promoters: m.p, detractors: 0, responses: m.r }\n    baseline: 1\n    target: 5\n";
const SHARE: &str = "    kind: lagging\n    formula: m.a / m.b\n    accumulation: ratio\n    unit: percent\n    direction: increase\n    target: 50%\n";

#[test]
fn what_cannot_be_is_told_and_shown() {
    let own = format!("{SHARE}    range: {{ max: 100% }}\n");
    for (keys, query, value) in [
        (COUNT, "-5 AS v", -5.0),
        (GRR, "100 AS s, -20 AS c", 1.2),
        (NPS, "30 AS p, 20 AS r", 150.0),
        (own.as_str(), "3 AS a, 2 AS b", 1.5),
    ] {
        let (found, reason) = reason(keys, query);
        assert_eq!(found, Some(value));
        assert!(reason.contains("Out of range: "), "{reason}");
    }
}

#[test]
fn what_can_be_is_not() {
    for (keys, query) in [
        (COUNT, "5 AS v"),
        (GRR, "100 AS s, 20 AS c"),
        (NPS, "10 AS p, 20 AS r"),
        // Nobody said that it is a share: a quota may be passed.
        (SHARE, "3 AS a, 2 AS b"),
    ] {
        let (_, reason) = reason(keys, query);
        assert!(!reason.contains("Out of range"), "{reason}");
    }
}
