//! Periods and windows as written.

use super::context::Context;
use crate::calendar::{PeriodKind, WindowSpec};
use crate::config::parse;
use crate::config::raw::DatesRaw;
use crate::reader::forms::{Alternative, Mixed, Quantity};
use crate::reader::spanned::{Spanned, Text};

/// A named period or explicit dates, both inclusive.
pub(super) fn period(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<Mixed<DatesRaw>>,
) -> Option<PeriodKind> {
    let found = match &given.value {
        Mixed::Map(dates) => return explicit(context, path, given, dates),
        Mixed::Quantity(Quantity::Text(name)) => match parse::period(name) {
            Some(kind) => return Some(kind),
            None => name.clone(),
        },
        Mixed::Quantity(Quantity::Number(number)) => number.to_string(),
    };
    context.wrong_word(path, given, &found, DatesRaw::EXPECTED, &parse::PERIODS);
    None
}

fn explicit(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<Mixed<DatesRaw>>,
    dates: &DatesRaw,
) -> Option<PeriodKind> {
    let (Some(start), Some(end)) = (&dates.start, &dates.end) else {
        let message = format!("`{path}` needs both `start` and `end`");
        let hint = "write `{ start: 2026-04-01, end: 2026-06-30 }`; both days count";
        context.problem(given.span, message, hint.to_owned());
        return None;
    };
    let (start, end) = (start.0, end.0);
    if start > end {
        let message = format!("`{path}` ends on {end}, before it starts on {start}");
        context.problem(given.span, message, "swap `start` and `end`".to_owned());
        return None;
    }
    Some(PeriodKind::Dates { start, end })
}

/// `period` or a trailing window.
pub(super) fn window(context: &mut Context<'_>, path: &str, given: &Text) -> Option<WindowSpec> {
    let window = parse::window(&given.value);
    if window.is_none() {
        let found = context.shown(given, &given.value);
        let message =
            format!("`{path}`: expected `period` or a length like 30d or 4w, found {found}");
        let hint = "`period` measures from the start of the period, `30d` the last 30 days";
        context.problem(given.span, message, hint.to_owned());
    }
    window
}
