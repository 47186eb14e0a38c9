//! When a frozen baseline starts anew: a new plan makes old residuals a measure of the plan, not of
//! the business. Not here: what a plan is, and the limits (`chart`).

use super::chart::BASELINE_POINTS;

/// Index of the point with which the baseline begins, of `points` points in all. `changes` are the
/// first points under a new plan, oldest first.
///
/// A plan that had held for a baseline's points and then changed starts a new baseline at once. One
/// of a row of short ones (a target for each month) does so only when it has lasted as long itself:
/// else there would never be limits.
pub fn fresh_start(changes: &[usize], points: usize) -> usize {
    let mut start = 0;
    let mut before = 0;
    for (index, change) in changes.iter().enumerate() {
        let next = changes.get(index + 1).copied().unwrap_or(points);
        let held = change.saturating_sub(before) >= BASELINE_POINTS;
        let lasts = next.saturating_sub(*change) >= BASELINE_POINTS;
        let settled =
            points.saturating_sub(*change) > BASELINE_POINTS && index + 1 == changes.len();
        if held || lasts || settled {
            start = *change;
        }
        before = *change;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_had_held_and_changes_starts_a_new_baseline_at_once() {
        assert_eq!(fresh_start(&[], 90), 0);
        assert_eq!(fresh_start(&[52], 53), 52);
        assert_eq!(fresh_start(&[52, 60], 61), 52);
        assert_eq!(fresh_start(&[52, 104], 110), 104);
    }

    #[test]
    fn a_target_for_each_month_or_quarter_does_not_take_the_limits_away() {
        let months: Vec<usize> = (1..25).map(|month| month * 4).collect();
        assert_eq!(fresh_start(&months, 99), 0);
        let quarters: Vec<usize> = (1..6).map(|quarter| quarter * 13).collect();
        assert_eq!(fresh_start(&quarters, 70), 0);
        assert_eq!(fresh_start(&[4, 8, 12], 40), 12);
    }
}
