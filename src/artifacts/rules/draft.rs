//! An alert as its author writes it, before the user's options are applied.

use std::time::Duration;

use super::names::{expression, resolve};
use super::{Alert, Rule, RuleOptions};

/// Where to look first: the page of one KPI, the KPIs of an objective or a team, the exporter.
pub(super) const DETAIL: &str =
    "kpi-detail?var-job={{ $labels.job | urlquery }}&var-kpi={{ $labels.kpi | urlquery }}";
pub(super) const OF_OBJECTIVE: &str = "kpi-scorecard?var-job={{ $labels.job | urlquery }}&var-objective={{ $labels.objective | urlquery }}";
pub(super) const OF_TEAM: &str =
    "kpi-scorecard?var-job={{ $labels.job | urlquery }}&var-team={{ $labels.team | urlquery }}";
pub(super) const HEALTH: &str = "kpi-exporter-health?var-job={{ $labels.job | urlquery }}";
pub(super) const EXPORTER: &str = "kpi-exporter-health";

/// An alert before the options are applied.
pub(super) struct Draft {
    pub(super) name: &'static str,
    pub(super) severity: &'static str,
    /// With the short forms of `names`.
    pub(super) expr: String,
    pub(super) wait: Duration,
    pub(super) keep: Duration,
    pub(super) summary: &'static str,
    /// With the short forms of `names`.
    pub(super) description: String,
    /// Path and query of the dashboard.
    pub(super) dashboard: &'static str,
}

/// Applies the options to all.
pub(super) fn finish(drafts: Vec<Draft>, options: &RuleOptions) -> Vec<Rule> {
    let finish = |draft: Draft| {
        Rule::Alert(Alert {
            name: draft.name,
            expr: expression(&draft.expr, options),
            wait: options.wait(draft.wait),
            keep: options.wait(draft.keep),
            severity: options.severity(draft.severity),
            summary: draft.summary.to_owned(),
            description: resolve(&draft.description),
            runbook_url: options.runbook(draft.name),
            dashboard_url: options.dashboard(draft.dashboard),
        })
    };
    drafts.into_iter().map(finish).collect()
}
