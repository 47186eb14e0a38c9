//! An alert as its author writes it, before the user's options are applied.
//!
//! A new alert is one function in one of the files beside this one (and a runbook and a test, which
//! the tests ask for).

use std::time::Duration;

use super::look::Look;
use super::{Alert, Rule, RuleOptions};

/// An alert before the options are applied.
pub(super) struct AlertSpec {
    pub(super) name: &'static str,
    pub(super) severity: &'static str,
    /// PromQL.
    pub(super) expr: String,
    pub(super) wait: Duration,
    pub(super) keep: Duration,
    /// One line that names what it is about; a Go template.
    pub(super) summary: String,
    /// A Go template of at most eight lines.
    pub(super) description: String,
    pub(super) look: Look,
}

/// Applies the options to all.
pub(super) fn finish(alerts: Vec<AlertSpec>, options: &RuleOptions) -> Vec<Rule> {
    let finish = |alert: AlertSpec| {
        Rule::Alert(Alert {
            name: alert.name,
            expr: alert.expr,
            wait: options.wait(alert.wait),
            keep: options.wait(alert.keep),
            severity: options.severity(alert.severity),
            summary: alert.summary,
            description: alert.description,
            runbook_url: options.runbook(alert.name),
            dashboard_url: options.page(alert.look),
        })
    };
    alerts.into_iter().map(finish).collect()
}
