//! The keeper: between the evaluator and the store. Brings back at start what an earlier process
//! knew, and writes down each evaluation. A store that fails is told and never stops an evaluation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::Instant;
use tracing::{debug, error, info, warn};

use super::clock_watch::ClockWatch;
use super::handed::{Handed, by_metric, memories_of, new_openings};
use super::notes_known::NotesKnown;
use super::stored::{Unread, restore_runs};
use super::told::{ClosedPeriods, RestatedPeriods, tell_changes, tell_closed};
use crate::backfill::Recorder;
use crate::clock::Clock;
use crate::engine::{Book, Engine, Evaluated, GRACE, History, Run};
use crate::id::{KpiId, MetricId};
use crate::kpi::{Definitions, SeriesKey};
use crate::metric::Metric;
use crate::recall::Recall;
use crate::record::Remembered;
use crate::snapshot::Snapshot;
use crate::store::{
    Closed, Closing, DaysOfKpis, Evaluation, Moved, Retention, Store, StoreError, StoredRun,
    metric_fingerprint,
};

pub(super) struct Keeper {
    recorder: Recorder,
    definitions: Arc<Definitions>,
    clock: Clock,
    retention: Retention,
    /// Good runs since the last commit.
    runs: BTreeMap<MetricId, StoredRun>,
    handed: Handed,
    /// Results of closed periods that are final: what is published of them.
    last_closings: BTreeMap<SeriesKey, Closing>,
    /// Openings that are in the store.
    opened: BTreeSet<(SeriesKey, String)>,
    /// Whether the last commit failed, so that a long failure is told once.
    failing: bool,
    /// Failures to write that nobody has counted yet.
    errors: u64,
    /// Whether the file is another one, and does not know the definitions yet.
    is_another: bool,
    watch: ClockWatch,
    /// Days of which the sources know nothing, as they were at the start.
    silent: DaysOfKpis,
    /// Days with which periods ended whose results could be final and are not, as they were at the start.
    unsettled: DaysOfKpis,
    noted: NotesKnown,
    /// What is shown as it was; `None` where that has changed.
    remembered: Option<Arc<Remembered>>,
}

/// What a keeper goes by.
pub(super) struct Terms {
    pub(super) clock: Clock,
    pub(super) retention: Retention,
    /// History of a store of so many bytes is read at once.
    pub(super) small: u64,
}

impl Keeper {
    /// Notes the definitions in force and brings back what belongs to them; of KPIs whose days are in
    /// `history` they are known already. Where there is much history it is left to be read.
    ///
    /// # Errors
    /// What the store says.
    pub(super) async fn restore(
        store: Arc<Store>,
        definitions: Arc<Definitions>,
        book: &mut Book,
        engine: &mut Engine,
        mut history: History,
        Terms { clock, retention, small }: Terms,
    ) -> Result<(Self, Option<Unread>), StoreError> {
        let now = clock();
        let recorder = Recorder::new(Arc::clone(&store), Arc::clone(&definitions), now).await?;
        for (kpi, definition) in recorder.in_force() {
            tell_changes(kpi, definition);
        }
        let runs = by_metric(recorder.store().unwritten_runs());
        let mut keeper = Self {
            recorder,
            definitions,
            clock,
            retention,
            runs,
            handed: Handed::default(),
            last_closings: BTreeMap::new(),
            opened: BTreeSet::new(),
            failing: false,
            errors: 0,
            is_another: false,
            watch: ClockWatch::new(now),
            silent: DaysOfKpis::new(),
            unsettled: DaysOfKpis::new(),
            noted: NotesKnown::default(),
            remembered: None,
        };
        if keeper.undo_future(now).await? {
            history = History::default();
        }
        restore_runs(keeper.recorder.store(), &keeper.definitions, book).await?;
        let in_force = keeper.recorder.in_force().clone();
        keeper.silent = keeper.recorder.store().silent_days(&in_force).await?;
        let unsettled = keeper.recorder.store().unsettled(&in_force, now - GRACE).await?;
        let day = |end| keeper.definitions.calendar.day_before(end);
        let days = |(kpi, ends): (_, BTreeSet<_>)| (kpi, ends.into_iter().map(day).collect());
        keeper.unsettled = unsettled.into_iter().map(days).collect();
        let definitions = Arc::clone(&keeper.definitions);
        let unread = Unread { store, definitions, in_force, known: history, now };
        let (history, unread) = match unread {
            unread if unread.is_more_than(small) => (History::default(), Some(unread)),
            unread => (unread.read().await?, None),
        };
        keeper.restore_past(engine, history, now).await?;
        Ok((keeper, unread))
    }

