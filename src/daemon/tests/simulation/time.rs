//! Time: what the clock of the machine says, and what time it is. Both go with the runtime's paused time;
//! the clock may be set.

use std::cell::Cell as Slot;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

thread_local! {
    /// An instant, and what time it was then.
    static BEGAN: Slot<Option<(Instant, DateTime<Utc>)>> = const { Slot::new(None) };
    /// So far ahead of the time is the clock.
    static AHEAD: Slot<TimeDelta> = const { Slot::new(TimeDelta::zero()) };
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
