//! Alerts about how KPIs stand: the verdicts of the exporter, early ones first.
//!
//! Verdicts are not gated on freshness: that would send "resolved" when data merely stops. The last
//! verdict is kept firing, and Alertmanager mutes it while the data is stale.

use std::time::Duration;

use super::RuleOptions;
use super::alert::AlertSpec;
use super::duration::{DAY, HOUR, MINUTE};
use super::look::Look;
use super::recording::JOIN_META;
use super::text::{title, verdict};
use crate::artifacts::promql::{early_kinds, outcome_kinds, without_replicas, without_status};
use crate::assess::Status;
use crate::exposition::families::{
    KPI_LAST_PERIOD_END_TIMESTAMP_SECONDS, KPI_LAST_PERIOD_REASON_INFO,
    KPI_LAST_PERIOD_TARGET_RATIO, KPI_PERIOD_ELAPSED_RATIO, KPI_REASON_INFO, KPI_STATUS,
    KPI_TARGET_HIT_PROBABILITY,
};

pub(super) fn alerts(options: &RuleOptions) -> Vec<AlertSpec> {
    vec![
        AlertSpec {
            name: "KPILeadingAtRisk",
            severity: "warning",
            wait: 15 * MINUTE,
            ..in_status(Status::AtRisk, &early_kinds(), options)
        },
        AlertSpec {
            name: "KPILeadingOffTrack",
            severity: "critical",
            wait: 5 * MINUTE,
            ..in_status(Status::OffTrack, &early_kinds(), options)
        },
        AlertSpec {
            name: "KPILaggingOffTrack",
            severity: "warning",
            wait: 30 * MINUTE,
            ..in_status(Status::OffTrack, &outcome_kinds(), options)
        },
        projected("warning", "1", "0.25", options),
        projected("critical", "0.9", "0.5", options),
        missed(options),
        divergence(),
    ]
}

/// 1 for every label set of these kinds of KPI that is in a status.
fn those_in(status: Status, matchers: &str) -> String {
    let (once, status) = (without_status(), status.as_str());
    format!("max {once} ({KPI_STATUS}{{{KPI_STATUS}=\"{status}\"}}) {JOIN_META}{{{matchers}}} == 1")
}

/// A status of some kinds of KPI; name, severity and wait are still to follow.
fn in_status(status: Status, kinds: &str, options: &RuleOptions) -> AlertSpec {
    let words = format!(" is {}", status.words());
    AlertSpec {
        name: "",
        severity: "",
        expr: those_in(status, &format!("kind=~\"{kinds}\"")),
        wait: Duration::ZERO,
        keep: 30 * MINUTE,
        summary: title(&words),
        description: verdict("", &KPI_REASON_INFO, &options.page(Look::Kpi)),
        look: Look::Kpi,
    }
}

/// The period may end below target: not called before a share of it is over.
fn projected(
    severity: &'static str,
    below: &str,
    elapsed: &str,
    options: &RuleOptions,
) -> AlertSpec {
    let once = without_replicas(&[]);
    let heading = format!(
        " is heading for {{{{ $value | humanizePercentage }}}} of its target\n\
         {{{{- range query (printf \"min({KPI_TARGET_HIT_PROBABILITY}{{%s}})\" $s) }}}}, \
         with a chance of {{{{ humanizePercentage .Value }}}} to reach it{{{{ end }}}}"
    );
    AlertSpec {
        name: "KPITargetMissProjected",
        severity,
        expr: format!(
            "kpi:projected_target:ratio < {below}\n\
             and ignoring (kind, function, objective, team)\n\
             max {once} ({KPI_PERIOD_ELAPSED_RATIO}) >= {elapsed}"
        ),
        wait: 6 * HOUR,
        keep: 6 * HOUR,
        summary: title(" is projected to miss its target"),
        description: verdict(&heading, &KPI_REASON_INFO, &options.page(Look::Kpi)),
        look: Look::Kpi,
    }
}

/// News for three days, then it is history and the alert ends by itself.
fn missed(options: &RuleOptions) -> AlertSpec {
    let once = without_replicas(&[]);
    let days = (3 * DAY).as_secs();
    AlertSpec {
        name: "KPITargetMissed",
        severity: "warning",
        expr: format!(
            "(\n  min {once} ({KPI_LAST_PERIOD_TARGET_RATIO}) < 1\n  \
             and (time() - max {once} ({KPI_LAST_PERIOD_END_TIMESTAMP_SECONDS})) < {days}\n) {JOIN_META}"
        ),
        wait: Duration::ZERO,
        keep: Duration::ZERO,
        summary: title(" missed its target in the period that just closed"),
        description: verdict("", &KPI_LAST_PERIOD_REASON_INFO, &options.page(Look::Kpi)),
        look: Look::Kpi,
    }
}

/// The early warning: what predicts an outcome has turned while the outcome still looks fine.
fn divergence() -> AlertSpec {
    let (early, outcome) = (early_kinds(), outcome_kinds());
    let (once, off) = (without_status(), Status::OffTrack.as_str());
    let red = format!("{KPI_STATUS}{{{KPI_STATUS}=\"{off}\"}}");
    let names = "range $i, $kpi := . | sortByLabel \"kpi\" }}{{ if $i }}, {{ end }}{{ $kpi.Labels.kpi }}{{ end";
    // In a query that Go's printf makes from the labels, quotes are escaped once more.
    let escaped = red.replace('"', "\\\"");
    AlertSpec {
        name: "KPILeadingLaggingDivergence",
        severity: "info",
        expr: format!(
            "(\n  avg by (job, objective) (\n    \
             max {once} ({red}) {JOIN_META}{{kind=~\"{early}\",objective!=\"\"}}\n  ) >= 0.5\n)\n\
             and on (job, objective)\n\
             min by (job, objective) (kpi:on_track:bool{{kind=~\"{outcome}\"}}) == 1"
        ),
        wait: DAY,
        keep: Duration::ZERO,
        summary: "Early KPIs of objective {{ $labels.objective }} are off track while its outcomes still look fine"
            .into(),
        description: format!(
            "{{{{ $value | humanizePercentage }}}} of the early KPIs of objective {{{{ $labels.objective }}}} are off track\n\
             {{{{- with query (printf \"kpi:meta:info{{job=%q,objective=%q,kind=~\\\"{early}\\\"}} and on (job, kpi) ({escaped} == 1)\" $labels.job $labels.objective) }}}} ({{{{ {names} }}}}){{{{ end }}}}, while its outcomes still look fine\n\
             {{{{- with query (printf \"kpi:meta:info{{job=%q,objective=%q,kind=~\\\"{outcome}\\\"}}\" $labels.job $labels.objective) }}}} ({{{{ {names} }}}}){{{{ end }}}}: outcomes follow with a delay, so there is still time to act."
        ),
        look: Look::Objective,
    }
}
