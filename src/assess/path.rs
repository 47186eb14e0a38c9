//! Where a value should be now (kpi-maths §3): expected share `e`, expected value and pace `k`.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::target::{Goal, progress};
use crate::calendar::{Calendar, Period};
use crate::kpi::{Accumulation, Kpi, Path, Target};

/// The shape of the way to the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// From zero: a flow.
    Cumulative,
    /// From this baseline: a level, or a ratio over a trailing window.
    Ramp(f64),
    /// The target itself, all the time.
    Flat,
}

/// Where the value should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Shape of the path.
    pub shape: Shape,
    /// Share of the way that should be done, `e`.
    pub share: f64,
    /// Value on the path; `None` for a band.
    pub value: Option<f64>,
    /// Whether the declared path could not be used and time elapsed was.
    pub fell_back: bool,
}

/// The path of a KPI at a point of its period.
///
/// `elapsed` and `business` are the shares of days and business days that have passed;
/// `seasonal_share` is what earlier periods had done by then.
pub fn expected(
    kpi: &Kpi,
    goal: Goal,
    baseline: Option<f64>,
    seasonal_share: Option<f64>,
    at: &Point<'_>,
) -> Expected {
    let shape = shape(kpi, baseline);
    let declared = match &kpi.path {
        Path::Seasonal => seasonal_share,
        Path::Flat => Some(1.0),
        _ if shape == Shape::Flat => Some(1.0),
        Path::Linear => Some(at.elapsed),
        Path::BusinessDays => Some(at.business),
        Path::Milestones(points) => milestone_share(points, shape, goal, at),
    };
    let done = declared.unwrap_or(at.elapsed);
    let value = goal.value().map(|target| match shape {
        Shape::Ramp(baseline) => baseline + (target - baseline) * done,
        Shape::Cumulative | Shape::Flat => target * done,
    });
    Expected { shape, share: done, value, fell_back: declared.is_none() }
}

impl Expected {
    /// Pace `k`: 1 is exactly on the path, less is behind, whatever the direction. `None` while
    /// nothing is expected yet, and where value and target differ in sign.
    pub fn pace(&self, goal: Goal, value: f64) -> Option<f64> {
        match self.shape {
            Shape::Ramp(baseline) => goal
                .value()
                .and_then(|target| progress(value, baseline, target))
                .map(|done| 1.0 + (done - self.share))
                .or_else(|| goal.attainment(value)),
            Shape::Flat => goal.scaled(self.share).attainment(value),
            Shape::Cumulative if self.share <= 0.0 => None,
            Shape::Cumulative => match goal {
                Goal::AtLeast(target) if target > 0.0 => Some(value / (target * self.share)),
                Goal::AtMost(target) if target > 0.0 && value > 0.0 => {
                    Some(target * self.share / value)
                }
                Goal::Between(..) => goal.scaled(self.share).attainment(value),
                Goal::AtLeast(_) | Goal::AtMost(_) => None,
            },
        }
    }

    /// The value at which pace equals `pace`: where a verdict would change. `None` for flows and
    /// bands, whose verdicts do not hang on a proportion.
    pub fn value_at_pace(&self, goal: Goal, pace: f64) -> Option<f64> {
        match (self.shape, goal) {
            (Shape::Ramp(baseline), _) => goal
                .value()
                .map(|target| baseline + (target - baseline) * (pace - 1.0 + self.share)),
            (Shape::Flat, Goal::AtLeast(target)) => Some(target * self.share * pace),
            (Shape::Flat, Goal::AtMost(target)) => Some(target * self.share / pace),
            _ => None,
        }
    }
}

/// A point of a period.
#[derive(Debug, Clone, Copy)]
pub struct Point<'a> {
    /// The period.
    pub period: &'a Period,
    /// Share of its days that have passed.
    pub elapsed: f64,
    /// Share of its business days that have passed.
    pub business: f64,
    /// Days of it that remain.
    pub days_left: f64,
    /// Whether it is over.
    pub closed: bool,
}

impl<'a> Point<'a> {
    /// The point of `period` that `at` is.
    pub fn new(calendar: &Calendar, period: &'a Period, at: chrono::DateTime<chrono::Utc>) -> Self {
        Self {
            period,
            elapsed: calendar.elapsed_ratio(period, at),
            business: calendar.business_ratio(period, at),
            days_left: calendar.days_left(period, at),
            closed: at >= period.span.end,
        }
    }
}

/// A target that says "keep" has no way to go: it holds from the first day on.
fn shape(kpi: &Kpi, baseline: Option<f64>) -> Shape {
    let keep = matches!(kpi.target, Target::Min(_) | Target::Max(_) | Target::Range { .. });
    let ramps = match kpi.path {
        Path::Flat => false,
        Path::Linear => !keep,
        Path::BusinessDays | Path::Milestones(_) => true,
        Path::Seasonal => kpi.accumulation == Accumulation::Level,
    };
    match (kpi.accumulation, baseline) {
        (Accumulation::Flow, _) => Shape::Cumulative,
        (_, Some(baseline)) if ramps => Shape::Ramp(baseline),
        _ => Shape::Flat,
    }
}

/// Piecewise linear in elapsed time from the start of the path through each milestone inside the
/// period to the target at its end. `None` when no milestone lies in the period or there is no way.
fn milestone_share(
    points: &BTreeMap<NaiveDate, f64>,
    shape: Shape,
    goal: Goal,
    at: &Point<'_>,
) -> Option<f64> {
    let target = goal.value()?;
    let start = if let Shape::Ramp(baseline) = shape { baseline } else { 0.0 };
    let days = (at.period.end_day - at.period.first_day).num_days() as f64;
    let inside = points.range(at.period.first_day..at.period.end_day).map(|(day, value)| {
        let elapsed = ((*day - at.period.first_day).num_days() + 1) as f64 / days;
        Some((elapsed, progress(*value, start, target)?))
    });
    let inside: Vec<(f64, f64)> = inside.collect::<Option<_>>()?;
    let (last, _) = *inside.last()?;
    let mut before = (0.0, 0.0);
    let end = (last < 1.0).then_some((1.0, 1.0));
    for (elapsed, share) in inside.into_iter().chain(end) {
        if at.elapsed <= elapsed {
            let part = (at.elapsed - before.0) / (elapsed - before.0);
            return Some(before.1 + (share - before.1) * part);
        }
        before = (elapsed, share);
    }
    Some(before.1)
}
