//! The evaluator: takes in runs as they come, evaluates the book, writes down and publishes the
//! snapshot. It owns book, engine and keeper; nobody else writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{Instrument as _, debug, info, info_span};

use super::carried::{Carried, Runs};
use super::catch_up::Past;
use super::clock_watch::CORRECTION;
use super::keeper::Keeper;
use super::many::{Many, Told};
use super::pace::Pace;
use super::past::Awaited;
use crate::assess::Status;
use crate::clock::Clock;
use crate::engine::{Book, Engine, News, Run, RunLog};
use crate::exposition::SelfMetrics;
use crate::id::MetricId;
use crate::kpi::{Definitions, SeriesKey};
use crate::record::{Finisher, Remembered};
use crate::server::{HEARTBEAT, Shared};
use crate::snapshot::{KpiState, Snapshot};

/// Sources that hang must not withhold the others' KPIs for longer than this at start.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often old history is deleted.
const HOUSEKEEPING: Duration = Duration::from_hours(6);

pub(super) struct Evaluator {
    pub(super) definitions: Arc<Definitions>,
    pub(super) engine: Engine,
    pub(super) book: Book,
    pub(super) log: RunLog,
    /// `None` when the store could not be read: then the daemon works on without history.
    pub(super) keeper: Option<Keeper>,
    pub(super) shared: Arc<Shared>,
    pub(super) self_metrics: Arc<SelfMetrics>,
    pub(super) clock: Clock,
    /// It evaluates at least so often.
    pub(super) tick: Duration,
    /// The status of each label set that was published last.
    pub(super) published: BTreeMap<SeriesKey, Status>,
    /// The KPIs that were published last.
    pub(super) shown: Vec<Arc<KpiState>>,
    /// What came since the last evaluation.
    pub(super) news: News,
    pub(super) finisher: Finisher,
    pub(super) remembered: Arc<Remembered>,
    /// Metrics that some KPI needs and that nobody has asked for yet.
    pub(super) untried: BTreeSet<MetricId>,
    /// The day up to which charts know history; `None` when that has changed.
    pub(super) drawn: Option<NaiveDate>,
    /// Whether the days before the first start are all taken in, and that is not told yet.
    pub(super) filled: bool,
    /// Runs that came while there was no evaluator.
    pub(super) waiting: Vec<Run>,
    /// History, where it is still being read.
    pub(super) awaited: Option<Awaited>,
}

impl Evaluator {
    /// Evaluates what runs change, several that come together at once, and on every tick what time
    /// changes. What an earlier process knew is shown at once. `past` brings days that passed without a
    /// daemon. Told to stop, it leaves what the next one goes on with.
    pub(super) async fn run(
        mut self,
        runs: Runs,
        mut past: mpsc::Receiver<Past>,
        mut stop: oneshot::Receiver<()>,
    ) -> Carried {
        let mut runs = runs.lock_owned().await;
        let patience = Instant::now() + PATIENCE;
        for run in std::mem::take(&mut self.waiting) {
            self.take(run);
        }
        if let Some(awaited) = self.awaited.take()
            && !self.wait_for_history(awaited, &mut runs, &mut stop).await
        {
            return self.end();
        }
        let mut pace = Pace::new(patience, self.tick);
        let mut heartbeat = tokio::time::interval(self.tick.max(HEARTBEAT));
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        let shared = Arc::clone(&self.shared);
        let mut complete = self.untried.is_empty();
        if complete {
            self.publish(complete).await;
        }
        loop {
            self.shared.beat();
            tokio::select! {
                run = runs.recv() => match run {
                    Some(run) => {
                        self.take(run);
                        pace.call();
                    }
                    None => return self.end(),
                },
                _ = &mut stop => return self.end(),
                Some(past) = past.recv() => {
                    if self.take_past(past).await {
                        pace.call();
                    }
                }
                _ = housekeeping.tick() => {
                    let now = (self.clock)();
                    if let Some(keeper) = &mut self.keeper {
                        keeper.look_at_the_clock(&mut self.engine, now).await;
                        keeper.prune(now).await;
                    }
                }
                () = shared.noted() => pace.call(),
                () = pace.tick() => {
                    self.news.tick = true;
                    pace.ticked();
                }
                () = pace.due() => {}
                _ = heartbeat.tick() => {}
            }
            while let Ok(run) = runs.try_recv() {
                self.take(run);
                pace.call();
            }
            let is_new_complete = !complete && self.untried.is_empty();
            if is_new_complete {
                pace.hurry();
            }
            if !pace.begin() {
                continue;
            }
            let began = Instant::now();
            self.log.look_at_the_clock((self.clock)());
            if is_new_complete {
                complete = true;
                info!("ready: every metric has been asked for once");
            }
            if complete || Instant::now() >= patience {
                self.publish(complete).await;
            } else {
                self.shared.publish_runs(Arc::new(self.log.clone()));
            }
            pace.rest(began);
        }
    }

    pub(super) fn end(mut self) -> Carried {
        if let Some(keeper) = &mut self.keeper {
            keeper.keep_unwritten(&self.engine);
        }
        let Self { book, log, engine, .. } = self;
        let (history, openings, memories) = engine.into_memory();
        Carried { book, log, history, openings, memories }
    }

