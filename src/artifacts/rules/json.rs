//! The rules as JSON, for programs that read no YAML: the same file, as Prometheus also takes it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::duration::show;
use super::{Alert, Group, Rule};

/// A rule file for Prometheus.
pub fn rule_file_json(groups: &[Group]) -> String {
    let groups: Vec<Value> = groups
        .iter()
        .map(|group| json!({ "name": group.name, "rules": group.rules.iter().map(rule).collect::<Vec<_>>() }))
        .collect();
    format!("{:#}\n", json!({ "groups": groups }))
}

fn rule(rule: &Rule) -> Value {
    match rule {
        Rule::Record { record, expr } => json!({ "record": record, "expr": expr }),
        Rule::Alert(alert) => of_alert(alert),
    }
}

fn of_alert(alert: &Alert) -> Value {
    let mut object = Map::new();
    object.insert("alert".to_owned(), alert.name.into());
    object.insert("expr".to_owned(), alert.expr.as_str().into());
    let mut duration = |key: &str, duration: Duration| {
        if !duration.is_zero() {
            object.insert(key.to_owned(), show(duration).into());
        }
    };
    duration("for", alert.wait);
    duration("keep_firing_for", alert.keep);
    object.insert("labels".to_owned(), json!({ "severity": alert.severity }));
    let annotations = json!({
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": alert.runbook_url,
        "dashboard_url": alert.dashboard_url,
    });
    object.insert("annotations".to_owned(), annotations);
    Value::Object(object)
}
