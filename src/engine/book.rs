//! The book: what was measured last, metric by metric. A metric's measurements are replaced as a
//! whole by its next good run, so that a row that vanished is gone; a failed run leaves them, with
//! their age. Not here: which runs failed and why (`runs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::collect::Run;
use crate::id::MetricId;
use crate::metric::{Measurement, Span};

/// Measurements by metric id.
#[derive(Debug, Default)]
pub struct Book {
    entries: BTreeMap<MetricId, Entry>,
}

/// What was measured of one metric.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The instant its measurements were made for.
    pub as_of: DateTime<Utc>,
    /// By span.
    pub measurements: BTreeMap<Span, Arc<Measurement>>,
}

impl Book {
    /// Takes in a run.
    pub fn apply(&mut self, run: Run) {
        if let Ok(measurements) = run.outcome {
            self.entries.insert(run.metric, Entry { as_of: run.as_of, measurements });
        }
    }

    /// Forgets all other metrics.
    pub fn keep(&mut self, stays: impl Fn(&MetricId) -> bool) {
        self.entries.retain(|metric, _| stays(metric));
    }

    /// Forgets what was measured for a later instant: of a future that did not come.
    pub fn forget_after(&mut self, instant: DateTime<Utc>) {
        self.entries.retain(|_, entry| entry.as_of <= instant);
    }

    /// Takes in what another book has, in place of what this one has.
    pub fn take_in(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// The entry of a metric, once a run of it was good.
    pub fn get(&self, metric: &MetricId) -> Option<&Entry> {
        self.entries.get(metric)
    }
}
