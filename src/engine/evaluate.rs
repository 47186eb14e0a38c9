//! From the book to a snapshot: every KPI, objective, metric and source at one instant.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::again::{Again, News};
use super::book::Book;
use super::confirm::{Fetched, Remembers, confirm};
use super::daily::Day;
use super::drawn::Drawn;
use super::history::History;
use super::kpi_state::{Known, KpiOutcome, MeasuredPoint, Observed, Verdicts, evaluate_kpi};
use super::last::{Holds, Last, fresher, kept};
use super::metric_states::Shown;
use super::openings::Openings;
use super::outlook::Outlooks;
use super::readers::Readers;
use super::runs::RunLog;
use super::weekly_signals::WeeklySignals;
use crate::assess::hysteresis::{Answers, StatusMemory};
use crate::assess::{Evidence, Finding};
use crate::calendar::{Calendar, Period};
use crate::id::SourceId;
use crate::kpi::{Definitions, Kpi, SeriesKey};
use crate::shown;
use crate::signals::Lead;
use crate::snapshot::{KpiState, LeadState, MetricState, Snapshot, SourceState, Verdict};

/// Evaluates snapshots of one set of definitions, remembering what hysteresis and roll-over need.
#[derive(Debug)]
pub struct Engine {
    definitions: Arc<Definitions>,
    memories: Option<BTreeMap<SeriesKey, StatusMemory>>,
    /// By place in the configuration.
    last: Vec<Option<Last>>,
    /// What their metrics answered last.
    answers: Vec<Arc<Answers>>,
    metrics: Vec<Shown>,
    /// When that was; `None` where all of it has to be found anew.
    as_of: Option<DateTime<Utc>>,
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
    /// Every configured KPI, in the order of the configuration; the same as before where nothing about it
    /// has changed.
    pub kpis: Vec<Arc<KpiState>>,
    /// The metrics behind them, metric by metric.
    pub metrics: Vec<Arc<[MetricState]>>,
    /// By id.
    pub sources: BTreeMap<SourceId, SourceState>,
}

