//! Short forms in expressions and templates: `@value` is the family `kpi_value`, `~once`, `~meta`
//! and `$job` are fragments that many expressions share.
//!
//! Not here: the names themselves (`exposition::families`).

use super::RuleOptions;
use crate::exposition::families;

/// Labels that tell replicas apart, and where they run: a verdict is about the KPI, whoever said so.
/// Everything else stays, since KPIs may have labels of their own.
const REPLICA_LABELS: &str = "instance, pod, container, endpoint, namespace, service, node, replica, \
                              prometheus, prometheus_replica";

/// What the metadata series adds to a verdict. Slow labels only: a changed label is a new alert.
const META: &str = "* on (job, kpi) group_left (kind, function, objective, team) kpi:meta:info";

/// Replaces the short forms of an expression.
pub(super) fn expression(text: &str, options: &RuleOptions) -> String {
    let job = serde_json::Value::from(options.job.as_str()).to_string();
    let text = text
        .replace("~once", &format!("without ({REPLICA_LABELS})"))
        .replace(
            "~status_once",
            &format!("without ({}, {REPLICA_LABELS})", families::KPI_STATUS.name),
        )
        .replace("~meta", META)
        .replace("$job", &job);
    resolve(&text)
}

/// Replaces `@name` by the family whose name it is without prefix; an unknown one is left as it is,
/// for the tests to find.
pub(super) fn resolve(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('@');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let family = families::ALL
            .iter()
            .find(|family| family.name.split_once('_').is_some_and(|(_, own)| own == name));
        out.push_str(family.map_or("@", |family| family.name));
        out.push_str(if family.is_some() { rest } else { part });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_become_families_and_unknown_ones_stay_visible() {
        assert_eq!(
            resolve("max(@value{a=\"b\"}) / @target_value"),
            "max(kpi_value{a=\"b\"}) / kpi_target_value"
        );
        assert_eq!(resolve("@nothing > 1"), "@nothing > 1");
        assert_eq!(resolve("up"), "up");
    }
}
