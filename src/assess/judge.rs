//! The verdict of one instant (kpi-maths §4): the pace against the limits of the moment, what chance
//! forgives, and what speaks against it all the same. Not here: hysteresis over several data points
//! (`hysteresis`), and the words (`reason`).

use super::chance::{UNLIKELY, contradicts, counts, hardly, patience};
use super::finding::Finding;
use super::noise::{BEYOND_DOUBT, Noise, Z, is_share};
use super::outlook::Evidence;
use super::pace_limits::{PaceLimits, required_pace};
use super::path::{Expected, Guard, PathPoint, Shape};
use super::status::Status;
use super::sums::Sums;
use super::target::Goal;
use crate::kpi::{Accumulation, Kpi, at_least, at_most};

/// The tenth part of a limit of the probability is beyond doubt: it wanders, and a good quarter may once
/// have had one in twenty.
const BEYOND_DOUBT_PART: f64 = 0.1;
/// From this share of the period on there is no time left to hope in.
const LAST_DAYS: f64 = 0.9;
/// What needs so many times the rate so far in the last days does not come.
const OUT_OF_REACH: f64 = 10.0;
/// Without earlier periods, the rest of a period may be so many times as busy as it was so far.
const BUSIER: f64 = 3.0;

/// What is judged.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) kpi: &'a Kpi,
    pub(super) goal: Goal,
    pub(super) path: &'a Expected,
    pub(super) value: f64,
    pub(super) sums: Option<Sums>,
    pub(super) at: &'a PathPoint<'a>,
    pub(super) evidence: &'a Evidence,
}

/// A status with what made it so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// The verdict.
    pub status: Status,
    /// Why it is not just the pace, the close or the lack of data.
    pub because: Option<Finding>,
    /// How many times as fast as so far the rest must run.
    pub required_pace: Option<f64>,
    /// The verdict that chance cannot explain away.
    pub beyond_noise: Status,
}

/// Judges a value at a point of its period. Order: closed, what cannot be undone, too early, bands.
pub(super) fn judge(case: &Case<'_>) -> Judged {
    let Case { kpi, goal, path, value, at, .. } = *case;
    let required_pace = if at.closed { None } else { required_pace(path, goal, value) };
    let judged = |status, because| Judged { status, because, required_pace, beyond_noise: status };
    if at.closed {
        let met = goal.is_met_by(value);
        return judged(if met { Status::Achieved } else { Status::Missed }, None);
    }
    if kpi.accumulation == Accumulation::Flow {
        match goal {
            Goal::AtLeast(target) if at_least(value, target) => {
                return judged(Status::Achieved, None);
            }
            Goal::AtMost(target) if !at_most(value, target) => {
                return judged(Status::OffTrack, Some(Finding::Overspent));
            }
            _ => {}
        }
    }
    if let Some(required) = impossible_rest(case) {
        return judged(Status::OffTrack, Some(Finding::Impossible { required }));
    }
    if at.elapsed < kpi.thresholds.too_early {
        return judged(Status::TooEarly, None);
    }
    let (status, because) = band(case, required_pace, &Doubt::USUAL);
    let (beyond_noise, _) = band(case, required_pace, &Doubt::NONE);
    Judged { beyond_noise, ..judged(status, because) }
}

/// What has to be shown before a bad word is said.
struct Doubt {
    z: f64,
    /// Part of the limits of the probability.
    part: f64,
}

impl Doubt {
    const USUAL: Self = Self { z: Z, part: 1.0 };
    const NONE: Self = Self { z: BEYOND_DOUBT, part: BEYOND_DOUBT_PART };
}

