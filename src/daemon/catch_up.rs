//! Days that passed while no daemon ran: recomputed from the sources once it is back, so that
//! history has no holes and every period is closed, however many ended meanwhile.

use std::pin::pin;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tracing::info;

use crate::backfill::replay;
use crate::engine::Sources;
use crate::kpi::Definitions;
use crate::snapshot::Snapshot;

/// More days than this are left to `backfill`.
const MAX_DAYS: usize = 400;

/// Sends a snapshot for the end of each day after `last` and before today.
pub(super) async fn catch_up(
    definitions: Arc<Definitions>,
    sources: Sources,
    last: NaiveDate,
    now: DateTime<Utc>,
    past: mpsc::Sender<Snapshot>,
) {
    let calendar = &definitions.calendar;
    let today = calendar.day_of(now);
    let days = last.iter_days().skip(1).take_while(|day| *day < today);
    let mut closes: Vec<DateTime<Utc>> =
        days.map(|day| calendar.day_start(day + Days::new(1))).collect();
    closes.drain(..closes.len().saturating_sub(MAX_DAYS));
    if closes.is_empty() {
        return;
    }
    info!(days = closes.len(), "catching up with the days without a daemon");
    let mut days = pin!(replay(definitions, sources, closes));
    while let Some(day) = days.next().await {
        if past.send(day).await.is_err() {
            return;
        }
    }
}
