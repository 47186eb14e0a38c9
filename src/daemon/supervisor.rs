//! Supervision: a task that ends by a defect is told, counted and started again, later each time. Not
//! here: what is started again as a whole, since it holds state (`Generation`).

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep};
use tracing::{Instrument as _, error};

use crate::exposition::SelfMetrics;
use crate::schedule::doubling;
use crate::server::Shared;

/// First and longest pause before a new start.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));

/// Who has worked for so long has got over its failures.
const CALM: Duration = Duration::from_mins(10);

/// Counts failures that follow one another closely.
#[derive(Debug)]
pub(super) struct Failures {
    task: &'static str,
    began: Instant,
    in_a_row: u32,
}

impl Failures {
    /// None yet, of a task that begins now.
    pub(super) fn of(task: &'static str) -> Self {
        Self { task, began: Instant::now(), in_a_row: 0 }
    }

    /// Notes a failure; gives the pause until the next start.
    pub(super) fn note(&mut self, error: JoinError, metrics: &SelfMetrics) -> Duration {
        if self.began.elapsed() >= CALM {
            self.in_a_row = 0;
        }
        self.in_a_row += 1;
        metrics.count_restart(self.task);
        let pause = doubling(PAUSES.0, PAUSES.1, self.in_a_row, self.task);
        self.began = Instant::now() + pause;
        error!(
            task = self.task,
            again_in = ?Duration::from_secs(pause.as_secs()),
            "a task ended by a defect of the program, please report it: {}",
            cause(error)
        );
        pause
    }
}

/// Runs what `start` gives until it ends well.
pub(super) async fn keep_running<F>(task: &'static str, shared: Arc<Shared>, start: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut failures = Failures::of(task);
    loop {
        // A set, so that the task ends with its supervisor.
        let mut tasks = JoinSet::new();
        tasks.spawn(start().in_current_span());
        match tasks.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                sleep(failures.note(error, &shared.self_metrics())).await;
            }
            _ => return,
        }
    }
}

fn cause(error: JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else { return "it was cancelled".to_owned() };
    words(payload.as_ref()).unwrap_or("it says nothing").to_owned()
}

fn words(payload: &(dyn Any + Send)) -> Option<&str> {
    let literal = payload.downcast_ref::<&'static str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn shared() -> (Arc<Shared>, Arc<SelfMetrics>) {
        let metrics = SelfMetrics::new([], 0, "", chrono::DateTime::UNIX_EPOCH).unwrap();
        let metrics = Arc::new(metrics);
        (Arc::new(Shared::new(Arc::clone(&metrics))), metrics)
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again_later_each_time_and_counted() {
        let starts = Arc::new(AtomicU32::new(0));
        let (shared, metrics) = shared();
        let began = Instant::now();
        let counted = Arc::clone(&starts);
        keep_running("test", Arc::clone(&shared), move || {
            let counted = Arc::clone(&counted);
            async move { assert!(counted.fetch_add(1, Ordering::Relaxed) >= 4, "not yet") }
        })
        .await;
        assert_eq!(starts.load(Ordering::Relaxed), 5);
        assert_eq!(metrics.restarts("test"), 4);
        let waited = began.elapsed().as_secs_f64();
        assert!((12.0..=18.0).contains(&waited), "1 + 2 + 4 + 8 s, give or take: {waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_well_or_is_dropped_is_not_started_again() {
        let (shared, metrics) = shared();
        keep_running("test", Arc::clone(&shared), || async {}).await;
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let forever = keep_running("test", Arc::clone(&shared), move || {
            let held = Arc::clone(&held);
            async move {
                std::future::pending::<()>().await;
                drop(held);
            }
        });
        assert!(tokio::time::timeout(Duration::from_secs(1), forever).await.is_err());
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&alive), 1, "the task ends with its supervisor");
        assert_eq!(metrics.restarts("test"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_far_apart_do_not_add_up() {
        let (_, metrics) = shared();
        let mut failures = Failures::of("test");
        let failed = || async { tokio::spawn(async { panic!("now") }).await.unwrap_err() };
        let first = failures.note(failed().await, &metrics);
        assert!(failures.note(failed().await, &metrics) > first);
        sleep(CALM * 2).await;
        assert_eq!(failures.note(failed().await, &metrics), first);
    }
}
