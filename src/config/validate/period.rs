//! Periods and windows as written.

use crate::calendar::{PeriodKind, WindowSpec};
use crate::config::diagnostic::Problems;
use crate::config::forms::{Alternative, Mixed, Quantity};
use crate::config::parse;
use crate::config::raw::{DatesRaw, Text};
use crate::config::spanned::Spanned;
use crate::config::suggest::closest;

/// A named period or explicit dates, both inclusive.
pub(super) fn period(
    path: &str,
    given: &Spanned<Mixed<DatesRaw>>,
    problems: &mut Problems,
) -> Option<PeriodKind> {
    let found = match &given.value {
        Mixed::Map(dates) => return explicit(path, given, dates, problems),
        Mixed::Quantity(Quantity::Text(name)) => match parse::period(name) {
            Some(kind) => return Some(kind),
            None => name.clone(),
        },
        Mixed::Quantity(Quantity::Number(number)) => number.to_string(),
    };
    let (found, similar) = if given.interpolated {
        ("something else".to_owned(), None)
    } else {
        (format!("`{found}`"), closest(&found, parse::PERIODS))
    };
    problems
        .at(given.span, format!("`{path}`: expected {}, found {found}", DatesRaw::EXPECTED))
        .hint(similar.map(|one| format!("did you mean `{one}`?")));
    None
}

fn explicit(
    path: &str,
    given: &Spanned<Mixed<DatesRaw>>,
    dates: &DatesRaw,
    problems: &mut Problems,
) -> Option<PeriodKind> {
    let (Some(start), Some(end)) = (&dates.start, &dates.end) else {
        problems
            .at(given.span, format!("`{path}` needs both `start` and `end`"))
            .hint("write `{ start: 2026-04-01, end: 2026-06-30 }`; both days count".to_owned());
        return None;
    };
    let (start, end) = (start.0, end.0);
    if start > end {
        problems
            .at(given.span, format!("`{path}` ends on {end}, before it starts on {start}"))
            .hint("swap `start` and `end`".to_owned());
        return None;
    }
    Some(PeriodKind::Dates { start, end })
}

/// `period` or a trailing window.
pub(super) fn window(path: &str, given: &Text, problems: &mut Problems) -> Option<WindowSpec> {
    let window = parse::window(&given.value);
    if window.is_none() {
        let expected = "`period` or a length like 30d or 4w";
        let found = if given.interpolated {
            "something else".to_owned()
        } else {
            format!("`{}`", given.value)
        };
        problems.at(given.span, format!("`{path}`: expected {expected}, found {found}")).hint(
            "`period` measures from the start of the period, `30d` the last 30 days".to_owned(),
        );
    }
    window
}
