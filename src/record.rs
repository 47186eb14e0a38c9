//! The last step: from what an engine found to the snapshot that is shown. Pure, and the same for the
//! daemon, `eval` and back-fills: they differ only in what is remembered. Nobody changes a snapshot
//! afterwards.
//!
//! Not here: numbers (`assess`), and who remembers (`recall`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::assess::{Finding, Status, reason};
use crate::calendar::Calendar;
use crate::engine::Evaluated;
use crate::id::KpiId;
use crate::kpi::{Definitions, Objective, SeriesKey};
use crate::note::Notes;
use crate::snapshot::{ClosedPeriod, GoalChange, KpiState, ObjectiveState, Snapshot, Verdict};

/// What is known from before, as far as it is shown.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    /// How the last period of a series ended, where that stands whatever the sources say now.
    pub results: BTreeMap<SeriesKey, PastResult>,
    /// When the definition of a KPI changed.
    pub changes: BTreeMap<KpiId, Changes>,
    /// How the periods of each KPI ended.
    pub closed: BTreeMap<KpiId, Arc<[ClosedPeriod]>>,
    /// What people said.
    pub notes: Notes,
}

/// How a period of a series ended.
#[derive(Debug, Clone, PartialEq)]
pub struct PastResult {
    /// Id of the period.
    pub period: String,
    /// The value at the close.
    pub value: Option<f64>,
    /// The target it was measured against, where that is a single number.
    pub target: Option<f64>,
    /// Attainment.
    pub target_ratio: Option<f64>,
    /// The verdict.
    pub status: Status,
}

/// When the two halves of a definition last changed; `None` where they never did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What the values mean.
    pub meaning: Option<DateTime<Utc>>,
    /// What they are measured against.
    pub goal: Option<GoalChange>,
}

/// The snapshot of an evaluation.
pub fn finish(found: Evaluated, definitions: &Definitions, remembered: &Remembered) -> Snapshot {
    Finisher::default().finish_with(found, definitions, remembered)
}

/// Makes one snapshot after the other, and works only on what is another than in the one before.
#[derive(Debug, Default)]
pub struct Finisher {
    /// By place in the configuration.
    kpis: Vec<Finished>,
    remembered: Arc<Remembered>,
}

/// A KPI as it was found and as it is shown.
#[derive(Debug)]
struct Finished {
    found: Arc<KpiState>,
    shown: Arc<KpiState>,
    /// What it adds to its objective.
    progress: Option<f64>,
}

impl Finisher {
    /// The snapshot of an evaluation.
    pub fn finish(
        &mut self,
        found: Evaluated,
        definitions: &Definitions,
        remembered: &Arc<Remembered>,
    ) -> Snapshot {
        if !Arc::ptr_eq(&self.remembered, remembered) {
            self.kpis.clear();
            self.remembered = Arc::clone(remembered);
        }
        self.finish_with(found, definitions, remembered)
    }

    fn finish_with(
        &mut self,
        found: Evaluated,
        definitions: &Definitions,
        remembered: &Remembered,
    ) -> Snapshot {
        let calendar = &definitions.calendar;
        let mut before = std::mem::take(&mut self.kpis).into_iter();
        let finish = |found: Arc<KpiState>| match before.next() {
            Some(before) if Arc::ptr_eq(&before.found, &found) => before,
            _ => Finished::of(found, calendar, remembered),
        };
        self.kpis = found.kpis.into_iter().map(finish).collect();
        Snapshot {
            as_of: found.as_of,
            timezone: calendar.timezone,
            calendar: calendar.clone(),
            objectives: objectives(definitions, &self.kpis),
            metrics: found.metrics,
            sources: found.sources,
            kpis: self.kpis.iter().map(|kpi| Arc::clone(&kpi.shown)).collect(),
        }
    }
}

impl Finished {
    fn of(found: Arc<KpiState>, calendar: &Calendar, remembered: &Remembered) -> Self {
        let shown = Arc::new(finish_kpi(KpiState::clone(&found), calendar, remembered));
        let progress =
            mean(shown.verdicts.iter().filter_map(|v| v.assessment.contribution(&shown.kpi)));
        Self { found, shown, progress }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn finish_kpi(mut state: KpiState, calendar: &Calendar, remembered: &Remembered) -> KpiState {
    let changes = remembered.changes.get(&state.kpi.id);
    state.definition_changed = changes.and_then(|changes| changes.meaning);
    state.notes = remembered.notes.of(&state.kpi.id).to_vec();
    state.closed = remembered.closed.get(&state.kpi.id).cloned().unwrap_or_default();
    state.goal_changed = changes.and_then(|changes| changes.goal.clone());
    for verdict in &mut state.verdicts {
        if let Some(change) = &state.goal_changed
            && (verdict.assessment.period.span.start..verdict.assessment.period.span.end)
                .contains(&change.at)
        {
            let GoalChange { at, before, now } = change.clone();
            let since = calendar.day_of(at);
            verdict.assessment.findings.push(Finding::NewGoal { since, before, now });
        }
    }
    for verdict in &mut state.last_period {
        let key = SeriesKey::new(&state.kpi.id, &verdict.labels);
        if let Some(known) = remembered.results.get(&key) {
            stand(verdict, known);
        }
    }
    for verdict in state.verdicts.iter_mut().chain(&mut state.last_period) {
        verdict.assessment.reason = reason(&state.kpi, &verdict.assessment);
    }
    state
}

/// A result that stands is shown as it was, whatever the source says since.
fn stand(verdict: &mut Verdict, known: &PastResult) {
    let numbers = &mut verdict.assessment;
    if known.period == numbers.period.id {
        numbers.value = known.value;
        numbers.target_value = known.target;
        numbers.target_ratio = known.target_ratio;
        numbers.status = known.status;
    }
}

/// Weighted mean over an objective's KPIs of progress clamped to 0..1; a KPI with labels counts once,
/// with the mean of its label sets.
fn objectives(definitions: &Definitions, kpis: &[Finished]) -> BTreeMap<String, ObjectiveState> {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for Finished { shown, progress, .. } in kpis {
        if let (Some(objective), Some(progress)) = (&shown.kpi.objective, progress) {
            let (sum, weight) = sums.entry(objective).or_default();
            *sum += shown.kpi.weight * progress;
            *weight += shown.kpi.weight;
        }
    }
    let of = |id: &String| {
        let (sum, weight) = sums.get(id.as_str())?;
        (*weight > 0.0).then(|| sum / weight)
    };
    let state = |(id, objective): (&String, &Objective)| {
        let state = ObjectiveState { objective: objective.clone(), progress_ratio: of(id) };
        (id.clone(), state)
    };
    definitions.objectives.iter().map(state).collect()
}
