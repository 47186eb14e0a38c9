//! What the alerts and the dashboards build on: verdicts without replicas, with who they belong to.
//!
//! Joined labels come from one series per KPI, so that two replicas with different metadata cannot
//! make a join ambiguous: that would fail the rule for all KPIs.

use super::names::expression;
use super::{Rule, RuleOptions};

/// Name and expression of every recorded series, in order of evaluation.
const RECORDED: &[(&str, &str)] = &[
    (
        "kpi:meta:info",
        "topk by (job, kpi) (1, max by (job, kpi, kind, function, objective, team) (@info))",
    ),
    ("kpi:pace:ratio", "min ~once (@pace_ratio) ~meta"),
    ("kpi:projected_target:ratio", "min ~once (@projected_target_ratio) ~meta"),
    ("kpi:target:ratio", "min ~once (@target_ratio) ~meta"),
    // One age per KPI: some of its label sets may rightly have nothing new.
    ("kpi:data_age:seconds", "(time() - max by (job, kpi) (@data_timestamp_seconds > 0)) ~meta"),
    (
        "kpi:on_track:bool",
        "max ~status_once (@status{@status=~\"on_track|achieved|too_early\"}) ~meta",
    ),
    ("job_objective:kpi_on_track:ratio", "avg by (job, objective) (kpi:on_track:bool)"),
    ("job_function:kpi_on_track:ratio", "avg by (job, function) (kpi:on_track:bool)"),
    ("job_team:kpi_on_track:ratio", "avg by (job, team) (kpi:on_track:bool)"),
];

pub(super) fn rules(options: &RuleOptions) -> Vec<Rule> {
    let record = |&(record, expr)| Rule::Record { record, expr: expression(expr, options) };
    RECORDED.iter().map(record).collect()
}
