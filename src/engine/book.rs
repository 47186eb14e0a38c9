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
    entries: BTreeMap<MetricId, Arc<Entry>>,
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
            let entry = Entry { as_of: run.as_of, measurements };
            self.entries.insert(run.metric, Arc::new(entry));
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
    pub fn get(&self, metric: &MetricId) -> Option<&Arc<Entry>> {
        self.entries.get(metric)
    }
}

/// Takes the measurements of an earlier run where the new ones say the same: those who hold them then see that
/// nothing is new, and one of both is enough.
pub fn share_unchanged(
    new: &mut BTreeMap<Span, Arc<Measurement>>,
    before: &BTreeMap<Span, Arc<Measurement>>,
) {
    for (span, measured) in new {
        // A window that ends with the run begins where it began.
        let mut alike = before.iter().filter(|(known, _)| known.window.start == span.window.start);
        if let Some((_, same)) = alike.find(|(_, known)| *known == measured) {
            *measured = Arc::clone(same);
        }
    }
}
