//! The rules as YAML. The model is closed and small, so it is written by hand: text on one line as a
//! double-quoted string (JSON's, which YAML reads), longer text as a literal block.
//!
//! Not here: reading YAML (`config`).

use std::collections::BTreeMap;
use std::time::Duration;

use super::duration::show;
use super::{Alert, Group, Rule};

/// First lines of every generated file.
const HEAD: &str = "# Written by `kpi-exporter generate`: change its arguments, not this file.\n";

/// Name and labels of a Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Name of the object.
    pub name: String,
    /// Its namespace; without, that of whoever applies it.
    pub namespace: Option<String>,
    /// Its labels: operators choose rules by them.
    pub labels: BTreeMap<String, String>,
}

/// A rule file for Prometheus.
pub fn rule_file(groups: &[Group]) -> String {
    let mut yaml = Yaml::new();
    yaml.groups(groups);
    yaml.text
}

/// A `PrometheusRule` for the Prometheus Operator.
pub fn prometheus_rule(groups: &[Group], meta: &ObjectMeta) -> String {
    let mut yaml = Yaml::new();
    yaml.line("apiVersion: monitoring.coreos.com/v1");
    yaml.line("kind: PrometheusRule");
    yaml.line("metadata:");
    yaml.indent = 2;
    yaml.text("name", &meta.name);
    if let Some(namespace) = &meta.namespace {
        yaml.text("namespace", namespace);
    }
    if !meta.labels.is_empty() {
        yaml.line("labels:");
        yaml.indent = 4;
        for (key, value) in &meta.labels {
            yaml.text(&quoted(key), value);
        }
    }
    yaml.indent = 0;
    yaml.line("spec:");
    yaml.indent = 2;
    yaml.groups(groups);
    yaml.text
}

/// A file that is being written.
pub(super) struct Yaml {
    text: String,
    indent: usize,
    /// The next line begins an item of a list.
    begins_item: bool,
}

impl Yaml {
    pub(super) fn new() -> Self {
        Self { text: HEAD.to_owned(), indent: 0, begins_item: false }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// An item of a list that consists of keys.
    pub(super) fn item(&mut self, write: impl FnOnce(&mut Self)) {
        self.indent += 2;
        self.begins_item = true;
        write(self);
        self.indent -= 2;
    }

    /// A key with keys below it.
    pub(super) fn map(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.line(&format!("{key}:"));
        self.indent += 2;
        write(self);
        self.indent -= 2;
    }

    pub(super) fn line(&mut self, line: &str) {
        let begins_item = std::mem::take(&mut self.begins_item);
        let spaces = self.indent - if begins_item { 2 } else { 0 };
        self.text.extend(std::iter::repeat_n(' ', spaces));
        self.text.push_str(if begins_item { "- " } else { "" });
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A key with a text: a literal block when it has several lines.
    pub(super) fn text(&mut self, key: &str, value: &str) {
        if !value.contains('\n') {
            return self.line(&format!("{key}: {}", quoted(value)));
        }
        self.line(&format!("{key}: |-"));
        self.indent += 2;
        for line in value.lines() {
            self.line(line);
        }
        self.indent -= 2;
    }

    fn duration(&mut self, key: &str, duration: Duration) {
        if !duration.is_zero() {
            self.line(&format!("{key}: {}", show(duration)));
        }
    }

    fn groups(&mut self, groups: &[Group]) {
        self.line("groups:");
        for group in groups {
            self.line(&format!("- name: {}", quoted(group.name)));
            self.indent += 2;
            self.line("rules:");
            for rule in &group.rules {
                match rule {
                    Rule::Record { record, expr } => {
                        self.line(&format!("- record: {}", quoted(record)));
                        self.indent += 2;
                        self.text("expr", expr);
                        self.indent -= 2;
                    }
                    Rule::Alert(alert) => self.alert(alert),
                }
            }
            self.indent -= 2;
        }
    }

    fn alert(&mut self, alert: &Alert) {
        self.line(&format!("- alert: {}", quoted(alert.name)));
        self.indent += 2;
        self.text("expr", &alert.expr);
        self.duration("for", alert.wait);
        self.duration("keep_firing_for", alert.keep);
        self.line("labels:");
        self.indent += 2;
        self.text("severity", &alert.severity);
        self.indent -= 2;
        self.line("annotations:");
        self.indent += 2;
        self.text("summary", &alert.summary);
        self.text("description", &alert.description);
        self.text("runbook_url", &alert.runbook_url);
        self.text("dashboard_url", &alert.dashboard_url);
        self.indent -= 4;
    }
}

/// JSON's string is one of YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_holds_the_same_groups_further_in() {
        let rules = vec![Rule::Record { record: "a:b:c", expr: "max(x)\n  > \"1\"".into() }];
        let groups = [Group { name: "g", rules }];
        let meta = ObjectMeta {
            name: "kpi: it".into(),
            namespace: Some("monitoring".into()),
            labels: BTreeMap::from([("release".into(), "kube \"x\"".into())]),
        };
        let expected = "apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: \"kpi: it\"
  namespace: \"monitoring\"
  labels:
    \"release\": \"kube \\\"x\\\"\"
spec:
  groups:
  - name: \"g\"
    rules:
    - record: \"a:b:c\"
      expr: |-
        max(x)
          > \"1\"
";
        assert_eq!(prometheus_rule(&groups, &meta).strip_prefix(HEAD), Some(expected));
    }
}
