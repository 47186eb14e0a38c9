//! The daemon: the one place where the parts are wired together. A *generation* is everything that
//! hangs on one configuration; a reload builds a new one completely before the old one goes.

mod catch_up;
mod clock_watch;
mod evaluator;
mod fill;
mod keeper;
mod many;
mod outages;
mod poller;
mod service;
mod supervisor;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{error, info, warn};

pub use self::service::ServiceManager;
use self::supervisor::{Failures, keep_running};
use crate::clock::Clock;
use crate::config::{Config, StoreSettings};
use crate::engine::{Book, Engine, Run, RunLog, SourceFacts, SourceHandle, Sources, spans_of};
use crate::exposition::SelfMetrics;
use crate::id::SourceId;
use crate::kpi::Definitions;
use crate::server::{self, Shared};
use crate::source::{OpenError, SourceConfig};
use crate::store::{Retention, Store, StoreError};

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
pub type Reload = anyhow::Result<Config>;

/// What connects the daemon with those who started it.
#[derive(Debug)]
pub struct Outside {
    /// Configurations to change over to.
    pub reloads: mpsc::Receiver<Reload>,
    /// Who wants to know how it is.
    pub service: ServiceManager,
}

impl Outside {
    /// Reloads, and nobody to tell anything.
    pub fn new(reloads: mpsc::Receiver<Reload>) -> Self {
        Self { reloads, service: ServiceManager::default() }
    }
}

/// Serves `config` on `listener` until `stop` resolves, changing over to what comes from outside.
///
/// # Errors
/// A source that cannot even be opened. One that is down is no error: it heals by itself.
pub async fn run(
    config: Config,
    listener: TcpListener,
    clock: Clock,
    outside: Outside,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let prepared = prepare(config, clock)?;
    let path = prepared.store.path.as_deref().unwrap_or(Path::new(IN_MEMORY));
    let store = match Store::open(path).await {
        Ok(store) => Some(Arc::new(store)),
        Err(problem) if problem.is_of_the_disk() => {
            error!("going on without history, until a restart: {problem}");
            None
        }
        Err(problem) => return Err(problem.into()),
    };
    let shared = Arc::new(Shared::new(Arc::clone(&prepared.self_metrics)));
    work(prepared, store, shared, listener, outside, stop).await
}

/// Generation after generation, until `stop` resolves.
async fn work(
    mut prepared: Prepared,
    store: Option<Arc<Store>>,
    shared: Arc<Shared>,
    listener: TcpListener,
    outside: Outside,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let Outside { mut reloads, service } = outside;
    let address = listener.local_addr()?;
    let (path, clock) = (prepared.store.path.clone(), prepared.clock);
    let mut generation = prepared.start(&shared, Memory::of(&prepared, store.as_ref()).await);
    let mut failures = Failures::of("evaluator");
    // When a generation that ended by a defect is to be followed by another.
    let mut again = None;
    let service = Arc::new(service);
    let ending = Arc::clone(&service);
    let stop = stop.map(move |()| ending.stopping());
    let serving = server::serve(listener, Arc::clone(&shared), stop);
    tokio::pin!(serving);
    let mut watchdog = JoinSet::new();
    watchdog.spawn(service::stay_alive(Arc::clone(&service), Arc::clone(&shared)));
    service.ready(&serves(address, &prepared));
    loop {
        tokio::select! {
            () = &mut serving => {
                generation.end().await;
                if let Some(store) = store.and_then(Arc::into_inner) {
                    // All is written; only its log is left to be folded in.
                    let _ = tokio::time::timeout(CLOSING, store.close()).await;
                }
                return Ok(());
            }
            Some(reload) = reloads.recv() => {
                service.reloading();
                match reload.and_then(|next| prepare(next, clock)) {
                    Ok(next) => {
                        generation.end().await;
                        if next.store.path != path {
                            warn!("store.path has changed: that takes a restart");
                        }
                        shared.replace_self_metrics(Arc::clone(&next.self_metrics));
                        prepared = next;
                        generation = prepared.start(&shared, Memory::of(&prepared, store.as_ref()).await);
                        again = None;
                        info!("configuration reloaded");
                        service.ready(&serves(address, &prepared));
                    }
                    Err(problem) => {
                        shared.refuse_reload(format!("{problem:#}"));
                        error!("configuration not reloaded, the old one stays\n{problem:#}");
                        service.ready("the configuration was refused, the old one stays: see the log");
                    }
                }
            }
            Some(ended) = generation.evaluator.join_next() => {
                if let Err(defect) = ended {
                    again = Some(Instant::now() + failures.note(defect, &prepared.self_metrics));
                }
            }
            () = tokio::time::sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {
                again = None;
                generation.end().await;
                generation = prepared.start(&shared, Memory::of(&prepared, store.as_ref()).await);
            }
        }
    }
}

