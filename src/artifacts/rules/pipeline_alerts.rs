//! Alerts about what brings the KPIs here: exporter, configuration, rules, Prometheus itself.

use std::time::Duration;

use super::RuleOptions;
use super::draft::{Draft, EXPORTER, HEALTH};
use super::duration::MINUTE;

pub(super) fn drafts(options: &RuleOptions) -> Vec<Draft> {
    let silence = "No KPI is measured and no other KPI alert can be trusted until it is back.";
    vec![
        Draft {
            severity: "critical",
            expr: "max by (job) (up{job=$job}) == 0".into(),
            description: format!("No instance of {{{{ $labels.job }}}} answers. {silence}"),
            ..down("The KPI exporter does not answer.")
        },
        Draft {
            severity: "warning",
            expr: "min by (job) (up{job=$job}) == 0 and on (job) max by (job) (up{job=$job}) == 1"
                .into(),
            description: "One instance of {{ $labels.job }} does not answer; another does, so KPIs \
                          are still measured, but nothing is left if that one stops."
                .into(),
            ..down("One of several KPI exporters does not answer.")
        },
        Draft {
            name: "KPIExporterAbsent",
            severity: "critical",
            expr: "absent(up{job=$job})".into(),
            wait: 10 * MINUTE,
            keep: Duration::ZERO,
            summary: "Prometheus does not know the KPI exporter.",
            description: format!(
                "Prometheus has no target of job {{{{ $labels.job }}}}: it was never there, or service \
                 discovery lost it. {silence}"
            ),
            dashboard: HEALTH,
        },
        Draft {
            name: "KPIExporterConfigReloadFailed",
            severity: "warning",
            expr: format!(
                "min ~once (max_over_time(@exporter_config_last_reload_successful[{}])) == 0",
                options.look_back(5 * MINUTE)
            ),
            wait: 10 * MINUTE,
            keep: Duration::ZERO,
            summary: "The KPI exporter refused its new configuration.",
            description: "{{ $labels.job }} could not load its changed configuration and runs the \
                          old one: new KPIs and targets are not in force. `kpi-exporter check` says why."
                .into(),
            dashboard: HEALTH,
        },
        Draft {
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
            summary: "Prometheus fails to evaluate KPI rules, so KPI alerts may be missing.",
            description: "Rules of {{ $labels.rule_group }} failed {{ $value | printf \"%.0f\" }} times \
                          lately: alerts of this group may be missing."
                .into(),
            dashboard: EXPORTER,
        },
        Draft {
            name: "KPIWatchdog",
            severity: "none",
            expr: "vector(1)".into(),
            wait: Duration::ZERO,
            keep: Duration::ZERO,
            summary: "Always firing: proof that KPI alerts arrive.",
            description: "This alert is meant to fire all the time. Route it to a dead man's switch \
                          that calls when it stops coming."
                .into(),
            dashboard: EXPORTER,
        },
    ]
}

/// Both severities of the same alert.
fn down(summary: &'static str) -> Draft {
    Draft {
        name: "KPIExporterDown",
        severity: "critical",
        expr: String::new(),
        wait: 5 * MINUTE,
        keep: Duration::ZERO,
        summary,
        description: String::new(),
        dashboard: HEALTH,
    }
}
