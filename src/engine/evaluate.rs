//! From the book to a snapshot: every KPI, objective, metric and source at one instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::book::Book;
use super::breakdown::whole_of;
use super::demand::{plan, shared};
use super::history::{Day, History};
use super::kpi_state::{Known, KpiOutcome, MeasuredPoint, Observed, Verdicts, evaluate_kpi};
use super::openings::Openings;
use super::outlook::Outlooks;
use super::readers::Readers;
use super::runs::{MetricLog, RunLog};
use super::weekly_signals::WeeklySignals;
use crate::assess::hysteresis::{self, ConfirmationRules, DataPoint, StatusMemory};
use crate::assess::{Evidence, Finding};
use crate::calendar::{Calendar, Period};
use crate::id::{KpiId, MetricId, SourceId};
use crate::kpi::{Definitions, Kpi, SeriesKey};
use crate::metric::{Metric, Span};
use crate::signals::Lead;
use crate::snapshot::{KpiState, LeadState, MetricState, Snapshot, SourceState, Verdict};

/// Evaluates snapshots of one set of definitions, remembering what hysteresis and roll-over need.
#[derive(Debug)]
pub struct Engine {
    definitions: Arc<Definitions>,
    memories: Option<BTreeMap<SeriesKey, StatusMemory>>,
    last: BTreeMap<KpiId, KpiState>,
    history: History,
    openings: Openings,
    weekly_signals: WeeklySignals,
    outlooks: Outlooks,
    readers: Readers,
}

/// What came of an evaluation: the numbers, and findings that are not in words yet. `record` makes the
/// snapshot of it.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// The instant for which it was computed.
    pub as_of: DateTime<Utc>,
    /// Every configured KPI, in the order of the configuration.
    pub kpis: Vec<KpiState>,
    /// The metrics behind them.
    pub metrics: Vec<MetricState>,
    /// By id.
    pub sources: BTreeMap<SourceId, SourceState>,
}

impl Engine {
    /// For a daemon: a status changes only when it is confirmed.
    pub fn new(definitions: Arc<Definitions>) -> Self {
        Self {
            readers: Readers::of(&definitions),
            definitions,
            memories: Some(BTreeMap::new()),
            last: BTreeMap::new(),
            history: History::default(),
            openings: Openings::default(),
            weekly_signals: WeeklySignals::default(),
            outlooks: Outlooks::default(),
        }
    }

    /// For a single evaluation: the status of the instant.
    pub fn instantaneous(definitions: Arc<Definitions>) -> Self {
        Self { memories: None, ..Self::new(definitions) }
    }

    /// Puts back what is known from before, ahead of the first evaluation.
    pub fn restore(&mut self, openings: Openings, history: History) {
        self.openings = openings;
        self.history = history;
    }

    /// Goes on with the statuses of an earlier process.
    pub fn resume(&mut self, memories: BTreeMap<SeriesKey, StatusMemory>) {
        self.memories = Some(memories);
    }

    /// Takes in a day that passed without being evaluated.
    pub fn note_past(&mut self, day: &Snapshot) {
        for (state, verdict) in day.verdicts() {
            note(&mut self.history, &state.kpi, verdict, &self.definitions.calendar);
        }
    }

    /// Asks history anew what it says of the running periods, once much of it has come.
    pub fn learn(&mut self) {
        self.weekly_signals = WeeklySignals::default();
        self.outlooks = Outlooks::default();
    }

    /// What the engine of another configuration goes on with.
    pub fn into_memory(self) -> (History, Openings, BTreeMap<SeriesKey, StatusMemory>) {
        (self.history, self.openings, self.memories.unwrap_or_default())
    }

    /// What is known of the days before.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What hysteresis remembers; nothing for single evaluations.
    pub fn memories(&self) -> Option<&BTreeMap<SeriesKey, StatusMemory>> {
        self.memories.as_ref()
    }

    /// What was frozen so far.
    pub fn openings(&self) -> &Openings {
        &self.openings
    }

