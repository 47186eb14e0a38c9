//! Alerts about how KPIs stand: the verdicts of the exporter, early ones first.
//!
//! Verdicts are not gated on freshness: that would send "resolved" when data merely stops. The last
//! verdict is kept firing, and Alertmanager mutes it while the data is stale.

use std::time::Duration;

use super::draft::{DETAIL, Draft, OF_OBJECTIVE};
use super::duration::{DAY, HOUR, MINUTE};
use super::text::{LEVERS, OWNER, PREDICTS, PROJECTION, STANDING, about};

pub(super) fn drafts() -> Vec<Draft> {
    vec![
        Draft {
            severity: "warning",
            wait: 15 * MINUTE,
            description: about(&[" is at risk: ", STANDING, OWNER, LEVERS, PREDICTS]),
            ..verdict("KPILeadingAtRisk", "at_risk", "leading|efficiency")
        },
        Draft {
            severity: "critical",
            wait: 5 * MINUTE,
            description: about(&[" is off track: ", STANDING, OWNER, LEVERS, PREDICTS]),
            ..verdict("KPILeadingOffTrack", "off_track", "leading|efficiency")
        },
        Draft {
            severity: "warning",
            wait: 30 * MINUTE,
            description: about(&[" is off track: ", STANDING, OWNER, LEVERS]),
            ..verdict("KPILaggingOffTrack", "off_track", "lagging")
        },
        projected("warning", "1", "0.25"),
        projected("critical", "0.9", "0.5"),
        missed(),
        divergence(),
    ]
}

/// A status of a kind of KPI. The expression gives 1 for every label set in that status.
fn verdict(name: &'static str, status: &str, kinds: &str) -> Draft {
    Draft {
        name,
        severity: "warning",
        expr: format!(
            "max ~status_once (@status{{@status=\"{status}\"}}) ~meta{{kind=~\"{kinds}\"}} == 1"
        ),
        wait: Duration::ZERO,
        keep: 30 * MINUTE,
        summary: match name {
            "KPILeadingAtRisk" => "An early KPI falls behind its plan.",
            "KPILeadingOffTrack" => "An early KPI is off track: its outcome is in danger.",
            _ => "An outcome is off track.",
        },
        description: String::new(),
        dashboard: DETAIL,
    }
}

/// The period may end below target: not called before a share of it is over.
fn projected(severity: &'static str, below: &str, elapsed: &str) -> Draft {
    let outlook = " is heading for {{ $value | humanizePercentage }} of its target";
    Draft {
        name: "KPITargetMissProjected",
        severity,
        expr: format!(
            "kpi:projected_target:ratio < {below}\n\
             and ignoring (kind, function, objective, team)\n\
             max ~once (@period_elapsed_ratio) >= {elapsed}"
        ),
        wait: 6 * HOUR,
        keep: 6 * HOUR,
        summary: "A KPI is projected to miss its target.",
        description: about(&[outlook, PROJECTION, " Today: ", STANDING, OWNER, LEVERS]),
        dashboard: DETAIL,
    }
}

/// News for three days, then it is history and the alert ends by itself.
fn missed() -> Draft {
    let outcome = " closed its last period at {{ $value | humanizePercentage }} of its target";
    let value = r#"{{ with query (printf "max(@last_period_value{%s})" $s) }}: {{ template "amount" (args (. | first | value) $unit) }}{{ end }}."#;
    Draft {
        name: "KPITargetMissed",
        severity: "warning",
        expr: format!(
            "(\n  min ~once (@last_period_target_ratio) < 1\n  \
             and (time() - max ~once (@last_period_end_timestamp_seconds)) < {}\n) ~meta",
            (3 * DAY).as_secs()
        ),
        wait: Duration::ZERO,
        keep: Duration::ZERO,
        summary: "A KPI missed its target in the period that just closed.",
        description: about(&[outcome, value, OWNER]),
        dashboard: DETAIL,
    }
}

/// The early warning: what predicts an outcome has turned while the outcome still looks fine.
fn divergence() -> Draft {
    Draft {
        name: "KPILeadingLaggingDivergence",
        severity: "info",
        expr: "(\n  avg by (job, objective) (\n    \
               max ~status_once (@status{@status=\"off_track\"}) ~meta{kind=~\"leading|efficiency\",objective!=\"\"}\n  \
               ) >= 0.5\n)\n\
               and on (job, objective)\n\
               min by (job, objective) (kpi:on_track:bool{kind=\"lagging\"}) == 1"
            .into(),
        wait: DAY,
        keep: Duration::ZERO,
        summary: "Early KPIs of an objective are off track while its outcomes still look fine.",
        description: DIVERGENCE.into(),
        dashboard: OF_OBJECTIVE,
    }
}

const DIVERGENCE: &str = r#"{{ $value | humanizePercentage }} of the early KPIs of objective {{ $labels.objective }} are off track
{{- with query (printf "kpi:meta:info{job=%q,objective=%q,kind=~\"leading|efficiency\"} and on (job, kpi) (@status{@status=\"off_track\"} == 1)" $labels.job $labels.objective) }} ({{ range $i, $kpi := . | sortByLabel "kpi" }}{{ if $i }}, {{ end }}{{ $kpi.Labels.kpi }}{{ end }}){{ end }}, while its outcomes still look fine
{{- with query (printf "kpi:meta:info{job=%q,objective=%q,kind=\"lagging\"}" $labels.job $labels.objective) }} ({{ range $i, $kpi := . | sortByLabel "kpi" }}{{ if $i }}, {{ end }}{{ $kpi.Labels.kpi }}{{ end }}){{ end }}: outcomes follow with a delay, so there is still time to act."#;
