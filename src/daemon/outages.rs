//! Which failures are worth a line in the log: when a source with hundreds of metrics is down, one
//! and not hundreds at every try. Not here: the log of runs, which has them all (`engine`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::metric::{FetchError, FetchErrorKind};

/// A failure that goes on is told again after this long.
const REMINDER: Duration = Duration::from_hours(1);

/// What fails at present, by source and by what was told.
#[derive(Debug, Default)]
pub(super) struct Outages {
    known: Mutex<BTreeMap<(String, String), Outage>>,
}

/// One failure, of as many metrics of a source as have it.
#[derive(Debug)]
struct Outage {
    logged_at: Instant,
    metrics: BTreeSet<String>,
}

impl Outages {
    /// Notes that a metric failed. Gives how many metrics of its source fail with the same words when
    /// that is to be told, and `None` when it has been. A source that cannot be reached is one trouble
    /// for all its metrics; an answer that is no good is the trouble of the metric that asked.
    pub(super) fn failed(&self, source: &str, metric: &str, error: &FetchError) -> Option<usize> {
        let words = match error.kind {
            FetchErrorKind::Unreachable | FetchErrorKind::Timeout => error.to_string(),
            FetchErrorKind::Query | FetchErrorKind::Shape => format!("{metric}: {error}"),
        };
        self.note(source, metric, &words)
    }

    fn note(&self, source: &str, metric: &str, error: &str) -> Option<usize> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for ((of, words), outage) in known.iter_mut() {
            if of == source && words != error {
                outage.metrics.remove(metric);
            }
        }
        known.retain(|_, outage| !outage.metrics.is_empty());
        let now = Instant::now();
        let key = (source.to_owned(), error.to_owned());
        let mut new = false;
        let outage = known.entry(key).or_insert_with(|| {
            new = true;
            Outage { logged_at: now, metrics: BTreeSet::new() }
        });
        outage.metrics.insert(metric.to_owned());
        if new || now.duration_since(outage.logged_at) >= REMINDER {
            outage.logged_at = now;
            return Some(outage.metrics.len());
        }
        None
    }

    /// Notes that a metric works; whether it was the last one that had what was told.
    pub(super) fn worked(&self, source: &str, metric: &str) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.len();
        known.retain(|(of, _), outage| {
            let had = of == source && outage.metrics.remove(metric);
            !(had && outage.metrics.is_empty())
        });
        known.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_many_metrics_of_a_source_have_is_told_once_and_every_hour() {
        let outages = Outages::default();
        assert_eq!(outages.note("api", "a", "refused"), Some(1));
        assert_eq!(outages.note("api", "b", "refused"), None);
        assert_eq!(outages.note("api", "a", "refused"), None);
        assert_eq!(outages.note("other", "c", "refused"), Some(1), "another source");
        tokio::time::advance(REMINDER).await;
        assert_eq!(outages.note("api", "b", "refused"), Some(2));
        assert_eq!(outages.note("api", "a", "refused"), None);
        assert!(!outages.worked("api", "a"), "another one still fails");
        assert!(outages.worked("api", "b"));
        assert!(!outages.worked("api", "b"), "once is enough");
        assert_eq!(outages.note("api", "a", "refused"), Some(1), "a new outage");
    }

    #[tokio::test(start_paused = true)]
    async fn another_failure_is_told_even_if_it_was_told_before() {
        let outages = Outages::default();
        assert_eq!(outages.note("api", "a", "refused"), Some(1));
        assert_eq!(outages.note("api", "a", "no answer"), Some(1));
        assert_eq!(outages.note("api", "a", "refused"), Some(1));
        assert!(outages.worked("api", "a"));
    }

    #[test]
    fn answers_that_are_no_good_are_told_for_each_metric() {
        let outages = Outages::default();
        let mut error = FetchError::new(FetchErrorKind::Shape, "no row has `$.value`");
        assert_eq!(outages.failed("api", "a", &error), Some(1));
        assert_eq!(outages.failed("api", "b", &error), Some(1));
        assert_eq!(outages.failed("api", "b", &error), None);
        error.kind = FetchErrorKind::Unreachable;
        assert_eq!(outages.failed("api", "a", &error), Some(1));
        assert_eq!(outages.failed("api", "b", &error), None, "the source is down for all");
        assert!(!outages.worked("api", "a"));
        assert!(outages.worked("api", "b"));
    }
}
