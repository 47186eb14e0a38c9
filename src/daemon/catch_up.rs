//! Days that passed while no daemon ran: recomputed from the sources once it is back, so that
//! history has no holes and every period is closed, however many ended meanwhile.

use std::pin::pin;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tracing::info;

use crate::backfill::replay;
use crate::calendar::Calendar;
use crate::engine::{History, Sources};
use crate::id::KpiId;
use crate::kpi::Definitions;
use crate::server::Shared;
use crate::snapshot::Snapshot;
use crate::web::Filling;

/// Older days than this are left to `backfill`.
const MAX_DAYS: u64 = 400;

/// Days after which what has come is shown.
const SHOWN: usize = 31;

/// What comes to the evaluator from the past.
#[derive(Debug)]
pub(super) enum Past {
    /// A day without a daemon.
    Missed(Snapshot),
    /// A day before the first start.
    Filled {
        /// Which.
        day: NaiveDate,
        /// What was known at its end.
        snapshot: Snapshot,
        /// The KPIs of which the sources know nothing.
        silent: Vec<KpiId>,
    },
    /// Some days are done: pages can show them.
    Pause,
    /// Nothing comes after this.
    End,
}

/// The ends of the days that history lacks.
pub(super) fn missing(
    calendar: &Calendar,
    history: &History,
    now: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let missing = history.missing(calendar.day_of(now), MAX_DAYS);
    missing.into_iter().map(|day| calendar.day_start(day + Days::new(1))).collect()
}

/// Days to recompute, and who is told.
#[derive(Clone)]
pub(super) struct CatchUp {
    pub(super) definitions: Arc<Definitions>,
    pub(super) sources: Sources,
    /// Their ends.
    pub(super) closes: Vec<DateTime<Utc>>,
    pub(super) shared: Arc<Shared>,
    pub(super) past: mpsc::Sender<Past>,
    /// Days that others fill in afterwards.
    pub(super) more: usize,
}

impl CatchUp {
    /// Works until all is done, or the evaluator is gone.
    pub(super) async fn run(self) {
        let Self { definitions, sources, closes, shared, past, more } = self;
        let of = closes.len();
        if of == 0 {
            return;
        }
        info!(days = of, "catching up with the days without a daemon");
        let mut days = pin!(replay(definitions, sources, closes));
        let mut done = 0;
        while let Some(day) = days.next().await {
            if past.send(Past::Missed(day)).await.is_err() {
                return;
            }
            done += 1;
            if done % SHOWN == 0 || done == of {
                shared.publish_filling(Some(Filling { done, days: of + more }));
                // Whoever has stopped listening is noticed with the next day.
                let _ = past.send(Past::Pause).await;
            }
        }
    }
}
