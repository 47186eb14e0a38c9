//! What the store was given last, so that it is given only what is new: the KPIs whose verdicts are others,
//! and closings that time alone makes final. Not here: writing (`keeper`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

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
    clock: Option<Clock>,
}

/// What was known of time then.
#[derive(Clone, Copy)]
struct Clock {
    as_of: DateTime<Utc>,
    is_believed: bool,
    /// When the next result may become final.
    next_final: DateTime<Utc>,
}

/// What is new.
pub(super) struct NewRows<'a> {
    pub(super) kpis: Vec<&'a Arc<KpiState>>,
    pub(super) closings: Vec<Closing>,
    clock: Clock,
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
        // The rest of them are as final as they were.
        let before = self.clock.filter(|before| {
            before.is_believed == is_believed && before.as_of <= as_of && as_of < before.next_final
        });
        let last = |place: usize| self.kpis.get(place);
        let is_new = |(place, state): &(usize, &Arc<KpiState>)| {
            last(*place).is_none_or(|last| !Arc::ptr_eq(&last.verdicts, &state.verdicts))
        };
        let kpis = found.kpis.iter().enumerate().filter(is_new).map(|(_, state)| state).collect();
        let mut next_final = before.map_or(DateTime::<Utc>::MAX_UTC, |before| before.next_final);
        let mut closings = Vec::new();
        for (place, state) in found.kpis.iter().enumerate() {
            let known = last(place).filter(|_| before.is_some());
            let is_same = |known: &Arc<KpiState>| {
                Arc::ptr_eq(&known.last_period, &state.last_period)
                    || known.last_period == state.last_period
            };
            if known.is_some_and(is_same) {
                continue;
            }
            for verdict in state.last_period.iter() {
                let end = verdict.assessment.period.span.end;
                let later = FINAL_AFTER.into_iter().map(|grace| end + grace);
                next_final = later.filter(|at| *at > as_of).fold(next_final, DateTime::min);
                closings.push(recorder.closing(state, verdict, as_of, is_believed));
            }
        }
        NewRows { kpis, closings, clock: Clock { as_of, is_believed, next_final } }
    }

    /// All of it is written.
    pub(super) fn keep(&mut self, found: &Evaluated, rows: &NewRows<'_>) {
        self.kpis.clone_from(&found.kpis);
        self.clock = Some(rows.clock);
    }
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
