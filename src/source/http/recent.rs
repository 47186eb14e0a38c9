//! Answers that serve another window of the same run: an API that takes no dates is asked the very
//! same thing for each window, and the query over its rows tells the windows apart. One walk through
//! all its pages is enough. Not a cache: nothing outlives the run that asked for it by more than its
//! place in memory.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::fetched_rows::RowsOutcome;
use crate::source::client::Exchange;

/// Bytes that kept answers had together, at most.
const MAX_BYTES: usize = 32 << 20;

/// The newest answers, one a metric, oldest first.
#[derive(Default)]
pub(super) struct Recent(Mutex<Vec<Kept>>);

struct Kept {
    metric: String,
    first: Exchange,
    /// When it was begun to be asked for.
    at: Instant,
    bytes: usize,
    outcome: Arc<RowsOutcome>,
}

impl Recent {
    /// What the same request of the same metric got since an instant.
    pub(super) fn get(
        &self,
        metric: &str,
        first: &Exchange,
        since: Instant,
    ) -> Option<Arc<RowsOutcome>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.metric != metric || one.at >= since);
        let same = kept.iter().find(|one| one.metric == metric && one.first.is_same(first));
        same.map(|one| Arc::clone(&one.outcome))
    }

    /// Keeps an answer in place of the metric's last one, if there is room.
    pub(super) fn put(
        &self,
        metric: &str,
        first: Exchange,
        at: Instant,
        bytes: usize,
        outcome: &Arc<RowsOutcome>,
    ) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.metric != metric);
        if bytes > MAX_BYTES {
            return;
        }
        let (metric, outcome) = (metric.to_owned(), Arc::clone(outcome));
        kept.push(Kept { metric, first, at, bytes, outcome });
        while kept.iter().map(|one| one.bytes).sum::<usize>() > MAX_BYTES {
            kept.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Table;

    fn exchange(url: &str) -> Exchange {
        Exchange::get(url.parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_serves_the_same_question_of_the_same_run_and_no_other() {
        let recent = Recent::default();
        let answer = Arc::new(RowsOutcome::Table(Table::default()));
        let begun = Instant::now();
        recent.put("mrr", exchange("http://a/x"), begun, 10, &answer);
        assert!(recent.get("mrr", &exchange("http://a/x"), begun).is_some());
        assert!(recent.get("mrr", &exchange("http://a/x?page=2"), begun).is_none());
        assert!(recent.get("churn", &exchange("http://a/x"), begun).is_none());
        tokio::time::advance(std::time::Duration::from_millis(1)).await;
        assert!(recent.get("mrr", &exchange("http://a/x"), Instant::now()).is_none());
    }

    #[tokio::test]
    async fn what_is_kept_has_a_limit() {
        let recent = Recent::default();
        let answer = Arc::new(RowsOutcome::Table(Table::default()));
        let begun = Instant::now();
        let known = |metric: &str| recent.get(metric, &exchange("http://a/"), begun).is_some();
        for metric in ["a", "b", "c"] {
            recent.put(metric, exchange("http://a/"), begun, MAX_BYTES / 2, &answer);
        }
        assert_eq!([known("a"), known("b"), known("c")], [false, true, true]);
        recent.put("c", exchange("http://a/"), begun, MAX_BYTES + 1, &answer);
        assert_eq!([known("b"), known("c")], [true, false]);
    }
}
