//! `breakdown`: columns that divide the whole of a KPI into members without verdicts of their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::{Adding, Context};
use super::goal::Goal;
use crate::config::raw::KpiRaw;
use crate::kpi::{Formula, Kpi};
use crate::metric::{Metric, Query};
use crate::reader::entry::Entry;
use crate::reader::spanned::Text;
use crate::reader::suggest::did_you_mean;

/// The columns of a KPI; `None` after a mistake.
pub(super) fn breakdown(
    context: &mut Context<'_>,
    entry: &Entry<KpiRaw>,
    formula: Option<&Formula>,
    goal: Option<&Goal>,
) -> Option<Vec<String>> {
    if entry.is_broken("breakdown") {
        return None;
    }
    let mut columns: Vec<String> = Vec::new();
    for column in entry.value.breakdown.iter().flatten() {
        if let Some((message, hint)) = mistake(context, formula, goal, &columns, column) {
            let message = format!("`{}`: {message}", entry.key("breakdown"));
            context.problem(column.span, message, hint);
            return None;
        }
        columns.push(column.value.clone());
        for metric in formula.into_iter().flat_map(Formula::metrics) {
            if let Some(adding @ Adding::No) = context.adding.get_mut(&**metric) {
                *adding = Adding::Only(column.value.clone());
            }
        }
    }
    Some(columns)
}

/// Why a column cannot divide the KPI: message and hint.
fn mistake(
    context: &Context<'_>,
    formula: Option<&Formula>,
    goal: Option<&Goal>,
    before: &[String],
    column: &Text,
) -> Option<(String, String)> {
    let name = &column.value;
    let shown = context.shown(column, name);
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let hint = "letters, digits and `_`, not starting with a digit: name the column with AS";
        return Some((format!("{shown} is no name of a column"), hint.to_owned()));
    }
    if before.contains(name) {
        return Some((format!("{shown} is there twice"), "name each column once".to_owned()));
    }
    let metrics = formula?.metrics();
    let declared = |metric: &str| context.labels.get(metric).is_some_and(|all| all.contains(name));
    let some_declare = metrics.iter().any(|metric| declared(metric));
    for metric in &metrics {
        if some_declare && !declared(metric) {
            let hint = "each metric of the formula has to be divided by it: add the column to its \
                        query and its `labels`";
            return Some((format!("{shown} is no label of `{metric}`"), hint.to_owned()));
        }
        if let Some(known) = context.columns.get(&***metric)
            && !declared(metric)
            && !known.iter().any(|known| known.eq_ignore_ascii_case(name))
        {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let hint = match known[..] {
                ["value"] => format!("add `labels: [{name}]` to it"),
                _ => did_you_mean(name, "its columns are", &known),
            };
            return Some((format!("the metric `{metric}` gives no column {shown}"), hint));
        }
        match context.adding.get(&***metric) {
            Some(Adding::Doubtful(what)) => {
                let hint = "say so: `additive: false` and a `total_query` without the columns, or \
                            `additive: true` where rows do add up";
                let message = format!("the rows of `{metric}` may not add up to the whole: {what}");
                return Some((message, hint.to_owned()));
            }
            Some(Adding::Only(column)) if column != name => {
                let hint = "a member by one column would be a sum over the others: give each \
                            column a metric and a KPI of its own";
                let message =
                    format!("`{metric}` does not add up, so one column only can divide it");
                return Some((message, hint.to_owned()));
            }
            _ => {}
        }
    }
    // What a target is by member nobody asks: the whole has one.
    let others = goal.into_iter().flat_map(|goal| [goal.baseline.formula(), goal.target.formula()]);
    let of_goal: BTreeSet<_> = others.flatten().flat_map(Formula::metrics).collect();
    let no_sum = of_goal.into_iter().find(|metric| {
        declared(metric) && matches!(context.adding.get(&***metric), Some(Adding::Doubtful(_)))
    });
    no_sum.map(|metric| {
        let hint = "plan the whole by itself: a target is on the whole, not on members";
        (format!("the rows of `{metric}` may not add up to the whole"), hint.to_owned())
    })
}

/// Adds to a metric the columns that the KPIs which draw on it divide it by, and what is asked for the
/// whole.
pub(super) fn divide(metric: &mut Metric, drawing: &[&Kpi], total: Option<Query>) {
    let columns: BTreeSet<&String> = drawing
        .iter()
        .filter(|kpi| kpi.value_draws_on(&metric.id))
        .flat_map(|kpi| &kpi.breakdown)
        .collect();
    let divides = |name: &String| drawing.iter().any(|kpi| kpi.breakdown.contains(name));
    let only_divides =
        |name: &String| divides(name) && drawing.iter().all(|kpi| kpi.breakdown.contains(name));
    metric.members = metric.labels.iter().filter(|name| only_divides(name)).cloned().collect();
    let whole: Vec<String> = metric.labels.iter().filter(|name| !divides(name)).cloned().collect();
    for column in columns {
        if !metric.labels.contains(column) {
            metric.labels.push(column.clone());
            metric.members.push(column.clone());
        }
    }
    let has_parts = metric.labels.len() > whole.len();
    metric.total = total.filter(|_| has_parts).map(|query| {
        Arc::new(Metric {
            labels: whole,
            columns: metric.columns.clone(),
            bare: metric.bare,
            missing_is_zero: metric.missing_is_zero,
            max_label_sets: metric.max_label_sets,
            max_bytes: metric.max_bytes,
            ..Metric::new(metric.id.clone(), metric.source.clone(), query, metric.schedule.clone())
        })
    });
}
