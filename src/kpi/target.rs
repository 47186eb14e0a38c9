//! How a KPI accumulates and what it aims at, as declared. The numbers that follow from it are
//! worked out in `assess`.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::Formula;

/// How values of a KPI add up over time; decides the expected path (never guessed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Accumulation {
    /// A sum over the period so far; starts again at zero with each period.
    Flow,
    /// A stock at the as-of instant, or any measure over a trailing window; carries over.
    Level,
    /// A quotient of two sums over the window, never a mean of quotients.
    Ratio,
}

/// The way in which the value should move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Increase,
    /// Less is better.
    Decrease,
    /// Inside a band is better.
    Maintain,
}

/// What the target is measured from.
#[derive(Debug, Clone, PartialEq)]
pub enum Baseline {
    /// Not given.
    None,
    /// A number in the KPI's unit.
    Fixed(f64),
    /// The full period before; with a trailing window, the window that ends where the period starts.
    PreviousPeriod,
    /// The same period one year (52 weeks for weeks) earlier.
    SamePeriodLastYear,
    /// A formula over metrics, measured over the whole current period.
    Formula(Formula),
}

impl Baseline {
    /// Whether a baseline was asked for.
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// The formula that gives it, where one does.
    pub fn formula(&self) -> Option<&Formula> {
        match self {
            Self::Formula(formula) => Some(formula),
            Self::None | Self::Fixed(_) | Self::PreviousPeriod | Self::SamePeriodLastYear => None,
        }
    }
}

/// What the KPI should reach by the end of its period.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A value in the KPI's unit.
    Absolute(f64),
    /// `baseline * (1 + x)`.
    Relative(f64),
    /// `baseline + x`, in the KPI's unit (points are ratios already).
    Delta(f64),
    /// Stay at or above.
    Min(f64),
    /// Stay at or below.
    Max(f64),
    /// Stay inside.
    Range {
        /// Lower limit, inclusive.
        min: f64,
        /// Upper limit, inclusive.
        max: f64,
    },
    /// A formula over metrics, measured over the whole current period.
    Formula(Formula),
}

impl Target {
    /// The formula that gives it, where one does.
    pub fn formula(&self) -> Option<&Formula> {
        match self {
            Self::Formula(formula) => Some(formula),
            _ => None,
        }
    }

    /// Whether it is a limit to keep rather than a place to get to.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Min(_) | Self::Max(_) | Self::Range { .. })
    }
}

/// The way from baseline (or zero) to target.
#[derive(Debug, Clone, PartialEq)]
pub enum Path {
    /// In proportion to elapsed time.
    Linear,
    /// The same as a trailing window sees it, most of which lies before the period at first.
    Trailing,
    /// In proportion to elapsed business days.
    BusinessDays,
    /// The target holds from the first day on.
    Flat,
    /// In proportion to earlier periods at the same point.
    Seasonal,
    /// Piecewise linear through `day -> value`; a value holds at the end of its day.
    Milestones(BTreeMap<NaiveDate, f64>),
}
