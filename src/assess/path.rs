//! Where a value should be now (kpi-maths §3): expected share `e`, expected value and pace `k`.

use chrono::{DateTime, Utc};

use super::target::{Goal, progress};
use crate::calendar::{Calendar, Period, WindowSpec};
use crate::figures;
use crate::kpi::{Accumulation, Kpi, Milestones, Path, Unit};

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

/// Whether the target is a limit to keep all along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// It is a place to get to.
    None,
    /// A limit.
    Rail,
    /// A limit of a share of a whole, which can be told from its other side as well.
    Share,
}

/// Where the value should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Shape of the path.
    pub shape: Shape,
    /// Share of the way that should be done, `e`.
    pub share: f64,
    /// Share of the period's work that lies behind: `e`, but where the target holds from the first
    /// day on, the share of its time.
    pub behind: f64,
    /// Value on the path; `None` for a band.
    pub value: Option<f64>,
    /// Whether the declared path could not be used and time elapsed was.
    pub fell_back: bool,
    /// Whether it is a limit to keep.
    pub guard: Guard,
}

/// The path of a KPI at a point of its period; `measured` is what earlier periods had done by then,
/// or what a plan says, where the path asks for it.
pub fn expected(
    kpi: &Kpi,
    goal: Goal,
    baseline: Option<f64>,
    measured: Option<f64>,
    at: &PathPoint<'_>,
) -> Expected {
    let way = Way::of(kpi, measured);
    let shape = shape(kpi, way, baseline);
    let declared = match way {
        Way::Seasonal(done) => Some(done),
        Way::Flat => Some(1.0),
        _ if shape == Shape::Flat => Some(1.0),
        Way::Time => Some(at.elapsed),
        Way::Trailing => Some(seen_through_window(at.elapsed, window_ratio(kpi.window, at.period))),
        Way::BusinessDays => at.business.map(|days| days.passed),
        Way::Planned(due) => Some(due),
        Way::Milestones(points) => milestone_share(points, shape, goal, at),
    };
    let done = declared.unwrap_or(at.elapsed);
    let value = goal.value().map(|target| match shape {
        Shape::Ramp(baseline) => baseline + (target - baseline) * done,
        Shape::Cumulative | Shape::Flat => target * done,
    });
    let stands = shape == Shape::Flat || matches!(way, Way::Flat);
    Expected {
        shape,
        share: done,
        behind: if stands { at.elapsed } else { done.clamp(0.0, 1.0) },
        value,
        fell_back: declared.is_none() || (kpi.path.is_measured() && measured.is_none()),
        guard: guard(kpi, shape),
    }
}

/// The declared path, or what stands in for it.
#[derive(Clone, Copy)]
enum Way<'a> {
    Time,
    Trailing,
    BusinessDays,
    Flat,
    Seasonal(f64),
    Planned(f64),
    Milestones(&'a Milestones),
}

impl<'a> Way<'a> {
    fn of(kpi: &'a Kpi, measured: Option<f64>) -> Self {
        match (&kpi.path, measured) {
            (Path::Seasonal(_), Some(share)) => Self::Seasonal(share),
            (Path::Formula(_), Some(share)) => Self::Planned(share),
            (Path::Flat, _) => Self::Flat,
            (Path::Seasonal(_), None) if kpi.is_ratio_to_date() => Self::Flat,
            (Path::Linear | Path::Seasonal(_) | Path::Formula(_), _) => Self::Time,
            (Path::Trailing, _) => Self::Trailing,
            (Path::BusinessDays, _) => Self::BusinessDays,
            (Path::Milestones(points), _) => Self::Milestones(points),
        }
    }
}

/// What a ramp from the first day to the last looks like through a window of `w` periods, when it
/// is sized to bring the window to the target at the close (kpi-maths §1).
fn seen_through_window(elapsed: f64, w: f64) -> f64 {
    if w >= 1.0 {
        elapsed * elapsed
    } else if elapsed <= w {
        elapsed * elapsed / (w * (2.0 - w))
    } else {
        (2.0 * elapsed - w) / (2.0 - w)
    }
}

/// Length of a trailing window in periods; 0 where there is none.
fn window_ratio(window: WindowSpec, period: &Period) -> f64 {
    let days = (period.end_day - period.first_day).num_days() as f64;
    match window {
        WindowSpec::PeriodToDate => 0.0,
        WindowSpec::TrailingDays(length) => f64::from(length) / days,
        WindowSpec::TrailingSeconds(length) => length as f64 / (days * 86_400.0),
    }
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
            Shape::Flat => {
                let goal = goal.scaled(self.share);
                let of_share =
                    if self.guard == Guard::Share { goal.share_pace(value) } else { None };
                of_share.or_else(|| goal.attainment(value))
            }
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
}

