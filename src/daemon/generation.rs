//! A generation: what works on one configuration, and what it starts with. What a reload leaves as it
//! was is carried over from the one before, and the rest comes from the store. Not here: pollers,
//! which outlive it (`pollers`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};
use tracing::{error, warn};

use super::carried::{Carried, Runs};
use super::digester::Digester;
use super::pace::TICK;
use super::past::{Asking, Awaited};
use super::stored::{self, SMALL, Unread};
use super::supervisor::keep_running;
use super::{REVISION, evaluator, keeper, open_sources, source_facts};
use crate::clock::Clock;
use crate::config::{Config, Prints, StoreSettings};
use crate::digest::Digest;
use crate::engine::{Book, Engine, History, News, Run, RunLog, SourceFacts, Sources, untried};
use crate::exposition::SelfMetrics;
use crate::id::{KpiId, MetricId, SourceId};
use crate::kpi::Definitions;
use crate::record::Finisher;
use crate::server::Shared;
use crate::store::{Definition, Retention, Store, StoreError};

/// Days of the past that wait for the evaluator, at most.
const QUEUE: usize = 256;

/// An evaluator that is told to end does so after the evaluation it is at.
const LAST_EVALUATION: Duration = Duration::from_secs(10);

/// A generation that is ready to start: everything that could fail has been done.
pub(super) struct Prepared {
    pub(super) definitions: Arc<Definitions>,
    pub(super) sources: Sources,
    /// What the log has to know of them.
    pub(super) facts: BTreeMap<SourceId, SourceFacts>,
    pub(super) prints: Prints,
    pub(super) self_metrics: Arc<SelfMetrics>,
    pub(super) store: StoreSettings,
    pub(super) digests: Vec<Digest>,
    external_url: Option<String>,
    /// Whether clients may write notes.
    pub(super) accept_notes: bool,
    pub(super) clock: Clock,
    /// Data ages without anything happening: evaluated at least so often.
    pub(super) tick: Duration,
    /// A store of so many bytes is read before anything is shown.
    pub(super) small: u64,
}

impl Prepared {
    /// Opens the sources that `before` has not, or not like this: the others keep their connections.
    pub(super) fn of(config: Config, clock: Clock, before: Option<&Self>) -> anyhow::Result<Self> {
        let mut kept = Sources::new();
        let mut new = config.sources;
        let facts = source_facts(&new);
        if let Some(before) = before {
            new.retain(|id, _| {
                let same = before.prints.is_same_source(&config.prints, id);
                let handle = before.sources.get(id).filter(|_| same);
                kept.extend(handle.map(|handle| (id.clone(), handle.clone())));
                handle.is_none()
            });
        }
        let mut sources = open_sources(&new);
        sources.append(&mut kept);
        let (ids, kpis) = (sources.keys().map(SourceId::as_str), config.definitions.kpis.len());
        let self_metrics = match before {
            Some(before) => before.self_metrics.followed_by(ids, kpis, REVISION, clock())?,
            None => SelfMetrics::new(ids, kpis, REVISION, clock())?,
        };
        Ok(Self {
            definitions: Arc::new(config.definitions),
            sources,
            facts,
            prints: config.prints,
            self_metrics: Arc::new(self_metrics),
            store: config.settings.store,
            digests: config.digests,
            accept_notes: config.settings.server.accept_notes,
            external_url: config.settings.server.external_url,
            clock,
            tick: before.map_or(TICK, |before| before.tick),
            small: before.map_or(SMALL, |before| before.small),
        })
    }

    /// What of that which is left behind is still true: runs of these metrics, days of KPIs that are
    /// defined as they were in `before`.
    pub(super) fn goes_on_with(
        &self,
        mut carried: Carried,
        before: &Definitions,
        metrics: &BTreeSet<MetricId>,
    ) -> Carried {
        let kpis = self.unchanged(before);
        carried.book.keep(|metric| metrics.contains(metric));
        carried.log.keep(|metric| metrics.contains(metric));
        carried.history.keep(|key| kpis.contains(&key.kpi));
        carried.openings.keep(|key| kpis.contains(&key.kpi));
        carried.memories.retain(|key, _| kpis.contains(&key.kpi));
        carried
    }

