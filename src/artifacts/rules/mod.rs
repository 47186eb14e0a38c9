//! Recording and alerting rules for Prometheus: one model, built from [`RuleOptions`], written as a
//! rule file or as a `PrometheusRule` object of the Prometheus Operator.
//!
//! The exporter owns status, hysteresis and the calendar; the rules only compare, join and roll up.
//! Not here: thresholds of KPIs, which the exporter exposes beside the values.

mod alert;
mod data_alerts;
mod duration;
mod grafana;
mod json;
mod kpi_alerts;
mod look;
mod options;
mod pipeline_alerts;
mod raw;
mod recording;
mod text;
mod yaml;

pub use grafana::{GrafanaOptions, grafana_alerts};
pub use json::rule_file_json;
pub use options::{JOB, RuleOptions, SeverityMap};
pub use yaml::{ObjectMeta, prometheus_rule, rule_file};

use std::time::Duration;

use alert::finish;

/// Rules that Prometheus evaluates one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name, part of the label `rule_group` of Prometheus' own metrics.
    pub name: &'static str,
    /// In the order of evaluation: a rule sees what the rules before it recorded.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Keeps the result of an expression as a series.
    Record {
        /// Name of the series: `level:metric:operation`.
        record: &'static str,
        /// What to evaluate.
        expr: String,
    },
    /// Fires for every series that an expression gives.
    Alert(Alert),
}

/// An alerting rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Name, shared by the severities of one alert.
    pub name: &'static str,
    /// What to evaluate.
    pub expr: String,
    /// How long it has to hold before the alert fires.
    pub wait: Duration,
    /// How long the alert keeps firing after it held last.
    pub keep: Duration,
    /// Label `severity`.
    pub severity: String,
    /// One line that names what it is about; a Go template.
    pub summary: String,
    /// Sentences for the person who gets it; a Go template.
    pub description: String,
    /// Where it says what to do.
    pub runbook_url: String,
    /// Where to look; a Go template.
    pub dashboard_url: String,
}

/// All groups.
pub fn groups(options: &RuleOptions) -> Vec<Group> {
    let mut kpi = recording::rules();
    kpi.extend(finish(kpi_alerts::alerts(options), options));
    kpi.extend(finish(data_alerts::alerts(options), options));
    vec![
        Group { name: "kpi", rules: kpi },
        Group { name: "kpi-pipeline", rules: finish(pipeline_alerts::alerts(options), options) },
    ]
}

/// The names of all alerts, each once, in order.
pub fn alert_names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for rule in groups(&RuleOptions::default()).into_iter().flat_map(|group| group.rules) {
        if let Rule::Alert(alert) = rule
            && !names.contains(&alert.name)
        {
            names.push(alert.name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_eight_lines_at_most_and_summary_and_links_one() {
        for rule in groups(&RuleOptions::default()).into_iter().flat_map(|group| group.rules) {
            let Rule::Alert(alert) = rule else { continue };
            let lines = alert.description.lines().count();
            assert!(lines <= 8, "{} has {lines} lines", alert.name);
            for one in [&alert.summary, &alert.runbook_url, &alert.dashboard_url] {
                assert_eq!(one.lines().count(), 1, "{}", alert.name);
            }
            for link in [&alert.runbook_url, &alert.dashboard_url] {
                assert!(link.starts_with("http://"), "{}: {link} leads nowhere", alert.name);
            }
        }
    }

    #[test]
    fn every_recorded_series_that_a_rule_uses_is_recorded_before() {
        let mut recorded = Vec::new();
        for rule in groups(&RuleOptions::default()).into_iter().flat_map(|group| group.rules) {
            let expr = match &rule {
                Rule::Record { expr, .. } => expr,
                Rule::Alert(alert) => &alert.expr,
            };
            let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
            for name in expr.split(word).filter(|word| word.matches(':').count() == 2) {
                assert!(recorded.contains(&name.to_owned()), "{name} in {expr}");
            }
            if let Rule::Record { record, .. } = rule {
                recorded.push(record.to_owned());
            }
        }
        assert_eq!(recorded.len(), 10);
    }

    #[test]
    fn the_scale_reaches_every_wait_and_every_look_back() {
        let options = RuleOptions { duration_scale: 1.0 / 150.0, ..RuleOptions::default() };
        let text = rule_file(&groups(&options));
        for expected in ["for: 2s", "for: 6s", "keep_firing_for: 12s", "[4s]", "offset 24s"] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        for whole in ["for: 5m", "[10m]", "[1d]", "offset 1h"] {
            assert!(!text.contains(whole), "{whole} in {text}");
        }
    }

    #[test]
    fn severities_and_links_are_the_users_own() {
        let options = RuleOptions {
            severity_map: "warning=page,critical=page".parse().unwrap(),
            runbook_base_url: Some("https://wiki.example/kpi/".into()),
            dashboard_base_url: Some("https://grafana.example/".into()),
            job: "my \"job\"".into(),
            ..RuleOptions::default()
        };
        let text = rule_file(&groups(&options));
        assert!(
            !text.contains("severity: \"warning\"") && !text.contains("severity: \"critical\"")
        );
        assert!(text.contains("severity: \"page\"") && text.contains("severity: \"info\""));
        assert!(text.contains("\"https://wiki.example/kpi/KPINoData.md\""), "{text}");
        assert!(text.contains("\"https://grafana.example/d/kpi-detail?"), "{text}");
        let down = text.lines().find(|line| line.contains("max by (job) (up{")).unwrap();
        let down: String = serde_json::from_str(down.trim().trim_start_matches("expr: ")).unwrap();
        assert_eq!(down, r#"max by (job) (up{job="my \"job\""}) == 0"#);
    }
}
