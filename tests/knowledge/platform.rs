//! The queries of the platform pack on a real Prometheus that holds the metrics as their exporters name them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use kpi_exporter::catalog;
use serde_json::Value;

use crate::program::program;
use crate::prometheus::Prometheus;

const END: &str = "2026-05-15";
/// 2026-02-01T00:00:00Z, and the end of that day.
const FROM: i64 = 1_769_904_000;
const UNTIL: i64 = 1_778_889_600;
const STEP: i64 = 300;

/// Counters that grow by so much an hour, and gauges.
const COUNTERS: [(&str, &str, f64); 8] = [
    ("argocd_app_sync", "phase=\"Succeeded\"", 0.125),
    ("argocd_app_sync", "phase=\"Failed\"", 1.0),
    ("http_requests", "code=\"200\"", 999.0),
    ("http_requests", "code=\"503\"", 1.0),
    ("alertmanager_notifications", "integration=\"pagerduty\"", 0.5),
    ("alertmanager_notifications", "integration=\"email\"", 7.0),
    ("gitlab_runner_job_duration_seconds_sum", "", 3600.0),
    ("http_request_duration_seconds_bucket", "le=\"0.5\"", 950.0),
];

fn history() -> String {
    let mut text = String::new();
    let steps = || (FROM..=UNTIL).step_by(usize::try_from(STEP).unwrap());
    let hours = |at: i64| (at - FROM) as f64 / 3600.0;
    let mut named = "";
    for (name, label, rate) in COUNTERS {
        let untyped = name.ends_with("_sum") || name.ends_with("_bucket");
        if named != name {
            let kind = if untyped { "unknown" } else { "counter" };
            writeln!(text, "# TYPE {name} {kind}").unwrap();
            named = name;
        }
        let suffix = if untyped { "" } else { "_total" };
        for at in steps() {
            writeln!(text, "{name}{suffix}{{{label}}} {} {at}", hours(at) * rate).unwrap();
        }
    }
    for (name, rate) in [("http_request_duration_seconds_count", 1000.0)] {
        writeln!(text, "# TYPE {name} unknown").unwrap();
        for at in steps() {
            writeln!(text, "{name} {} {at}", hours(at) * rate).unwrap();
        }
    }
    writeln!(text, "# TYPE node_total_hourly_cost gauge").unwrap();
    for node in ["a", "b"] {
        for at in steps() {
            writeln!(text, "node_total_hourly_cost{{node=\"{node}\"}} 1.5 {at}").unwrap();
        }
    }
    writeln!(text, "# TYPE probe_success gauge").unwrap();
    for at in steps() {
        // Down for one step in a hundred.
        writeln!(text, "probe_success {} {at}", i64::from(at / STEP % 100 != 0)).unwrap();
    }
    text + "# EOF\n"
}

#[tokio::test]
async fn every_query_in_promql_gives_what_the_metrics_say() {
    let prometheus = Prometheus::start(&history(), "").await;
    let folder = tempfile::tempdir().unwrap();
    let base = format!(
        "version: 1\nsources:\n  prometheus: {{ prometheus: {{ url: \"{}\" }} }}\n",
        prometheus.url
    );
    fs::write(folder.path().join("base.yaml"), base).unwrap();
    let mut ids = Vec::new();
    for template in catalog::all().iter().filter(|template| template.source == "prometheus") {
        ids.push(template.id.as_str());
        fs::write(folder.path().join(format!("{}.yaml", template.id)), catalog::block(template))
            .unwrap();
    }
    let arguments = ["eval", "--config", ".", "--as-of", END, "--format", "json"];
    let outcome = program(folder.path(), &arguments);
    let answer: Value =
        serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}", outcome.err));
    let kpis = answer["kpis"].as_array().unwrap().iter();
    let values: BTreeMap<&str, f64> = kpis
        .map(|kpi| {
            let value = kpi["value"].as_f64();
            (
                kpi["kpi"].as_str().unwrap(),
                value.unwrap_or_else(|| panic!("{kpi:#}\n{}", outcome.err)),
            )
        })
        .collect();
    // 45 days of the quarter, 1080 hours.
    let wanted = BTreeMap::from([
        ("cloud_cost", 2.0 * 1.5 * 1080.0),
        ("deployment_frequency", 3.0),
        ("error_budget", 0.001 / 0.001),
        ("latency_slo", 0.95),
        ("ci_minutes", 1080.0 * 60.0),
        ("incident_load", 0.5 * 168.0),
        ("uptime", 0.99),
    ]);
    assert_eq!(ids.len(), wanted.len(), "{ids:?}");
    for (id, wanted) in wanted {
        let value = values[id];
        assert!((value - wanted).abs() <= 0.002 * wanted, "{id}: {value}, expected {wanted}");
    }
}
