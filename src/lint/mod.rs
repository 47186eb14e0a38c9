//! What is right and hardly meant: a framework of KPIs that lacks something, and the traps of the field.
//! Each finding has a code that a KPI can allow, a place, why it matters and what to do about it. It
//! says too little rather than something false.
//!
//! Not here: mistakes (`config`), reading a store (`cli`), printing.

mod description;
mod framework;
mod history;
mod rules;
mod traps;

pub use history::{Past, Precedent};
pub use rules::{Rule, Severity, rule};

use crate::config::{Config, Spot};
use crate::kpi::Kpi;

/// One thing that could be better.
#[derive(Debug, Clone, PartialEq)]
pub struct Lint {
    /// Which rule.
    pub rule: &'static Rule,
    /// How much it matters here.
    pub severity: Severity,
    /// What it is about: `kpis.revenue`, `metrics.orders`, `team growth`.
    pub subject: String,
    /// Where it stands.
    pub spot: Option<Spot>,
    /// What is the matter, in lower case without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// Collects findings, and leaves out those that are allowed.
struct Found<'a> {
    config: &'a Config,
    lints: Vec<Lint>,
}

/// Everything that can be said of a configuration, with what is known of the past.
pub fn lint(config: &Config, past: &Past) -> Vec<Lint> {
    let mut found = Found { config, lints: Vec::new() };
    framework::teams(&mut found);
    for kpi in &config.definitions.kpis {
        framework::kpi(&mut found, kpi);
        traps::kpi(&mut found, kpi);
        history::kpi(&mut found, kpi, past);
    }
    framework::unused(&mut found);
    traps::metrics(&mut found);
    let place =
        |lint: &Lint| lint.spot.as_ref().map(|spot| (spot.file.clone(), spot.line, spot.column));
    found.lints.sort_by_key(|lint| (place(lint), lint.rule.code));
    found.lints
}

impl Found<'_> {
    /// Of a KPI, at one of its keys.
    fn of_kpi(&mut self, code: &str, kpi: &Kpi, key: &str, message: String, hint: String) {
        let severity = rule(code).map_or(Severity::Warning, |rule| rule.severity);
        self.of_kpi_as(severity, code, kpi, key, message, hint);
    }

    /// The same, mattering more or less than usual.
    fn of_kpi_as(
        &mut self,
        severity: Severity,
        code: &str,
        kpi: &Kpi,
        key: &str,
        message: String,
        hint: String,
    ) {
        if kpi.allow.iter().any(|allowed| allowed == code) {
            return;
        }
        let Some(rule) = rule(code) else { return };
        let spot = self.config.places.kpi(&kpi.id, key).cloned();
        let subject = format!("kpis.{}", kpi.id);
        self.lints.push(Lint { rule, severity, subject, spot, message, hint });
    }

    /// Of a team: any of its KPIs can allow it.
    fn of_team(&mut self, code: &str, team: Option<&str>, message: String, hint: String) {
        let members = self.config.definitions.kpis.iter().filter(|kpi| kpi.team.as_deref() == team);
        let members: Vec<_> = members.collect();
        let (Some(rule), Some(first)) = (rule(code), members.first()) else { return };
        if members.iter().any(|kpi| kpi.allow.iter().any(|allowed| allowed == code)) {
            return;
        }
        let spot = self.config.places.kpi(&first.id, "team").cloned();
        let subject =
            team.map_or_else(|| "KPIs without a team".to_owned(), |team| format!("team {team}"));
        self.lints.push(Lint { rule, severity: rule.severity, subject, spot, message, hint });
    }

    /// Of a metric: each KPI that draws on it can allow it for all.
    fn of_metric(&mut self, code: &str, metric: &str, key: &str, message: String, hint: String) {
        let Some(rule) = rule(code) else { return };
        let users = self.config.definitions.kpis.iter().filter(|kpi| kpi.draws_on(&metric.into()));
        if users.flat_map(|kpi| &kpi.allow).any(|allowed| allowed == code) {
            return;
        }
        let spot = self.config.places.metric(metric, key).cloned();
        let subject = format!("metrics.{metric}");
        self.lints.push(Lint { rule, severity: rule.severity, subject, spot, message, hint });
    }
}