/// The band of the pace, forgiven as much as chance may have done, and then held against the rest of
/// the evidence: nothing is shown as on track that it contradicts.
fn band(case: &Case<'_>, required_pace: Option<f64>, doubt: &Doubt) -> (Status, Option<Finding>) {
    let Case { kpi, goal, path, value, sums, at, evidence } = *case;
    let plain = of_pace(case, value);
    let mut verdict = (plain, None);
    if let Some(noise) = Noise::of(kpi, value, sums, evidence.spread) {
        let forgiven = of_pace(case, noise.at_best(goal, value, doubt.z));
        if severity(forgiven) < severity(plain) {
            verdict = (forgiven, Some(Finding::WithinNoise(noise)));
        }
    }
    let probability = evidence.hit_probability(goal, path);
    if let Some(probability) = probability
        && verdict.0 == Status::OffTrack
        && contradicts(kpi, path, evidence, probability)
    {
        verdict = (Status::AtRisk, Some(Finding::Season { probability }));
    }
    let mut at_least = |status: Status, because: Option<Finding>| {
        if severity(verdict.0) < severity(status) {
            verdict = (status, because);
        }
    };
    if path.guard != Guard::None && !goal.is_met_by(value) {
        at_least(Status::AtRisk, None);
    }
    if at.elapsed >= LAST_DAYS && is_out_of_reach(case, required_pace) {
        at_least(Status::AtRisk, Some(Finding::TooLate));
    }
    if let Some(probability) = probability.filter(|_| counts(at.elapsed)) {
        let unlikely = || Some(Finding::Unlikely { probability });
        if probability < UNLIKELY * doubt.part {
            at_least(Status::AtRisk, unlikely());
        }
        if probability < hardly(patience(kpi), at.elapsed) * doubt.part {
            at_least(Status::OffTrack, unlikely());
        }
    }
    verdict
}

/// The band of a value's pace; where there is no pace, the plain comparison with the path.
fn of_pace(case: &Case<'_>, value: f64) -> Status {
    let Case { kpi, goal, path, .. } = *case;
    let limits = PaceLimits::of(kpi, path);
    let Some(pace) = path.pace(goal, value) else {
        let so_far = path.value.map_or(goal, |value| match goal {
            Goal::AtLeast(_) => Goal::AtLeast(value),
            Goal::AtMost(_) => Goal::AtMost(value),
            Goal::Between(..) => goal,
        });
        return if so_far.is_met_by(value) { Status::OnTrack } else { Status::OffTrack };
    };
    match pace {
        k if at_least(k, limits.on_track) => Status::OnTrack,
        k if at_least(k, limits.at_risk) => Status::AtRisk,
        _ => Status::OffTrack,
    }
}

/// Bands from good to bad.
fn severity(status: Status) -> u8 {
    match status {
        Status::OffTrack => 2,
        Status::AtRisk => 1,
        _ => 0,
    }
}

/// Whether what is left cannot come any more in the last days: it needs ten times the rate so far,
/// or more than the factor of off track even at the best rate that chance allows. The shortfall
/// itself is certain.
fn is_out_of_reach(case: &Case<'_>, required_pace: Option<f64>) -> bool {
    let Case { kpi, goal, path, value, sums, evidence, .. } = *case;
    let Goal::AtLeast(target) = goal else { return false };
    if path.shape != Shape::Cumulative || at_least(value, target) {
        return false;
    }
    let Some(required) = required_pace else { return value <= 0.0 };
    let noise = Noise::of(kpi, value, sums, evidence.spread);
    let best = noise.map_or(value, |noise| noise.at_best(goal, value, Z));
    required >= OUT_OF_REACH || required * value > kpi.thresholds.off_track * best
}

/// For a share (a percent of a whole) over the period to date: what the rest of the period would
/// have to show, `(T n - numerator) / n_rest`, when that is above 1 (or below 0 for a decrease) even
/// with as large a rest as can be: no rest of the period can still bring it about.
fn impossible_rest(case: &Case<'_>) -> Option<f64> {
    let Case { kpi, goal, path, sums, at, evidence, .. } = *case;
    let sums = sums.filter(|sums| is_share(kpi, *sums) && kpi.is_ratio_to_date())?;
    if at.elapsed <= 0.0 || matches!(path.shape, Shape::Cumulative) {
        return None;
    }
    let target = goal.value().filter(|target| (0.0..=1.0).contains(target))?;
    let paced = sums.denominator / at.elapsed;
    let total = match evidence.denominator {
        Some(upper) => upper.max(paced),
        None => BUSIER * paced,
    };
    let rest = total - sums.denominator;
    let required = (target * total - sums.numerator) / rest;
    match goal {
        Goal::AtLeast(_) if required > 1.0 + TOLERANCE => Some(required),
        Goal::AtMost(_) if required < -TOLERANCE => Some(required),
        _ => None,
    }
}

/// What is called impossible must not hang on the last digit.
const TOLERANCE: f64 = 1e-9;
