//! When the next request may begin: evenly spaced under `requests_per_second`, and not before the
//! time that a server asked to be left alone for. Not here: what to send again (`retry`).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::deadline::Deadline;
use crate::source::FetchError;
use crate::source::trace::{Step, Trace};

/// Shared by all fetches of a source.
#[derive(Default)]
pub(super) struct Pace {
    /// Between the beginnings of two requests.
    spacing: Option<Duration>,
    /// When the next request may begin; in the past when there is nobody waiting.
    next: Mutex<Option<Instant>>,
    hold: Mutex<Option<Hold>>,
}

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
            if self.held().is_none() {
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
        while let Some((wait, why)) = self.held() {
            if !deadline.leaves_time_after(wait) {
                return Err(FetchError { retry_after: Some(wait), ..why });
            }
            trace.note(|| Step::now(format!("waiting {wait:.1?} as the server asked")));
            sleep(wait).await;
        }
        Ok(())
    }

    fn held(&self) -> Option<(Duration, FetchError)> {
        let hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        let hold = hold.as_ref()?;
        let wait = hold.until.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then(|| (wait, hold.why.clone()))
    }

    async fn wait_in_line(&self, deadline: &mut Deadline, trace: &Trace) {
        let Some(spacing) = self.spacing else { return };
        let now = Instant::now();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.map_or(now, |next| next.max(now));
            *next = turn.checked_add(spacing);
            turn
        };
        if turn > now {
            let wait = turn - now;
            trace.note(|| Step::now(format!("waiting {wait:.1?} under `requests_per_second`")));
            sleep_until(turn).await;
            deadline.give_back(now.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FetchErrorKind;

    fn refusal() -> FetchError {
        FetchError::new(FetchErrorKind::Unreachable, "not now")
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_evenly_spaced_and_waiting_for_a_turn_costs_no_time_of_the_fetch() {
        let pace = Pace::new(Some(2.0));
        let start = Instant::now();
        let mut deadline = Deadline::of(Duration::from_secs(1));
        for turn in 0..10 {
            pace.turn(&mut deadline, &Trace::default()).await.unwrap();
            assert_eq!(start.elapsed().as_millis(), turn * 500);
            assert_eq!(deadline.left().as_millis(), 1000);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_does_not_save_up_turns() {
        let pace = Pace::new(Some(1.0));
        let mut deadline = Deadline::of(Duration::from_mins(1));
        pace.turn(&mut deadline, &Trace::default()).await.unwrap();
        sleep(Duration::from_secs(10)).await;
        let start = Instant::now();
        for _ in 0..3 {
            pace.turn(&mut deadline, &Trace::default()).await.unwrap();
        }
        assert_eq!(start.elapsed().as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_asks_before_the_server_wants_it() {
        let pace = Pace::default();
        pace.hold(Duration::from_secs(20), refusal());
        pace.hold(Duration::from_secs(5), refusal());
        let start = Instant::now();
        let mut patient = Deadline::of(Duration::from_secs(30));
        pace.turn(&mut patient, &Trace::default()).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 20);
        assert_eq!(patient.left().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_no_time_to_wait_learns_at_once_how_long_it_would_be() {
        let pace = Pace::default();
        pace.hold(Duration::from_secs(20), refusal());
        let start = Instant::now();
        let mut hurried = Deadline::of(Duration::from_secs(10));
        let error = pace.turn(&mut hurried, &Trace::default()).await.unwrap_err();
        assert_eq!(error.retry_after, Some(Duration::from_secs(20)));
        assert_eq!(error.message, "not now");
        assert_eq!(start.elapsed().as_secs(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_is_no_rate_is_no_limit() {
        for rate in [0.0, f64::NAN, -1.0, f64::INFINITY] {
            assert!(Pace::new(Some(rate)).spacing.is_none(), "{rate}");
        }
    }
}
