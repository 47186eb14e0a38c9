//! What the server shows, swapped under its hands by the daemon.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::door::Door;
use super::metrics_path::MetricsPath;
use super::pages::Pages;
use crate::engine::{RecentDays, RunLog};
use crate::exposition::{Published, SelfMetrics};
use crate::id::KpiId;
use crate::note::{Note, Refused};
use crate::snapshot::Snapshot;
use crate::store::DigestSlot;
use crate::web::Filling;

/// The evaluator shows that it is at work at least this often.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// After three intervals without a sign it is not.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// Where to say what came of a reload: nothing, or why it was refused, without secrets.
pub type ReloadRequest = oneshot::Sender<Result<(), String>>;

/// A note to be written down.
#[derive(Debug)]
pub struct NoteRequest {
    /// About which KPI.
    pub kpi: KpiId,
    /// Who says it.
    pub author: Option<String>,
    /// What.
    pub text: String,
    /// Where to say what came of it.
    pub answer: oneshot::Sender<Result<Note, NotTaken>>,
}

/// Why a note was not written down.
#[derive(Debug)]
pub enum NotTaken {
    /// It is no note.
    Refused(Refused),
    /// The store did not take it; the log says why.
    Failed,
}

/// The newest snapshot, the last runs, the self-metrics and a refused configuration. Each request works on one consistent snapshot, even
/// when a newer one is published meanwhile.
#[derive(Debug)]
pub struct Shared {
    published: ArcSwapOption<Published>,
    self_metrics: ArcSwap<SelfMetrics>,
    runs: ArcSwap<RunLog>,
    days: ArcSwap<RecentDays>,
    refused: ArcSwapOption<String>,
    filling: ArcSwapOption<Filling>,
    digests: Mutex<BTreeMap<String, DigestSlot>>,
    ready: AtomicBool,
    /// When the evaluator last showed that it is at work.
    alive: Mutex<Instant>,
    /// Counts whatever changes what pages show.
    version: AtomicU64,
    pages: Pages,
    /// Where reloads are asked for, if clients may.
    lifecycle: Option<mpsc::Sender<ReloadRequest>>,
    door: Option<Arc<Door>>,
    /// Who writes notes down, if they are accepted.
    note_taker: ArcSwapOption<mpsc::Sender<NoteRequest>>,
    /// A note was written down.
    noted: Notify,
    metrics_path: MetricsPath,
}

impl Shared {
    /// Nothing published yet, not ready.
    pub fn new(self_metrics: Arc<SelfMetrics>) -> Self {
        Self {
            published: ArcSwapOption::empty(),
            self_metrics: ArcSwap::new(self_metrics),
            runs: ArcSwap::default(),
            days: ArcSwap::default(),
            refused: ArcSwapOption::empty(),
            filling: ArcSwapOption::empty(),
            digests: Mutex::default(),
            ready: AtomicBool::new(false),
            alive: Mutex::new(Instant::now()),
            version: AtomicU64::new(0),
            pages: Pages::default(),
            lifecycle: None,
            door: None,
            note_taker: ArcSwapOption::empty(),
            noted: Notify::new(),
            metrics_path: MetricsPath::default(),
        }
    }

    /// Has a web configuration file say who may come in.
    pub fn take_door(&mut self, door: Arc<Door>) {
        self.door = Some(door);
    }

    pub(super) fn door(&self) -> Option<&Arc<Door>> {
        self.door.as_ref()
    }

    /// Has the metrics at another path.
    pub fn move_metrics(&mut self, path: MetricsPath) {
        self.metrics_path = path;
    }

    pub(super) fn metrics_path(&self) -> &str {
        self.metrics_path.as_str()
    }

    /// Lets clients ask for a reload, there.
    pub fn take_reloads(&mut self, lifecycle: mpsc::Sender<ReloadRequest>) {
        self.lifecycle = Some(lifecycle);
    }