    /// Takes in a run, unless it was begun by a clock that was set back since.
    pub(super) fn take(&mut self, run: Run) {
        if run.as_of > (self.clock)() + CORRECTION {
            debug!(metric = %run.metric, as_of = %run.as_of, "a run of a future that did not come");
            return;
        }
        if let Some(metric) = self.definitions.metrics.get(&run.metric) {
            self.news.metrics.insert(run.metric.clone());
            self.untried.remove(&run.metric);
            for fetch in &run.fetches {
                let seconds = fetch.duration.as_secs_f64();
                self.self_metrics.observe_fetch(&metric.source, fetch.outcome, seconds);
                self.self_metrics.count_bad_rows(&metric.source, fetch.bad_rows);
            }
            self.log.note(&metric.source, &run);
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.take(&run);
        }
        self.book.apply(run);
    }

    /// Whether it is time to show what came.
    async fn take_past(&mut self, past: Past) -> bool {
        let (day, silent) = match past {
            Past::Pause | Past::End => {
                self.engine.learn();
                self.filled |= matches!(past, Past::End);
                return true;
            }
            Past::Missed(snapshot) => (snapshot, None),
            Past::Filled { day, snapshot, silent } => (snapshot, Some((day, silent))),
        };
        if day.as_of > (self.clock)() + CORRECTION {
            debug!(as_of = %day.as_of, "a day of a future that did not come");
            return false;
        }
        if let Some(keeper) = &mut self.keeper {
            // Before anything is written by it.
            keeper.look_at_the_clock(&mut self.engine, (self.clock)()).await;
        }
        self.engine.note_past(&day);
        self.drawn = None;
        if let Some(keeper) = &mut self.keeper {
            keeper.write_past(&day).await;
            if let Some((day, kpis)) = silent {
                keeper.note_silent(day, &kpis).await;
            }
        }
        false
    }

    /// Writes before it shows: what somebody has seen outlives the process.
    pub(super) async fn publish(&mut self, complete: bool) {
        let as_of = (self.clock)();
        let span =
            info_span!("evaluate", as_of = as_of.to_rfc3339_opts(SecondsFormat::Millis, true));
        self.publish_as_of(as_of, complete).instrument(span).await;
    }

    async fn publish_as_of(&mut self, as_of: DateTime<Utc>, complete: bool) {
        if let Some(keeper) = &mut self.keeper {
            keeper.look_at_the_clock(&mut self.engine, as_of).await;
        }
        self.book.forget_after(as_of + CORRECTION);
        self.log.forget_after(as_of + CORRECTION);
        let started = Instant::now();
        let news = std::mem::take(&mut self.news);
        let found = self.engine.update(&self.book, &self.log, &news, as_of);
        self.self_metrics.observe_evaluation(as_of, started.elapsed().as_secs_f64());
        self.shared.beat();
        if let Some(keeper) = &mut self.keeper {
            if let Some(took) = keeper.commit(&self.engine, &found).await {
                self.self_metrics.observe_store_write(took.as_secs_f64());
            }
            keeper.look_for_notes().await;
            let (size, errors) = keeper.state_of_the_store();
            self.self_metrics.observe_store(size, errors);
            self.remembered = keeper.remembered();
        }
        let snapshot = self.finisher.finish(found, &self.definitions, &self.remembered);
        self.tell_changes(&snapshot);
        let today = self.definitions.calendar.day_of(as_of);
        if self.drawn != Some(today) {
            self.shared.publish_days(Arc::new(self.engine.history().recent(today)));
            self.drawn = Some(today);
        }
        self.shared.publish(Arc::new(snapshot));
        self.shared.publish_runs(Arc::new(self.log.clone()));
        if std::mem::take(&mut self.filled) {
            self.shared.publish_filling(None);
            info!("history is filled in, as far as the sources know it");
        }
        if complete {
            self.shared.mark_ready();
        }
        debug!(took = ?started.elapsed(), "evaluated, written and published");
    }

    /// One line for each verdict that is another than before, or for many that changed alike.
    fn tell_changes(&mut self, snapshot: &Snapshot) {
        let before = std::mem::replace(&mut self.shown, snapshot.kpis.clone());
        let mut changed = Many::new();
        let is_new = |(place, state): &(usize, &Arc<KpiState>)| {
            before.get(*place).is_none_or(|before| !Arc::ptr_eq(&before.verdicts, &state.verdicts))
        };
        for (_, state) in snapshot.kpis.iter().enumerate().filter(is_new) {
            for verdict in state.verdicts.iter() {
                let series = SeriesKey::new(&state.kpi.id, &verdict.labels);
                let to = verdict.assessment.status;
                match self.published.get_mut(&series) {
                    Some(from) if *from != to => {
                        let from = std::mem::replace(from, to);
                        changed.add(&series, (from.as_str(), to.as_str()), ());
                    }
                    Some(_) => {}
                    None => drop(self.published.insert(series, to)),
                }
            }
        }
        for (Told { kpi, labels, series, .. }, (from, to)) in changed.lines() {
            if series == 1 {
                info!(%kpi, %labels, from, to, "status changed");
            } else {
                info!(%kpi, series, like = %labels, from, to, "status changed");
            }
        }
    }
}
