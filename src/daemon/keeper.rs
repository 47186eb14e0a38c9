//! The keeper: between the evaluator and the store. Brings back at start what an earlier process
//! knew, and writes down each evaluation. A store that fails is told and never stops an evaluation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Days, Utc};
use tracing::{debug, error, info, warn};

use crate::backfill::{Recorder, closing};
use crate::clock::Clock;
use crate::engine::{Book, Day, Engine, Frozen, History, Openings, Run};
use crate::kpi::{Definitions, SeriesKey};
use crate::metric::Metric;
use crate::snapshot::Snapshot;
use crate::store::{
    Closed, Closing, Evaluation, Opening, Retention, Store, StoreError, StoredRun,
    metric_fingerprint,
};

/// Years of daily history that projections and signals work on.
const YEARS: u64 = 5;

pub(super) struct Keeper {
    recorder: Recorder,
    definitions: Arc<Definitions>,
    clock: Clock,
    retention: Retention,
    /// Good runs since the last commit.
    runs: Vec<StoredRun>,
    /// Results of closed periods that are final: what is published of them.
    last_closings: BTreeMap<SeriesKey, Closing>,
    /// Openings that are in the store.
    opened: BTreeSet<(SeriesKey, String)>,
    /// Whether the last commit failed, so that a long failure is told once.
    failing: bool,
}

impl Keeper {
    /// Notes the definitions in force and brings back what belongs to them.
    ///
    /// # Errors
    /// What the store says.
    pub(super) async fn restore(
        store: Arc<Store>,
        definitions: Arc<Definitions>,
        book: &mut Book,
        engine: &mut Engine,
        clock: Clock,
        retention: Retention,
    ) -> Result<Self, StoreError> {
        let now = clock();
        let recorder = Recorder::new(store, Arc::clone(&definitions), now).await?;
        for (kpi, revision) in recorder.revisions().iter().filter(|(_, revision)| revision.changed)
        {
            info!(%kpi, revision = revision.number, "the definition changed: a new baseline begins");
        }
        let mut keeper = Self {
            recorder,
            definitions,
            clock,
            retention,
            runs: Vec::new(),
            last_closings: BTreeMap::new(),
            opened: BTreeSet::new(),
            failing: false,
        };
        keeper.restore_runs(book).await?;
        let history = keeper.history(now).await?;
        let openings = keeper.openings(now).await?;
        let mut memories = keeper.recorder.store().load_statuses().await?;
        memories.retain(|series, _| {
            keeper.recorder.revisions().get(&series.kpi).is_some_and(|r| !r.changed)
        });
        engine.restore(memories, openings, history);
        for closing in keeper.recorder.store().last_closings().await? {
            keeper.last_closings.insert(closing.series.clone(), closing);
        }
        Ok(keeper)
    }

    /// Measurements of metrics that are still what they were.
    async fn restore_runs(&self, book: &mut Book) -> Result<(), StoreError> {
        for stored in self.recorder.store().load_runs().await? {
            let Some(metric) = self.definitions.metrics.get(&stored.metric) else { continue };
            if stored.fingerprint == self.fingerprint(metric) {
                book.apply(Run::known(stored.metric, stored.as_of, Ok(stored.measurements)));
            }
        }
        Ok(())
    }

    async fn history(&self, now: DateTime<Utc>) -> Result<History, StoreError> {
        let today = self.definitions.calendar.day_of(now);
        let from = today - Days::new(YEARS * 366);
        let mut history = History::default();
        for (kpi, revision) in self.recorder.revisions() {
            for point in self.recorder.store().history(kpi, None, from, today).await? {
                if let (Some(value), true) = (point.value, point.revision == revision.number) {
                    let day = Day { value, expected: point.expected, sums: point.sums };
                    history.note(&point.series, point.day, day);
                }
            }
        }
        Ok(history)
    }

    async fn openings(&mut self, now: DateTime<Utc>) -> Result<Openings, StoreError> {
        let mut openings = Openings::default();
        for kpi in &self.definitions.kpis {
            let Some(revision) = self.recorder.revisions().get(&kpi.id) else { continue };
            let period = self.definitions.calendar.period_at(&kpi.period, now);
            let before = self.definitions.calendar.previous(&period);
            for period in [before.id, period.id] {
                let stored =
                    self.recorder.store().openings(&kpi.id, &period, revision.number).await?;
                for opening in stored.into_values() {
                    let Opening { series, period, opened_at: at, baseline, target, .. } = opening;
                    self.opened.insert((series.clone(), period.clone()));
                    openings.restore(series, period, Frozen { at, baseline, target });
                }
            }
        }
        Ok(openings)
    }

    /// Takes note of a run for the next commit.
    pub(super) fn take(&mut self, run: &Run) {
        if let (Ok(measurements), Some(metric)) =
            (&run.outcome, self.definitions.metrics.get(&run.metric))
        {
            self.runs.retain(|stored| stored.metric != run.metric);
            self.runs.push(StoredRun {
                metric: run.metric.clone(),
                fingerprint: self.fingerprint(metric),
                as_of: run.as_of,
                measurements: measurements.clone(),
            });
        }
    }

