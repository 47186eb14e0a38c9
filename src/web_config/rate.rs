//! How many requests are answered: a bucket of tokens, one a request, filled at a steady pace.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A limit of requests.
#[derive(Debug)]
pub struct RateLimit {
    interval: Duration,
    burst: f64,
    /// How full the bucket was, and when.
    level: Mutex<(f64, Instant)>,
}

impl RateLimit {
    /// One request an interval, and so many at once after a pause.
    pub(super) fn new(interval: Duration, burst: u32) -> Self {
        let burst = f64::from(burst);
        Self { interval, burst, level: Mutex::new((burst, Instant::now())) }
    }

    /// Whether a request at an instant is answered; it is counted then.
    pub fn allows(&self, now: Instant) -> bool {
        // A lock that a defect left behind still holds a level.
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, last) = *level;
        let earned =
            now.saturating_duration_since(last).as_secs_f64() / self.interval.as_secs_f64();
        let tokens = (tokens + earned).min(self.burst);
        let allowed = tokens >= 1.0;
        *level = (if allowed { tokens - 1.0 } else { tokens }, now.max(last));
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_answered_and_then_one_an_interval() {
        let limit = RateLimit::new(Duration::from_secs(1), 3);
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let answers =
            |times: &[f64]| times.iter().map(|s| limit.allows(at(*s))).collect::<Vec<_>>();
        assert_eq!(answers(&[0.0, 0.0, 0.0, 0.0, 0.5]), [true, true, true, false, false]);
        assert_eq!(answers(&[1.1, 1.2, 2.2]), [true, false, true]);
        // A long pause fills it no further than a burst.
        assert_eq!(answers(&[1000.0, 1000.0, 1000.0, 1000.0]), [true, true, true, false]);
    }

    #[test]
    fn no_burst_is_no_request() {
        let limit = RateLimit::new(Duration::from_secs(1), 0);
        assert!(!limit.allows(Instant::now() + Duration::from_mins(1)));
    }
}