impl Engine {
    /// For a daemon: a status changes only when it is confirmed.
    pub fn new(definitions: Arc<Definitions>) -> Self {
        let kpis = definitions.kpis.len();
        Self {
            readers: Readers::of(&definitions),
            metrics: std::iter::repeat_with(Shown::default)
                .take(definitions.metrics.len())
                .collect(),
            definitions,
            memories: Some(BTreeMap::new()),
            last: std::iter::repeat_with(|| None).take(kpis).collect(),
            answers: vec![Arc::default(); kpis],
            as_of: None,
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
        self.as_of = None;
    }

    /// Puts back the days before today, ahead of the first evaluation.
    pub fn remember_days(&mut self, history: History) {
        self.history = history;
        self.as_of = None;
    }

    /// Goes on with the statuses of an earlier process.
    pub fn resume(&mut self, memories: BTreeMap<SeriesKey, StatusMemory>) {
        self.memories = Some(memories);
        self.as_of = None;
    }

    /// Takes in a day that passed without being evaluated.
    pub fn note_past(&mut self, day: &Snapshot) {
        for (state, verdict) in day.verdicts() {
            note(&mut self.history, &state.kpi, verdict, &self.definitions.calendar);
        }
        self.as_of = None;
    }

    /// Asks history anew what it says of the running periods, once much of it has come.
    pub fn learn(&mut self) {
        self.weekly_signals = WeeklySignals::default();
        self.outlooks = Outlooks::default();
        self.as_of = None;
    }

    /// What the engine of another configuration goes on with.
    pub fn into_memory(self) -> (History, Openings, BTreeMap<SeriesKey, StatusMemory>) {
        (self.history, self.openings, self.memories.unwrap_or_default())
    }

    pub(super) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    pub(super) fn readers(&self) -> &Readers {
        &self.readers
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

    /// Evaluates all that was measured as of `now`; `log` has the runs that it came from, and those that
    /// failed.
    pub fn evaluate(&mut self, book: &Book, log: &RunLog, now: DateTime<Utc>) -> Evaluated {
        self.as_of = None;
        self.update(book, log, &News::default(), now)
    }

    /// The same, where `news` is all that happened to book and log since the last time: what does not
    /// depend on it stays as it was found then. Only KPIs without data are then as of the last tick.
    pub fn update(
        &mut self,
        book: &Book,
        log: &RunLog,
        news: &News,
        now: DateTime<Utc>,
    ) -> Evaluated {
        let definitions = Arc::clone(&self.definitions);
        // A clock that was set back makes things younger, and is rare enough.
        let before = self.as_of.filter(|before| *before <= now);
        let due = self.due(before, news, now);
        let observed = Observed { book, log };
        for (place, kpi) in definitions.kpis.iter().enumerate().filter(|(place, _)| due[*place]) {
            self.last[place] = Some(self.found(place, kpi, observed, (before, now)));
        }
        for (place, metric) in definitions.metrics.values().enumerate() {
            if before.is_none() || news.metrics.contains(&metric.id) {
                self.metrics[place].update(metric, &definitions.calendar, &self.readers, book);
            }
        }
        self.as_of = Some(now);
        let kpis = self.last.iter().flatten().map(|last| Arc::clone(&last.state)).collect();
        let metrics = self.metrics.iter().map(|shown| Arc::clone(&shown.states)).collect();
        Evaluated { as_of: now, kpis, metrics, sources: log.states() }
    }

    /// The KPIs that have to be evaluated, by place.
    fn due(&self, before: Option<DateTime<Utc>>, news: &News, now: DateTime<Utc>) -> Vec<bool> {
        let Some(before) = before else { return vec![true; self.last.len()] };
        let calendar = &self.definitions.calendar;
        // What predictions are worth is found once a day.
        let is_new_day = calendar.day_before(before) != calendar.day_before(now);
        let kpis = self.definitions.kpis.iter();
        let is_due = |(last, kpi): (&Option<Last>, &Arc<Kpi>)| {
            last.as_ref().is_none_or(|last| last.again.is_due(now, news.tick))
                || (is_new_day && !kpi.predicts.is_empty())
        };
        let mut due: Vec<bool> = self.last.iter().zip(kpis).map(is_due).collect();
        for place in news.metrics.iter().flat_map(|metric| self.readers.places(metric)) {
            due[*place] = true;
        }
        due
    }

    /// What there is to find of a KPI; `before` is the last update, if what was found then may still hold.
    fn found(
        &mut self,
        place: usize,
        kpi: &Arc<Kpi>,
        observed: Observed<'_>,
        (before, now): (Option<DateTime<Utc>>, DateTime<Utc>),
    ) -> Last {
        let asked_at = |metric| observed.book.get(metric).map(|entry| entry.as_of);
        let asked = kpi.metrics().into_iter().map(asked_at).collect();
        let answers = Arc::new(self.answers[place].next(asked));
        self.answers[place] = Arc::clone(&answers);
        let drawn = Drawn::of(kpi, &self.definitions, observed, now);
        let last = self.last[place].take();
        let holds = match (last.as_ref().filter(|_| before.is_some()), &drawn) {
            (Some(last), Some(drawn)) => last.holds(kpi, &self.definitions, drawn, now),
            _ => Holds::Nothing,
        };
        match (holds, last, drawn) {
            (Holds::All(again), Some(last), Some(drawn)) => {
                let state = fresher(&last.state, drawn.as_of);
                Last { state, again, drawn: Some(drawn), ..last }
            }
            (holds, last, drawn) => {
                let close = last.as_ref().filter(|_| holds == Holds::Close);
                let close = close.map(|last| Arc::clone(&last.state.last_period));
                self.evaluated(kpi, (observed, &answers), now, (last, drawn, close))
            }
        }
    }

    fn evaluated(
        &mut self,
        kpi: &Arc<Kpi>,
        (observed, answers): (Observed<'_>, &Arc<Answers>),
        now: DateTime<Utc>,
        (last, drawn, closed): (Option<Last>, Option<Drawn>, Option<Arc<[Verdict]>>),
    ) -> Last {
        let (history, outlooks) = (&mut self.history, &mut self.outlooks);
        let calendar = &self.definitions.calendar;
        let mut evidence = |key: &SeriesKey, period: &Period, at: MeasuredPoint| {
            let day = calendar.day_before(at.through);
            if let Some(value) = at.value.filter(|_| at.through > period.span.start) {
                let known = history.of(key).and_then(|daily| daily.get(day));
                let expected = known.and_then(|day| day.expected);
                let status = known.and_then(|day| day.status);
                history.note(key, day, Day { value, expected, sums: at.sums, status });
            }
            outlooks.evidence(kpi, calendar, key, period, (at.through, at.value), history)
        };
        let known = Known { definitions: &self.definitions, openings: &self.openings, closed };
        let mut straddles = false;
        let mut verdicts = match evaluate_kpi(kpi, known, observed, now, &mut evidence) {
            KpiOutcome::Verdicts(verdicts) => verdicts,
            KpiOutcome::Straddles => {
                // It holds until it is too old: a source may be down for days.
                let held = |last: &Last| {
                    let KpiState { last_success, verdicts, .. } = &*last.state;
                    match Again::of(kpi, calendar, *last_success, verdicts) {
                        Again::After(instant) => Again::After(instant),
                        _ => Again::Never,
                    }
                };
                let again = last.as_ref().map(held).filter(|again| !again.is_due(now, false));
                if let Some(again) = again
                    && let Some(last) = last
                {
                    return Last { again, ..last };
                }
                straddles = true;
                self.nothing_yet(kpi, observed.log, now)
            }
        };
        let (remembers, waits) = self.remember(kpi, &mut verdicts, answers, now);
        let again = match remembers {
            // What it would say next is what was said before the roll-over.
            _ if straddles => Again::Never,
            Remembers::Unsettled => Again::AtOnce,
            // A clock that was set back a little: until it has caught up, all is as of now.
            _ if verdicts.as_of == Some(now) => Again::AtOnce,
            _ => Again::of(kpi, &self.definitions.calendar, verdicts.as_of, &verdicts.current),
        };
        let leads = self.weekly_signals.leads(kpi, &self.definitions, &self.history, now);
        explain(&leads, &self.definitions, &mut verdicts.current);
        let good = verdicts.current.iter().any(|verdict| verdict.assessment.value.is_some());
        let before = last.as_ref().map(|last| &last.state);
        let same = before.filter(|_| remembers == Remembers::Same);
        let state = KpiState {
            kpi: Arc::clone(kpi),
            verdicts: kept(verdicts.current, same.map(|same| &same.verdicts)),
            last_period: verdicts.last_period,
            breakdowns: kept(verdicts.breakdowns, same.map(|same| &same.breakdowns)),
            leads,
            awaits_history: false,
            definition_changed: None,
            goal_changed: None,
            closed: Arc::default(),
            notes: Vec::new(),
            // One of a future that did not come is none.
            last_success: verdicts.as_of.filter(|_| good).or_else(|| {
                before.and_then(|is| is.last_success).filter(|success| *success <= now)
            }),
            measured_at: verdicts.as_of,
        };
        let state = match same.filter(|same| same.says_what(&state)) {
            Some(same) => Arc::clone(same),
            None => Arc::new(state),
        };
        let is_settled = !waits && again != Again::AtOnce;
        Last { state, again, drawn: drawn.filter(|_| !straddles), is_settled }
    }

    /// Takes in the verdicts on a KPI, and shows what hysteresis makes of them. What that did, and whether a
    /// status waits.
    fn remember(
        &mut self,
        kpi: &Kpi,
        verdicts: &mut Verdicts,
        answers: &Arc<Answers>,
        now: DateTime<Utc>,
    ) -> (Remembers, bool) {
        let calendar = &self.definitions.calendar;
        let day = calendar.day_before(verdicts.as_of.unwrap_or(now));
        let fetched = Fetched { as_of: verdicts.as_of, now, day, answers };
        let (mut remembers, mut waits) = (Remembers::Same, false);
        for verdict in &mut verdicts.current {
            if let Some(memories) = &mut self.memories {
                let one = confirm(memories, kpi, verdict, fetched);
                (remembers, waits) = (remembers.max(one.0), waits | one.1);
                let key = SeriesKey::new(&kpi.id, &verdict.labels);
                let at = verdicts.as_of.unwrap_or(now);
                if self.openings.freeze(&key, &verdict.assessment, at) {
                    remembers = Remembers::Unsettled;
                }
            }
            note(&mut self.history, kpi, verdict, calendar);
            self.weekly_signals.signal(kpi, calendar, &self.history, verdict);
        }
        (remembers, waits)
    }

    /// The daemon was started in the very moment of a roll-over.
    fn nothing_yet(&self, kpi: &Kpi, log: &RunLog, now: DateTime<Utc>) -> Verdicts {
        let observed = Observed { book: &Book::default(), log };
        let known =
            Known { definitions: &self.definitions, openings: &self.openings, closed: None };
        match evaluate_kpi(kpi, known, observed, now, &mut |_, _, _| Evidence::default()) {
            KpiOutcome::Verdicts(verdicts) => verdicts,
            KpiOutcome::Straddles => Verdicts::default(),
        }
    }
}

/// Characters of a title within a sentence about another KPI.
const LONGEST_TITLE: usize = 100;

/// Says what a claim to predict is worth, as soon as there is something to say.
fn explain(leads: &[LeadState], definitions: &Definitions, verdicts: &mut [Verdict]) {
    for LeadState { predicts, lead } in leads {
        if matches!(lead, Lead::Unverified { .. }) {
            continue;
        }
        let led = definitions.kpis.iter().find(|kpi| kpi.id == *predicts);
        let title = led.map_or(predicts.as_str(), |kpi| kpi.title.as_str());
        let title = shown::isolated(&shown::line(title, LONGEST_TITLE)).into_owned();
        for verdict in &mut *verdicts {
            let finding = Finding::Predicts { title: title.clone(), lead: *lead };
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

#[cfg(test)]
impl Engine {
    pub(super) fn last_states(&self) -> Vec<Arc<KpiState>> {
        self.last.iter().flatten().map(|last| Arc::clone(&last.state)).collect()
    }
}

#[cfg(test)]
#[path = "tests/incremental.rs"]
pub(super) mod tests;
