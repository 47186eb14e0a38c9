//! Formulas of KPIs, targets and baselines: syntax, and that the metrics they name exist.

use super::context::Context;
use crate::kpi::{Formula, MetricRef};
use crate::reader::spanned::Text;
use crate::reader::suggest::did_you_mean;

/// Parses a formula and notes what it asks of metrics. Every unknown name is a mistake of its own.
pub(super) fn formula(context: &mut Context<'_>, path: &str, text: &Text) -> Option<Formula> {
    let formula = match Formula::parse_within(&text.value, context.bounds.formula_terms) {
        Ok(formula) => formula,
        Err(_) if text.interpolated => {
            let found = context.shown(text, "");
            let message = format!("`{path}`: {found} is not a formula");
            context.problem(text.span, message, None);
            return None;
        }
        Err(error) => {
            let span = context.files.part(text.span, &text.value, error.span);
            context.problem(span, format!("`{path}`: {}", error.message), error.hint);
            return None;
        }
    };
    let mut good = true;
    for (reference, part) in formula.references() {
        let span = context.files.part(text.span, &text.value, part);
        if let Some((message, hint)) = mistake(context, reference, text.interpolated) {
            context.problem(span, format!("`{path}`: {message}"), hint);
            good = false;
            continue;
        }
        let used = context.uses.entry(reference.metric.to_string()).or_default();
        match &reference.column {
            Some(column) if !used.columns.contains(column) => used.columns.push(column.clone()),
            Some(_) => {}
            None => used.bare = true,
        }
    }
    good.then_some(formula)
}

/// Why a formula cannot name this; message and hint.
fn mistake(
    context: &Context<'_>,
    reference: &MetricRef,
    interpolated: bool,
) -> Option<(String, Option<String>)> {
    let metric = &reference.metric;
    if !context.metrics.has(metric) {
        let known: Vec<&str> = context.metrics.ids.iter().map(String::as_str).collect();
        return Some(match (interpolated, known.is_empty()) {
            (true, _) => ("the formula names a metric that does not exist".to_owned(), None),
            (_, true) => (
                format!("there is no metric `{metric}`"),
                Some("define it under `metrics`: no metric is defined yet".to_owned()),
            ),
            _ if context.problems.are_many(known.len()) => {
                (format!("there is no metric `{metric}`"), None)
            }
            _ => (
                format!("there is no metric `{metric}`"),
                Some(did_you_mean(metric, "the metrics are", &known)),
            ),
        });
    }
    let column = reference.column.as_ref()?;
    if context.labels.get(&**metric)?.contains(column) {
        let message = if interpolated {
            "the formula names a label column".to_owned()
        } else {
            format!("`{metric}.{column}` is a label of the metric, not a number")
        };
        let hint = "name a value column, or take the column out of `labels`";
        return Some((message, Some(hint.to_owned())));
    }
    let columns: Vec<&str> = context.columns.get(&**metric)?.iter().map(String::as_str).collect();
    if columns.iter().any(|known| known.eq_ignore_ascii_case(column)) {
        return None;
    }
    Some(if interpolated {
        ("the formula names a column that its metric does not give".to_owned(), None)
    } else {
        let hint = did_you_mean(column, "its columns are", &columns);
        (format!("the metric `{metric}` gives no column `{column}`"), Some(hint))
    })
}