/// What people are told who ask the service manager.
fn serves(address: SocketAddr, prepared: &Prepared) -> String {
    format!("serves http://{address}/, KPIs: {}", prepared.definitions.kpis.len())
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

/// A generation that is ready to start: everything that could fail has been done.
struct Prepared {
    definitions: Arc<Definitions>,
    sources: Sources,
    /// What the log has to know of them.
    facts: BTreeMap<SourceId, SourceFacts>,
    self_metrics: Arc<SelfMetrics>,
    store: StoreSettings,
    clock: Clock,
}

/// What a generation starts with: what the store remembers.
struct Memory {
    book: Book,
    engine: Engine,
    keeper: Option<keeper::Keeper>,
}

impl Memory {
    fn none(prepared: &Prepared) -> Self {
        let engine = Engine::new(Arc::clone(&prepared.definitions));
        Self { book: Book::default(), engine, keeper: None }
    }

    /// Without history where the store cannot be read: what runs goes on.
    async fn of(prepared: &Prepared, store: Option<&Arc<Store>>) -> Self {
        let Some(store) = store else { return Self::none(prepared) };
        match Self::restore(prepared, store).await {
            Ok(memory) => memory,
            Err(problem) => {
                error!("going on without history: {problem}");
                let mut memory = Self::none(prepared);
                // Values, at least: what was shown before a reload is shown after it.
                if let Err(problem) =
                    keeper::restore_runs(store, &prepared.definitions, &mut memory.book).await
                {
                    warn!("nor the last values: {problem}");
                }
                memory
            }
        }
    }

    async fn restore(prepared: &Prepared, store: &Arc<Store>) -> Result<Self, StoreError> {
        let mut memory = Self::none(prepared);
        let definitions = Arc::clone(&prepared.definitions);
        let (book, engine) = (&mut memory.book, &mut memory.engine);
        let StoreSettings { keep_daily: daily, keep_raw: raw, .. } = prepared.store;
        let (clock, retention) = (prepared.clock, Retention { daily, raw });
        let store = Arc::clone(store);
        let keeper =
            keeper::Keeper::restore(store, definitions, book, engine, clock, retention).await?;
        memory.keeper = Some(keeper);
        Ok(memory)
    }
}

fn prepare(config: Config, clock: Clock) -> anyhow::Result<Prepared> {
    let sources = open_sources(&config.sources);
    let facts = source_facts(&config.sources);
    let store = config.settings.store;
    let ids = sources.keys().map(SourceId::as_str);
    let self_metrics = SelfMetrics::new(ids, config.definitions.kpis.len(), REVISION, clock())?;
    let definitions = Arc::new(config.definitions);
    let self_metrics = Arc::new(self_metrics);
    Ok(Prepared { definitions, sources, facts, self_metrics, store, clock })
}

/// What works on one configuration. Dropping it ends all of it.
struct Generation {
    /// A poller for each metric in use, and who catches up; each started again when it ends by a defect.
    pollers: JoinSet<()>,
    /// The evaluator, which holds what all of them found: it is started again with everything.
    evaluator: JoinSet<()>,
    /// Without it the evaluator would end where there is nothing to poll.
    _runs: mpsc::Sender<Run>,
}

impl Generation {
    async fn end(&mut self) {
        self.pollers.shutdown().await;
        self.evaluator.shutdown().await;
    }
}

impl Prepared {
    fn start(&self, shared: &Arc<Shared>, memory: Memory) -> Generation {
        let Self { definitions, sources, facts, self_metrics, clock, store: settings } = self;
        let Memory { book, engine, keeper } = memory;
        let log = RunLog::new(definitions, facts, &book, clock());
        shared.publish_runs(Arc::new(log.clone()));
        let (runs, results) = mpsc::channel(QUEUE);
        let mut pollers = JoinSet::new();
        let outages = Arc::new(outages::Outages::default());
        for metric in definitions.metrics.values() {
            if spans_of(metric, definitions, clock()).is_empty() {
                continue;
            }
            let Some(source) = sources.get(&metric.source) else { continue };
            let poller = poller::Poller {
                metric: Arc::clone(metric),
                definitions: Arc::clone(definitions),
                source: source.clone(),
                clock: *clock,
                runs: runs.clone(),
                outages: Arc::clone(&outages),
            };
            let start = move || poller.clone().run();
            pollers.spawn(keep_running("poller", Arc::clone(self_metrics), start));
        }
        let (days, past) = mpsc::channel(QUEUE);
        let days_filled = days.clone();
        let missing = catch_up::missing(&definitions.calendar, engine.history(), clock());
        let caught_up = missing.clone();
        if !missing.is_empty() {
            let later = |(id, source): (&SourceId, &SourceHandle)| {
                (id.clone(), source.clone().in_background())
            };
            let sources: Sources = sources.iter().map(later).collect();
            let definitions = Arc::clone(definitions);
            let start = move || {
                let (definitions, sources) = (Arc::clone(&definitions), sources.clone());
                catch_up::catch_up(definitions, sources, missing.clone(), days.clone())
            };
            pollers.spawn(keep_running("catch_up", Arc::clone(self_metrics), start));
        }
        let mut known = engine.history().known_days();
        for (kpi, silent) in keeper.iter().flat_map(keeper::Keeper::silent_days) {
            known.entry(kpi.clone()).or_default().extend(silent);
        }
        for close in &caught_up {
            let day = definitions.calendar.day_before(*close);
            for kpi in &definitions.kpis {
                known.entry(kpi.id.clone()).or_default().insert(day);
            }
        }
        let kept = settings.keep_daily.as_secs() / 86_400;
        let most = u64::from(settings.backfill_days).min(kept);
        let plan = fill::Plan::of(definitions, &known, clock(), u16::try_from(most).unwrap_or(0));
        shared.publish_filling(None);
        if !plan.is_empty() {
            let one_by_one =
                |(id, source): (&SourceId, &SourceHandle)| (id.clone(), source.one_by_one());
            let fill = fill::Fill {
                definitions: Arc::clone(definitions),
                sources: sources.iter().map(one_by_one).collect(),
                plan: Arc::new(plan),
                shared: Arc::clone(shared),
                past: days_filled,
            };
            let start = move || fill.clone().run();
            pollers.spawn(keep_running("fill", Arc::clone(self_metrics), start));
        }
        let evaluator = evaluator::Evaluator {
            definitions: Arc::clone(definitions),
            engine,
            book,
            log,
            keeper,
            shared: Arc::clone(shared),
            self_metrics: Arc::clone(self_metrics),
            clock: *clock,
            published: BTreeMap::new(),
            drawn: None,
        };
        let mut alone = JoinSet::new();
        alone.spawn(evaluator.run(results, past));
        Generation { pollers, evaluator: alone, _runs: runs }
    }
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
