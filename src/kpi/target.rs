//! How a KPI accumulates and what it aims at, as declared. The numbers that follow from it are
//! worked out in `assess`.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::Formula;
use crate::id::MetricId;

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
    /// In proportion to earlier periods at the same point, but for those with these ids.
    Seasonal(Vec<String>),
    /// Piecewise linear through values, each of which holds at the end of its day.
    Milestones(Milestones),
    /// In proportion to a plan, which is measured so far and as a whole.
    Formula(Formula),
}

impl Path {
    /// The formula that gives it, where one does.
    pub fn formula(&self) -> Option<&Formula> {
        match self {
            Self::Formula(formula) => Some(formula),
            _ => None,
        }
    }

    /// Whether it follows from what is measured.
    pub fn is_measured(&self) -> bool {
        matches!(self, Self::Seasonal(_) | Self::Formula(_))
    }

    /// Whether it is measured by a metric.
    pub fn draws_on(&self, metric: &MetricId) -> bool {
        self.formula().is_some_and(|formula| formula.draws_on(metric))
    }
}

/// Values to reach by certain days, in the KPI's unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Milestones {
    /// On these days.
    pub dated: BTreeMap<NaiveDate, f64>,
    /// On this month and day of every year; 29 February is the 28th where there is none.
    pub yearly: BTreeMap<(u32, u32), f64>,
}

impl Milestones {
    /// Those from one day to before another.
    pub fn between(&self, first: NaiveDate, end: NaiveDate) -> BTreeMap<NaiveDate, f64> {
        let mut days = BTreeMap::new();
        for ((month, day), value) in &self.yearly {
            for year in first.year()..=end.year() {
                let date = NaiveDate::from_ymd_opt(year, *month, *day)
                    .or_else(|| NaiveDate::from_ymd_opt(year, *month, day.saturating_sub(1)));
                if let Some(date) = date.filter(|date| (first..end).contains(date)) {
                    days.insert(date, *value);
                }
            }
        }
        // A date of its own goes before the rule.
        days.extend(self.dated.range(first..end).map(|(day, value)| (*day, *value)));
        days
    }
}

impl<const N: usize> From<[(NaiveDate, f64); N]> for Milestones {
    fn from(dated: [(NaiveDate, f64); N]) -> Self {
        Self { dated: dated.into(), yearly: BTreeMap::new() }
    }
}
