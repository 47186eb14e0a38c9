//! Metrics: source, query, labels. What formulas ask of them is added once all KPIs are read.

use std::collections::BTreeMap;

use super::context::Context;
use super::sections::{Defaults, max_label_sets, schedule};
use crate::config::entry::Entry;
use crate::config::parse;
use crate::config::raw::{MetricRaw, Text};
use crate::kpi::{Metric, Query};
use crate::source::SourceConfig;

/// Labels that the exposition or the answer of a source uses itself.
const RESERVED: [&str; 5] = ["kpi", "kpi_status", "metric", "value", "data_through"];

/// One metric; `None` after a mistake.
pub(super) fn metric(
    context: &mut Context<'_>,
    entry: &Entry<MetricRaw>,
    sources: &BTreeMap<String, SourceConfig>,
    defaults: &Defaults,
) -> Option<Metric> {
    let raw = &entry.value;
    let source = context.required(
        entry,
        "source",
        raw.source.as_ref(),
        "the id of a source, like `source: shop`",
    );
    let source = source.and_then(|id| {
        context.reference(|context| &context.sources, "source", &entry.key("source"), id)
    });
    let query = context.required(
        entry,
        "query",
        raw.query.as_ref(),
        "one, like `query: SELECT count(*) AS value FROM orders`",
    );
    if let Some(query) = query {
        check_query(context, entry, query, source.as_ref().and_then(|id| sources.get(id)));
    }
    let labels = labels(context, entry);
    if let Some(labels) = &labels {
        context.labels.insert(entry.id.clone(), labels.clone());
    }
    let schedule = match &raw.schedule {
        Some(text) => schedule(context, &entry.key("schedule"), text),
        None => defaults.schedule.clone(),
    };
    let limit = raw
        .limits
        .as_ref()
        .and_then(|limits| max_label_sets(&entry.key("limits"), limits, context.problems));
    Some(Metric {
        id: entry.id.clone(),
        source: source?,
        query: Query::Sql(query?.value.clone()),
        labels: labels?,
        columns: Vec::new(),
        bare: false,
        schedule: schedule?,
        max_label_sets: limit.unwrap_or(defaults.max_label_sets),
    })
}

fn check_query(
    context: &mut Context<'_>,
    entry: &Entry<MetricRaw>,
    query: &Text,
    source: Option<&SourceConfig>,
) {
    let path = entry.key("query");
    if query.value.trim().is_empty() {
        let hint = "write a SELECT that gives one row, or one per label set".to_owned();
        return context.problem(query.span, format!("`{path}` is empty"), hint);
    }
    let Some(source) = source else { return };
    if let Err(mistake) = parse::query(source, &query.value) {
        if query.interpolated {
            let message = format!("`{path}`: the query has a mistake in its parameters");
            return context.problem(query.span, message, None);
        }
        let span = context.files.part(query.span, &query.value, mistake.part);
        context.problem(span, format!("`{path}`: {}", mistake.message), mistake.hint);
    }
}

/// Names that Prometheus takes as labels, each once.
fn labels(context: &mut Context<'_>, entry: &Entry<MetricRaw>) -> Option<Vec<String>> {
    if entry.is_broken("labels") {
        return None;
    }
    let mut labels: Vec<String> = Vec::new();
    let mut good = true;
    for label in entry.value.labels.iter().flatten() {
        let name = &label.value;
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let word = starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let shown = context.shown(label, name);
        let path = entry.key("labels");
        let (message, hint) = if !word || name.starts_with("__") {
            let hint = "letters, digits and `_`, not starting with a digit or `__`; \
                rename the column with AS";
            (format!("`{path}`: {shown} cannot be a label"), hint)
        } else if RESERVED.contains(&name.as_str()) {
            (format!("`{path}`: the label {shown} is taken"), "rename the column with AS")
        } else if labels.contains(name) {
            (format!("`{path}`: {shown} is there twice"), "name each label once")
        } else {
            labels.push(name.clone());
            continue;
        };
        context.problem(label.span, message, hint.to_owned());
        good = false;
    }
    good.then_some(labels)
}
