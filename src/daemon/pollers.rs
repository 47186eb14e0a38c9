//! The pollers: one task for each metric in use. One whose metric and source stay as they were lives
//! on over a reload, with its schedule, what it knows and its connections. Not here: polling (`poller`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::generation::Prepared;
use super::outages::Outages;
use super::poller::{Current, Poller};
use super::supervisor::keep_running;
use crate::engine::Run;
use crate::id::MetricId;
use crate::server::Shared;

pub(super) struct Pollers {
    /// Each is started again when it ends by a defect.
    tasks: BTreeMap<MetricId, JoinSet<()>>,
    current: Arc<ArcSwap<Current>>,
    outages: Arc<Outages>,
    runs: mpsc::Sender<Run>,
    shared: Arc<Shared>,
}

impl Pollers {
    /// None yet.
    pub(super) fn new(prepared: &Prepared, runs: mpsc::Sender<Run>, shared: Arc<Shared>) -> Self {
        let current = Arc::new(ArcSwap::new(Current::of(&prepared.definitions)));
        Self { tasks: BTreeMap::new(), current, outages: Arc::default(), runs, shared }
    }

    /// Ends all.
    pub(super) async fn end(&mut self) {
        self.keep(|_| false).await;
    }

    /// Ends those whose metric is another one in `next`, or is asked for other spans, and lets the
    /// others work for it. Gives the metrics of those.
    pub(super) async fn change_over(
        &mut self,
        before: &Prepared,
        next: &Prepared,
    ) -> BTreeSet<MetricId> {
        let (current, new) = (self.current.load_full(), Current::of(&next.definitions));
        let now = (next.clock)();
        let stays = |id: &MetricId| {
            let Some(metric) = next.definitions.metrics.get(id) else { return false };
            current.calendar == new.calendar
                && before.prints.is_same_metric(&next.prints, metric)
                && current.spans(metric, now) == new.spans(metric, now)
        };
        self.keep(stays).await;
        self.current.store(new);
        self.tasks.keys().cloned().collect()
    }

    async fn keep(&mut self, stays: impl Fn(&MetricId) -> bool) {
        let all = std::mem::take(&mut self.tasks);
        let (stay, mut go): (BTreeMap<_, _>, BTreeMap<_, _>) =
            all.into_iter().partition(|(id, _)| stays(id));
        self.tasks = stay;
        go.values_mut().for_each(JoinSet::abort_all);
        for task in go.values_mut() {
            task.shutdown().await;
        }
    }

    /// Starts those that are missing.
    pub(super) fn start(&mut self, prepared: &Prepared) {
        let Prepared { definitions, sources, clock, .. } = prepared;
        let current = self.current.load_full();
        for metric in definitions.metrics.values() {
            let readers = current.readers.kpis(&metric.id);
            if readers.is_empty() || self.tasks.contains_key(&metric.id) {
                continue;
            }
            let Some(source) = sources.get(&metric.source) else { continue };
            let poller = Poller {
                metric: Arc::clone(metric),
                current: Arc::clone(&self.current),
                source: source.clone(),
                clock: *clock,
                runs: self.runs.clone(),
                outages: Arc::clone(&self.outages),
            };
            let start = move || poller.clone().run();
            let mut task = JoinSet::new();
            task.spawn(keep_running("poller", Arc::clone(&self.shared), start));
            self.tasks.insert(metric.id.clone(), task);
        }
    }
}