    /// Writes an evaluation down, as it was measured.
    pub(super) async fn commit(&mut self, engine: &Engine, snapshot: &Snapshot) {
        let closings: Vec<Closing> = snapshot
            .kpis
            .iter()
            .flat_map(|state| state.last_period.iter().map(move |verdict| (state, verdict)))
            .map(|(state, verdict)| closing(state, verdict, snapshot.as_of))
            .collect();
        let evaluation = Evaluation {
            at: snapshot.as_of,
            runs: std::mem::take(&mut self.runs),
            statuses: engine.memories().cloned().unwrap_or_default(),
            points: self.recorder.points(snapshot),
            openings: self.new_openings(engine),
            closings: closings.clone(),
        };
        match self.recorder.store().commit(&evaluation).await {
            Ok(closed) => {
                if std::mem::take(&mut self.failing) {
                    info!("history is written again");
                }
                for opening in evaluation.openings {
                    self.opened.insert((opening.series, opening.period));
                }
                for (closing, how) in closings.into_iter().zip(closed) {
                    self.note_closed(closing, how);
                }
            }
            Err(problem) => {
                self.runs = evaluation.runs;
                if std::mem::replace(&mut self.failing, true) {
                    debug!("history is still not written: {problem}");
                } else {
                    error!("history is not written: {problem}");
                }
            }
        }
    }

    /// Puts what is remembered into a snapshot: final results of closed periods, and when
    /// definitions changed.
    pub(super) fn complete(&self, snapshot: &mut Snapshot) {
        self.freeze(snapshot);
        for state in &mut snapshot.kpis {
            let revision = self.recorder.revisions().get(&state.kpi.id).filter(|r| r.number > 1);
            state.definition_changed = revision.map(|revision| revision.since);
        }
    }

    /// Writes a day that passed without a daemon.
    pub(super) async fn write_past(&mut self, day: &Snapshot) {
        match self.recorder.write_past(day, (self.clock)()).await {
            Ok(closed) => {
                for (closing, how) in closed {
                    self.note_closed(closing, how);
                }
            }
            Err(problem) => error!("history is not written: {problem}"),
        }
    }

    /// Lets go of what is too old.
    pub(super) async fn prune(&self, now: DateTime<Utc>) {
        match self.recorder.store().prune(now, self.retention).await {
            Ok(0) => {}
            Ok(rows) => info!(rows, "old history deleted"),
            Err(problem) => warn!("old history is not deleted: {problem}"),
        }
    }

    fn fingerprint(&self, metric: &Metric) -> String {
        metric_fingerprint(metric, self.definitions.calendar.timezone)
    }

    fn new_openings(&self, engine: &Engine) -> Vec<Opening> {
        let new = engine.openings().iter().filter(|(series, period, _)| {
            !self.opened.contains(&((*series).clone(), (*period).clone()))
        });
        let opening = |(series, period, frozen): (&SeriesKey, &String, &Frozen)| {
            Some(Opening {
                series: series.clone(),
                period: period.clone(),
                revision: self.recorder.revisions().get(&series.kpi)?.number,
                opened_at: frozen.at,
                baseline: frozen.baseline,
                target: frozen.target,
                target_lower: None,
                target_upper: None,
            })
        };
        new.filter_map(opening).collect()
    }

    fn note_closed(&mut self, closing: Closing, how: Closed) {
        let SeriesKey { kpi, labels } = closing.series.clone();
        let period = closing.period.clone();
        match how {
            Closed::First => {
                info!(%kpi, %labels, period, status = closing.status.words(), "period closed");
            }
            Closed::Restated { from, to } => {
                warn!(%kpi, %labels, period, ?from, ?to,
                    "the source changed a period that was final; its result stays as it was");
            }
            Closed::Updated | Closed::Unchanged => {}
        }
        let last = self.last_closings.get(&closing.series);
        let newer = last.is_none_or(|last| last.end <= closing.end);
        if newer && matches!(how, Closed::First | Closed::Updated) {
            self.last_closings.insert(closing.series.clone(), closing);
        }
    }

    /// A result that is final is shown as it was, whatever the source says since.
    fn freeze(&self, snapshot: &mut Snapshot) {
        for state in &mut snapshot.kpis {
            let kpi = state.kpi.id.clone();
            for verdict in &mut state.last_period {
                let key = SeriesKey::new(&kpi, &verdict.labels);
                let Some(known) = self.last_closings.get(&key) else { continue };
                let assessment = &mut verdict.assessment;
                if known.period == assessment.period.id && known.final_at.is_some() {
                    assessment.value = known.value;
                    assessment.target_ratio = known.target_ratio;
                    assessment.status = known.status;
                }
            }
        }
    }
}
