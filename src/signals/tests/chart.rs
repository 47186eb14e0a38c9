use proptest::prelude::*;

use super::*;
use crate::signals::tests::simulate::{Noise, rate};

const HALVED: ChartRules =
    ChartRules { shift: 1.5, fall: 1.5, decision: 2.0, points_to_recover: 5.5 };
const WEEKS: usize = 26;
const RUNS: u32 = 2000;

fn whole(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

/// Whether any of the newest `watched` points showed a signal when it was the newest.
fn alarmed(values: &[f64], watched: usize, rules: ChartRules) -> bool {
    let series = whole(values);
    (series.len() - watched + 1..=series.len())
        .any(|end| detect_by(&series[..end], rules, 1.0).signal != Signal::None)
}

fn false_alarms(runs: u32, phi: f64, rules: ChartRules) -> f64 {
    rate(runs, 2026, |noise| {
        alarmed(&noise.autoregressive(BASELINE_POINTS + WEEKS, phi), WEEKS, rules)
    })
}

/// Share of 1.5 σ shifts that are seen within 8 points.
fn seen(quiet: usize) -> f64 {
    rate(RUNS, 7, |noise| {
        let mut values = noise.autoregressive(BASELINE_POINTS + quiet + 8, 0.0);
        for value in &mut values[BASELINE_POINTS + quiet..] {
            *value -= 1.5;
        }
        alarmed(&values, 8, RULES)
    })
}

/// 20 points that alternate around `centre`, one unit to either side.
fn zigzag(centre: f64) -> Vec<f64> {
    (0..BASELINE_POINTS).map(|i| if i % 2 == 0 { centre + 1.0 } else { centre - 1.0 }).collect()
}

#[test]
fn at_most_a_quarter_of_stable_kpis_show_any_signal_in_26_weeks() {
    let measured = false_alarms(1000, 0.0, RULES);
    assert!((0.01..=0.25).contains(&measured), "{measured}");
}

#[test]
fn halved_limits_would_break_the_bar() {
    let measured = false_alarms(300, 0.0, HALVED);
    assert!(measured > 0.25, "{measured}");
}

/// Signals that begin within half a year, several of one KPI counted.
fn onsets(runs: u32, phi: f64) -> f64 {
    let mut noise = Noise(2026);
    let mut begun = 0;
    for _ in 0..runs {
        let series = whole(&noise.autoregressive(BASELINE_POINTS + WEEKS, phi));
        let on = |end: usize| detect(&series[..end]).signal != Signal::None;
        let on: Vec<bool> = (BASELINE_POINTS..=series.len()).map(on).collect();
        begun += on.windows(2).filter(|pair| !pair[0] && pair[1]).count();
    }
    begun as f64 / f64::from(runs)
}

#[test]
fn a_kpi_raises_at_most_a_quarter_of_a_false_signal_in_half_a_year_whatever_its_memory() {
    for phi in [0.0, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9] {
        let measured = onsets(1500, phi);
        assert!((0.01..=0.25).contains(&measured), "{phi}: {measured}");
    }
}

#[test]
fn a_shift_of_one_and_a_half_sigma_is_seen_within_8_points() {
    let at_once = seen(0);
    assert!(at_once >= 0.75, "{at_once}");
    assert!(at_once < 1.0, "{at_once}");
    let after_a_quiet_time = seen(10);
    assert!(after_a_quiet_time >= 0.75, "{after_a_quiet_time}");
}

#[test]
fn the_limit_is_2_66_mean_moving_ranges_below_the_mean() {
    let mut values = zigzag(100.0);
    values.push(100.0 - 2.65 * 2.0);
    assert_eq!(detect(&whole(&values)).signal, Signal::None);
    *values.last_mut().unwrap() = 100.0 - 2.67 * 2.0;
    let reading = detect(&whole(&values));
    assert_eq!((reading.signal, reading.since), (Signal::Shift, Some(BASELINE_POINTS)));
    *values.last_mut().unwrap() = 150.0;
    assert_eq!(detect(&whole(&values)).signal, Signal::None, "good news is no signal");
}

#[test]
fn small_deviations_add_up_to_a_drift_that_dates_its_start() {
    let mut values = zigzag(0.0);
    values.extend([0.2, 0.1, -2.5, -2.0, -2.5]);
    assert_eq!(detect(&whole(&values)).signal, Signal::None);
    values.extend([-2.5, -2.0, -3.0]);
    let reading = detect(&whole(&values));
    assert_eq!((reading.signal, reading.since), (Signal::Drift, Some(BASELINE_POINTS + 2)));
    let mean = -14.5 / 6.0 * MOVING_RANGE_PER_SIGMA / 2.0;
    assert!((reading.deviation.unwrap() - mean).abs() < 1e-9);
    assert_eq!(
        reading.words(Side::Below, "12 March").unwrap(),
        "a drift: on average 1.4 standard deviations below its usual level since 12 March"
    );
}

#[test]
fn one_freak_point_is_a_shift_for_one_point_and_never_a_drift() {
    let mut values = zigzag(0.0);
    values.push(-1000.0);
    assert_eq!(detect(&whole(&values)).signal, Signal::Shift);
    values.push(0.0);
    assert_eq!(detect(&whole(&values)).signal, Signal::None);
}

#[test]
fn a_long_bad_time_is_over_six_usual_points_after_it_ended() {
    let mut values = zigzag(0.0);
    values.extend([-4.0; 100]);
    assert_eq!(detect(&whole(&values)).signal, Signal::Drift);
    values.extend([0.0; 5]);
    assert_eq!(detect(&whole(&values)).signal, Signal::Drift);
    values.push(0.0);
    assert_eq!(detect(&whole(&values)).signal, Signal::None);
}

#[test]
fn a_drop_does_not_move_the_frozen_limits() {
    let mut values = zigzag(10.0);
    let before = ChartBaseline::freeze(&whole(&values)).unwrap();
    values.extend([0.0; 40]);
    let reading = detect(&whole(&values));
    assert_eq!(reading.baseline, Some(before));
    assert_eq!((reading.signal, reading.since), (Signal::Shift, Some(BASELINE_POINTS)));
    assert_eq!(reading.points, BASELINE_POINTS + 40);
}

#[test]
fn a_stored_baseline_reads_the_same_as_the_whole_series() {
    let mut noise = Noise(5);
    for _ in 0..50 {
        let series = whole(&noise.autoregressive(40, 0.2));
        let (before, after) = series.split_at(BASELINE_POINTS);
        let (from_all, stored) =
            (detect(&series), ChartBaseline::freeze(before).unwrap().detect(after));
        assert_eq!(from_all.signal, stored.signal);
        assert_eq!(from_all.deviation, stored.deviation);
        assert_eq!(from_all.since, stored.since.map(|index| index + BASELINE_POINTS));
        assert_eq!(from_all.points, stored.points);
    }
}

#[test]
fn eight_points_are_not_enough_and_nine_can_only_show_a_shift() {
    let mut values = zigzag(0.0)[..7].to_vec();
    values.push(-1000.0);
    let reading = detect(&whole(&values));
    assert_eq!((reading.signal, reading.baseline), (Signal::None, None));
    assert_eq!(
        reading.words(Side::Below, "").unwrap(),
        "no signal yet: 8 points, at least 9 are needed"
    );
    let mut values = zigzag(0.0)[..8].to_vec();
    values.push(-1000.0);
    let reading = detect(&whole(&values));
    assert_eq!((reading.signal, reading.baseline.unwrap().points), (Signal::Shift, 8));
    assert_eq!(detect(&[]).points, 0);
}

#[test]
fn missing_points_are_skipped_and_indices_stay_those_of_the_caller() {
    let mut series: Vec<Option<f64>> =
        zigzag(0.0).into_iter().flat_map(|value| [Some(value), None]).collect();
    series.extend([Some(f64::NAN), Some(-50.0), Some(f64::INFINITY), None]);
    let reading = detect(&series);
    assert_eq!((reading.signal, reading.since, reading.points), (Signal::Shift, Some(41), 21));
}

#[test]
fn any_real_change_of_a_constant_is_a_shift_and_rounding_is_not() {
    for level in [0.0, 0.12, 1e9] {
        let mut values = vec![level; BASELINE_POINTS];
        values.push(level - 1e-13 * level);
        assert_eq!(detect(&whole(&values)).signal, Signal::None, "{level}");
        values.push(level - (level * 1e-6).max(0.001));
        let reading = detect(&whole(&values));
        assert_eq!((reading.signal, reading.since), (Signal::Shift, Some(21)), "{level}");
        assert_eq!(
            reading.words(Side::Above, "3 May").unwrap(),
            "a change: above its usual level since 3 May, which had never moved before"
        );
        values.push(level + 0.5);
        assert_eq!(detect(&whole(&values)).signal, Signal::None, "{level}");
    }
}

#[test]
fn a_shift_is_told_with_its_size_side_and_date() {
    let mut values = zigzag(0.0);
    values.extend([-6.0, -7.0]);
    let reading = detect(&whole(&values));
    assert_eq!(
        reading.words(Side::Above, "12 March").unwrap(),
        "a shift: the last point is 3.9 standard deviations above its usual level, beyond the \
         limit since 12 March"
    );
    assert_eq!(detect(&whole(&zigzag(0.0))).words(Side::Below, ""), None);
}

proptest! {
    #[test]
    fn the_unit_of_the_kpi_does_not_matter(
        seed in any::<u64>(), count in 0_usize..60, scale in 1e-6..1e6_f64, level in -10.0..10.0_f64
    ) {
        let plain = Noise(seed).autoregressive(count, 0.3);
        let other: Vec<f64> = plain.iter().map(|value| (value + level) * scale).collect();
        let (plain, other) = (detect(&whole(&plain)), detect(&whole(&other)));
        prop_assert_eq!((plain.signal, plain.since), (other.signal, other.since));
    }

    #[test]
    fn no_numbers_make_it_fail(series in prop::collection::vec(any::<Option<f64>>(), 0..60)) {
        let reading = detect(&series);
        prop_assert_eq!(reading.since.is_some(), reading.signal != Signal::None);
        let worded = reading.words(Side::Below, "then").is_some();
        prop_assert_eq!(worded, reading.signal != Signal::None || reading.baseline.is_none());
    }
}
