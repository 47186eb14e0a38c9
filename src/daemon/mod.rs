//! The daemon: the one place where the parts are wired together. A *generation* is everything that
//! hangs on one configuration; a reload opens all that is new before the old one goes, and what it
//! leaves as it was goes on: connections, schedules, values.

mod awaiting;
mod carried;
mod catch_up;
mod clock_watch;
mod digester;
mod evaluator;
mod fill;
mod fill_plan;
mod generation;
mod handed;
mod keeper;
mod many;
mod note_taker;
mod notes_known;
mod outages;
mod pace;
mod past;
mod poller;
mod pollers;
mod service;
mod stored;
mod supervisor;
#[cfg(test)]
mod tests;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{error, info, warn};

use self::carried::{Carried, Runs};
use self::generation::{Generation, Memory, Prepared};
use self::pollers::Pollers;
pub use self::service::ServiceManager;
use self::stored::{examine, open_store};
use self::supervisor::Failures;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Run, SourceFacts, SourceHandle, Sources};
use crate::id::{MetricId, SourceId};
use crate::listen::Listener;
use crate::server::{Door, MetricsPath, NoteRequest, ReloadRequest, Serving, Shared};
use crate::source::{OpenError, SourceConfig};
use crate::store::Store;

/// Runs that wait for the evaluator, at most; pollers then wait too.
const QUEUE: usize = 256;

/// The store of a daemon that was given none: history until it ends.
const IN_MEMORY: &str = ":memory:";

