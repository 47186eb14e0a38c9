//! The path of a trailing window: every figure of kpi-maths §1, and what it stands for.

use proptest::prelude::*;

use super::*;
use crate::calendar::PeriodKind;

fn close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 1e-9, "{actual} is not {expected}");
}

#[test]
fn a_window_of_30_days_sees_little_of_a_ramp_in_the_first_days_of_a_quarter() {
    let w = 30.0 / 91.0;
    // Ten days in, two thirds of the window lie before the quarter: a ninth of what a full one shows.
    close(seen_through_window(10.0 / 91.0, w), seen_through_window(w, w) / 9.0);
    assert!((seen_through_window(w, w) - 0.197_368).abs() < 5e-7);
    close(seen_through_window(60.0 / 91.0, w), (2.0 * 60.0 / 91.0 - w) / (2.0 - w));
    // A window that is as long as the period, or longer.
    close(seen_through_window(0.5, 1.0), 0.25);
    close(seen_through_window(0.5, 1.4), 0.25);
}

#[test]
fn a_window_is_measured_in_periods() {
    let calendar = Calendar::default();
    let at = calendar.parse_as_of("2026-04-30").unwrap();
    let quarter = calendar.period_at(&PeriodKind::Quarter, at);
    let of = |window| window_ratio(window, &quarter);
    close(of(WindowSpec::TrailingDays(30)), 30.0 / 91.0);
    close(of(WindowSpec::TrailingSeconds(7 * 86_400)), 7.0 / 91.0);
    close(of(WindowSpec::PeriodToDate), 0.0);
}

proptest! {
    /// The mean over the window of a rate that rises steadily from the first day on, relative to the
    /// mean at the close; by sums over small steps.
    #[test]
    fn it_is_what_a_steady_rise_from_the_first_day_looks_like(
        elapsed in 0.0..=1.0_f64, w in 0.01..2.0_f64,
    ) {
        const STEPS: u32 = 2000;
        let seen = |until: f64| {
            let at = |step: u32| until - w * (f64::from(step) + 0.5) / f64::from(STEPS);
            (0..STEPS).map(|step| at(step).max(0.0)).sum::<f64>() / f64::from(STEPS)
        };
        let share = seen(elapsed) / seen(1.0);
        prop_assert!((seen_through_window(elapsed, w) - share).abs() < 1e-5, "{}", share);
    }

    #[test]
    fn it_rises_from_nothing_to_all_and_never_above_the_straight_line(
        elapsed in 0.0..=1.0_f64, later in 0.0..=1.0_f64, w in 0.001..3.0_f64,
    ) {
        let (early, late) = (elapsed.min(later), elapsed.max(later));
        prop_assert!(seen_through_window(early, w) <= seen_through_window(late, w) + 1e-12);
        prop_assert!(seen_through_window(early, w) <= early + 1e-12);
        close(seen_through_window(0.0, w), 0.0);
        close(seen_through_window(1.0, w), 1.0);
    }
}
