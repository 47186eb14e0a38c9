//! The store at start. What is read of it: the last runs at once, and days of history, of which there
//! may be millions, beside serving. Not here: openings, statuses and results (`keeper`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::{error, info};

use crate::engine::{Book, History, Run};
use crate::id::KpiId;
use crate::kpi::Definitions;
use crate::recall::Recall;
use crate::server::Shared;
use crate::store::{InForce, Store, StoreError, metric_fingerprint};

/// A store of so many bytes is read before anything else in less time than it takes to show first what is
/// there without its history.
pub(super) const SMALL: u64 = 16 << 20;

/// Opens the store; none where the disk takes nothing.
pub(super) async fn open_store(path: PathBuf) -> anyhow::Result<Option<Arc<Store>>> {
    match Store::open(path).await {
        Ok(store) => Ok(Some(Arc::new(store))),
        Err(problem) if problem.is_of_the_disk() => {
            error!("going on without history, until a restart: {problem}");
            Ok(None)
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Examines a store that was too large for it when it was opened.
pub(super) async fn examine(store: Arc<Store>, shared: Arc<Shared>) {
    match store.check().await {
        Ok(()) => info!("the store was examined: it is sound"),
        Err(problem) => {
            error!("{problem}");
            shared.self_metrics().observe_store(None, 1);
        }
    }
}

/// Days that are not read yet.
pub(super) struct Unread {
    pub(super) store: Arc<Store>,
    pub(super) definitions: Arc<Definitions>,
    pub(super) in_force: BTreeMap<KpiId, InForce>,
    /// Days of KPIs of which all is known.
    pub(super) known: History,
    pub(super) now: DateTime<Utc>,
}

impl Unread {
    /// Whether there is something to read, in a store of more than so many bytes.
    pub(super) fn is_more_than(&self, small: u64) -> bool {
        let is_unknown = self.in_force.keys().any(|kpi| !self.known.knows(kpi));
        is_unknown && self.store.size().is_some_and(|bytes| bytes > small)
    }

    /// All days, with those that were known.
    ///
    /// # Errors
    /// What the store says.
    pub(super) async fn read(self) -> Result<History, StoreError> {
        let Self { store, definitions, in_force, known, now } = self;
        let recall = Recall { store: &store, definitions: &definitions, in_force: &in_force };
        recall.history(known, now).await
    }
}

/// Brings back measurements of metrics that are still what they were.
///
/// # Errors
/// What the store says.
pub(super) async fn restore_runs(
    store: &Store,
    definitions: &Definitions,
    book: &mut Book,
) -> Result<(), StoreError> {
    for stored in store.load_runs().await? {
        let Some(metric) = definitions.metrics.get(&stored.metric) else { continue };
        if stored.fingerprint == metric_fingerprint(metric, definitions.calendar.timezone) {
            book.apply(Run::known(stored.metric, stored.as_of, Ok(stored.measurements)));
        }
    }
    Ok(())
}