    /// Openings, statuses and results, beside these days.
    async fn restore_past(
        &mut self,
        engine: &mut Engine,
        history: History,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let openings = self.recall().openings(now).await?;
        let opened = openings.iter().map(|(series, period, _)| (series.clone(), period.clone()));
        self.opened = opened.collect();
        let mut memories = self.recorder.store().load_statuses().await?;
        // A status confirmed by another definition is none by this one.
        memories.retain(|series, _| {
            let definition = self.recorder.in_force().get(&series.kpi);
            definition.is_some_and(|now| !now.meaning.is_new && !now.goal.is_new)
        });
        engine.restore(openings, history);
        engine.resume(memories);
        let closings = self.recorder.store().last_closings(now).await?;
        let closings = closings.into_iter().map(|closing| (closing.series.clone(), closing));
        self.last_closings = closings.collect();
        self.handed.forget();
        self.noted.forget();
        self.remembered = None;
        Ok(())
    }

    /// Definitions that came into force then have been in force since now.
    async fn undo_future(&mut self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(undone) = self.recorder.store().undo_future(now).await? else { return Ok(false) };
        let (from, to) = (undone.since.format("%F %T"), undone.until.format("%F %T"));
        warn!(rows = undone.rows, %from, %to,
            "the clock is back: what was written in a future that did not come is undone");
        self.recorder = self.recorder.renewed(now).await?;
        Ok(true)
    }

    /// Notices that the clock was set. When it is back from a time that has not come, the engine knows
    /// again what it knew before.
    pub(super) async fn look_at_the_clock(&mut self, engine: &mut Engine, now: DateTime<Utc>) {
        if !self.watch.is_back(now) {
            return;
        }
        match self.know_again(engine, now).await {
            Ok(()) => self.watch.looked(),
            Err(problem) => warn!("what was written ahead of the clock stays for now: {problem}"),
        }
    }

    async fn know_again(
        &mut self,
        engine: &mut Engine,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if self.undo_future(now).await? {
            let history = self.recall().history(History::default(), now).await?;
            self.restore_past(engine, history, now).await?;
        }
        Ok(())
    }

    /// Whether all that was taken in is in the store.
    pub(super) fn has_written_all(&self) -> bool {
        self.runs.is_empty()
    }

    /// Lets the store keep in memory what was taken in and not written yet.
    pub(super) fn keep_unwritten(&mut self, engine: &Engine) {
        if self.runs.is_empty() {
            return;
        }
        let runs = std::mem::take(&mut self.runs).into_values().collect();
        let statuses = engine.memories().cloned().unwrap_or_default();
        let unwritten = Evaluation { runs, statuses, ..Evaluation::default() };
        self.recorder.store().keep_unwritten(&unwritten);
    }

