//! What the value of a KPI can be: its own `range`, else its template's, else what unit and formula say.

use super::amount;
use super::context::Context;
use crate::catalog::Template;
use crate::config::raw::KpiRaw;
use crate::kpi::{Formula, Range, Unit};
use crate::reader::entry::Entry;

/// `None` after a mistake in it.
pub(super) fn range(
    context: &mut Context<'_>,
    entry: &Entry<KpiRaw>,
    unit: Option<&Unit>,
    formula: Option<&Formula>,
    template: Option<&'static Template>,
) -> Option<Range> {
    let Some(given) = &entry.value.range else {
        if let Some(template) = template {
            return Some(template.range);
        }
        let (Some(unit), Some(formula)) = (unit, formula) else { return Some(Range::default()) };
        return Some(Range::implied(unit, formula));
    };
    let path = entry.key("range");
    let mut limit = |name: &str, given: Option<&_>| match given {
        Some(given) => amount::value(context, &format!("{path}.{name}"), given, unit).map(Some),
        None => Some(None),
    };
    let (min, max) =
        (limit("min", given.value.min.as_ref()), limit("max", given.value.max.as_ref()));
    let (min, max) = (min?, max?);
    if let (Some(least), Some(most)) = (min, max)
        && least >= most
    {
        let message = format!("`{path}`: `min` has to be less than `max`");
        context.problem(given.span, message, "swap the two".to_owned());
        return None;
    }
    Some(Range { min, max })
}
