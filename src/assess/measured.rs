//! Puts one assessment together: resolve the goal, find the place on the path, judge, explain.

use chrono::{DateTime, NaiveDate, Utc};

use super::assessment::Assessment;
use super::finding::{Absent, Finding, MetricProblem};
use super::judge::{Case, Judged, judge};
use super::outlook::Evidence;
use super::pace_limits::PaceLimits;
use super::path::{Expected, PathPoint, Shape, expected};
use super::status::Status;
use super::sums::Sums;
use super::target::{Goal, progress};
use crate::calendar::{Calendar, Period, WindowSpec};
use crate::kpi::{Accumulation, Baseline, Kpi, at_least, at_most};
use crate::metric::moment;

/// Below this factor "as fast as so far" is as good.
const WORTH_A_WORD: f64 = 1.05;

/// What was measured for one KPI and label set. All numbers in the KPI's unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Value of the formula over the KPI's window.
    pub value: Option<f64>,
    /// Its two parts, when the formula is a quotient.
    pub sums: Option<Sums>,
    /// Measured or declared baseline.
    pub baseline: Option<f64>,
    /// Value of a target formula.
    pub target: Option<f64>,
    /// What earlier periods had done by the same point, as a share of their close.
    pub seasonal_share: Option<f64>,
    /// Share of a plan that was due by then, when the path comes from data.
    pub planned_share: Option<f64>,
    /// What earlier periods say.
    pub evidence: Evidence,
    /// Up to when the data is complete; the as-of instant of the fetch when the source says nothing.
    pub data_through: Option<DateTime<Utc>>,
    /// Why there is no value, when something failed.
    pub problem: Option<MetricProblem>,
    /// Why there is no value, when nothing failed.
    pub absent: Option<Absent>,
    /// Of whom: the values of the labels, in words; empty without labels.
    pub who: String,
}

/// Assesses one KPI and label set.
///
/// `as_of` is the instant the measurements were made for; `now`, the same or later, is the instant
/// for which their age counts.
pub fn assess(
    kpi: &Kpi,
    calendar: &Calendar,
    period: &Period,
    as_of: DateTime<Utc>,
    now: DateTime<Utc>,
    measured: &Measured,
) -> Assessment {
    let mut assessment = judged(kpi, calendar, period, as_of, now, measured);
    // What cannot be is told and not hidden: the mistake is in the data or in the definition.
    let beyond = assessment.value.and_then(|value| kpi.range.beyond(value));
    assessment.findings.extend(beyond.map(Finding::OutOfRange));
    assessment
}

fn judged(
    kpi: &Kpi,
    calendar: &Calendar,
    period: &Period,
    as_of: DateTime<Utc>,
    now: DateTime<Utc>,
    measured: &Measured,
) -> Assessment {
    let asked = calendar.asked_until(kpi.window, as_of);
    let through = measured.data_through.map_or(asked, |through| through.min(asked));
    let at = PathPoint::new(kpi, calendar, period, through, as_of);
    let goal = Goal::resolve(&kpi.target, kpi.direction, measured.baseline, measured.target);
    let on_path = measured.seasonal_share.or(measured.planned_share);
    let path = goal.map(|g| expected(kpi, g, measured.baseline, on_path, &at));
    // A running day that nobody asked for is not missing.
    let age = (now - as_of) + (asked - through);
    let too_old = age.to_std().is_ok_and(|age| age > kpi.max_age);
    let mut facts = facts(kpi, measured, goal, path, &at);
    facts.data_through = measured.data_through.map(|at| at.min(asked));
    let newest = calendar.day_before(through);
    let value = measured.value.filter(|_| !too_old);
    let (Some(goal), Some(path), Some(value)) = (goal, path, value) else {
        // A value without a target is still worth showing; only its verdict is missing.
        facts.value = value;
        facts.findings.push(match &measured.problem {
            Some(problem) => Finding::Fails(problem.clone()),
            None if too_old && measured.value.is_some() && through == moment::NEVER => {
                Finding::NothingComplete
            }
            None if too_old && measured.value.is_some() => {
                Finding::TooOld { newest, max_age: kpi.max_age }
            }
            None => missing(kpi, calendar, measured, goal, value, period),
        });
        return facts;
    };
    let judged = judge(&Case {
        kpi,
        goal,
        path: &path,
        value,
        sums: measured.sums,
        at: &at,
        evidence: &measured.evidence,
    });
    facts.sums = measured.sums;
    let mut assessment = with_value(facts, kpi, goal, &path, value, &judged, &at);
    assessment.findings = findings(kpi, &assessment, &path, &judged, &at, newest);
    assessment
        .findings
        .extend(extra_week(kpi, calendar, period).filter(|_| judged.status != Status::TooEarly));
    assessment.look_ahead(&measured.evidence, &path);
    assessment
}

