//! `calendar.weeks` and `calendar.year_ends`: a retail calendar.

use super::context::Context;
use crate::calendar::{Retail, YearEnd};
use crate::config::raw::{CalendarRaw, YearEndsRaw};

const EXAMPLE: &str = "`year_ends: { weekday: saturday, nearest: january }`, or `last` for the \
                       last Saturday of the month";

/// A mistake that has been reported.
pub(super) struct Reported;

/// The retail calendar, when there is one.
pub(super) fn retail(
    context: &mut Context<'_>,
    raw: &CalendarRaw,
) -> Result<Option<Retail>, Reported> {
    let (weeks, ends) = match (&raw.weeks, &raw.year_ends) {
        (None, None) => return Ok(None),
        (Some(weeks), Some(ends)) => (weeks.value.0, ends),
        (Some(weeks), None) => {
            let message = "`calendar.weeks` needs `calendar.year_ends`: on which day do years end?";
            context.problem(weeks.span, message.to_owned(), format!("add {EXAMPLE}"));
            return Err(Reported);
        }
        (None, Some(ends)) => {
            let message = "`calendar.year_ends` needs `calendar.weeks`: how many has each month?";
            context.problem(ends.span, message.to_owned(), "add `weeks: 4-4-5`".to_owned());
            return Err(Reported);
        }
    };
    let Some((ends_on, year_end, month)) = year_ends(&ends.value) else {
        let message = "`calendar.year_ends` needs a `weekday`, and one of `nearest` and `last` \
                       with the name of a month";
        context.problem(ends.span, message.to_owned(), format!("write {EXAMPLE}"));
        return Err(Reported);
    };
    check_start(context, raw, month)?;
    Ok(Some(Retail { weeks, ends_on, year_end, month }))
}

fn year_ends(ends: &YearEndsRaw) -> Option<(chrono::Weekday, YearEnd, u32)> {
    let (year_end, month) = match (&ends.nearest, &ends.last) {
        (Some(month), None) => (YearEnd::Nearest, month),
        (None, Some(month)) => (YearEnd::Last, month),
        _ => return None,
    };
    Some((ends.weekday.as_ref()?.0, year_end, month.0.0))
}

/// Years that end with one month start with the next. January, the default, may stand there as well.
fn check_start(context: &mut Context<'_>, raw: &CalendarRaw, month: u32) -> Result<(), Reported> {
    let Some(start) = &raw.fiscal_year_start else { return Ok(()) };
    let first = start.value.0.0;
    if first == 1 || first == month % 12 + 1 {
        return Ok(());
    }
    let message = "`calendar.fiscal_year_start` contradicts `calendar.year_ends`";
    let hint = "delete it: `year_ends` says when years end, and the next day starts one";
    context.problem(start.span, message.to_owned(), hint.to_owned());
    Err(Reported)
}