/// A point of a period.
#[derive(Debug, Clone, Copy)]
pub struct PathPoint<'a> {
    /// The period.
    pub period: &'a Period,
    /// Share of its days that have passed.
    pub elapsed: f64,
    /// Days of it that remain as of the instant that is asked about, however old the data are.
    pub days_left: f64,
    /// The same in business days, for a path that goes by them: nobody else counts them.
    pub business: Option<BusinessDays>,
    /// Whether it is over.
    pub closed: bool,
}

/// A point of a period in business days.
#[derive(Debug, Clone, Copy)]
pub struct BusinessDays {
    /// Share of them that have passed.
    pub passed: f64,
    /// How many remain.
    pub left: f64,
}

/// What is left of a period for a KPI.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Left {
    /// How many days.
    pub days: f64,
    /// Whether they are business days.
    pub business: bool,
}

impl Left {
    /// Of a period, as of an instant.
    pub fn of(kpi: &Kpi, calendar: &Calendar, period: &Period, as_of: DateTime<Utc>) -> Self {
        PathPoint::new(kpi, calendar, period, as_of, as_of).left(kpi)
    }
}

impl<'a> PathPoint<'a> {
    /// The days left in which a KPI moves: business days when its path goes by them.
    pub fn left(&self, kpi: &Kpi) -> Left {
        let (days, business) = match self.business {
            Some(days) => (days.left, true),
            None => (self.days_left, false),
        };
        // Only of a flow anything is computed by them. Else they are told, and what sounds the same is the
        // same: verdicts are not others at every instant.
        let is_told = kpi.accumulation != Accumulation::Flow;
        Left { days: if is_told { figures::told_days(days) } else { days }, business }
    }

    /// The point of `period` that data through `at` reach, asked about as of an instant that is the
    /// same or later.
    pub fn new(
        kpi: &Kpi,
        calendar: &Calendar,
        period: &'a Period,
        at: DateTime<Utc>,
        as_of: DateTime<Utc>,
    ) -> Self {
        Self {
            period,
            elapsed: calendar.elapsed_ratio(period, at),
            days_left: calendar.days_left(period, as_of),
            business: matches!(kpi.path, Path::BusinessDays).then(|| BusinessDays {
                passed: calendar.business_ratio(period, at),
                left: calendar.business_days_left(period, as_of),
            }),
            closed: at >= period.span.end,
        }
    }
}

/// A target that says "keep" has no way to go, whatever its path is called: it holds from the first
/// day on, unless milestones lead there.
fn shape(kpi: &Kpi, way: Way<'_>, baseline: Option<f64>) -> Shape {
    let ramps = match way {
        Way::Flat | Way::Seasonal(_) => false,
        Way::Time | Way::Trailing | Way::BusinessDays => !kpi.target.is_limit(),
        Way::Planned(_) | Way::Milestones(_) => true,
    };
    match (kpi.accumulation, baseline) {
        (Accumulation::Flow, _) => Shape::Cumulative,
        (_, Some(baseline)) if ramps => Shape::Ramp(baseline),
        _ => Shape::Flat,
    }
}

fn guard(kpi: &Kpi, shape: Shape) -> Guard {
    match (shape, &kpi.unit) {
        (Shape::Flat, Unit::Percent) if kpi.target.is_limit() => Guard::Share,
        (Shape::Flat, _) if kpi.target.is_limit() => Guard::Rail,
        _ => Guard::None,
    }
}

/// Piecewise linear in elapsed time from the start of the path through each milestone inside the
/// period to the target at its end. `None` when no milestone lies in the period or there is no way.
fn milestone_share(
    points: &Milestones,
    shape: Shape,
    goal: Goal,
    at: &PathPoint<'_>,
) -> Option<f64> {
    let target = goal.value()?;
    let start = if let Shape::Ramp(baseline) = shape { baseline } else { 0.0 };
    let days = (at.period.end_day - at.period.first_day).num_days() as f64;
    let inside = points.between(at.period.first_day, at.period.end_day);
    let inside = inside.iter().map(|(day, value)| {
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

#[cfg(test)]
#[path = "tests/path.rs"]
mod tests;
