//! What was found of a KPI last: how long it holds, and what of it would be found again now that there were other
//! runs. Not here: finding it (`evaluate`).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::again::Again;
use super::drawn::Drawn;
use crate::kpi::{Definitions, Kpi};
use crate::snapshot::KpiState;

/// What was found of a KPI last, and how long it holds.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) state: Arc<KpiState>,
    pub(super) again: Again,
    /// From what, if all of it was there.
    pub(super) drawn: Option<Drawn>,
    /// Whether the same data would say the same at a later instant too: no status waits.
    pub(super) is_settled: bool,
}

/// What of an earlier finding would be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// All of it, which is only fresher, and when it does not hold any more.
    All(Again),
    /// The result of the last period.
    Close,
    Nothing,
}

impl Last {
    /// What holds of what was found last, now that there were other runs.
    pub(super) fn holds(
        &self,
        kpi: &Kpi,
        definitions: &Definitions,
        drawn: &Drawn,
        now: DateTime<Utc>,
    ) -> Holds {
        let Some(from) = &self.drawn else { return Holds::Nothing };
        let since = drawn.since(from, kpi, definitions);
        if !since.has_same_close() {
            return Holds::Nothing;
        }
        let verdicts = &self.state.verdicts;
        let again = Again::of(kpi, &definitions.calendar, Some(drawn.as_of), verdicts);
        let is_time = drawn.as_of >= now || again.is_due(now, false);
        if self.is_settled && !is_time && since.has_same_verdicts(verdicts) {
            Holds::All(again)
        } else {
            Holds::Close
        }
    }
}

/// The same as of a later run.
pub(super) fn fresher(state: &Arc<KpiState>, as_of: DateTime<Utc>) -> Arc<KpiState> {
    let good = state.verdicts.iter().any(|verdict| verdict.assessment.value.is_some());
    let last_success = Some(as_of).filter(|_| good).or(state.last_success);
    let measured_at = Some(as_of);
    if (last_success, measured_at) == (state.last_success, state.measured_at) {
        return Arc::clone(state);
    }
    Arc::new(KpiState { last_success, measured_at, ..KpiState::clone(state) })
}

/// What was there already, where that says the same.
pub(super) fn kept<T: PartialEq>(now: Vec<T>, before: Option<&Arc<[T]>>) -> Arc<[T]> {
    before.filter(|before| ***before == *now).cloned().unwrap_or_else(|| now.into())
}

#[cfg(test)]
#[path = "tests/size.rs"]
mod tests;
