//! What could not be written: kept until it can be, so that a reload meanwhile does not fall back to
//! what was written before.

use std::collections::BTreeMap;

use super::commit::Evaluation;
use super::runs::StoredRun;
use crate::assess::hysteresis::StatusMemory;
use crate::id::MetricId;
use crate::kpi::SeriesKey;

/// The newest of each.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    pub(super) runs: BTreeMap<MetricId, StoredRun>,
    pub(super) statuses: BTreeMap<SeriesKey, StatusMemory>,
}

impl Unwritten {
    /// Forgets what is written now. Days of the past bring no runs: with them nothing is.
    pub(super) fn forget(&mut self, evaluation: &Evaluation) {
        for run in &evaluation.runs {
            self.runs.remove(&run.metric);
        }
        self.statuses.retain(|series, _| !evaluation.statuses.contains_key(series));
    }

    pub(super) fn keep(&mut self, evaluation: &Evaluation) {
        let runs = evaluation.runs.iter().map(|run| (run.metric.clone(), run.clone()));
        self.runs.extend(runs);
        let statuses =
            evaluation.statuses.iter().map(|(key, memory)| (key.clone(), memory.clone()));
        self.statuses.extend(statuses);
    }
}
