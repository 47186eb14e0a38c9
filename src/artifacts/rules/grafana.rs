//! The alerts for Grafana, which evaluates them itself: a file for its provisioning (`apiVersion: 1`).
//! They ask for gauges of the exporter and nothing else, since Grafana takes over recorded series only
//! behind a flag; and their texts ask nothing, since Grafana's templates cannot.
//!
//! Not here: what the alerts are (`groups`).

use super::duration::show;
use super::raw::{Recorded, raw, recorded};
use super::text::{TITLE, VALUE};
use super::yaml::Yaml;
use super::{Alert, Group, Rule, RuleOptions, SeverityMap, groups};

/// What can be chosen besides the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrafanaOptions {
    /// Folder of the rules.
    pub folder: String,
    /// The Prometheus that is asked, as Grafana knows it.
    pub datasource_uid: String,
    /// Of Grafana.
    pub org_id: u32,
}

impl Default for GrafanaOptions {
    fn default() -> Self {
        Self { folder: "KPIs".to_owned(), datasource_uid: "prometheus".to_owned(), org_id: 1 }
    }
}

/// An alert as Grafana has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GrafanaAlert {
    uid: String,
    title: String,
    expr: String,
    alert: Alert,
}

/// Watches Prometheus' own rules, which are not in use then.
const OF_RULES: &str = "KPIRuleEvaluationFailing";

/// How often Grafana asks.
const INTERVAL: &str = "1m";

/// Seconds of the past that a query is about, for what draws it: it is asked for this instant.
const SHOWN: u32 = 600;

/// Names of what Grafana computes: the query, whether it gave anything, whether that is an alert.
const QUERY: &str = "A";
const IS_THERE: &str = "B";
const CONDITION: &str = "C";

/// The data source that stands for Grafana's own expressions.
const EXPRESSIONS: &str = "__expr__";

/// The file.
pub fn grafana_alerts(rules: &RuleOptions, options: &GrafanaOptions) -> String {
    let mut yaml = Yaml::new();
    yaml.line("apiVersion: 1");
    yaml.line("groups:");
    for (name, alerts) in all(rules) {
        yaml.item(|yaml| {
            yaml.line(&format!("orgId: {}", options.org_id));
            yaml.text("name", name);
            yaml.text("folder", &options.folder);
            yaml.line(&format!("interval: {INTERVAL}"));
            yaml.line("rules:");
            for alert in &alerts {
                yaml.item(|yaml| write(yaml, alert, options));
            }
        });
    }
    yaml.finish()
}

/// The alerts of each group, in order.
fn all(options: &RuleOptions) -> Vec<(&'static str, Vec<GrafanaAlert>)> {
    // A uid lasts: it does not change with what a house calls its severities.
    let plain = groups(&RuleOptions { severity_map: SeverityMap::default(), ..options.clone() });
    let named = groups(options);
    let known =
        recorded(plain.iter().flat_map(|group| &group.rules).filter_map(|rule| match rule {
            Rule::Record { record, expr } => Some((*record, expr.clone())),
            Rule::Alert(_) => None,
        }));
    let pairs = plain.into_iter().zip(named);
    pairs.map(|(plain, named)| (plain.name, alerts(plain, named, &known))).collect()
}

fn alerts(plain: Group, named: Group, known: &[Recorded]) -> Vec<GrafanaAlert> {
    let pairs = plain.rules.into_iter().zip(named.rules);
    pairs
        .filter_map(|pair| match pair {
            (Rule::Alert(plain), Rule::Alert(named)) if named.name != OF_RULES => {
                Some(GrafanaAlert {
                    uid: uid(plain.name, &plain.severity),
                    title: format!("{} ({})", plain.name, plain.severity),
                    expr: raw(&named.expr, known),
                    alert: named,
                })
            }
            _ => None,
        })
        .collect()
}

/// `kpi-leading-at-risk-warn`; Grafana takes 40 characters.
fn uid(name: &str, severity: &str) -> String {
    let mut uid = String::from("kpi");
    for c in name.trim_start_matches("KPI").chars() {
        if c.is_ascii_uppercase() {
            uid.push('-');
        }
        uid.push(c.to_ascii_lowercase());
    }
    let short: String = severity.chars().take(4).collect();
    format!("{uid}-{short}")
}

