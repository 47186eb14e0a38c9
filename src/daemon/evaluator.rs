//! The evaluator: takes in runs as they come, evaluates the book and publishes the snapshot. It owns
//! the book; nobody else writes it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::debug;

use crate::clock::Clock;
use crate::engine::{Book, Engine, Run, is_complete};
use crate::exposition::SelfMetrics;
use crate::kpi::Definitions;
use crate::server::Shared;

/// Data ages without anything happening, so evaluate this often at least.
const TICK: Duration = Duration::from_secs(10);
/// Sources that hang must not withhold the others' KPIs for longer than this at start.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where results go.
pub(super) struct Out {
    pub(super) shared: Arc<Shared>,
    pub(super) self_metrics: Arc<SelfMetrics>,
}

pub(super) struct Evaluator {
    definitions: Arc<Definitions>,
    engine: Engine,
    book: Book,
    out: Out,
    clock: Clock,
    complete: bool,
}

impl Evaluator {
    pub(super) fn new(
        definitions: Arc<Definitions>,
        sources: impl Iterator<Item = String>,
        out: Out,
        clock: Clock,
    ) -> Self {
        let engine = Engine::new(Arc::clone(&definitions), sources.collect());
        Self { definitions, engine, book: Book::default(), out, clock, complete: false }
    }

    /// Evaluates after each run, several that arrive together at once, and on every tick.
    pub(super) async fn run(mut self, mut runs: mpsc::Receiver<Run>) {
        let patience = Instant::now() + PATIENCE;
        let mut tick = tokio::time::interval_at(patience, TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                run = runs.recv() => match run {
                    Some(run) => self.take(run),
                    None => return,
                },
                _ = tick.tick() => {}
            }
            while let Ok(run) = runs.try_recv() {
                self.take(run);
            }
            if !self.complete {
                self.complete = is_complete(&self.definitions, &self.book);
                if !self.complete && Instant::now() < patience {
                    continue;
                }
            }
            self.publish();
        }
    }

    fn take(&mut self, run: Run) {
        if let Some(metric) = self.definitions.metrics.get(&run.metric) {
            for fetch in &run.fetches {
                let seconds = fetch.duration.as_secs_f64();
                self.out.self_metrics.observe_fetch(&metric.source, fetch.outcome, seconds);
                self.out.self_metrics.count_bad_rows(&metric.source, fetch.bad_rows);
            }
        }
        self.book.apply(run);
    }

    fn publish(&mut self) {
        let started = Instant::now();
        let snapshot = self.engine.evaluate(&self.book, (self.clock)());
        self.out.self_metrics.observe_evaluation(started.elapsed().as_secs_f64());
        self.out.shared.publish(Arc::new(snapshot));
        if self.complete {
            self.out.shared.mark_ready();
        }
        debug!(took = ?started.elapsed(), "evaluated and published");
    }
}
