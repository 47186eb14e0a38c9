//! Calls the rooms that own the small languages of a configuration: windows, periods and schedules
//! (`calendar`, `schedule`). Not here: places and the rest of the messages (`validate`).

use crate::calendar::{PeriodKind, WindowSpec};
use crate::schedule::Schedule;

/// `period`, or a trailing window like `30d`.
pub(crate) fn window(text: &str) -> Option<WindowSpec> {
    WindowSpec::parse(text).ok()
}

/// The periods that have a name.
pub(crate) const PERIODS: [&str; 5] = ["week", "month", "quarter", "half", "year"];

/// One of [`PERIODS`].
pub(crate) fn period(name: &str) -> Option<PeriodKind> {
    PeriodKind::parse(name).ok()
}

/// A schedule; else message and hint.
pub(crate) fn schedule(text: &str) -> Result<Schedule, (String, Option<String>)> {
    Schedule::parse(text).map_err(|reason| split_hint(&reason))
}

/// Takes a message of the form `what (hint: cure)` apart.
fn split_hint(message: &str) -> (String, Option<String>) {
    match message.strip_suffix(')').and_then(|message| message.split_once(" (hint: ")) {
        Some((what, cure)) => (what.to_owned(), Some(cure.to_owned())),
        None => (message.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_told_from_messages() {
        assert_eq!(split_hint("a (b) c (hint: d (e))"), ("a (b) c".into(), Some("d (e)".into())));
        assert_eq!(split_hint("no hint (here)"), ("no hint (here)".into(), None));
    }
}
