//! What the server shows, swapped under its hands by the daemon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::engine::RunLog;
use crate::exposition::{Published, SelfMetrics};
use crate::snapshot::Snapshot;

/// The newest snapshot, the last runs and the self-metrics. Each request works on one consistent snapshot, even
/// when a newer one is published meanwhile.
#[derive(Debug)]
pub struct Shared {
    published: ArcSwapOption<Published>,
    self_metrics: ArcSwap<SelfMetrics>,
    runs: ArcSwap<RunLog>,
    ready: AtomicBool,
}

impl Shared {
    /// Nothing published yet, not ready.
    pub fn new(self_metrics: Arc<SelfMetrics>) -> Self {
        Self {
            published: ArcSwapOption::empty(),
            self_metrics: ArcSwap::new(self_metrics),
            runs: ArcSwap::default(),
            ready: AtomicBool::new(false),
        }
    }

    /// Renders a snapshot, then shows it in place of the last one. Rendering takes about a
    /// microsecond a series, on the caller's thread.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        self.published.store(Some(Arc::new(Published::new(snapshot))));
    }

    /// Shows the log of runs in place of the last one.
    pub fn publish_runs(&self, runs: Arc<RunLog>) {
        self.runs.store(runs);
    }

    /// From now on `/-/ready` says yes: the first complete evaluation is published.
    pub fn mark_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Shows the self-metrics of a new configuration.
    pub fn replace_self_metrics(&self, self_metrics: Arc<SelfMetrics>) {
        self.self_metrics.store(self_metrics);
    }

    /// The self-metrics being shown.
    pub fn self_metrics(&self) -> Arc<SelfMetrics> {
        self.self_metrics.load_full()
    }

    pub(super) fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    pub(super) fn runs(&self) -> Arc<RunLog> {
        self.runs.load_full()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}
