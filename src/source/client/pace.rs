//! When the next request may begin: evenly spaced under `requests_per_second`, and not before the
//! time that a server asked to be left alone for. Not here: what to send again (`retry`).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::deadline::Deadline;
use crate::metric::FetchError;
use crate::source::trace::{Step, Trace};

/// Shared by all fetches of a source.
#[derive(Default)]
pub(super) struct Pace {
    /// Between the beginnings of two requests.
    spacing: Option<Duration>,
    line: Line,
    hold: Mutex<Option<Hold>>,
}

/// Those who wait for a turn: when the next one is, in the past when nobody waits.
#[derive(Default)]
struct Line(Mutex<Option<Instant>>);

/// A server asked to be left alone.
struct Hold {
    until: Instant,
    why: FetchError,
}

impl Pace {
    /// So many requests in a second; any number when `None`.
    pub(super) fn new(requests_per_second: Option<f64>) -> Self {
        let spacing = requests_per_second
            .and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok())
            .filter(|spacing| !spacing.is_zero());
        Self { spacing, ..Self::default() }
    }

    /// Waits for a turn. Waiting under the rate limit is not on the fetch's time; waiting because
    /// the server asked for it is, and when there is too little of it the fetch fails at once.
    pub(super) async fn turn(
        &self,
        deadline: &mut Deadline,
        trace: &Trace,
    ) -> Result<(), FetchError> {
        loop {
            self.wait_until_welcome(deadline, trace).await?;
            self.wait_in_line(deadline, trace).await;
            // Another fetch may have been sent away in the meantime.
            if self.held(Instant::now()).is_none() {
                return Ok(());
            }
        }
    }

    /// Nobody asks for so long; a longer time that was asked for before stays.
    pub(super) fn hold(&self, wait: Duration, why: FetchError) {
        let until = Instant::now() + wait;
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        if hold.as_ref().is_none_or(|hold| hold.until < until) {
            *hold = Some(Hold { until, why });
        }
    }

    async fn wait_until_welcome(
        &self,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<(), FetchError> {
        while let Some((wait, why)) = self.held(Instant::now()) {
            if !deadline.leaves_time_after(wait) {
                return Err(FetchError { retry_after: Some(wait), ..why });
            }
            trace.note(|| Step::now(format!("waiting {wait:.1?} as the server asked")));
            sleep(wait).await;
        }
        Ok(())
    }

    fn held(&self, now: Instant) -> Option<(Duration, FetchError)> {
        let hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        let hold = hold.as_ref()?;
        let wait = hold.until.saturating_duration_since(now);
        (!wait.is_zero()).then(|| (wait, hold.why.clone()))
    }

    async fn wait_in_line(&self, deadline: &mut Deadline, trace: &Trace) {
        let Some(spacing) = self.spacing else { return };
        let now = Instant::now();
        let turn = self.line.turn(now, spacing);
        if turn > now {
            let wait = turn - now;
            trace.note(|| Step::now(format!("waiting {wait:.1?} under `requests_per_second`")));
            sleep_until(turn).await;
            deadline.give_back(now.elapsed());
        }
    }
}

impl Line {
    /// The turn of who comes now.
    fn turn(&self, now: Instant, spacing: Duration) -> Instant {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        *next = turn.checked_add(spacing);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::FetchErrorKind;

    fn refusal() -> FetchError {
        FetchError::new(FetchErrorKind::Unreachable, "not now")
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn requests_are_evenly_spaced_and_a_pause_saves_up_no_turns() {
        let (spacing, line) = (Duration::from_millis(500), Line::default());
        let start = Instant::now();
        for turn in 0..10 {
            assert_eq!(line.turn(start, spacing), start + spacing * turn);
        }
        let later = start + seconds(60);
        assert_eq!(line.turn(later, spacing), later);
        assert_eq!(line.turn(later, spacing), later + spacing);
    }

    #[test]
    fn nobody_asks_before_the_server_wants_it() {
        let pace = Pace::default();
        let now = Instant::now();
        assert!(pace.held(now).is_none());
        pace.hold(seconds(20), refusal());
        pace.hold(seconds(5), refusal());
        let (wait, why) = pace.held(now).unwrap();
        assert!(wait >= seconds(20));
        assert_eq!(why, refusal());
        assert!(pace.held(now + seconds(19)).is_some());
        assert!(pace.held(Instant::now() + seconds(20)).is_none());
    }

    #[tokio::test]
    async fn who_has_no_time_to_wait_learns_at_once_how_long_it_would_be() {
        let pace = Pace::default();
        pace.hold(seconds(2000), refusal());
        let mut hurried = Deadline::of(seconds(1000));
        let error = pace.turn(&mut hurried, &Trace::default()).await.unwrap_err();
        assert!(error.retry_after.unwrap() > seconds(1000));
        assert_eq!(error.message, "not now");
    }

    #[test]
    fn a_rate_that_is_no_rate_is_no_limit() {
        for rate in [0.0, f64::NAN, -1.0, f64::INFINITY] {
            assert!(Pace::new(Some(rate)).spacing.is_none(), "{rate}");
        }
    }
}
