//! Pages for people, rendered on the server from what is published: no script, nothing to load.
//!
//! Not here: HTTP (`server`), any computing of numbers (`assess`) and how they are written (`figures`).

mod digests;
mod frame;
mod kpi;
mod review;
mod runbooks;
mod scorecard;
mod sources;
mod spark;

mod svg;
mod words;

use crate::engine::{RecentDays, RunLog};
use crate::snapshot::Snapshot;

pub use runbooks::RUNBOOKS;
pub use scorecard::{Sort, View};

/// What pages are made from: what the daemon knows at one instant.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The numbers; `None` before the first evaluation.
    pub snapshot: Option<&'a Snapshot>,
    /// The last runs of the sources.
    pub runs: &'a RunLog,
    /// The days before today, for charts.
    pub days: &'a RecentDays,
    /// Why the newest configuration was not taken; `None` when it is in force.
    pub refused: Option<&'a str>,
    /// How far history is filled in, while it is.
    pub filling: Option<Filling>,
}

/// How far the days before the first start are filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filling {
    /// Days that are done.
    pub done: usize,
    /// Of so many.
    pub days: usize,
}