fn write(yaml: &mut Yaml, alert: &GrafanaAlert, options: &GrafanaOptions) {
    yaml.text("uid", &alert.uid);
    yaml.text("title", &alert.title);
    yaml.line(&format!("condition: {CONDITION}"));
    yaml.line("data:");
    yaml.item(|yaml| {
        let source = &options.datasource_uid;
        step(yaml, QUERY, SHOWN, source, "prometheus", |yaml| {
            yaml.text("expr", &alert.expr);
            yaml.line("editorMode: code");
            yaml.line("instant: true");
            yaml.line("range: false");
        });
    });
    // A series that is there is an alert, whatever its value.
    let there = format!("is_number(${QUERY}) || is_nan(${QUERY}) || is_inf(${QUERY})");
    yaml.item(|yaml| {
        step(yaml, IS_THERE, 0, EXPRESSIONS, EXPRESSIONS, |yaml| {
            yaml.line("type: math");
            yaml.text("expression", &there);
        });
    });
    yaml.item(|yaml| {
        step(yaml, CONDITION, 0, EXPRESSIONS, EXPRESSIONS, |yaml| {
            yaml.line("type: threshold");
            yaml.line(&format!("expression: {IS_THERE}"));
            yaml.line("conditions:");
            yaml.item(|yaml| yaml.line("evaluator: { type: gt, params: [0] }"));
        });
    });
    // No series is good news; a query that fails is told, not an alert of its own.
    yaml.line("noDataState: OK");
    yaml.line("execErrState: Error");
    yaml.line(&format!("for: {}", show(alert.alert.wait)));
    if !alert.alert.keep.is_zero() {
        yaml.line(&format!("keepFiringFor: {}", show(alert.alert.keep)));
    }
    yaml.map("labels", |yaml| yaml.text("severity", &alert.alert.severity));
    yaml.map("annotations", |yaml| {
        let (summary, description) = texts(&alert.alert);
        yaml.text("summary", &summary);
        yaml.text("description", &description);
        yaml.text("runbook_url", &alert.alert.runbook_url);
        yaml.text("dashboard_url", &alert.alert.dashboard_url);
    });
    yaml.line("isPaused: false");
}

fn step(
    yaml: &mut Yaml,
    name: &str,
    from: u32,
    source: &str,
    kind: &str,
    model: impl FnOnce(&mut Yaml),
) {
    yaml.line(&format!("refId: {name}"));
    yaml.line(&format!("relativeTimeRange: {{ from: {from}, to: 0 }}"));
    yaml.text("datasourceUid", source);
    yaml.map("model", |yaml| {
        yaml.line(&format!("refId: {name}"));
        yaml.map("datasource", |yaml| {
            yaml.text("type", kind);
            yaml.text("uid", source);
        });
        model(yaml);
    });
}

/// Summary and description: by the labels alone. Why, and what to do, is on the page of the link.
fn texts(alert: &Alert) -> (String, String) {
    let value = format!("$values.{QUERY}.Value");
    let own = |text: &str| text.replace(TITLE, "{{ $labels.kpi }}").replace(VALUE, &value);
    let summary = own(&alert.summary);
    let description = own(&alert.description);
    if !description.contains("query") {
        return (summary, description);
    }
    let page = &alert.dashboard_url;
    let description =
        format!("{summary}. Why, in the exporter's own words, and what to do: {page}");
    (summary, description)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn every() -> Vec<GrafanaAlert> {
        all(&RuleOptions::default()).into_iter().flat_map(|(_, alerts)| alerts).collect()
    }

    #[test]
    fn uids_and_titles_are_grafanas_own_and_last() {
        let alerts = every();
        assert!(alerts.len() > 20, "{}", alerts.len());
        let uids: BTreeSet<_> = alerts.iter().map(|alert| alert.uid.clone()).collect();
        let titles: BTreeSet<_> = alerts.iter().map(|alert| alert.title.clone()).collect();
        assert_eq!((uids.len(), titles.len()), (alerts.len(), alerts.len()));
        for uid in &uids {
            let fits = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(uid.len() <= 40 && uid.chars().all(fits), "{uid}");
        }
        assert!(
            uids.contains("kpi-leading-at-risk-warn") && uids.contains("kpi-target-missed-warn")
        );
        let paged = RuleOptions {
            severity_map: "warning=page,critical=page".parse().unwrap(),
            ..RuleOptions::default()
        };
        let again: BTreeSet<_> =
            all(&paged).into_iter().flat_map(|(_, alerts)| alerts).map(|alert| alert.uid).collect();
        assert_eq!(again, uids);
    }

    #[test]
    fn nothing_is_asked_for_that_the_exporter_does_not_expose() {
        let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
        for alert in every() {
            assert!(
                !alert.expr.split(word).any(|word| word.matches(':').count() == 2),
                "{alert:?}"
            );
            let (summary, description) = texts(&alert.alert);
            for text in [&summary, &description] {
                assert!(!text.contains("query (") && !text.contains("$value "), "{text}");
                // Grafana takes these for variables of its environment.
                assert!(!text.contains("${"), "{text}");
            }
        }
    }
}
