//! Target, attainment and progress (kpi-maths §2): from baseline and declaration to `T`, `a`, `p`.
//! Not here: where the value should be *today* (`path`) and what that means (`judge`).

use crate::kpi::{Accumulation, Direction, Target, at_least, at_most, same};

/// A decreasing value of almost zero would have an attainment without bound.
const MAX_DECREASE_RATIO: f64 = 10.0;

/// A target as numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// Reach at least.
    AtLeast(f64),
    /// Come down to, or stay at or below.
    AtMost(f64),
    /// Stay between; both limits inclusive. Equal for a single value.
    Between(f64, f64),
}

impl Goal {
    /// Resolves a declared target. `baseline` and `computed` (of a target formula) are in the KPI's
    /// unit. `None` when a number it needs is missing, or when a relative target meets a baseline
    /// that is not above zero (its sign would turn round).
    pub fn resolve(
        target: &Target,
        direction: Direction,
        baseline: Option<f64>,
        computed: Option<f64>,
    ) -> Option<Self> {
        let value = match target {
            Target::Absolute(value) => *value,
            Target::Relative(growth) => baseline.filter(|b| *b > 0.0)? * (1.0 + growth),
            Target::Delta(change) => baseline? + change,
            Target::Formula(_) => computed?,
            Target::Min(limit) => return Some(Self::AtLeast(*limit)),
            Target::Max(limit) => return Some(Self::AtMost(*limit)),
            Target::Range { min, max } => return Some(Self::Between(*min, *max)),
        };
        Some(match direction {
            Direction::Increase => Self::AtLeast(value),
            Direction::Decrease => Self::AtMost(value),
            Direction::Maintain => Self::Between(value, value),
        })
    }

    /// Whether it is a budget: a limit for a sum that only grows.
    pub fn is_budget(self, accumulation: Accumulation) -> bool {
        accumulation == Accumulation::Flow && matches!(self, Self::AtMost(_))
    }

    /// The single number to reach; `None` for a band.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::AtLeast(value) | Self::AtMost(value) => Some(value),
            Self::Between(low, high) => (low.total_cmp(&high).is_eq()).then_some(low),
        }
    }

    /// Whether `value` meets the goal.
    pub fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(limit) => at_least(value, limit),
            Self::AtMost(limit) => at_most(value, limit),
            Self::Between(low, high) => at_least(value, low) && at_most(value, high),
        }
    }

    /// The same goal for a share of the way (a flow's expected value so far).
    #[must_use]
    pub fn scaled(self, share: f64) -> Self {
        match self {
            Self::AtLeast(value) => Self::AtLeast(value * share),
            Self::AtMost(value) => Self::AtMost(value * share),
            Self::Between(low, high) => Self::Between(low * share, high * share),
        }
    }

    /// Attainment `a`: 1 or more is a met target. Undefined where value and target differ in sign
    /// or the target is not above zero; never clamped but for a decrease at 10.
    pub fn attainment(self, value: f64) -> Option<f64> {
        match self {
            Self::AtLeast(target) | Self::AtMost(target) if target > 0.0 && same(value, target) => {
                Some(1.0)
            }
            Self::AtLeast(target) if target > 0.0 && value >= 0.0 => Some(value / target),
            Self::AtMost(target) if target > 0.0 && value >= 0.0 => {
                Some((target / value).min(MAX_DECREASE_RATIO))
            }
            Self::AtLeast(_) | Self::AtMost(_) => None,
            Self::Between(low, high) => {
                let width = high - low;
                let tolerance = if width > 0.0 { width } else { low.abs() * 0.1 };
                band_attainment(value, low, high, tolerance)
            }
        }
    }

    /// Pace of a share of a whole that should keep this goal: the worse of what the share and what
    /// its rest say, so that "99 % good of at least 99.5 %" and "1 % bad of at most 0.5 %" are told
    /// alike. `None` where one of the numbers is no share.
    pub(super) fn share_pace(self, value: f64) -> Option<f64> {
        let is_share = |number: f64| (0.0..=1.0).contains(&number);
        let limit = match self {
            Self::AtLeast(limit) | Self::AtMost(limit) => limit,
            Self::Between(low, _) if value < low => low,
            Self::Between(_, high) if value > high => high,
            Self::Between(..) => return Some(1.0),
        };
        if !is_share(limit) || !is_share(value) {
            return None;
        }
        let at_least = match self {
            Self::AtLeast(_) => true,
            Self::AtMost(_) => false,
            Self::Between(low, _) => value < low,
        };
        let (own, rest) = if at_least {
            (value / limit, (1.0 - limit) / (1.0 - value))
        } else {
            (limit / value, (1.0 - value) / (1.0 - limit))
        };
        // All or nothing as the limit, or as the value, leaves one side without a quotient.
        let own = Some(own).filter(|own| own.is_finite() && limit > 0.0);
        let rest = Some(rest).filter(|rest| rest.is_finite() && limit < 1.0);
        let pace = own.into_iter().chain(rest).reduce(f64::min);
        pace.map(|pace| pace.min(MAX_DECREASE_RATIO))
    }
}