/// The commit this was built from, where the build says so.
const REVISION: &str = match option_env!("KPI_EXPORTER_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// The end of the process does not wait for longer than this for the store.
const CLOSING: Duration = Duration::from_secs(2);

/// A configuration to change over to, or why there is none.
#[derive(Debug)]
pub struct Reload {
    /// What was read.
    pub config: anyhow::Result<Config>,
    /// Who asked for it and waits for what comes of it.
    pub answers: Vec<oneshot::Sender<Result<(), String>>>,
}

impl From<anyhow::Result<Config>> for Reload {
    /// Nobody waits.
    fn from(config: anyhow::Result<Config>) -> Self {
        Self { config, answers: Vec::new() }
    }
}

/// What connects the daemon with those who started it.
#[derive(Debug)]
pub struct Outside {
    /// Configurations to change over to.
    pub reloads: mpsc::Receiver<Reload>,
    /// Where clients may ask for one, if they may.
    pub lifecycle: Option<mpsc::Sender<ReloadRequest>>,
    /// Who may come in, if not everybody.
    pub door: Option<Arc<Door>>,
    /// Where the metrics are.
    pub metrics_path: MetricsPath,
    /// Who wants to know how it is.
    pub service: ServiceManager,
}

impl Outside {
    /// Reloads, and nobody to tell anything.
    pub fn new(reloads: mpsc::Receiver<Reload>) -> Self {
        Self {
            reloads,
            lifecycle: None,
            door: None,
            metrics_path: MetricsPath::default(),
            service: ServiceManager::default(),
        }
    }
}

/// Serves `config` on `listeners` until `stop` resolves, changing over to what comes from outside.
///
/// # Errors
/// A store that cannot be used. A source that is down is no error: it heals by itself.
pub async fn run(
    config: Config,
    listeners: Vec<Listener>,
    clock: Clock,
    outside: Outside,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let prepared = Prepared::of(config, clock, None)?;
    let mut shared = Shared::new(Arc::clone(&prepared.self_metrics));
    if let Some(lifecycle) = &outside.lifecycle {
        shared.take_reloads(lifecycle.clone());
    }
    if let Some(door) = &outside.door {
        shared.take_door(Arc::clone(door));
    }
    shared.move_metrics(outside.metrics_path.clone());
    let path = prepared.store.path.clone().unwrap_or_else(|| PathBuf::from(IN_MEMORY));
    work(prepared, open_store(path), Arc::new(shared), listeners, outside, stop).await
}

/// Where the daemon can be reached, for people.
///
/// # Errors
/// When the system does not say.
pub fn shown(listeners: &[Listener], door: Option<&Door>) -> io::Result<String> {
    let scheme = if door.is_some_and(Door::has_tls) { "https" } else { "http" };
    let places = listeners.iter().map(|listener| Ok(listener.place()?.shown(scheme)));
    Ok(places.collect::<io::Result<Vec<_>>>()?.join(" and "))
}

/// Generation after generation, until `stop` resolves.
async fn work(
    prepared: Prepared,
    store: impl Future<Output = anyhow::Result<Option<Arc<Store>>>>,
    shared: Arc<Shared>,
    listeners: Vec<Listener>,
    outside: Outside,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let Outside { mut reloads, service, door, .. } = outside;
    let places = shown(&listeners, door.as_deref())?;
    let service = Arc::new(service);
    let ending = Arc::clone(&service);
    let stop = stop.map(move |()| ending.stopping());
    // Requests are answered before there is history, and while the rest changes over.
    let mut serving = Serving::start(listeners, Arc::clone(&shared), stop)?;
    let mut watchdog = JoinSet::new();
    watchdog.spawn(service::stay_alive(Arc::clone(&service), Arc::clone(&shared)));
    if let Some(door) = door {
        watchdog.spawn(door.watch());
    }
    let store = store.await?;
    let mut examining = JoinSet::new();
    if let Some(store) = store.as_ref().filter(|store| store.is_unchecked()) {
        examining.spawn(examine(Arc::clone(store), Arc::clone(&shared)));
    }
    let mut works = Works::start(prepared, store, shared).await;
    service.ready(&works.serves(&places));
    let mut failures = Failures::of("evaluator");
    // When a generation that ended by a defect is to be followed by another.
    let mut again = None;
    loop {
        tokio::select! {
            ended = serving.ended() => {
                examining.shutdown().await;
                works.end().await;
                return ended.map_err(|defect| anyhow!("a defect of the server: {defect}"));
            }
            Some(reload) = reloads.recv() => {
                service.reloading();
                match works.reload(reload).await {
                    Ok(()) => {
                        again = None;
                        service.ready(&works.serves(&places));
                    }
                    Err(()) => service.ready("the configuration was refused: see the log"),
                }
            }
            defect = works.generation.defect() => {
                again = Some(Instant::now() + failures.note(defect, &works.prepared.self_metrics));
            }
            () = tokio::time::sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {
                again = None;
                works.start_again().await;
            }
        }
    }
}

/// All that works behind the server.
struct Works {
    prepared: Prepared,
    store: Option<Arc<Store>>,
    shared: Arc<Shared>,
    pollers: Pollers,
    runs: Runs,
    generation: Generation,
    /// Who writes down what clients have to say, and where it is handed in.
    note_taker: JoinSet<()>,
    notes: mpsc::Sender<NoteRequest>,
}

impl Works {
    async fn start(prepared: Prepared, store: Option<Arc<Store>>, shared: Arc<Shared>) -> Self {
        let (runs, results) = mpsc::channel(QUEUE);
        let runs_of_all: Runs = Arc::new(Mutex::new(results));
        let mut pollers = Pollers::new(&prepared, runs, Arc::clone(&shared));
        let memory = Memory::of(&prepared, store.as_ref(), Carried::default()).await;
        let generation = Generation::start(
            (&prepared, store.as_ref()),
            &shared,
            memory,
            Vec::new(),
            Arc::clone(&runs_of_all),
        );
        pollers.start(&prepared);
        let (notes, requests) = mpsc::channel(note_taker::WAITING);
        let mut note_taker = JoinSet::new();
        let (clock, takers) = (prepared.clock, (store.clone(), Arc::clone(&shared)));
        note_taker.spawn(note_taker::take_notes(requests, takers.0, clock, takers.1));
        shared.accept_notes(prepared.accept_notes.then(|| notes.clone()));
        let runs = runs_of_all;
        Self { prepared, store, shared, pollers, runs, generation, note_taker, notes }
    }

    fn serves(&self, places: &str) -> String {
        format!("serves {places}, KPIs: {}", self.prepared.definitions.kpis.len())
    }

    /// Changes over to another configuration, or says why not.
    async fn reload(&mut self, reload: Reload) -> Result<(), ()> {
        let Reload { config, answers } = reload;
        let clock = self.prepared.clock;
        let next = config.and_then(|next| Prepared::of(next, clock, Some(&self.prepared)));
        let outcome = match next {
            Ok(next) => {
                self.change_over(next).await;
                info!("configuration reloaded");
                Ok(())
            }
            Err(problem) => {
                let problem = format!("{problem:#}");
                error!("configuration not reloaded, the old one stays\n{problem}");
                self.shared.refuse_reload(problem.clone());
                Err(problem)
            }
        };
        for answer in answers {
            // Who does not wait any more has gone away.
            let _ = answer.send(outcome.clone());
        }
        outcome.map_err(drop)
    }

    async fn change_over(&mut self, next: Prepared) {
        let before = std::mem::replace(&mut self.prepared, next);
        let next = &self.prepared;
        if next.store.path != before.store.path {
            warn!("store.path has changed: that takes a restart");
        }
        let carried = self.generation.end().await.unwrap_or_default();
        let kept = self.pollers.change_over(&before, next).await;
        let waiting = self.waiting_runs(&kept).await;
        let carried = next.goes_on_with(carried, &before.definitions, &kept);
        self.shared.replace_self_metrics(Arc::clone(&next.self_metrics));
        self.shared.accept_notes(next.accept_notes.then(|| self.notes.clone()));
        self.begin(carried, waiting).await;
    }

    /// After a defect: everything is asked for again.
    async fn start_again(&mut self) {
        self.generation.end().await;
        self.pollers.end().await;
        // They are asked for again.
        drop(self.waiting_runs(&BTreeSet::new()).await);
        self.begin(Carried::default(), Vec::new()).await;
    }

    async fn begin(&mut self, carried: Carried, waiting: Vec<Run>) {
        let Self { prepared, store, shared, pollers, runs, generation, .. } = self;
        let memory = Memory::of(prepared, store.as_ref(), carried).await;
        let begins = (&*prepared, store.as_ref());
        *generation = Generation::start(begins, shared, memory, waiting, Arc::clone(runs));
        pollers.start(prepared);
    }

    /// Runs that wait for an evaluator. Those of pollers that are gone are forgotten.
    async fn waiting_runs(&self, kept: &BTreeSet<MetricId>) -> Vec<Run> {
        let mut runs = self.runs.lock().await;
        let mut waiting = Vec::new();
        while waiting.len() < QUEUE
            && let Ok(run) = runs.try_recv()
        {
            waiting.push(run);
        }
        waiting.retain(|run| kept.contains(&run.metric));
        waiting
    }

    async fn end(mut self) {
        self.generation.end().await;
        self.pollers.end().await;
        self.note_taker.shutdown().await;
        drop((self.generation, self.pollers));
        if let Some(store) = self.store.and_then(Arc::into_inner) {
            // All is written; only its log is left to be folded in.
            let _ = tokio::time::timeout(CLOSING, store.close()).await;
        }
    }
}

/// Opens the sources of a configuration; nothing is connected yet. One that cannot be opened is down,
/// and the others go on.
pub fn open_sources(configs: &BTreeMap<SourceId, SourceConfig>) -> Sources {
    let open = |(id, config): (&SourceId, &SourceConfig)| {
        let (source, why) = config.open_or_down();
        if let Some(why) = why {
            error!(source = %id, "source cannot be opened: {why}");
        }
        (id.clone(), SourceHandle::new(source, config.concurrency()))
    };
    configs.iter().map(open).collect()
}

/// Opens one source.
///
/// # Errors
/// What is wrong with its settings, without secrets.
pub fn open_source(config: &SourceConfig) -> Result<SourceHandle, OpenError> {
    Ok(SourceHandle::new(config.open()?, config.concurrency()))
}

/// What the log of runs has to know of each source.
pub fn source_facts(configs: &BTreeMap<SourceId, SourceConfig>) -> BTreeMap<SourceId, SourceFacts> {
    let facts =
        |config: &SourceConfig| SourceFacts { kind: config.name(), time_limit: config.timeout() };
    configs.iter().map(|(id, config)| (id.clone(), facts(config))).collect()
}

/// Sleeps until the clock says `due`, looking up now and then: a clock may be set, and a machine may
/// have slept. A clock that was set back ends it at once, since what was due by it may be years away.
async fn sleep_until(due: DateTime<Utc>, clock: Clock) {
    const LOOK_UP: Duration = Duration::from_secs(30);
    /// Clocks are corrected by less than this all the time.
    const CORRECTION: TimeDelta = TimeDelta::seconds(1);
    let mut last = clock();
    while let Ok(left) = (due - last).to_std()
        && !left.is_zero()
    {
        tokio::time::sleep(left.min(LOOK_UP)).await;
        let now = clock();
        if now + CORRECTION < last {
            warn!(from = %last.format("%F %T"), to = %now.format("%F %T"), "the clock was set back");
            return;
        }
        last = now;
    }
}