    pub(super) fn lifecycle(&self) -> Option<&mpsc::Sender<ReloadRequest>> {
        self.lifecycle.as_ref()
    }

    /// Has notes that clients bring written down there, or refuses them.
    pub fn accept_notes(&self, taker: Option<mpsc::Sender<NoteRequest>>) {
        self.note_taker.store(taker.map(Arc::new));
    }

    pub(crate) fn note_taker(&self) -> Option<Arc<mpsc::Sender<NoteRequest>>> {
        self.note_taker.load_full()
    }

    /// A note was written down, and is to be shown.
    pub fn note_was_taken(&self) {
        self.noted.notify_one();
    }

    /// Waits for a note that is to be shown.
    pub async fn noted(&self) {
        self.noted.notified().await;
    }

    /// Shows a snapshot in place of the last one.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        let next = match self.published() {
            Some(last) => last.followed_by(snapshot),
            None => Published::new(snapshot),
        };
        self.published.store(Some(Arc::new(next)));
        self.changed();
    }

    /// Shows the log of runs in place of the last one.
    pub fn publish_runs(&self, runs: Arc<RunLog>) {
        self.runs.store(runs);
        self.changed();
    }

    fn changed(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// Which of all that was shown so far is shown now. To be asked before rendering.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(super) fn pages(&self) -> &Pages {
        &self.pages
    }

    /// The evaluator is at work.
    pub fn beat(&self) {
        // A lock that a defect left behind still holds an instant.
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// For how long the evaluator has shown nothing.
    pub(super) fn silent_for(&self) -> Duration {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Whether work is being done.
    pub fn is_healthy(&self) -> bool {
        self.silent_for() < LONGEST_SILENCE
    }

    /// Shows these days on charts in place of the last ones.
    pub fn publish_days(&self, days: Arc<RecentDays>) {
        self.days.store(days);
        self.changed();
    }

    /// Says on pages how far history is filled in; `None` when nothing is being done about it.
    pub fn publish_filling(&self, filling: Option<Filling>) {
        self.filling.store(filling.map(Arc::new));
        self.changed();
    }

    pub(crate) fn filling(&self) -> Option<Filling> {
        self.filling.load().as_deref().copied()
    }

    /// Shows what became of a digest last.
    pub fn publish_digest(&self, name: &str, slot: DigestSlot) {
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        digests.insert(name.to_owned(), slot);
    }

    /// Before another configuration, which may have other ones.
    pub fn forget_digests(&self) {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What became of each digest last.
    pub(super) fn digests(&self) -> BTreeMap<String, DigestSlot> {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on `/-/ready` says yes: the first complete evaluation is published.
    pub fn mark_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Shows the self-metrics of a new configuration, which is now in force.
    pub fn replace_self_metrics(&self, self_metrics: Arc<SelfMetrics>) {
        self.self_metrics.store(self_metrics);
        self.refused.store(None);
        self.changed();
    }

    /// Says on every page and in the self-metrics that a configuration was refused, and why.
    pub fn refuse_reload(&self, why: String) {
        self.self_metrics.load().reload_refused();
        self.refused.store(Some(Arc::new(why)));
        self.changed();
    }

    /// The self-metrics being shown.
    pub fn self_metrics(&self) -> Arc<SelfMetrics> {
        self.self_metrics.load_full()
    }

    /// What is shown now.
    #[cfg(test)]
    pub(crate) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.published().map(|published| Arc::clone(published.snapshot()))
    }

    pub(crate) fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    /// The last runs of the sources.
    pub fn runs(&self) -> Arc<RunLog> {
        self.runs.load_full()
    }

    pub(crate) fn days(&self) -> Arc<RecentDays> {
        self.days.load_full()
    }

    pub(super) fn refused(&self) -> Option<Arc<String>> {
        self.refused.load_full()
    }

    /// Whether the first complete evaluation is published.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}
