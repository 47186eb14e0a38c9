//! Time: what the clock of the machine says, and what time it is. Both go with the runtime's paused time;
//! the clock may be set. And what happened when, for whoever looks for the reason of a finding.

use std::cell::{Cell as Slot, RefCell};
use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

thread_local! {
    /// An instant, and what time it was then.
    static BEGAN: Slot<Option<(Instant, DateTime<Utc>)>> = const { Slot::new(None) };
    /// So far ahead of the time is the clock.
    static AHEAD: Slot<TimeDelta> = const { Slot::new(TimeDelta::zero()) };
    static HAPPENED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Takes note of what happens.
pub(super) fn happens(what: impl Display) {
    let line = format!("{} +{}h: {what}", truly().format("%F %T"), ahead().num_hours());
    HAPPENED.with_borrow_mut(|lines| lines.push(line));
}

/// All that happened since the last call.
pub(super) fn happened() -> Vec<String> {
    HAPPENED.take()
}

pub(super) fn begin(at: DateTime<Utc>) {
    BEGAN.set(Some((Instant::now(), at)));
    AHEAD.set(TimeDelta::zero());
}

/// What time it is.
pub(super) fn truly() -> DateTime<Utc> {
    truly_at(Instant::now())
}

/// What time it was at an instant.
pub(super) fn truly_at(instant: Instant) -> DateTime<Utc> {
    let (began, at) = BEGAN.get().unwrap();
    at + TimeDelta::from_std(instant.duration_since(began)).unwrap()
}

/// What the clock says.
pub(super) fn clock() -> DateTime<Utc> {
    truly() + ahead()
}

pub(super) fn ahead() -> TimeDelta {
    AHEAD.get()
}

/// Sets the clock: so far ahead of the time.
pub(super) fn set_ahead(by: TimeDelta) {
    AHEAD.set(by);
}