/// What is known without a value.
fn facts(
    kpi: &Kpi,
    measured: &Measured,
    goal: Option<Goal>,
    path: Option<Expected>,
    at: &PathPoint<'_>,
) -> Assessment {
    let (lower, upper) = match (&kpi.target, goal) {
        (_, Some(Goal::Between(low, high))) => (Some(low), Some(high)),
        (crate::kpi::Target::Min(limit), _) => (Some(*limit), None),
        (crate::kpi::Target::Max(limit), _) => (None, Some(*limit)),
        _ => (None, None),
    };
    let limits = path.map(|path| PaceLimits::of(kpi, &path));
    let undirected = matches!(goal, Some(Goal::Between(..)));
    Assessment {
        baseline_value: measured.baseline,
        goal,
        target_value: goal.and_then(Goal::value),
        target_lower_value: lower,
        target_upper_value: upper,
        expected_value: path.and_then(|p| p.value),
        expected_progress_ratio: path.filter(|_| !undirected).map(|p| p.share),
        pace_on_track_ratio: limits.map(|limits| limits.on_track),
        pace_at_risk_ratio: limits.map(|limits| limits.at_risk),
        ..Assessment::nothing(at.period.clone(), at.elapsed)
    }
}

fn with_value(
    facts: Assessment,
    kpi: &Kpi,
    goal: Goal,
    path: &Expected,
    value: f64,
    judged: &Judged,
    at: &PathPoint<'_>,
) -> Assessment {
    let projected = projection(kpi, path, value, at).filter(|_| !is_too_early(judged, kpi, at));
    let required = required_per_day(kpi, goal, value, at);
    let progress = match path.shape {
        Shape::Cumulative => goal.value().and_then(|target| progress(value, 0.0, target)),
        _ => facts.baseline_value.zip(goal.value()).and_then(|(b, t)| progress(value, b, t)),
    };
    Assessment {
        value: Some(value),
        // Nothing is met by a budget before the close.
        target_ratio: goal
            .attainment(value)
            .filter(|_| at.closed || !goal.is_budget(kpi.accumulation)),
        progress_ratio: progress.filter(|_| !matches!(goal, Goal::Between(..))),
        pace_ratio: path.pace(goal, value),
        projected_value: projected,
        projected_target_ratio: projected.and_then(|p| goal.attainment(p)),
        projected_method: projected.map(|_| "path"),
        required_value_per_day: required,
        required_pace_ratio: judged.required_pace,
        status: judged.status,
        beyond_noise: judged.beyond_noise,
        ..facts
    }
}

/// What made the verdict, in the order in which it is told.
fn findings(
    kpi: &Kpi,
    numbers: &Assessment,
    path: &Expected,
    judged: &Judged,
    at: &PathPoint<'_>,
    through: NaiveDate,
) -> Vec<Finding> {
    let status = judged.status;
    match status {
        Status::Achieved | Status::Missed => {
            let early = (!at.closed).then(|| at.left(kpi));
            return vec![Finding::Decided { status, early }];
        }
        Status::TooEarly => {
            return std::iter::once(Finding::TooEarly).chain(to_spend(kpi, numbers, at)).collect();
        }
        Status::NoData | Status::OnTrack | Status::AtRisk | Status::OffTrack => {}
    }
    let on_the_way = path.shape != Shape::Flat || path.share < 1.0;
    let standing = Finding::Standing { status, through, on_the_way };
    let needed = is_needed(numbers, judged).then(|| Finding::Needed(at.left(kpi)));
    let faster = judged.required_pace.filter(|factor| *factor >= WORTH_A_WORD);
    let because = judged.because.clone();
    let fell_back = path.fell_back.then_some(Finding::PathFellBack);
    let spend = to_spend(kpi, numbers, at);
    let rest = [needed, spend, faster.map(|_| Finding::Faster), because, fell_back];
    std::iter::once(standing).chain(rest.into_iter().flatten()).collect()
}

