//! Fragments of PromQL that rules and dashboards share: which labels tell replicas apart, which
//! statuses and kinds belong together. Said once, so that an alert and a panel cannot disagree.
//!
//! Not here: metric names (`exposition::families`), and what is asked with them.

use crate::assess::Status;
use crate::exposition::families::KPI_STATUS;
use crate::kpi::KpiKind;

/// Labels that tell replicas apart, and where they run: a verdict is about the KPI, whoever said so.
/// Everything else stays, since KPIs may have labels of their own.
pub const REPLICA_LABELS: [&str; 10] = [
    "instance",
    "pod",
    "container",
    "endpoint",
    "namespace",
    "service",
    "node",
    "replica",
    "prometheus",
    "prometheus_replica",
];

/// The grouping that leaves one series for a KPI and label set. `more` are further labels to drop.
pub(super) fn without_replicas(more: &[&str]) -> String {
    let labels: Vec<_> = more.iter().chain(&REPLICA_LABELS).copied().collect();
    format!("without ({})", labels.join(", "))
}

/// The same for the stateset of the status, whose states are then one series.
pub(super) fn without_status() -> String {
    without_replicas(&[KPI_STATUS.name])
}

/// The states in which nothing needs attention, as a regular expression.
pub(super) fn good_states() -> String {
    states(|status| matches!(status, Status::OnTrack | Status::Achieved | Status::TooEarly))
}

/// The states that are a failure, as a regular expression.
pub(super) fn bad_states() -> String {
    states(|status| matches!(status, Status::OffTrack | Status::Missed))
}

/// The states for which `keep` holds, as a regular expression.
fn states(keep: impl Fn(Status) -> bool) -> String {
    alternatives(Status::ALL.into_iter().filter(|status| keep(*status)).map(Status::as_str))
}

/// The kinds of KPI that warn early, as a regular expression.
pub(super) fn early_kinds() -> String {
    kinds(KpiKind::is_early)
}

/// The kinds of KPI that state an outcome, as a regular expression.
pub(super) fn outcome_kinds() -> String {
    kinds(|kind| !kind.is_early())
}

fn kinds(keep: impl Fn(KpiKind) -> bool) -> String {
    let all = [KpiKind::Leading, KpiKind::Efficiency, KpiKind::Lagging];
    alternatives(all.into_iter().filter(|kind| keep(*kind)).map(|kind| kind.to_string()))
}

fn alternatives(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    words.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_states_are_regular_expressions_of_exact_words() {
        assert_eq!(early_kinds(), "leading|efficiency");
        assert_eq!(outcome_kinds(), "lagging");
        assert_eq!(states(|status| status == Status::OffTrack), "off_track");
        assert!(without_status().starts_with("without (kpi_status, instance, pod, "));
    }
}
