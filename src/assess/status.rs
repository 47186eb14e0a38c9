//! The verdict of one instant (kpi-maths §4). Not here: hysteresis over several data points
//! (`hysteresis`), and the words (`reason`).

use super::path::{Expected, Point};
use super::target::Goal;
use super::verdict::{Status, Sums};
use crate::calendar::WindowSpec;
use crate::kpi::{Accumulation, Kpi, Unit, at_least, at_most};

/// z of a two-sided 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;

/// A status with what made it so, beyond the pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judged {
    /// The verdict.
    pub status: Status,
    /// Why it is not just the pace.
    pub because: Because,
}

/// What decided a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Because {
    /// The pace, the close of the period or the lack of data: nothing more to say.
    Plain,
    /// A budget is spent: it cannot be unspent.
    Overspent,
    /// The rest of the period would need a share outside 0..1.
    Impossible {
        /// The share that the rest would need.
        required: f64,
    },
    /// Off track by its pace, but the sample is too small to be sure.
    SmallSample {
        /// Its size.
        n: f64,
    },
}

/// Judges a value at a point of its period. Order: closed, what cannot be undone, too early, bands.
pub(super) fn judge(
    kpi: &Kpi,
    goal: Goal,
    expected: &Expected,
    value: f64,
    sums: Option<Sums>,
    at: &Point<'_>,
) -> Judged {
    let plain = |status| Judged { status, because: Because::Plain };
    if at.closed {
        return plain(if goal.is_met_by(value) { Status::Achieved } else { Status::Missed });
    }
    if kpi.accumulation == Accumulation::Flow {
        match goal {
            Goal::AtLeast(target) if at_least(value, target) => return plain(Status::Achieved),
            Goal::AtMost(target) if !at_most(value, target) => {
                return Judged { status: Status::OffTrack, because: Because::Overspent };
            }
            _ => {}
        }
    }
    if let Some(required) = impossible_rest(kpi, goal, sums, at) {
        return Judged { status: Status::OffTrack, because: Because::Impossible { required } };
    }
    if at.elapsed < kpi.thresholds.too_early {
        return plain(Status::TooEarly);
    }
    let status = band(kpi, goal, expected, value);
    if status == Status::OffTrack
        && let Some(n) = too_small_to_tell(kpi, goal, expected, sums)
    {
        return Judged { status: Status::AtRisk, because: Because::SmallSample { n } };
    }
    plain(status)
}

/// The band of the pace; where there is no pace, the plain comparison with the path.
fn band(kpi: &Kpi, goal: Goal, expected: &Expected, value: f64) -> Status {
    let Some(pace) = expected.pace(goal, value) else {
        let so_far = expected.value.map_or(goal, |value| match goal {
            Goal::AtLeast(_) => Goal::AtLeast(value),
            Goal::AtMost(_) => Goal::AtMost(value),
            Goal::Between(..) => goal,
        });
        return if so_far.is_met_by(value) { Status::OnTrack } else { Status::OffTrack };
    };
    match pace {
        k if k >= kpi.thresholds.on_track => Status::OnTrack,
        k if k >= kpi.thresholds.at_risk => Status::AtRisk,
        _ => Status::OffTrack,
    }
}

/// For a share (a percent of a whole) over the period to date: what the rest of the period would
/// have to show, `(T * n - numerator) / n_rest` with the denominator growing as so far, when that is
/// above 1 (or below 0 for a decrease): no rest of the period can still bring it about.
fn impossible_rest(kpi: &Kpi, goal: Goal, sums: Option<Sums>, at: &Point<'_>) -> Option<f64> {
    let sums = sums.filter(|s| is_share(kpi, *s) && kpi.window == WindowSpec::PeriodToDate)?;
    if at.elapsed <= 0.0 {
        return None;
    }
    let total = sums.denominator / at.elapsed;
    let rest = total - sums.denominator;
    let target = goal.value().filter(|target| (0.0..=1.0).contains(target))?;
    let required = (target * total - sums.numerator) / rest;
    match goal {
        Goal::AtLeast(_) if required > 1.0 => Some(required),
        Goal::AtMost(_) if required < 0.0 => Some(required),
        _ => None,
    }
}

/// The sample size, while the Wilson 95 % interval of the share still contains the value at which
/// "off track" begins.
fn too_small_to_tell(
    kpi: &Kpi,
    goal: Goal,
    expected: &Expected,
    sums: Option<Sums>,
) -> Option<f64> {
    let sums = sums.filter(|s| is_share(kpi, *s))?;
    let limit = expected.value_at_pace(goal, kpi.thresholds.at_risk)?;
    let (low, high) = wilson(sums.numerator, sums.denominator);
    (low <= limit && limit <= high).then_some(sums.denominator)
}

/// Whether the ratio is a share of a whole, so that binomial statistics apply.
fn is_share(kpi: &Kpi, sums: Sums) -> bool {
    kpi.accumulation == Accumulation::Ratio
        && kpi.unit == Unit::Percent
        && sums.denominator >= 1.0
        && (0.0..=sums.denominator).contains(&sums.numerator)
}

/// Wilson score interval for `successes` of `trials` at 95 %.
///
/// Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference".
pub fn wilson(successes: f64, trials: f64) -> (f64, f64) {
    let share = successes / trials;
    let z2 = Z95 * Z95;
    let centre = share + z2 / (2.0 * trials);
    let spread = Z95 * (share * (1.0 - share) / trials + z2 / (4.0 * trials * trials)).sqrt();
    let scale = 1.0 + z2 / trials;
    ((centre - spread) / scale, (centre + spread) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_gives_the_published_interval() {
        // Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
        let (low, high) = wilson(81.0, 263.0);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        // No successes at all still leaves room above: 0 of 20 gives 0 to 0.1611.
        let (low, high) = wilson(0.0, 20.0);
        assert!(low.abs() < 1e-12 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
    }
}
