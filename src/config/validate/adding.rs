//! `additive` and `total_query` of a metric: whether its rows add up, and what is asked for the whole
//! when they do not.

use super::context::{Adding, Context};
use crate::metric::Query;
use crate::reader::entry::Entry;
use crate::source::metric_raw::MetricRaw;

/// What stands in queries whose rows cannot be added up.
const NO_SUMS: [(&str, &str); 9] = [
    ("count(distinct", "a distinct count"),
    ("count_distinct", "a distinct count"),
    ("approx_distinct", "a distinct count"),
    ("uniq(", "a distinct count"),
    ("uniqexact(", "a distinct count"),
    ("median(", "a median"),
    ("percentile", "a percentile"),
    ("quantile", "a quantile"),
    ("avg(", "an average"),
];

/// Notes how the rows of a metric add up, for the KPIs that divide it. `ask` reads a query.
pub(super) fn note(
    context: &mut Context<'_>,
    entry: &mut Entry<MetricRaw>,
    ask: impl FnOnce(&mut Context<'_>, &Entry<MetricRaw>) -> Option<Query>,
) {
    let raw = &entry.value;
    let additive = raw.additive.as_ref().map(|given| given.value);
    let adding = match (additive, &raw.query) {
        (Some(false), _) => Adding::No,
        (None, Some(query)) => doubt(&query.value).map_or(Adding::Up, Adding::Doubtful),
        _ => Adding::Up,
    };
    context.adding.insert(entry.id.clone(), adding);
    match (&raw.additive, &raw.total_query) {
        (Some(given), Some(text)) if !given.value => {
            if raw.query.is_none() && raw.request.is_some() {
                let message =
                    format!("`{}` needs a `query` over the rows", entry.key("total_query"));
                let hint = "add `query: SELECT … FROM rows GROUP BY …`, and here the same without \
                            the column that divides it";
                return context.problem(text.span, message, hint.to_owned());
            }
            // The same metric with the other query.
            let raw = &mut entry.value;
            std::mem::swap(&mut raw.query, &mut raw.total_query);
            if let Some(total) = ask(context, entry) {
                context.totals.insert(entry.id.clone(), total);
            }
            let raw = &mut entry.value;
            std::mem::swap(&mut raw.query, &mut raw.total_query);
        }
        (Some(given), None) if !given.value && !entry.is_broken("total_query") => {
            let message = format!("`{}` lacks `total_query`", entry.path);
            let hint = "rows that do not add up need a query of their own for the whole: write the \
                        same one without the columns that divide it";
            context.problem(given.span, message, hint.to_owned());
        }
        (_, Some(text)) if !entry.is_broken("additive") => {
            let message = format!("`{}` is for rows that do not add up", entry.key("total_query"));
            let hint = "add `additive: false`, or delete the key: rows are added up by themselves";
            context.problem(text.span, message, hint.to_owned());
        }
        _ => {}
    }
}

/// What the query counts that cannot be added up.
fn doubt(query: &str) -> Option<&'static str> {
    let words: Vec<&str> = query.split_whitespace().collect();
    let words = words.join(" ").to_lowercase().replace(" (", "(").replace("( ", "(");
    NO_SUMS.iter().find(|(call, _)| words.contains(call)).map(|(_, what)| *what)
}
