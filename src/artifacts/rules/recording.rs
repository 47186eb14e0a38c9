//! What the alerts build on: verdicts without replicas, with who they belong to.
//!
//! Joined labels come from one series per KPI, so that two replicas with different metadata cannot
//! make a join ambiguous: that would fail the rule for all KPIs.

use super::Rule;
use crate::artifacts::promql::{good_states, without_replicas, without_status};
use crate::exposition::families::{
    KPI_DATA_TIMESTAMP_SECONDS, KPI_INFO, KPI_PACE_RATIO, KPI_PROJECTED_TARGET_RATIO, KPI_STATUS,
    KPI_TARGET_RATIO,
};

/// What the metadata series adds to a verdict. Slow labels only: a changed label is a new alert.
pub(super) const JOIN_META: &str =
    "* on (job, kpi) group_left (kind, function, objective, team) kpi:meta:info";

/// All recorded series, in order of evaluation.
pub(super) fn rules() -> Vec<Rule> {
    let once = without_replicas(&[]);
    let status_once = without_status();
    let good = good_states();
    let worst = |family| format!("min {once} ({family}) {JOIN_META}");
    let meta = "max by (job, kpi, kind, function, objective, team)";
    let about = "max by (job, kpi, title, unit, owner)";
    let record = |record, expr| Rule::Record { record, expr };
    let share = |of: &str| format!("avg by (job, {of}) (kpi:on_track:bool)");
    vec![
        record("kpi:meta:info", format!("topk by (job, kpi) (1, {meta} ({KPI_INFO}))")),
        record("kpi:about:info", format!("topk by (job, kpi) (1, {about} ({KPI_INFO}))")),
        record("kpi:pace:ratio", worst(KPI_PACE_RATIO)),
        record("kpi:projected_target:ratio", worst(KPI_PROJECTED_TARGET_RATIO)),
        record("kpi:target:ratio", worst(KPI_TARGET_RATIO)),
        // One age per KPI: some of its label sets may rightly have nothing new.
        record(
            "kpi:data_age:seconds",
            format!("(time() - max by (job, kpi) ({KPI_DATA_TIMESTAMP_SECONDS} > 0)) {JOIN_META}"),
        ),
        record(
            "kpi:on_track:bool",
            format!("max {status_once} ({KPI_STATUS}{{{KPI_STATUS}=~\"{good}\"}}) {JOIN_META}"),
        ),
        record("job_objective:kpi_on_track:ratio", share("objective")),
        record("job_function:kpi_on_track:ratio", share("function")),
        record("job_team:kpi_on_track:ratio", share("team")),
    ]
}
