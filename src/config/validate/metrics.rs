//! Metrics: source, labels, schedule. What formulas ask of them is added once all KPIs are read. Not
//! here: what they ask their source, which is the business of its kind (`source`).

use std::collections::BTreeMap;

use super::adding;
use super::context::Context;
use super::limits::Limits;
use super::sections::{Defaults, schedule};
use crate::families;
use crate::id::SourceId;
use crate::metric::Metric;
use crate::reader::entry::Entry;
use crate::source::kinds::SourceConfig;
use crate::source::metric_raw::{MetricRaw, Missing};
use crate::source::statement;

/// Columns of an answer that have a meaning of their own.
const OF_AN_ANSWER: [&str; 2] = ["value", "data_through"];

/// Labels that alert rules set.
const OF_AN_ALERT: [&str; 2] = ["alertname", "severity"];

/// Labels that Prometheus sets on everything it scrapes.
const OF_A_SCRAPE: [&str; 2] = ["instance", "job"];

/// One metric; `None` after a mistake.
pub(super) fn metric(
    context: &mut Context<'_>,
    entry: &mut Entry<MetricRaw>,
    sources: &BTreeMap<SourceId, SourceConfig>,
    defaults: &Defaults,
    of_all: &Limits,
) -> Option<Metric> {
    let id = context.required(
        entry,
        "source",
        entry.value.source.as_ref(),
        "the id of a source, like `source: shop`",
    );
    let id = id.and_then(|id| {
        context.reference(|context| &context.sources, "source", &entry.key("source"), id)
    });
    let source = id.as_ref().and_then(|id| sources.get(id.as_str()));
    let labels = labels(context, entry, source);
    if let Some(labels) = &labels {
        context.labels.insert(entry.id.clone(), labels.clone());
    }
    let ask = |context: &mut Context<'_>, entry: &Entry<MetricRaw>| match source {
        Some(source) => source.question(&mut context.report, entry, labels.as_deref()),
        // An unknown source is asked with SQL, unless the metric looks otherwise.
        None if entry.value.request.is_some() || entry.is_broken("request") => None,
        None => statement::question(&mut context.report, entry, None),
    };
    let question = ask(context, entry);
    adding::note(context, entry, |context, entry| ask(context, entry).map(|asked| asked.query));
    let raw = &entry.value;
    if let Some(columns) = question.as_ref().and_then(|question| question.columns.as_ref()) {
        context.columns.insert(entry.id.clone(), columns.clone());
    }
    let schedule = match &raw.schedule {
        Some(text) => schedule(context, &entry.key("schedule"), text),
        None => defaults.schedule.clone(),
    };
    let limits = raw.limits.as_ref();
    let limits = limits.map_or(*of_all, |own| of_all.of_metric(context, &entry.key("limits"), own));
    Some(Metric {
        labels: labels?,
        missing_is_zero: raw.missing.as_ref().is_some_and(|choice| choice.0 == Missing::Zero),
        max_label_sets: limits.label_sets,
        max_bytes: limits.bytes,
        ..Metric::new(entry.id.as_str(), id?, question?.query, schedule?)
    })
}

/// Names that Prometheus takes as labels, each once.
fn labels(
    context: &mut Context<'_>,
    entry: &Entry<MetricRaw>,
    source: Option<&SourceConfig>,
) -> Option<Vec<String>> {
    let rename = source.map_or(statement::RENAMING, |source| source.renaming(&entry.value));
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
            let hint =
                format!("letters, digits and `_`, not starting with a digit or `__`; {rename}");
            (format!("`{path}`: {shown} cannot be a label"), hint)
        } else if families::is_label(name) || OF_AN_ANSWER.contains(&name.as_str()) {
            (format!("`{path}`: the label {shown} is taken"), rename.to_owned())
        } else if OF_A_SCRAPE.contains(&name.as_str()) {
            (format!("`{path}`: Prometheus sets {shown} itself on scrape"), rename.to_owned())
        } else if OF_AN_ALERT.contains(&name.as_str()) {
            (format!("`{path}`: alert rules set {shown} themselves"), rename.to_owned())
        } else if labels.contains(name) {
            (format!("`{path}`: {shown} is there twice"), "name each label once".to_owned())
        } else {
            labels.push(name.clone());
            continue;
        };
        context.problem(label.span, message, hint);
        good = false;
    }
    good.then_some(labels)
}
