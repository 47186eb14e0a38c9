//! The book: what was measured last, metric by metric. A metric's measurements are replaced as a
//! whole by its next good run, so that a row that vanished is gone; a failed run leaves them, with
//! their age.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::collect::Run;
use crate::id::MetricId;
use crate::metric::{FetchError, Measurement, Span};

/// Measurements by metric id.
#[derive(Debug, Default)]
pub struct Book {
    entries: BTreeMap<MetricId, Entry>,
}

/// What is known of one metric.
#[derive(Debug, Default, Clone)]
pub struct Entry {
    /// The instant its measurements were made for; `None` before the first good run.
    pub as_of: Option<DateTime<Utc>>,
    /// By span.
    pub measurements: BTreeMap<Span, Arc<Measurement>>,
    /// Why the last run failed, if it did.
    pub error: Option<FetchError>,
    /// Why rows of the last good run were left out, if any were.
    pub bad_row: Option<String>,
}

impl Book {
    /// Takes in a run.
    pub fn apply(&mut self, run: Run) {
        let entry = self.entries.entry(run.metric).or_default();
        match run.outcome {
            Ok(measurements) => {
                entry.bad_row =
                    measurements.values().find_map(|measured| measured.first_bad_row.clone());
                entry.as_of = Some(run.as_of);
                entry.measurements = measurements;
                entry.error = None;
            }
            Err(error) => entry.error = Some(error),
        }
    }

    /// The entry of a metric, once it was tried.
    pub fn get(&self, metric: &MetricId) -> Option<&Entry> {
        self.entries.get(metric)
    }
}
