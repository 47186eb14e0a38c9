//! What there is to say about a verdict besides its numbers: facts with their data, in the order in
//! which they are told. Not here: the words (`reason`), and how a number is written (`figures`).

use std::time::Duration;

use chrono::NaiveDate;

use super::noise::Noise;
use super::path::Left;
use super::status::Status;
use super::target::Goal;
use crate::calendar::{ExtraWeek, Period};
use crate::id::{MetricId, SourceId};
use crate::kpi::Beyond;
use crate::metric::{Bad, Labels};
use crate::signals::{Lead, Reading, Side};

/// One thing to say. Numbers that an assessment has anyway are not repeated here. Large ones are boxed: every
/// verdict of thousands has some.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Another status waits to be confirmed by further data.
    Waiting {
        /// The status that waits.
        status: Status,
        /// The one that is still shown.
        shown: Status,
        /// What it waits for.
        proof: Proof,
    },
    /// A better status is held back: the pace is not clear of its limit.
    Held {
        /// The one that is still shown.
        shown: Status,
    },
    /// No value: a metric fails.
    Fails(MetricProblem),
    /// No value: the newest data is too old.
    TooOld {
        /// The last day that it is complete for.
        newest: NaiveDate,
        /// For how long data counts.
        max_age: Duration,
    },
    /// No value: the source says that no data is complete.
    NothingComplete,
    /// No value: the formula gives none, for this reason where it is known.
    NoValue(Option<Absent>),
    /// A value, and nothing to hold it against.
    NoTarget {
        /// Of whom: the values of the labels; empty without labels.
        who: String,
        /// The baseline, which gives no target; `None` when that is missing.
        baseline: Option<f64>,
        /// The period that the baseline is of.
        baseline_period: Box<Period>,
    },
    /// A plan has a target, and nothing was measured.
    Planned {
        /// For whom: the values of the labels; empty without labels.
        who: String,
        /// What the plan says.
        goal: Goal,
    },
    /// The period is over, or what it decides is decided.
    Decided {
        /// Achieved or missed.
        status: Status,
        /// What was left; `None` when the period is over.
        early: Option<Left>,
    },
    /// The days before are still being read: the status is the one that was shown last.
    AwaitsHistory,
    /// The period is too young.
    TooEarly,
    /// The running period.
    Standing {
        /// The verdict of the instant.
        status: Status,
        /// The last day of the data.
        through: NaiveDate,
        /// Whether more is expected with every day.
        on_the_way: bool,
    },
    /// Something is still to be done.
    Needed(Left),
    /// Something of a budget may still be spent.
    ToSpend(Left),
    /// What became of a week 53 in the comparison with the baseline.
    ExtraWeek(ExtraWeek),
    /// The rest must run faster than so far.
    Faster,
    /// A budget is spent.
    Overspent,
    /// No rest of the period can bring the share about.
    Impossible {
        /// What the rest would have to be.
        required: f64,
    },
    /// Better than its pace, which chance alone may have moved so far.
    WithinNoise(Noise),
    /// Worse than its pace: earlier periods that stood like this did not make it.
    Unlikely {
        /// Probability of the target.
        probability: f64,
    },
    /// Better than its pace: enough of the earlier periods that stood like this made it.
    Season {
        /// Probability of the target.
        probability: f64,
    },
    /// Too much is left for the last days.
    TooLate,
    /// What the path is drawn from is missing.
    PathFellBack,
    /// What was frozen when the period opened is not what the sources say now.
    Frozen {
        /// Which number.
        what: FrozenNumber,
        /// As it was frozen, and as it stays.
        frozen: f64,
        /// What the sources say now.
        now: f64,
    },
    /// The value is none that its definition can have.
    OutOfRange(Beyond),
    /// The goal changed in this period.
    NewGoal {
        /// The first day that it held on.
        since: NaiveDate,
        /// What it was before, where it differs.
        before: String,
        /// What it is.
        now: String,
    },
    /// The newest weeks are more than noise.
    Signal {
        /// What they say.
        reading: Box<Reading>,
        /// Which side is bad.
        side: Side,
        /// The last day of the week in which it began.
        since: Option<NaiveDate>,
    },
    /// What the KPI is worth as a predictor.
    Predicts {
        /// The title of which KPI.
        title: String,
        /// What history says.
        lead: Lead,
    },
}

/// Why a formula has no value, though its metrics were fetched.
#[derive(Debug, Clone, PartialEq)]
pub enum Absent {
    /// Metrics have no row for a label set.
    NoRow {
        /// Which metrics.
        metrics: Vec<MetricId>,
        /// For whom.
        of: Labels,
        /// What their source noticed and what may be why.
        doubt: Option<String>,
    },
    /// A column holds something that is no number.
    Bad {
        /// The column as the formula names it.
        what: String,
        /// What it holds.
        bad: Bad,
    },
    /// A column is empty.
    Null {
        /// The column as the formula names it.
        what: String,
        /// What its source noticed and what may be why.
        doubt: Option<String>,
    },
    /// A denominator is 0.
    Zero {
        /// The column, where the denominator is a single one.
        what: Option<String>,
    },
    /// The result is beyond all numbers.
    TooLarge,
    /// The labels of the metrics multiply to more label sets than there may be.
    TooMany {
        /// How many there may be.
        most: usize,
    },
}

/// What a status waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Proof {
    /// So many data points of so many.
    Points(u32, u32),
    /// Chance may explain it until it has lasted for so many days.
    Days(u64),
}

/// A number that is frozen when a period opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrozenNumber {
    /// What the target is measured from.
    Baseline,
    /// What is to be reached.
    Target,
}

/// Why a metric has no numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricProblem {
    /// The metric.
    pub metric: MetricId,
    /// Its source.
    pub source: SourceId,
    /// Why its last run failed; `None` before the first.
    pub error: Option<String>,
}
