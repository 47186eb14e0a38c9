//! The limits of the moment (kpi-maths §4): between which paces a KPI is at risk. They narrow as the
//! period passes, because what counts is how much faster than so far the rest of it must run. Not
//! here: what else decides a verdict (`judge`).

use super::path::{Expected, Guard, Shape};
use super::target::{Goal, progress};
use crate::kpi::{Kpi, Thresholds};

/// The paces at which a verdict changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceLimits {
    /// On track from here on.
    pub on_track: f64,
    /// At risk from here on; below it off track.
    pub at_risk: f64,
}

impl PaceLimits {
    /// The limits where a share of the way lies behind. The rest must run more than `r` times as fast
    /// as so far exactly when the pace is below `1 / (e + r (1 - e))`.
    pub fn after(thresholds: &Thresholds, behind: f64) -> Self {
        let behind = behind.clamp(0.0, 1.0);
        let at = |factor: f64| 1.0 / (behind + factor * (1.0 - behind));
        Self { on_track: at(thresholds.at_risk), at_risk: at(thresholds.off_track) }
    }

    /// The limits of a KPI at a point of its period. A guard rail is kept or not; what a trailing
    /// window or a stock has lost, no end of a period gives back.
    pub(super) fn of(kpi: &Kpi, path: &Expected) -> Self {
        match path.guard {
            Guard::None => Self::after(&kpi.thresholds, path.behind),
            _ if kpi.is_ratio_to_date() => {
                Self { on_track: 1.0, ..Self::after(&kpi.thresholds, path.behind) }
            }
            _ => Self { on_track: 1.0, at_risk: 1.0 / kpi.thresholds.off_track },
        }
    }
}

/// How many times as fast as so far the rest of the period must run; 0 when there is nothing left to
/// do. Absent for what has nothing to catch up (a limit to keep, a budget) and while nothing was
/// achieved that could be multiplied.
pub(super) fn required_pace(path: &Expected, goal: Goal, value: f64) -> Option<f64> {
    let done = match (path.shape, goal) {
        (Shape::Cumulative, Goal::AtLeast(target)) => progress(value, 0.0, target)?,
        (Shape::Ramp(baseline), _) => progress(value, baseline, goal.value()?)?,
        _ => return None,
    };
    let share = path.share;
    if done >= 1.0 {
        return Some(0.0);
    }
    (done > 0.0 && share > 0.0 && share < 1.0)
        .then(|| (1.0 - done) / (1.0 - share) / (done / share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_rise_from_the_first_day_to_one_at_the_close() {
        let at = |behind| PaceLimits::after(&Thresholds::default(), behind);
        let close = |a: f64, b: f64| (a - b).abs() < 5e-4;
        assert!(close(at(0.0).on_track, 0.909) && close(at(0.0).at_risk, 0.769));
        assert!(close(at(30.0 / 91.0).on_track, 0.937) && close(at(30.0 / 91.0).at_risk, 0.833));
        assert!(close(at(0.197_368).at_risk, 0.806));
        assert!(close(at(1.0).on_track, 1.0) && close(at(1.0).at_risk, 1.0));
        // Milestones may ask for more than the target, or for less than nothing.
        assert_eq!((at(1.2), at(-0.2)), (at(1.0), at(0.0)));
    }

    proptest::proptest! {
        #[test]
        fn a_pace_is_below_its_limit_exactly_when_the_rest_must_run_faster_than_the_factor(
            share in 0.001..0.999_f64, done in 0.001..0.999_f64, factor in 1.0..3.0_f64,
        ) {
            let path = Expected {
                shape: Shape::Cumulative,
                share,
                behind: share,
                value: Some(share),
                fell_back: false,
                guard: Guard::None,
            };
            let goal = Goal::AtLeast(1.0);
            let thresholds = Thresholds { off_track: factor, ..Thresholds::default() };
            let limit = PaceLimits::after(&thresholds, share).at_risk;
            let pace = path.pace(goal, done).unwrap();
            let required = required_pace(&path, goal, done).unwrap();
            proptest::prop_assume!((required - factor).abs() > 1e-9);
            proptest::prop_assert_eq!(pace < limit, required > factor);
        }
    }
}