    /// Who sends the digests.
    fn digesters(&self, store: &Arc<Store>, shared: &Arc<Shared>) -> Vec<Digester> {
        let digester = |digest: &Digest| Digester {
            digest: digest.clone(),
            external_url: self.external_url.clone(),
            store: Arc::clone(store),
            shared: Arc::clone(shared),
            self_metrics: Arc::clone(&self.self_metrics),
            clock: self.clock,
        };
        self.digests.iter().map(digester).collect()
    }

    /// Days before today that sources are asked for, at most.
    fn most_days_before(&self) -> u16 {
        let kept = self.store.keep_daily.as_secs() / 86_400;
        let most = u64::from(self.store.backfill_days).min(kept);
        u16::try_from(most).unwrap_or(0)
    }

    /// KPIs that are defined as they were in `before`.
    fn unchanged(&self, before: &Definitions) -> BTreeSet<KpiId> {
        let old: BTreeMap<&KpiId, Definition> =
            before.kpis.iter().map(|kpi| (&kpi.id, Definition::of(kpi, before))).collect();
        let new = self.definitions.kpis.iter();
        new.filter(|kpi| old.get(&kpi.id) == Some(&Definition::of(kpi, &self.definitions)))
            .map(|kpi| kpi.id.clone())
            .collect()
    }
}

/// What a generation starts with.
pub(super) struct Memory {
    book: Book,
    log: RunLog,
    engine: Engine,
    keeper: Option<keeper::Keeper>,
    /// History that is still to be read: there is too much of it to wait for.
    unread: Option<Unread>,
}

impl Memory {
    /// From the store, and from the generation before. Without history where the store cannot be read:
    /// what runs goes on.
    pub(super) async fn of(
        prepared: &Prepared,
        store: Option<&Arc<Store>>,
        mut carried: Carried,
    ) -> Self {
        let definitions = Arc::clone(&prepared.definitions);
        let mut book = Book::default();
        let mut engine = Engine::new(Arc::clone(&definitions));
        let (mut keeper, mut unread) = (None, None);
        let history = std::mem::take(&mut carried.history);
        if let Some(store) = store {
            match Self::restore(prepared, store, &mut book, &mut engine, history).await {
                Ok((restored, left)) => (keeper, unread) = (Some(restored), left),
                Err(problem) => {
                    error!("going on without history: {problem}");
                    engine = Engine::new(Arc::clone(&definitions));
                    // Values, at least: what was shown before a reload is shown after it.
                    let restored = stored::restore_runs(store, &definitions, &mut book).await;
                    if let Err(problem) = restored {
                        warn!("nor the last values: {problem}");
                    }
                }
            }
        } else {
            engine.restore(carried.openings, history);
            engine.resume(carried.memories);
        }
        book.take_in(carried.book);
        let mut log = RunLog::new(&definitions, &prepared.facts, &book, (prepared.clock)());
        log.take_in(carried.log);
        Self { book, log, engine, keeper, unread }
    }

    async fn restore(
        prepared: &Prepared,
        store: &Arc<Store>,
        book: &mut Book,
        engine: &mut Engine,
        history: History,
    ) -> Result<(keeper::Keeper, Option<Unread>), StoreError> {
        let definitions = Arc::clone(&prepared.definitions);
        let StoreSettings { keep_daily: daily, keep_raw: raw, .. } = prepared.store;
        let retention = Retention { daily, raw };
        let terms = keeper::Terms { clock: prepared.clock, retention, small: prepared.small };
        let store = Arc::clone(store);
        keeper::Keeper::restore(store, definitions, book, engine, history, terms).await
    }
}

