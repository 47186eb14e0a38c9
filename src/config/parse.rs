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
    Schedule::parse(text).map_err(|error| (error.what(), error.hint()))
}
