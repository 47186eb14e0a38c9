//! Alerts about what brings the KPIs here: exporter, configuration, rules, Prometheus itself.

use std::time::Duration;

use super::RuleOptions;
use super::alert::AlertSpec;
use super::duration::MINUTE;
use super::look::Look;
use crate::artifacts::promql::without_replicas;
use crate::exposition::families::KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL;

pub(super) fn alerts(options: &RuleOptions) -> Vec<AlertSpec> {
    let job = serde_json::Value::from(options.job.as_str()).to_string();
    let once = without_replicas(&[]);
    let silence = "No KPI is measured and no other KPI alert can be trusted until it is back.";
    vec![
        AlertSpec {
            severity: "critical",
            expr: format!("max by (job) (up{{job={job}}}) == 0"),
            description: format!("No instance of {{{{ $labels.job }}}} answers. {silence}"),
            ..down("No exporter of job {{ $labels.job }} answers")
        },
        AlertSpec {
            severity: "warning",
            expr: format!(
                "min by (job) (up{{job={job}}}) == 0 and on (job) max by (job) (up{{job={job}}}) == 1"
            ),
            description: "One instance of {{ $labels.job }} does not answer; another does, so KPIs \
                          are still measured, but nothing is left if that one stops."
                .into(),
            ..down("One of several exporters of job {{ $labels.job }} does not answer")
        },
        AlertSpec {
            name: "KPIExporterAbsent",
            severity: "critical",
            expr: format!("absent(up{{job={job}}})"),
            wait: 10 * MINUTE,
            keep: Duration::ZERO,
            summary: "Prometheus does not know the KPI exporter".into(),
            description: format!(
                "Prometheus has no target of job {{{{ $labels.job }}}}: it was never there, or service \
                 discovery lost it. {silence}"
            ),
            look: Look::Exporter,
        },
        AlertSpec {
            name: "KPIExporterConfigReloadFailed",
            severity: "warning",
            expr: format!(
                "min {once} (max_over_time({KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL}[{}])) == 0",
                options.look_back(5 * MINUTE)
            ),
            wait: 10 * MINUTE,
            keep: Duration::ZERO,
            summary: "The KPI exporter refused its new configuration".into(),
            description: "{{ $labels.job }} could not load its changed configuration and runs the \
                          old one: new KPIs and targets are not in force. `kpi-exporter check` says why."
                .into(),
            look: Look::Exporter,
        },
        AlertSpec {
            name: "KPIRuleEvaluationFailing",
            severity: "critical",
            expr: format!(
                "max by (job, rule_group) (\n  \
                 increase(prometheus_rule_evaluation_failures_total{{rule_group=~\".*;kpi(-pipeline)?\"}}[{}])\n\
                 ) > 0",
                options.look_back(10 * MINUTE)
            ),
            wait: 5 * MINUTE,
            keep: Duration::ZERO,
            summary: "Prometheus fails to evaluate KPI rules, so KPI alerts may be missing".into(),
            description: "Rules of {{ $labels.rule_group }} failed {{ $value | printf \"%.0f\" }} times \
                          lately: alerts of this group may be missing."
                .into(),
            look: Look::AllExporters,
        },
        AlertSpec {
            name: "KPIWatchdog",
            severity: "none",
            expr: "vector(1)".into(),
            wait: Duration::ZERO,
            keep: Duration::ZERO,
            summary: "Always firing: proof that KPI alerts arrive".into(),
            description: "This alert is meant to fire all the time. Route it to a dead man's switch \
                          that calls when it stops coming."
                .into(),
            look: Look::AllExporters,
        },
    ]
}

/// Both severities of the same alert.
fn down(summary: &'static str) -> AlertSpec {
    AlertSpec {
        name: "KPIExporterDown",
        severity: "critical",
        expr: String::new(),
        wait: 5 * MINUTE,
        keep: Duration::ZERO,
        summary: summary.into(),
        description: String::new(),
        look: Look::Exporter,
    }
}
