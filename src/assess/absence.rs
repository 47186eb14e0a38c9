//! Why a formula has no value, in words. Not here: finding out (`engine`), and what else there is to say
//! (`reason`).

use super::finding::Absent;
use crate::id::MetricId;
use crate::kpi::Formula;
use crate::metric::Bad;

/// Why there is no value.
pub(super) fn no_value(formula: &Formula, why: Option<&Absent>) -> String {
    match why {
        Some(Absent::NoRow { metrics, of, doubt }) if of.is_empty() => {
            format!("{} has no rows{}", names(metrics), because(doubt.as_deref()))
        }
        Some(Absent::NoRow { metrics, of, doubt }) => {
            let because = because(doubt.as_deref());
            format!("nothing for {} in {}{because}", names(metrics), of.words())
        }
        Some(Absent::Bad { what, bad: Bad { rows: 1, found } }) => {
            format!("`{what}` holds {}", no_number(found))
        }
        Some(Absent::Bad { what, bad: Bad { rows, found } }) => {
            format!("`{what}` of {rows} rows holds {}", no_number(found))
        }
        Some(Absent::Null { what, doubt }) => {
            format!("`{what}` is NULL{}", because(doubt.as_deref()))
        }
        Some(Absent::Zero { what: Some(what) }) => format!("the denominator `{what}` is 0"),
        Some(Absent::Zero { what: None }) => format!("a denominator of `{formula}` is 0"),
        Some(Absent::TooLarge) => format!("`{formula}` is beyond all numbers"),
        Some(Absent::TooMany { most }) => {
            format!("the labels of {} multiply to more than {most} label sets", metrics_of(formula))
        }
        None => format!("`{formula}` has no value"),
    }
}

/// What its source noticed of it.
fn because(doubt: Option<&str>) -> String {
    doubt.map(|doubt| format!("; {doubt}")).unwrap_or_default()
}

/// "`plan` and `orders`".
pub(super) fn metrics_of(formula: &Formula) -> String {
    names(formula.metrics())
}

fn names<'a>(metrics: impl IntoIterator<Item = &'a MetricId>) -> String {
    let names = metrics.into_iter().map(|metric| format!("`{metric}`"));
    names.collect::<Vec<_>>().join(" and ")
}

/// ``the text `12,5`, which is no number``
fn no_number(found: &str) -> String {
    const SO: &str = ", which is no number";
    if found.ends_with(SO) { found.to_owned() } else { format!("{found}{SO}") }
}
