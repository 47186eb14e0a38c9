//! What the store was given last, so that it is given only what is new: the KPIs whose verdicts are others,
//! and closings that time alone makes final. Not here: writing (`keeper`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::assess::hysteresis::StatusMemory;
use crate::backfill::{FINAL_AFTER, Recorder};
use crate::engine::{Engine, Evaluated};
use crate::id::{KpiId, MetricId};
use crate::kpi::SeriesKey;
use crate::snapshot::{KpiState, Verdict};
use crate::store::{Closing, Opening, StoredRun};

/// The last evaluation that was written.
#[derive(Default)]
pub(super) struct Handed {
    /// By place in the configuration.
    kpis: Vec<Arc<KpiState>>,
    /// Whether the clock was believed then.
    is_believed: bool,
}

/// What is new.
pub(super) struct NewRows<'a> {
    pub(super) kpis: Vec<&'a Arc<KpiState>>,
    pub(super) closings: Vec<Closing>,
    is_believed: bool,
}

impl Handed {
    /// Has all handed in again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What is not as it was written.
    pub(super) fn new_rows<'a>(
        &self,
        recorder: &Recorder,
        found: &'a Evaluated,
        is_believed: bool,
    ) -> NewRows<'a> {
        let as_of = found.as_of;
        let last = |place: usize| self.kpis.get(place);
        let is_new = |(place, state): &(usize, &Arc<KpiState>)| {
            last(*place).is_none_or(|last| !Arc::ptr_eq(&last.verdicts, &state.verdicts))
        };
        let kpis = found.kpis.iter().enumerate().filter(is_new).map(|(_, state)| state).collect();
        let is_as_final = |place: usize, state: &KpiState| {
            let before = last(place).filter(|_| self.is_believed == is_believed);
            before.is_some_and(|before| {
                (Arc::ptr_eq(&before.last_period, &state.last_period)
                    || before.last_period == state.last_period)
                    && steps_to_final(before) == steps_to_final(state)
            })
        };
        let others = found.kpis.iter().enumerate();
        let others = others.filter(|(place, state)| !is_as_final(*place, state));
        let closings = others.flat_map(|(_, state)| {
            let asked = state.measured_at.filter(|_| is_believed).map(|at| at.min(as_of));
            let of = move |verdict| recorder.closing(state, verdict, as_of, asked);
            state.last_period.iter().map(of)
        });
        NewRows { kpis, closings: closings.collect(), is_believed }
    }

    /// All of it is written.
    pub(super) fn keep(&mut self, found: &Evaluated, rows: &NewRows<'_>) {
        self.kpis.clone_from(&found.kpis);
        self.is_believed = rows.is_believed;
    }
}

/// How many of the steps after which a result is final had passed when its sources were asked.
fn steps_to_final(state: &KpiState) -> usize {
    let end = state.last_period.first().map(|verdict| verdict.assessment.period.span.end);
    let has_passed = |grace: &TimeDelta| {
        end.zip(state.measured_at).is_some_and(|(end, asked)| asked >= end + *grace)
    };
    FINAL_AFTER.iter().filter(|grace| has_passed(grace)).count()
}

/// What hysteresis remembers of the label sets of these KPIs.
pub(super) fn memories_of(
    engine: &Engine,
    kpis: &[&Arc<KpiState>],
) -> BTreeMap<SeriesKey, StatusMemory> {
    let Some(memories) = engine.memories() else { return BTreeMap::new() };
    let keys = kpis.iter().flat_map(|state| {
        state.verdicts.iter().map(|verdict| SeriesKey::new(&state.kpi.id, &verdict.labels))
    });
    keys.filter_map(|key| memories.get(&key).cloned().map(|memory| (key, memory))).collect()
}

/// What was frozen for the label sets of these KPIs and is not written yet.
pub(super) fn new_openings(
    engine: &Engine,
    kpis: &[&Arc<KpiState>],
    recorder: &Recorder,
    written: &BTreeSet<(SeriesKey, String)>,
) -> Vec<Opening> {
    let verdicts = kpis
        .iter()
        .flat_map(|state| state.verdicts.iter().map(move |verdict| (&state.kpi.id, verdict)));
    let opening = |(kpi, verdict): (&KpiId, &Verdict)| {
        let series = SeriesKey::new(kpi, &verdict.labels);
        let period = verdict.assessment.period.id.clone();
        let frozen = engine.openings().get(&series, &period)?;
        let revision = recorder.in_force().get(kpi)?.revision;
        let of = (series, period);
        if written.contains(&of) {
            return None;
        }
        let (series, period) = of;
        Some(Opening {
            series,
            period,
            revision,
            opened_at: frozen.at,
            baseline: frozen.baseline,
            target: frozen.target,
            target_lower: None,
            target_upper: None,
        })
    };
    verdicts.filter_map(opening).collect()
}

/// Runs by their metric.
pub(super) fn by_metric(runs: Vec<StoredRun>) -> BTreeMap<MetricId, StoredRun> {
    runs.into_iter().map(|run| (run.metric.clone(), run)).collect()
}
