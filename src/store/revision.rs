//! The definition in force, by the numbers of its halves. Not here: how it is noted (`revisions`).

use chrono::{DateTime, Utc};

/// Numbers of a meaning and a goal of one KPI, each 1 for the first that was seen. A meaning or goal
/// that comes back has the number it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision {
    /// Of the meaning.
    pub meaning: u32,
    /// Of the goal.
    pub goal: u32,
}

/// The definition of a KPI that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// Its numbers.
    pub revision: Revision,
    /// How its meaning came into force.
    pub meaning: Change,
    /// How its goal did.
    pub goal: Change,
}

/// How one half of a definition came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When it was first seen in the place of another; `None` for the first that was ever seen.
    pub at: Option<DateTime<Utc>>,
    /// Whether that was just now.
    pub is_new: bool,
    /// Whether it had been in force before.
    pub returned: bool,
    /// What it took the place of.
    pub before: Option<String>,
    /// What it is.
    pub now: String,
}
