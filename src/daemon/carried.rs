//! What goes from one evaluator to the next. Not here: what of it is still true after a reload
//! (`generation`).

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use crate::assess::hysteresis::StatusMemory;
use crate::engine::{Book, History, Openings, Run, RunLog};
use crate::kpi::SeriesKey;

/// Where runs come from, for one evaluator after another.
pub(super) type Runs = Arc<Mutex<mpsc::Receiver<Run>>>;

/// What an evaluator leaves behind.
#[derive(Default)]
pub(super) struct Carried {
    pub(super) book: Book,
    pub(super) log: RunLog,
    pub(super) history: History,
    pub(super) openings: Openings,
    pub(super) memories: BTreeMap<SeriesKey, StatusMemory>,
}
