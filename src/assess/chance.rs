//! What the probability of the target says beside the pace (kpi-maths §4): when it is asked, and where
//! its limits are. Not here: the probability itself (`forecast`), and the verdict (`judge`).

use super::outlook::Evidence;
use super::path::{Expected, Guard};
use crate::kpi::{Kpi, Path};

/// From this share of the period on, a low probability counts.
const COUNTS: f64 = 1.0 / 3.0;
/// Less likely than this is at risk; and what is likelier is not off track for its pace alone.
pub(super) const UNLIKELY: f64 = 0.2;
/// Less likely than this is off track, in a quarter or less.
const HARDLY: f64 = 0.05;
/// At most so many times as likely is, in longer periods.
const HARDLY_AT_MOST: f64 = 3.0;
/// From this share of the period on that limit is at its highest.
const HIGHEST: f64 = 0.5;
const DAYS_OF_A_QUARTER: f64 = 91.0;
/// So many earlier periods speak against the pace.
const SPEAKING_PERIODS: usize = 3;

/// Whether a low probability is to be trusted yet.
pub(super) fn counts(elapsed: f64) -> bool {
    elapsed >= COUNTS
}

/// How many times the usual limit of off track holds for a KPI. Whoever calls at a chance of one in
/// twenty is wrong about once in twenty periods: four times as often in four quarters as in a year. By
/// the year as many false alarms come of a higher limit in a longer period.
pub(super) fn patience(kpi: &Kpi) -> f64 {
    (kpi.period.usual_days() as f64 / DAYS_OF_A_QUARTER).clamp(1.0, HARDLY_AT_MOST)
}

/// The probability below which a KPI of some `patience` is off track: it rises from the usual one at a
/// third of the period to its highest at the half.
pub(super) fn hardly(patience: f64, elapsed: f64) -> f64 {
    let risen = ((elapsed - COUNTS) / (HIGHEST - COUNTS)).clamp(0.0, 1.0);
    HARDLY * (1.0 + (patience - 1.0) * risen)
}

/// Whether earlier periods that stood like this contradict what a pace alone says: the way follows the
/// calendar, and not what somebody knows of the year. Asked from the first day on: an early lag behind
/// a straight line is what a season looks like.
pub(super) fn contradicts(kpi: &Kpi, path: &Expected, evidence: &Evidence, chance: f64) -> bool {
    let straight = match kpi.path {
        Path::Linear | Path::Trailing | Path::BusinessDays | Path::Flat => true,
        Path::Seasonal(_) | Path::Milestones(_) | Path::Formula(_) => path.fell_back,
    };
    chance >= UNLIKELY
        && evidence.periods >= SPEAKING_PERIODS
        && path.guard == Guard::None
        && straight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_rises_in_long_periods_only_and_from_a_third_to_the_half() {
        let of = |patience, elapsed| format!("{:.2}", hardly(patience, elapsed));
        assert_eq!([0.1, 0.34, 0.5, 0.9].map(|elapsed| of(1.0, elapsed)), ["0.05"; 4]);
        let year = [0.2, 1.0 / 3.0, 0.5, 0.9].map(|elapsed| of(3.0, elapsed));
        assert_eq!(year, ["0.05", "0.05", "0.15", "0.15"]);
        assert!((0.09..0.11).contains(&hardly(3.0, 5.0 / 12.0)));
    }
}
