//! The configuration of Prometheus and Alertmanager under `deploy/`: accepted by their own tools, and
//! alerts reach whom they are for.

use crate::rules::tool;

const ALERTMANAGER: &str = "deploy/alertmanager/alertmanager.yml";

#[test]
fn promtool_and_amtool_accept_the_configuration() {
    let (good, said) = tool("promtool", &["check", "config", "deploy/prometheus/prometheus.yml"]);
    assert!(good, "{said}");
    let (good, said) = tool("amtool", &["check-config", ALERTMANAGER]);
    assert!(good, "{said}");
    assert!(said.contains("inhibit rules"), "{said}");
}

#[test]
fn alerts_reach_whom_they_are_for() {
    let cases: [(&str, &[&str]); 9] = [
        ("watchdog", &["alertname=KPIWatchdog", "severity=none"]),
        ("operators", &["alertname=KPIExporterDown", "severity=critical", "job=kpi-exporter"]),
        ("operators", &["alertname=KPIExporterConfigReloadFailed", "severity=warning"]),
        ("operators", &["alertname=KPIRuleEvaluationFailing", "severity=critical"]),
        ("digest", &["alertname=KPITooMany", "severity=info", "team=growth"]),
        ("growth", &["alertname=KPILeadingOffTrack", "severity=critical", "team=growth"]),
        ("owners", &["alertname=KPILeadingOffTrack", "severity=critical", "team=sales"]),
        ("growth", &["alertname=KPILaggingOffTrack", "severity=warning", "team=growth"]),
        ("owners", &["alertname=KPIDataStale", "severity=warning"]),
    ];
    for (receiver, labels) in cases {
        let config = format!("--config.file={ALERTMANAGER}");
        let verify = format!("--verify.receivers={receiver}");
        let arguments = [&["config", "routes", "test", &config, &verify], labels].concat();
        let (good, said) = tool("amtool", &arguments);
        assert!(good, "{labels:?} should reach {receiver}: {said}");
    }
}