    /// Evaluates what was measured as of `now`; `log` has the runs that it came from, and those that
    /// failed.
    pub fn evaluate(&mut self, book: &Book, log: &RunLog, now: DateTime<Utc>) -> Evaluated {
        let definitions = Arc::clone(&self.definitions);
        let observed = Observed { book, log };
        let kpis: Vec<KpiState> =
            definitions.kpis.iter().map(|kpi| self.kpi_state(kpi, observed, now)).collect();
        let (metrics, sources) = (metrics(&definitions, &self.readers, book), log.states());
        Evaluated { as_of: now, kpis, metrics, sources }
    }

    fn kpi_state(
        &mut self,
        kpi: &Arc<Kpi>,
        observed: Observed<'_>,
        now: DateTime<Utc>,
    ) -> KpiState {
        let (history, outlooks) = (&mut self.history, &mut self.outlooks);
        let calendar = &self.definitions.calendar;
        let mut evidence = |key: &SeriesKey, period: &Period, at: MeasuredPoint| {
            let day = calendar.day_before(at.through);
            if let Some(value) = at.value.filter(|_| at.through > period.span.start) {
                let known = history.of(key).and_then(|daily| daily.get(&day));
                let expected = known.and_then(|day| day.expected);
                let status = known.and_then(|day| day.status);
                history.note(key, day, Day { value, expected, sums: at.sums, status });
            }
            outlooks.evidence(kpi, calendar, key, period, (at.through, at.value), history)
        };
        let known = Known { definitions: &self.definitions, openings: &self.openings };
        let mut verdicts = match evaluate_kpi(kpi, known, observed, now, &mut evidence) {
            KpiOutcome::Verdicts(verdicts) => verdicts,
            KpiOutcome::Straddles => match self.last.get(&kpi.id) {
                Some(state) => return state.clone(),
                None => self.nothing_yet(kpi, observed.log, now),
            },
        };
        let day = calendar.day_before(verdicts.as_of.unwrap_or(now));
        for verdict in &mut verdicts.current {
            if let Some(memories) = &mut self.memories {
                confirm(memories, kpi, verdict, (verdicts.as_of, now), day);
                let key = SeriesKey::new(&kpi.id, &verdict.labels);
                self.openings.freeze(&key, &verdict.assessment, verdicts.as_of.unwrap_or(now));
            }
            note(&mut self.history, kpi, verdict, calendar);
            self.weekly_signals.signal(kpi, calendar, &self.history, verdict);
        }
        let leads = self.weekly_signals.leads(kpi, &self.definitions, &self.history, now);
        explain(&leads, &mut verdicts.current);
        let good = verdicts.current.iter().any(|verdict| verdict.assessment.value.is_some());
        let before = self.last.get(&kpi.id).and_then(|state| state.last_success);
        let state = KpiState {
            kpi: Arc::clone(kpi),
            verdicts: verdicts.current,
            last_period: verdicts.last_period,
            breakdowns: verdicts.breakdowns,
            leads,
            definition_changed: None,
            goal_changed: None,
            closed: Arc::default(),
            notes: Vec::new(),
            last_success: verdicts.as_of.filter(|_| good).or(before),
        };
        self.last.insert(kpi.id.clone(), state.clone());
        state
    }

    /// The daemon was started in the very moment of a roll-over.
    fn nothing_yet(&self, kpi: &Kpi, log: &RunLog, now: DateTime<Utc>) -> Verdicts {
        let observed = Observed { book: &Book::default(), log };
        let known = Known { definitions: &self.definitions, openings: &self.openings };
        match evaluate_kpi(kpi, known, observed, now, &mut |_, _, _| Evidence::default()) {
            KpiOutcome::Verdicts(verdicts) => verdicts,
            KpiOutcome::Straddles => Verdicts::default(),
        }
    }
}

