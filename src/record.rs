//! The last step: from what an engine found to the snapshot that is shown. Pure, and the same for the
//! daemon, `eval` and back-fills: they differ only in what is remembered. Nobody changes a snapshot
//! afterwards.
//!
//! Not here: numbers (`assess`), and who remembers (`recall`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::assess::{Finding, Status, reason};
use crate::calendar::{Calendar, Window};
use crate::engine::Evaluated;
use crate::id::KpiId;
use crate::kpi::{Definitions, Kpi, Objective, SeriesKey};
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
            before => Finished::of(found, before.as_ref(), calendar, remembered),
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
    /// `before` is of the same KPI and by what is remembered now.
    fn of(
        found: Arc<KpiState>,
        before: Option<&Self>,
        calendar: &Calendar,
        remembered: &Remembered,
    ) -> Self {
        let before = before.filter(|before| Arc::ptr_eq(&before.found.kpi, &found.kpi));
        let finisher = FinishKpi { kpi: &found.kpi, calendar, remembered };
        let known = before.filter(|known| Arc::ptr_eq(&known.found.verdicts, &found.verdicts));
        let (verdicts, progress) = match known {
            Some(known) => (Arc::clone(&known.shown.verdicts), known.progress),
            None => finisher.verdicts(&found.verdicts),
        };
        let known =
            before.filter(|known| Arc::ptr_eq(&known.found.last_period, &found.last_period));
        let last_period = match known {
            Some(known) => Arc::clone(&known.shown.last_period),
            None => finisher.last_period(&found.last_period),
        };
        let changes = remembered.changes.get(&found.kpi.id);
        let shown = KpiState {
            verdicts,
            last_period,
            definition_changed: changes.and_then(|changes| changes.meaning),
            goal_changed: changes.and_then(|changes| changes.goal.clone()),
            closed: remembered.closed.get(&found.kpi.id).cloned().unwrap_or_default(),
            notes: remembered.notes.of(&found.kpi.id).to_vec(),
            ..KpiState::clone(&found)
        };
        Self { found, shown: Arc::new(shown), progress }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Puts what was found of one KPI into words, beside what is remembered of it.
struct FinishKpi<'a> {
    kpi: &'a Kpi,
    calendar: &'a Calendar,
    remembered: &'a Remembered,
}

impl FinishKpi<'_> {
    /// And what they add to an objective.
    fn verdicts(&self, found: &[Verdict]) -> (Arc<[Verdict]>, Option<f64>) {
        let goal = self.remembered.changes.get(&self.kpi.id).and_then(|is| is.goal.as_ref());
        let finish = |found: &Verdict| {
            let mut verdict = found.clone();
            let Window { start, end } = verdict.assessment.period.span;
            if let Some(change) = goal
                && (start..end).contains(&change.at)
            {
                let GoalChange { at, before, now } = change.clone();
                let since = self.calendar.day_of(at);
                verdict.assessment.findings.push(Finding::NewGoal { since, before, now });
            }
            verdict.assessment.reason = reason(self.kpi, &verdict.assessment);
            verdict
        };
        let verdicts: Arc<[Verdict]> = found.iter().map(finish).collect();
        let progress = mean(verdicts.iter().filter_map(|v| v.assessment.contribution(self.kpi)));
        (verdicts, progress)
    }

    fn last_period(&self, found: &[Verdict]) -> Arc<[Verdict]> {
        let finish = |found: &Verdict| {
            let mut verdict = found.clone();
            let key = SeriesKey::new(&self.kpi.id, &verdict.labels);
            if let Some(known) = self.remembered.results.get(&key) {
                stand(&mut verdict, known);
            }
            verdict.assessment.reason = reason(self.kpi, &verdict.assessment);
            verdict
        };
        found.iter().map(finish).collect()
    }
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