/// What may still be spent of a budget.
fn to_spend(kpi: &Kpi, numbers: &Assessment, at: &PathPoint<'_>) -> Option<Finding> {
    let (goal, value) = numbers.goal.zip(numbers.value)?;
    let limit = goal.value().filter(|_| goal.is_budget(kpi.accumulation) && !at.closed)?;
    at_most(value, limit).then(|| Finding::ToSpend(at.left(kpi)))
}

/// Why there is no verdict, when nothing failed.
fn missing(
    kpi: &Kpi,
    calendar: &Calendar,
    measured: &Measured,
    goal: Option<Goal>,
    value: Option<f64>,
    period: &Period,
) -> Finding {
    match (goal, value) {
        (None, Some(_)) => Finding::NoTarget {
            who: measured.who.clone(),
            baseline: measured.baseline,
            baseline_period: Box::new(baseline_period(kpi, calendar, period)),
        },
        (Some(goal), None) if kpi.target.formula().is_some() && is_unheard_of(kpi, measured) => {
            Finding::Planned { who: measured.who.clone(), goal }
        }
        _ => Finding::NoValue(measured.absent.clone()),
    }
}

/// Whether no metric says anything of a label set.
fn is_unheard_of(kpi: &Kpi, measured: &Measured) -> bool {
    match &measured.absent {
        Some(Absent::NoRow { metrics, .. }) => metrics.len() == kpi.formula.metrics().len(),
        Some(_) => false,
        None => true,
    }
}

/// The period that a measured baseline is of.
fn baseline_period(kpi: &Kpi, calendar: &Calendar, period: &Period) -> Period {
    match kpi.baseline {
        Baseline::SamePeriodLastYear => calendar.same_last_year(period),
        _ => calendar.before(period),
    }
}

/// What became of a week 53 in the comparison with the baseline.
fn extra_week(kpi: &Kpi, calendar: &Calendar, period: &Period) -> Option<Finding> {
    match (&kpi.baseline, kpi.window) {
        (Baseline::PreviousPeriod, WindowSpec::PeriodToDate)
        | (Baseline::SamePeriodLastYear, _) => {}
        _ => return None,
    }
    let week = calendar.extra_week(period, &baseline_period(kpi, calendar, period))?;
    Some(Finding::ExtraWeek(week))
}

/// Whether something is left to be done that can be done.
fn is_needed(numbers: &Assessment, judged: &Judged) -> bool {
    match (numbers.required_value_per_day, numbers.goal.zip(numbers.value)) {
        (Some(per_day), _) => per_day > 0.0,
        (None, Some((goal, value))) => {
            goal.value().is_some() && !goal.is_met_by(value) && !judged.is_final()
        }
        (None, None) => false,
    }
}

/// Nothing is projected before there is something to project from.
fn is_too_early(judged: &Judged, kpi: &Kpi, at: &PathPoint<'_>) -> bool {
    judged.status == Status::TooEarly || (!at.closed && at.elapsed < kpi.thresholds.too_early)
}

/// The value at the close if things go on like this: a flow grows with its path, `v / e`, and so
/// does a ratio that was seen to grow with its window. Any other ratio keeps its two parts growing
/// together, and a level stays: both keep their value.
fn projection(kpi: &Kpi, path: &Expected, value: f64, at: &PathPoint<'_>) -> Option<f64> {
    let grows = kpi.accumulation == Accumulation::Flow || path.shape == Shape::Flat;
    if at.closed || !grows {
        return Some(value);
    }
    (path.share > 0.0).then(|| value / path.share)
}

/// `(T - v) / days left` of a flow, 0 when reached; nothing for a budget or after the close.
fn required_per_day(kpi: &Kpi, goal: Goal, value: f64, at: &PathPoint<'_>) -> Option<f64> {
    let Goal::AtLeast(target) = goal else { return None };
    if kpi.accumulation != Accumulation::Flow {
        return None;
    }
    if at_least(value, target) {
        return Some(0.0);
    }
    let left = at.left(kpi).days;
    (left > 0.0).then(|| (target - value) / left)
}

impl Judged {
    /// Whether the verdict cannot change before the close.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.because, Some(Finding::Overspent | Finding::Impossible { .. }))
    }
}