/// Says what a claim to predict is worth, as soon as there is something to say.
fn explain(leads: &[LeadState], verdicts: &mut [Verdict]) {
    for LeadState { predicts, lead } in leads {
        if matches!(lead, Lead::Unverified { .. }) {
            continue;
        }
        for verdict in &mut *verdicts {
            let finding = Finding::Predicts { kpi: predicts.clone(), lead: *lead };
            verdict.assessment.findings.push(finding);
        }
    }
}

/// A value is of the day that its data closes.
fn note(history: &mut History, kpi: &Kpi, verdict: &Verdict, calendar: &Calendar) {
    let assessment = &verdict.assessment;
    let through = assessment.data_through.filter(|at| *at > assessment.period.span.start);
    if let (Some(value), Some(through)) = (assessment.value, through) {
        let key = SeriesKey::new(&kpi.id, &verdict.labels);
        let (expected, sums) = (assessment.expected_value, assessment.sums);
        let day = Day { value, expected, sums, status: Some(assessment.status) };
        history.note(&key, calendar.day_before(through), day);
    }
}

fn confirm(
    memories: &mut BTreeMap<SeriesKey, StatusMemory>,
    kpi: &Kpi,
    verdict: &mut Verdict,
    (as_of, now): (Option<DateTime<Utc>>, DateTime<Utc>),
    day: NaiveDate,
) {
    let point = DataPoint {
        value: verdict.assessment.value,
        // Where the source says nothing it is the fetch's own instant, which is no news.
        data_through: verdict.assessment.data_through.filter(|through| Some(*through) != as_of),
        day,
    };
    let key = SeriesKey::new(&kpi.id, &verdict.labels);
    let fetched = as_of.unwrap_or(now);
    let (before, now) = (memories.get(&key), &verdict.assessment);
    let rules = ConfirmationRules::of(kpi);
    let memory = hysteresis::step(before, now, &rules, &point, fetched);
    hysteresis::show(&memory, &rules, &mut verdict.assessment);
    memories.insert(key, memory);
}

/// The metrics behind the KPIs, for their current windows.
fn metrics(definitions: &Definitions, readers: &Readers, book: &Book) -> Vec<MetricState> {
    let mut states = Vec::new();
    for metric in definitions.metrics.values() {
        let Some(entry) = book.get(&metric.id) else { continue };
        let as_of = entry.as_of;
        let mut windows: Vec<(&KpiId, Span)> = Vec::new();
        let drawing = readers.kpis(&metric.id).iter();
        for kpi in drawing.filter(|kpi| kpi.value_draws_on(&metric.id)) {
            let span = shared(metric, plan(kpi, &definitions.calendar, as_of).value);
            windows.push((&kpi.id, span));
        }
        let distinct: BTreeSet<Span> = windows.iter().map(|(_, span)| *span).collect();
        if distinct.len() <= 1 {
            windows.truncate(1);
        }
        for (kpi, span) in &windows {
            let Some(measured) = entry.measurements.get(span) else { continue };
            // Members are those of KPIs, a bounded number of them.
            for (labels, series) in &whole_of(metric, measured, &[]).series {
                for (column, value) in &series.values {
                    states.push(MetricState {
                        name: name(metric, column, series.values.len()),
                        kpi: (distinct.len() > 1).then(|| (*kpi).to_owned()),
                        labels: labels.clone(),
                        value: *value,
                    });
                }
            }
        }
    }
    states
}

/// `sessions` for a metric with one value, `orders.revenue` for one of several.
fn name(metric: &Metric, column: &str, columns: usize) -> String {
    if column == "value" || (metric.bare && columns == 1) {
        metric.id.to_string()
    } else {
        format!("{}.{column}", metric.id)
    }
}

/// Whether every metric that some KPI needs has been tried.
pub fn is_complete(definitions: &Definitions, log: &RunLog) -> bool {
    let tried = |id: &MetricId| {
        let metric = definitions.metrics.get(id);
        metric.and_then(|metric| log.of(metric)).is_some_and(MetricLog::is_tried)
    };
    definitions.kpis.iter().flat_map(|kpi| kpi.metrics()).all(tried)
}