/// 1 inside the band; outside it falls to 0 over `tolerance`. `None` for a tolerance of zero
/// outside the band.
pub fn band_attainment(value: f64, low: f64, high: f64, tolerance: f64) -> Option<f64> {
    let distance = (low - value).max(value - high).max(0.0);
    if at_least(value, low) && at_most(value, high) {
        return Some(1.0);
    }
    (tolerance > 0.0).then(|| (1.0 - distance / tolerance).max(0.0))
}

/// Progress `p = (v - b) / (T - b)`: 0 at the baseline, 1 at the target, negative when it moves the
/// wrong way. `None` when there is no way to go.
pub fn progress(value: f64, baseline: f64, target: f64) -> Option<f64> {
    let way = target - baseline;
    (way != 0.0).then(|| (value - baseline) / way)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: Option<f64>, expected: f64) {
        let actual = actual.unwrap();
        assert!((actual - expected).abs() < 5e-7, "{actual} is not {expected}");
    }

    #[test]
    fn the_other_vectors_of_the_worked_example() {
        // Churn: baseline 4 %, target 2 %, value 3 %.
        let churn = Goal::AtMost(0.02);
        close(churn.attainment(0.03), 0.666_666_667);
        close(progress(0.03, 0.04, 0.02), 0.5);
        // Profit: baseline -50 K, target +20 K, value -10 K.
        close(progress(-10e3, -50e3, 20e3), 0.571_429);
        assert_eq!(Goal::AtLeast(20e3).attainment(-10e3), None);
        // Range [70, 80], value 68.
        close(band_attainment(68.0, 70.0, 80.0, 5.0), 0.6);
        close(Goal::Between(70.0, 80.0).attainment(68.0), 0.8);
    }

    #[test]
    fn the_same_share_told_from_its_good_or_its_bad_side_has_the_same_pace() {
        close(Goal::AtLeast(0.995).share_pace(0.99), 0.5);
        close(Goal::AtMost(0.005).share_pace(0.01), 0.5);
        close(Goal::Between(0.995, 1.0).share_pace(0.99), 0.5);
        close(Goal::Between(0.2, 0.3).share_pace(0.25), 1.0);
        // At its limits, and beyond what is a share.
        close(Goal::AtLeast(1.0).share_pace(0.99), 0.99);
        close(Goal::AtMost(0.0).share_pace(0.01), 0.99);
        close(Goal::AtLeast(0.9).share_pace(1.0), 1.0 / 0.9);
        close(Goal::AtMost(0.9).share_pace(0.0), 10.0);
        assert_eq!(Goal::AtLeast(1.1).share_pace(0.9), None);
        assert_eq!(Goal::AtLeast(0.9).share_pace(1.1), None);
    }

    #[test]
    fn a_decrease_to_nothing_is_capped_and_an_increase_never_is() {
        close(Goal::AtMost(5.0).attainment(0.0), 10.0);
        close(Goal::AtLeast(5.0).attainment(500.0), 100.0);
    }

    #[test]
    fn a_relative_target_needs_a_baseline_above_zero() {
        let up =
            |baseline| Goal::resolve(&Target::Relative(0.3), Direction::Increase, baseline, None);
        assert_eq!(up(Some(100_000.0)), Some(Goal::AtLeast(130_000.0)));
        assert_eq!(up(Some(0.0)), None);
        assert_eq!(up(Some(-5.0)), None);
        assert_eq!(up(None), None);
    }

    #[test]
    fn a_maintained_value_has_a_tolerance_of_a_tenth() {
        close(Goal::Between(50.0, 50.0).attainment(48.0), 0.6);
        assert_eq!(Goal::Between(50.0, 50.0).attainment(40.0), Some(0.0));
        assert!(Goal::Between(50.0, 50.0).is_met_by(50.0));
    }

    #[test]
    fn a_value_that_is_its_target_but_for_binary_rounding_meets_it() {
        for (goal, value) in [
            (Goal::AtMost(0.3), 0.1 + 0.2),
            (Goal::AtMost(3.3), 1.1 + 2.2),
            (Goal::AtMost(0.001), 1.0 - 999.0 / 1_000.0),
            (Goal::AtLeast(0.999), 0.998_999_999_999_999_9),
            (Goal::Between(0.2, 0.3), 1.0 - 0.7),
        ] {
            assert!(goal.is_met_by(value), "{goal:?} {value}");
            assert_eq!(goal.attainment(value), Some(1.0), "{goal:?} {value}");
        }
        assert!(!Goal::AtLeast(0.999).is_met_by(0.998_999));
    }
}