    fn recall(&self) -> Recall<'_> {
        Recall {
            store: self.recorder.store(),
            definitions: &self.definitions,
            in_force: self.recorder.in_force(),
        }
    }

    /// Takes note of a run for the next commit.
    pub(super) fn take(&mut self, run: &Run) {
        if let (Ok(measurements), Some(metric)) =
            (&run.outcome, self.definitions.metrics.get(&run.metric))
        {
            let stored = StoredRun {
                metric: run.metric.clone(),
                fingerprint: self.fingerprint(metric),
                as_of: run.as_of,
                measurements: measurements.clone(),
            };
            self.runs.insert(run.metric.clone(), stored);
        }
    }

    /// Writes down what is new in an evaluation, as it was measured. Gives how long that took.
    pub(super) async fn commit(&mut self, engine: &Engine, found: &Evaluated) -> Option<Duration> {
        let is_believed = self.watch.is_believed();
        let looked = self.look_at_the_store(found.as_of).await;
        let new = self.handed.new_rows(&self.recorder, found, is_believed);
        let evaluation = Evaluation {
            at: found.as_of,
            runs: std::mem::take(&mut self.runs).into_values().collect(),
            statuses: memories_of(engine, &new.kpis),
            points: self.recorder.points(new.kpis.iter().copied()),
            openings: new_openings(engine, &new.kpis, &self.recorder, &self.opened),
            closings: new.closings.clone(),
        };
        let began = Instant::now();
        let committed = match looked {
            Ok(()) => self.recorder.store().commit(&evaluation).await,
            Err(problem) => Err(problem),
        };
        match committed {
            Ok(closed) => {
                let took = began.elapsed();
                self.handed.keep(found, &new);
                let wrote = !evaluation.is_empty();
                // Nothing to write says nothing about the disk.
                if wrote && std::mem::take(&mut self.failing) {
                    info!("history is written again");
                }
                for opening in evaluation.openings {
                    self.opened.insert((opening.series, opening.period));
                }
                self.note_closed(new.closings.into_iter().zip(closed));
                wrote.then_some(took)
            }
            Err(problem) => {
                self.recorder.store().keep_unwritten(&evaluation);
                self.runs = by_metric(evaluation.runs);
                self.note_failure(&problem);
                None
            }
        }
    }

    /// Notices that the file was deleted or replaced, and goes on with the one that is there.
    async fn look_at_the_store(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let store = self.recorder.store();
        let moved = store.look().await?;
        if moved.is_some() {
            self.handed.forget();
        }
        match moved {
            None => {}
            Some(Moved::Deleted) => {
                error!(
                    "the file of the store was deleted while it was in use: written anew, as a whole"
                );
            }
            Some(Moved::Replaced) => {
                error!(
                    "the file of the store was replaced while it was in use: going on with the new one"
                );
                self.is_another = true;
            }
        }
        if self.is_another {
            self.recorder = self.recorder.renewed(now).await?;
            self.noted.forget();
            self.remembered = None;
            self.handed.forget();
            self.opened.clear();
            self.is_another = false;
        }
        Ok(())
    }

    /// Bytes of the store, and failures since the last call.
    pub(super) fn state_of_the_store(&mut self) -> (Option<u64>, u64) {
        (self.recorder.store().size(), std::mem::take(&mut self.errors))
    }

    /// Reads the notes, if there are new ones.
    pub(super) async fn look_for_notes(&mut self) {
        if self.noted.look(self.recorder.store(), (self.clock)()).await {
            self.remembered = None;
        }
    }

    /// What is shown as it was.
    pub(super) fn remembered(&mut self) -> Arc<Remembered> {
        if let Some(remembered) = &self.remembered {
            return Arc::clone(remembered);
        }
        let remembered = self.recall().remembered(self.last_closings.values());
        let remembered = Arc::new(self.noted.beside(remembered));
        self.remembered = Some(Arc::clone(&remembered));
        remembered
    }

    /// Days of which the sources know nothing.
    pub(super) fn silent_days(&self) -> &DaysOfKpis {
        &self.silent
    }

    /// Days whose ends are to be asked for again.
    pub(super) fn unsettled_days(&self) -> &DaysOfKpis {
        &self.unsettled
    }

    /// Writes down that the sources know nothing of a day.
    pub(super) async fn note_silent(&mut self, day: NaiveDate, kpis: &[KpiId]) {
        if let Err(problem) = self.recorder.note_silent(day, kpis).await {
            self.note_failure(&problem);
        }
    }

    /// A failure that goes on is told once.
    fn note_failure(&mut self, problem: &StoreError) {
        self.errors += 1;
        if std::mem::replace(&mut self.failing, true) {
            debug!("history is still not written: {problem}");
        } else {
            error!("history is not written: {problem}");
        }
    }

    /// Writes a day that passed without a daemon.
    pub(super) async fn write_past(&mut self, day: &Snapshot) {
        let believed = self.watch.is_believed();
        match self.recorder.write_past(day, (self.clock)(), believed).await {
            Ok(closed) => {
                self.note_closed(closed);
            }
            Err(problem) => self.note_failure(&problem),
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

    fn note_closed(&mut self, closings: impl IntoIterator<Item = (Closing, Closed)>) {
        let (mut closed, mut restated) = (ClosedPeriods::new(), RestatedPeriods::new());
        for (closing, how) in closings {
            self.noted.take(&how);
            match how {
                Closed::First => {
                    let what = (closing.period.clone(), closing.status.words());
                    closed.add(&closing.series, what, ());
                }
                Closed::Restated { from, to } => {
                    restated.add(&closing.series, closing.period.clone(), (from, to));
                }
                Closed::Updated | Closed::Unchanged => {}
            }
            let last = self.last_closings.get(&closing.series);
            let newer = last.is_none_or(|last| last.end <= closing.end);
            if newer && matches!(how, Closed::First | Closed::Updated) {
                self.last_closings.insert(closing.series.clone(), closing);
                self.remembered = None;
            }
        }
        tell_closed(closed, restated);
    }
}