/// Who evaluates, with what it starts with.
pub(super) fn evaluator(
    prepared: &Prepared,
    shared: &Arc<Shared>,
    memory: Memory,
    (waiting, awaited): (Vec<Run>, Option<Awaited>),
) -> evaluator::Evaluator {
    let Memory { book, log, engine, keeper, .. } = memory;
    let untried = untried(&prepared.definitions, &log);
    evaluator::Evaluator {
        definitions: Arc::clone(&prepared.definitions),
        engine,
        book,
        log,
        keeper,
        shared: Arc::clone(shared),
        self_metrics: Arc::clone(&prepared.self_metrics),
        clock: prepared.clock,
        tick: prepared.tick,
        published: BTreeMap::new(),
        shown: Vec::new(),
        news: News::default(),
        finisher: Finisher::default(),
        remembered: Arc::default(),
        untried,
        drawn: None,
        filled: false,
        waiting,
        awaited,
    }
}

/// What works on one configuration beside the pollers. Dropping it ends all of it.
pub(super) struct Generation {
    /// Who catches up and fills in; each started again when it ends by a defect.
    background: JoinSet<()>,
    /// The evaluator, which holds what all of them found: it is started again with everything.
    evaluator: JoinSet<Carried>,
    stop: Option<oneshot::Sender<()>>,
}

impl Generation {
    pub(super) fn start(
        (prepared, store): (&Prepared, Option<&Arc<Store>>),
        shared: &Arc<Shared>,
        memory: Memory,
        waiting: Vec<Run>,
        runs: Runs,
    ) -> Self {
        let Memory { book, log, engine, keeper, unread } = memory;
        shared.publish_runs(Arc::new(log.clone()));
        let mut background = JoinSet::new();
        shared.forget_digests();
        for digester in store.iter().flat_map(|store| prepared.digesters(store, shared)) {
            let start = move || digester.clone().run();
            background.spawn(keep_running("digest", Arc::clone(shared), start));
        }
        let (days, past) = mpsc::channel(QUEUE);
        let asking = Asking {
            definitions: Arc::clone(&prepared.definitions),
            sources: prepared.sources.clone(),
            silent: keeper.as_ref().map(|keeper| keeper.silent_days().clone()).unwrap_or_default(),
            unsettled: keeper
                .as_ref()
                .map(|keeper| keeper.unsettled_days().clone())
                .unwrap_or_default(),
            most: prepared.most_days_before(),
            clock: prepared.clock,
            shared: Arc::clone(shared),
            past: days,
        };
        let mut awaited = None;
        if let Some(unread) = unread {
            let (read, history) = oneshot::channel();
            awaited = Some(history);
            shared.publish_filling(None);
            background.spawn(asking.read(unread, read));
        } else if let Some(planned) = asking.plan(engine.history()) {
            background.spawn(planned.work(Arc::clone(shared)));
        }
        let memory = Memory { book, log, engine, keeper, unread: None };
        let evaluator = evaluator(prepared, shared, memory, (waiting, awaited));
        let (stop, stopped) = oneshot::channel();
        let mut alone = JoinSet::new();
        alone.spawn(evaluator.run(runs, past, stopped));
        Self { background, evaluator: alone, stop: Some(stop) }
    }

    /// Waits for the end of the evaluator, which only a defect brings about.
    pub(super) async fn defect(&mut self) -> JoinError {
        match self.evaluator.join_next().await {
            Some(Err(defect)) => defect,
            _ => std::future::pending().await,
        }
    }

    /// Ends it. Gives what the evaluator leaves behind, if it ends well and soon.
    pub(super) async fn end(&mut self) -> Option<Carried> {
        if let Some(stop) = self.stop.take() {
            // Should it be gone, there is nobody to be told. Told before those it may wait for are gone.
            let _ = stop.send(());
        }
        self.background.shutdown().await;
        let ended = tokio::time::timeout(LAST_EVALUATION, self.evaluator.join_next()).await;
        self.evaluator.shutdown().await;
        ended.ok().flatten().and_then(Result::ok)
    }
}
