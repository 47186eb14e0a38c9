//! Compares the clock with the time that has really passed in this process. A machine that slept makes
//! a leap as well as a clock that was set, so a leap is believed when it has lasted for a while; until
//! then no result is final by it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use tracing::{info, warn};

/// A leap ahead of more than this is doubted: a machine may sleep for a long weekend.
const FAR: TimeDelta = TimeDelta::days(7);

/// Clocks are corrected by less than this all the time.
pub(super) const CORRECTION: TimeDelta = TimeDelta::minutes(1);

/// A leap that has lasted for so long is believed.
const BELIEVED: Duration = Duration::from_hours(1);

/// What the clock said last, and since when it is doubted.
#[derive(Debug)]
pub(super) struct ClockWatch {
    last: (DateTime<Utc>, Instant),
    doubted: Option<Instant>,
    /// It was set back, and nobody has looked yet at what was written before.
    is_back: bool,
}

impl ClockWatch {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { last: (now, Instant::now()), doubted: None, is_back: false }
    }

    /// Takes note of what the clock says. Whether it has been set back, and [`Self::looked`] is due.
    pub(super) fn is_back(&mut self, now: DateTime<Utc>) -> bool {
        let (then, at) = self.last;
        self.last = (now, Instant::now());
        let passed = TimeDelta::from_std(at.elapsed()).unwrap_or(TimeDelta::MAX);
        let leap = (now - then).checked_sub(&passed).unwrap_or(TimeDelta::MIN);
        if leap > FAR {
            self.doubted = Some(Instant::now());
            warn!(from = %then.format("%F %T"), to = %now.format("%F %T"),
                "the clock leapt ahead: no result is final by it until it has lasted for an hour");
        } else if leap < -CORRECTION {
            self.doubted = None;
            self.is_back = true;
        }
        self.is_back
    }

    /// What was written ahead of the clock has been seen to.
    pub(super) fn looked(&mut self) {
        self.is_back = false;
    }

    /// Whether what the clock says may be final.
    pub(super) fn is_believed(&mut self) -> bool {
        let Some(since) = self.doubted else { return true };
        if since.elapsed() < BELIEVED {
            return false;
        }
        self.doubted = None;
        info!("the clock is believed: its leap has lasted");
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_leap_is_doubted_until_it_has_lasted_or_is_taken_back() {
        let mut watch = ClockWatch::new(at("2026-05-12T12:00:00Z"));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!watch.is_back(at("2026-05-12T12:00:10Z")) && watch.is_believed());
        // A long weekend.
        assert!(!watch.is_back(at("2026-05-16T09:00:00Z")) && watch.is_believed());
        assert!(!watch.is_back(at("2026-06-17T09:00:00Z")) && !watch.is_believed());
        tokio::time::advance(BELIEVED / 2).await;
        assert!(!watch.is_back(at("2026-06-17T09:30:00Z")) && !watch.is_believed());
        assert!(watch.is_back(at("2026-05-16T09:30:00Z")) && watch.is_believed());
        assert!(watch.is_back(at("2026-05-16T09:30:00Z")), "until somebody has looked");
        watch.looked();
        assert!(!watch.is_back(at("2026-05-16T09:30:00Z")));
        assert!(!watch.is_back(at("2026-07-16T09:30:00Z")) && !watch.is_believed());
        tokio::time::advance(BELIEVED).await;
        assert!(!watch.is_back(at("2026-07-16T10:30:00Z")) && watch.is_believed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_between_two_looks_is_no_leap() {
        let mut watch = ClockWatch::new(at("2026-05-12T12:00:00Z"));
        tokio::time::advance(Duration::from_hours(24 * 30)).await;
        assert!(!watch.is_back(at("2026-06-11T12:00:00Z")) && watch.is_believed());
        // Corrections of seconds are none either.
        assert!(!watch.is_back(at("2026-06-11T11:59:58Z")));
    }
}
