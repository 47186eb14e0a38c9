//! Every figure of the worked example (Q2 2026) and the edge cases of status, as tests.

use chrono::{DateTime, NaiveDate, Utc};

use super::*;
use crate::calendar::{Calendar, PeriodKind, WindowSpec};
use crate::forecast::Projection;
use crate::kpi::{Accumulation, Direction, Formula, Kpi, KpiKind, Path, Target, Unit};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn calendar() -> Calendar {
    Calendar { timezone: chrono_tz::America::New_York, ..Calendar::default() }
}

/// A flow that increases to 390 000 in its quarter; tests change what they are about.
pub(crate) fn kpi() -> Kpi {
    let formula = Formula::parse("a / b").unwrap();
    Kpi {
        kind: KpiKind::Leading,
        period: PeriodKind::Quarter,
        ..Kpi::new("traffic", formula, Target::Absolute(390_000.0))
    }
}

fn traffic_level() -> Kpi {
    Kpi {
        accumulation: Accumulation::Level,
        window: WindowSpec::TrailingDays(30),
        path: Path::Trailing,
        target: Target::Relative(0.3),
        ..kpi()
    }
}

fn trial_to_paid() -> Kpi {
    Kpi {
        accumulation: Accumulation::Ratio,
        unit: Unit::Percent,
        window: WindowSpec::TrailingDays(30),
        path: Path::Trailing,
        target: Target::Absolute(0.16),
        ..kpi()
    }
}

fn net_new_arr() -> Kpi {
    Kpi { target: Target::Absolute(250_000.0), unit: Unit::Currency("USD".into()), ..kpi() }
}

/// Assesses at the end of a day of Q2 2026.
#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
fn at_end_of(day: &str, kpi: &Kpi, measured: Measured) -> Assessment {
    let calendar = calendar();
    let as_of = calendar.parse_as_of(day).unwrap();
    let period = calendar.period_at(&kpi.period, as_of);
    let mut assessment = assess(kpi, &calendar, &period, as_of, as_of, &measured);
    assessment.reason = reason(kpi, &assessment);
    assessment
}

fn value(value: f64) -> Measured {
    Measured { value: Some(value), ..Measured::default() }
}

fn from(baseline: f64, measured: Measured) -> Measured {
    Measured { baseline: Some(baseline), ..measured }
}

#[track_caller]
fn close(actual: Option<f64>, expected: f64) {
    let actual = actual.expect("a number");
    let tolerance = if expected.abs() >= 1000.0 { 0.005 } else { 5e-7 };
    assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected}");
}

#[test]
fn organic_traffic_as_a_level() {
    let april = at_end_of("2026-04-30", &traffic_level(), from(100_000.0, value(125_000.0)));
    assert!((april.elapsed_ratio - 0.329_670_33).abs() < 5e-9);
    close(april.target_value, 130_000.0);
    close(april.target_ratio, 0.961_538);
    close(april.progress_ratio, 0.833_333);
    close(april.expected_progress_ratio, 0.197_368);
    close(april.expected_value, 105_921.05);
    close(april.pace_ratio, 1.635_965);
    assert_eq!(april.status, Status::OnTrack);
    let straight = Kpi { path: Path::Linear, ..traffic_level() };
    let straight = at_end_of("2026-04-30", &straight, from(100_000.0, value(125_000.0)));
    close(straight.expected_value, 109_890.11);
    close(straight.pace_ratio, 1.503_663);
    let june = at_end_of("2026-06-30", &traffic_level(), from(100_000.0, value(135_000.0)));
    close(june.target_ratio, 1.038_462);
    close(june.progress_ratio, 1.166_667);
    assert_eq!(june.status, Status::Achieved);
    assert!((june.elapsed_ratio - 1.0).abs() < f64::EPSILON);
}

#[test]
fn organic_traffic_as_a_flow() {
    let april = at_end_of("2026-04-30", &kpi(), value(125_000.0));
    close(april.expected_value, 128_571.43);
    close(april.pace_ratio, 0.972_222);
    close(april.projected_value, 379_166.67);
    close(april.required_value_per_day, 4_344.26);
    close(april.required_pace_ratio, 1.042_623);
    close(april.pace_on_track_ratio, 0.937_178);
    close(april.pace_at_risk_ratio, 0.832_571);
    assert_eq!(april.status, Status::OnTrack);
    let business = Kpi { path: Path::BusinessDays, ..kpi() };
    let april = at_end_of("2026-04-30", &business, value(125_000.0));
    close(april.expected_value, 132_000.0);
    close(april.pace_ratio, 0.946_970);
    assert_eq!(april.status, Status::OnTrack);
    let june = at_end_of("2026-06-30", &kpi(), value(405_000.0));
    close(june.target_ratio, 1.038_462);
    close(june.required_value_per_day, 0.0);
    assert_eq!(june.status, Status::Achieved);
}

#[test]
fn trial_to_paid_is_off_track_within_april_and_missed_in_june() {
    let april = at_end_of("2026-04-30", &trial_to_paid(), from(0.12, value(0.10)));
    close(april.target_ratio, 0.625);
    close(april.progress_ratio, -0.5);
    close(april.expected_value, 0.127_895);
    close(april.pace_ratio, 0.302_632);
    close(april.pace_at_risk_ratio, 0.805_938);
    assert_eq!((april.status, april.required_pace_ratio), (Status::OffTrack, None));
    assert_eq!(
        april.reason,
        "Off track: 10 % against 12.8 % expected by 30 April 2026; target 16 % by 30 June 2026; \
         +6.0 pt needed in 61 days."
    );
    // 150 of 1,500: noise takes it to 0.621, which is still below the limit of 0.806.
    let sums = Some(Sums { numerator: 150.0, denominator: 1500.0 });
    let counted =
        at_end_of("2026-04-30", &trial_to_paid(), Measured { sums, ..from(0.12, value(0.10)) });
    assert_eq!((counted.status, counted.beyond_noise), (Status::OffTrack, Status::OnTrack));
    let june = at_end_of("2026-06-30", &trial_to_paid(), from(0.12, value(0.15)));
    close(june.target_ratio, 0.9375);
    close(june.progress_ratio, 0.75);
    assert_eq!(june.status, Status::Missed);
}

#[test]
fn net_new_arr_without_and_with_a_value() {
    let none = at_end_of("2026-04-30", &net_new_arr(), Measured::default());
    assert_eq!(none.status, Status::NoData);
    close(none.expected_value, 82_417.58);
    assert_eq!((none.value, none.pace_ratio, none.target_ratio), (None, None, None));
    let business = Kpi { path: Path::BusinessDays, ..net_new_arr() };
    close(at_end_of("2026-04-30", &business, Measured::default()).expected_value, 84_615.38);
    let linear = at_end_of("2026-04-30", &net_new_arr(), value(60_000.0));
    close(linear.pace_ratio, 0.728);
    close(linear.required_pace_ratio, 1.557_377);
    assert_eq!(linear.status, Status::OffTrack);
    let faster = "; the rest of the quarter must run 1.6 times as fast as so far";
    assert!(linear.reason.contains(faster), "{}", linear.reason);
    let milestones = [("2026-04-30", 50e3), ("2026-05-31", 125e3), ("2026-06-30", 250e3)];
    let back_loaded = Kpi {
        path: Path::Milestones(milestones.map(|(d, v)| (day(d), v)).into()),
        ..net_new_arr()
    };
    let april = at_end_of("2026-04-30", &back_loaded, value(60_000.0));
    close(april.pace_ratio, 1.2);
    close(april.expected_value, 50_000.0);
    assert_eq!(april.status, Status::OnTrack);
    let june = at_end_of("2026-06-30", &net_new_arr(), value(230_000.0));
    close(june.target_ratio, 0.92);
    close(june.progress_ratio, 0.92);
    assert_eq!(june.status, Status::Missed);
    assert_eq!(
        june.reason,
        "Missed: $230 K against a target of $250 K (92 %) at the close of 2026-Q2."
    );
}

#[test]
fn the_same_numbers_as_level_and_flow_give_opposite_verdicts() {
    let level = at_end_of("2026-04-30", &traffic_level(), from(100_000.0, value(125_000.0)));
    let flow = at_end_of("2026-04-30", &kpi(), value(125_000.0));
    assert!(level.pace_ratio > Some(1.0) && flow.pace_ratio < Some(1.0));
}

#[test]
fn before_a_tenth_of_the_period_there_is_no_verdict_and_no_projection() {
    let early = at_end_of("2026-04-09", &kpi(), value(1.0));
    assert_eq!((early.status, early.projected_value), (Status::TooEarly, None));
    assert_eq!(at_end_of("2026-04-10", &kpi(), value(1.0)).status, Status::OffTrack);
}

#[test]
fn a_flow_that_reached_its_target_is_achieved_before_the_close_even_when_it_is_early() {
    let done = at_end_of("2026-04-02", &kpi(), value(390_000.0));
    assert_eq!(done.status, Status::Achieved);
    assert!(done.reason.starts_with("Achieved: 390,000"), "{}", done.reason);
}

#[test]
fn a_budget_is_off_track_for_good_once_it_is_spent() {
    let budget = Kpi { direction: Direction::Decrease, ..net_new_arr() };
    let spent = at_end_of("2026-04-02", &budget, value(250_001.0));
    assert_eq!(spent.status, Status::OffTrack);
    assert!(spent.reason.contains("cannot be met any more"), "{}", spent.reason);
    // Half of it spent after a third of the quarter: pace T * e / v.
    let half = at_end_of("2026-04-30", &budget, value(125_000.0));
    close(half.pace_ratio, 0.659_341);
    assert_eq!(half.required_value_per_day, None);
    // Nothing is met before the close; the share that is used is progress, and counts against it.
    assert_eq!(half.target_ratio, None);
    close(half.progress_ratio, 0.5);
    close(half.contribution(&budget), 1.0 - (125_000.0 - 250_000.0 * 30.0 / 91.0) / 250_000.0);
    let spending = "; $125 K may still be spent, $2,049 a day for 61 days";
    assert!(half.reason.contains(spending), "{}", half.reason);
    let thrifty = at_end_of("2026-04-30", &budget, value(60_000.0));
    close(thrifty.contribution(&budget), 1.0);
    close(at_end_of("2026-06-30", &budget, value(200_000.0)).target_ratio, 1.25);
    assert_eq!(at_end_of("2026-06-30", &budget, value(600_000.0)).contribution(&budget), Some(0.0));
    assert_eq!(at_end_of("2026-06-30", &budget, value(250_000.0)).status, Status::Achieved);
}

#[test]
fn a_share_that_the_rest_of_the_period_cannot_mend_is_off_track_at_once() {
    let share = Kpi { window: WindowSpec::PeriodToDate, ..trial_to_paid() };
    let sums = |numerator, denominator| Measured {
        sums: Some(Sums { numerator, denominator }),
        ..value(numerator / denominator)
    };
    let high = Kpi { target: Target::Absolute(0.9), ..share };
    // 80 of 91 days gone at 50 %: even three times the pace makes it (0.9 * 2730 - 400) / 1930.
    let late = at_end_of("2026-06-19", &high, sums(400.0, 800.0));
    assert_eq!(late.status, Status::OffTrack);
    assert!(late.reason.contains("would have to be at 107 %"), "{}", late.reason);
    // Earlier periods know better how much is still to come, if it is more than the pace says.
    let known = |denominator| {
        let evidence = Evidence { denominator: Some(denominator), ..Evidence::default() };
        at_end_of("2026-06-19", &high, Measured { evidence, ..sums(400.0, 800.0) }).reason
    };
    assert!(known(1000.0).contains("would have to be at 250 %"), "{}", known(1000.0));
    assert!(!known(9000.0).contains("would have to be"), "{}", known(9000.0));
}

#[test]
fn one_failure_on_the_first_day_makes_nothing_impossible() {
    let share = Kpi { window: WindowSpec::PeriodToDate, ..trial_to_paid() };
    let failed = Measured { sums: Some(Sums { numerator: 0.0, denominator: 1.0 }), ..value(0.0) };
    for target in [0.16, 0.9, 0.99] {
        let high = Kpi { target: Target::Min(target), path: Path::Flat, ..share_of(&share) };
        assert_eq!(at_end_of("2026-04-01", &high, failed.clone()).status, Status::TooEarly);
    }
    // One failure is one too many where none is allowed.
    let all = Kpi { target: Target::Min(1.0), path: Path::Flat, ..share };
    assert_eq!(at_end_of("2026-04-01", &all, failed).status, Status::OffTrack);
}

/// The same definition once more.
fn share_of(kpi: &Kpi) -> Kpi {
    Kpi { window: kpi.window, path: kpi.path.clone(), ..trial_to_paid() }
}

#[test]
fn chance_is_allowed_for_before_a_bad_word_is_said() {
    let measured = |numerator, denominator| Measured {
        sums: Some(Sums { numerator, denominator }),
        baseline: Some(0.12),
        ..value(numerator / denominator)
    };
    let few = at_end_of("2026-04-30", &trial_to_paid(), measured(5.0, 50.0));
    assert_eq!(few.status, Status::OnTrack);
    assert!(few.reason.contains("within noise: ±7.1 points at n = 50"), "{}", few.reason);
    let many = at_end_of("2026-04-30", &trial_to_paid(), measured(150.0, 1500.0));
    assert_eq!(many.status, Status::OffTrack);
    // Three deals of five expected are no news, 3,000 of 5,000 are; money has no such excuse
    // without a history.
    let deals = |target| Kpi { target: Target::Absolute(target), ..kpi() };
    assert_eq!(at_end_of("2026-04-30", &deals(15.0), value(3.0)).status, Status::OnTrack);
    assert_eq!(at_end_of("2026-04-30", &deals(15e3), value(3e3)).status, Status::OffTrack);
    let money = Kpi { target: Target::Absolute(15.0), ..net_new_arr() };
    assert_eq!(at_end_of("2026-04-30", &money, value(3.0)).status, Status::OffTrack);
    let spread = Evidence { spread: Some(1.5), ..Evidence::default() };
    let known = Measured { evidence: spread, ..value(3.0) };
    let known = at_end_of("2026-04-30", &money, known);
    assert_eq!(known.status, Status::OnTrack);
    assert!(known.reason.contains("within noise: ±$2.47"), "{}", known.reason);
}

#[test]
fn a_limit_that_is_not_kept_is_never_green() {
    // Churn of 4.18 % against at most 4 %, over the month so far and over a trailing window.
    for window in [WindowSpec::PeriodToDate, WindowSpec::TrailingDays(30)] {
        let churn = Kpi {
            window,
            path: Path::Flat,
            direction: Direction::Decrease,
            target: Target::Max(0.04),
            ..trial_to_paid()
        };
        let sums = |numerator| Measured {
            sums: Some(Sums { numerator, denominator: 1e4 }),
            ..value(numerator / 1e4)
        };
        let over = at_end_of("2026-05-15", &churn, sums(418.0));
        assert_eq!(over.status, Status::AtRisk);
        assert_eq!(over.pace_on_track_ratio, Some(1.0));
        assert_eq!(at_end_of("2026-05-15", &churn, sums(600.0)).status, Status::OffTrack);
        assert_eq!(at_end_of("2026-05-15", &churn, sums(399.0)).status, Status::OnTrack);
    }
}

#[test]
fn the_good_and_the_bad_side_of_a_share_get_the_same_verdict_whatever_the_path_is_called() {
    let rail = |direction, target, path| Kpi {
        path,
        direction,
        target,
        window: WindowSpec::TrailingDays(30),
        ..trial_to_paid()
    };
    for path in [Path::Flat, Path::Linear, Path::Trailing, Path::BusinessDays] {
        let good = rail(Direction::Increase, Target::Min(0.995), path.clone());
        let bad = rail(Direction::Decrease, Target::Max(0.005), path);
        let good = at_end_of("2026-05-15", &good, from(0.9, value(0.99)));
        let bad = at_end_of("2026-05-15", &bad, from(0.1, value(0.01)));
        close(good.pace_ratio, 0.5);
        close(bad.pace_ratio, 0.5);
        assert_eq!((good.status, bad.status), (Status::OffTrack, Status::OffTrack));
        assert_eq!(good.pace_at_risk_ratio, Some(1.0 / 1.3));
    }
}

/// 250 000 to reach; history says where it ends and how far off that was in earlier periods.
fn projected(day: &str, so_far: f64, ends_at: f64, periods: usize) -> Assessment {
    let projection = Some(Projection::with_error(ends_at, 0.05));
    let evidence = Evidence { projection, periods, ..Evidence::default() };
    at_end_of(day, &net_new_arr(), Measured { evidence, ..value(so_far) })
}

#[test]
fn from_a_third_of_the_period_on_probability_speaks_too() {
    // On its path, but earlier periods that stood like this ended far below.
    let hopeless = projected("2026-05-15", 125e3, 200e3, 3);
    assert!(hopeless.target_hit_probability < Some(0.05));
    assert_eq!(hopeless.status, Status::OffTrack);
    assert!(hopeless.reason.contains("the chance is below 1 %"), "{}", hopeless.reason);
    let unlikely = projected("2026-05-15", 125e3, 237e3, 3);
    assert!(unlikely.target_hit_probability < Some(0.2));
    assert_eq!(unlikely.status, Status::AtRisk);
    assert_eq!(projected("2026-05-15", 125e3, 245e3, 3).status, Status::OnTrack);
    // Not before a third of it.
    assert_eq!(projected("2026-04-25", 70e3, 200e3, 3).status, Status::OnTrack);
}

#[test]
fn a_season_that_explains_the_lag_is_at_risk_and_not_off_track() {
    let seasonal = projected("2026-05-15", 80e3, 260e3, 3);
    assert_eq!(seasonal.status, Status::AtRisk);
    assert!(seasonal.reason.contains("earlier periods lagged like this"), "{}", seasonal.reason);
    assert_eq!(projected("2026-05-15", 80e3, 260e3, 2).status, Status::OffTrack, "too few periods");
    assert_eq!(projected("2026-05-15", 80e3, 245e3, 3).status, Status::OffTrack, "not likely");
}

#[test]
fn what_is_left_for_the_last_days_is_never_green() {
    // 205,176 of 250,000 with a day to go, and a scatter that would forgive anything.
    let spread = Evidence { spread: Some(50e3), ..Evidence::default() };
    let late = |day, so_far| {
        let measured = Measured { evidence: spread.clone(), ..value(so_far) };
        at_end_of(day, &net_new_arr(), measured)
    };
    let last_day = late("2026-06-29", 205_176.0);
    assert_eq!(last_day.status, Status::AtRisk, "{}", last_day.reason);
    assert!(last_day.reason.contains("more than 10 times as fast"), "{}", last_day.reason);
    assert!(last_day.reason.contains("too much is left"), "{}", last_day.reason);
    let deals = Kpi { target: Target::Absolute(2.0), ..kpi() };
    let nothing = at_end_of("2026-06-25", &deals, value(0.0));
    assert_eq!(nothing.status, Status::AtRisk, "{}", nothing.reason);
    assert_eq!(at_end_of("2026-05-15", &deals, value(0.0)).status, Status::OnTrack);
    assert_eq!(late("2026-05-15", 100e3).status, Status::OnTrack, "there is time");
}

#[test]
fn time_counts_up_to_the_data_and_not_up_to_now() {
    let through = calendar().parse_as_of("2026-04-28").unwrap();
    let late = Measured { data_through: Some(through), ..value(120_000.0) };
    let kpi = Kpi { max_age: std::time::Duration::from_hours(72), ..kpi() };
    let late = at_end_of("2026-04-30", &kpi, late);
    assert!((late.elapsed_ratio - 28.0 / 91.0).abs() < 1e-12);
    close(late.pace_ratio, 1.0);
}

#[test]
fn midnight_alone_changes_no_status_of_a_trailing_window() {
    // 100 sign-ups an hour, at least 16,000 in seven days, asked every five minutes for three days.
    let calendar = calendar();
    let kpi = Kpi {
        accumulation: Accumulation::Level,
        window: WindowSpec::TrailingDays(7),
        path: Path::Trailing,
        target: Target::Min(16_000.0),
        ..kpi()
    };
    let first = calendar.parse_as_of("2026-05-04T12:00:00-04:00").unwrap();
    let mut ages = Vec::new();
    for poll in 0..3 * 24 * 12 {
        let as_of = first + chrono::TimeDelta::minutes(5 * poll);
        let period = calendar.period_at(&kpi.period, as_of);
        let window = calendar.window(kpi.window, &period, as_of);
        let signups = (window.end - window.start).num_hours() as f64 * 100.0;
        let now = assess(&kpi, &calendar, &period, as_of, as_of, &value(signups));
        assert_eq!((now.status, now.value), (Status::OnTrack, Some(16_800.0)), "{as_of}");
        let elapsed = now.elapsed_ratio * 91.0;
        assert!((elapsed - elapsed.round()).abs() < 1e-9, "whole days: {elapsed}");
        ages.push(elapsed.round());
    }
    ages.dedup();
    assert_eq!(ages, [33.0, 34.0, 35.0, 36.0]);
}

#[test]
fn a_running_day_that_nobody_asked_for_does_not_make_data_old() {
    let calendar = calendar();
    let kpi = Kpi { max_age: std::time::Duration::from_hours(2), ..traffic_level() };
    let as_of = calendar.parse_as_of("2026-05-04T22:00:00-04:00").unwrap();
    let period = calendar.period_at(&kpi.period, as_of);
    let status = |hours: i64, through: Option<&str>| {
        let data_through = through.map(|at| calendar.parse_as_of(at).unwrap());
        let measured = Measured { data_through, ..from(100_000.0, value(125_000.0)) };
        let now = as_of + chrono::TimeDelta::hours(hours);
        let assessed = assess(&kpi, &calendar, &period, as_of, now, &measured);
        (assessed.status, assessed.data_through)
    };
    let midnight = calendar.parse_as_of("2026-05-03").ok();
    assert_eq!(status(2, None).0, Status::OnTrack);
    assert_eq!(status(3, None).0, Status::NoData);
    // What came of the running day is not counted, and what lacks of the days before is.
    let running = Some("2026-05-04T21:00:00-04:00");
    assert_eq!(status(0, running), (Status::OnTrack, midnight));
    assert_eq!(status(0, Some("2026-05-03T12:00:00-04:00")).0, Status::NoData);
}

#[test]
fn data_older_than_its_maximum_age_is_no_data() {
    let through: DateTime<Utc> = calendar().parse_as_of("2026-04-28").unwrap();
    let late = Measured { data_through: Some(through), ..value(120_000.0) };
    let late = at_end_of("2026-04-30", &kpi(), late);
    assert_eq!((late.status, late.value), (Status::NoData, None));
    assert_eq!(
        late.reason,
        "No data: the newest data is of 28 April 2026 and counts for 26 hours only."
    );
}

#[test]
fn a_relative_target_on_a_baseline_that_is_not_positive_gives_no_verdict() {
    for baseline in [0.0, -5.0] {
        let none = at_end_of("2026-04-30", &traffic_level(), from(baseline, value(1.0)));
        assert_eq!((none.status, none.target_value), (Status::NoData, None));
        assert_eq!((none.value, none.pace_ratio), (Some(1.0), None));
        assert!(none.reason.contains("a percentage of that is no target"), "{}", none.reason);
    }
}

#[test]
fn a_band_has_limits_an_attainment_and_no_progress() {
    let band = Kpi {
        direction: Direction::Maintain,
        target: Target::Range { min: 70.0, max: 80.0 },
        accumulation: Accumulation::Level,
        ..kpi()
    };
    let inside = at_end_of("2026-04-30", &band, from(50.0, value(75.0)));
    assert_eq!((inside.target_lower_value, inside.target_upper_value), (Some(70.0), Some(80.0)));
    assert_eq!((inside.target_value, inside.progress_ratio), (None, None));
    assert_eq!((inside.target_ratio, inside.status), (Some(1.0), Status::OnTrack));
    let outside = at_end_of("2026-04-30", &band, value(68.0));
    close(outside.target_ratio, 0.8);
    assert_eq!(outside.status, Status::AtRisk);
    assert_eq!(at_end_of("2026-06-30", &band, value(68.0)).status, Status::Missed);
}

#[test]
fn a_loss_that_should_become_a_profit_is_judged_without_an_attainment() {
    let profit = Kpi { target: Target::Absolute(20e3), accumulation: Accumulation::Level, ..kpi() };
    let way = at_end_of("2026-06-30", &profit, from(-50e3, value(-10e3)));
    assert_eq!(way.target_ratio, None);
    close(way.progress_ratio, 0.571_429);
    assert_eq!(way.status, Status::Missed);
    let april = at_end_of("2026-04-30", &profit, from(-50e3, value(-10e3)));
    close(april.pace_ratio, 1.241_758);
    assert_eq!(april.status, Status::OnTrack);
}

#[test]
fn a_seasonal_path_follows_earlier_periods_and_says_when_it_cannot() {
    let seasonal = Kpi { path: Path::Seasonal(Vec::new()), ..kpi() };
    let known = Measured { seasonal_share: Some(0.25), ..value(97_500.0) };
    close(at_end_of("2026-04-30", &seasonal, known).pace_ratio, 1.0);
    let unknown = at_end_of("2026-04-30", &seasonal, value(125_000.0));
    close(unknown.pace_ratio, 0.972_222);
    assert!(unknown.reason.contains("the path is linear"), "{}", unknown.reason);
    // A period-to-date ratio that grows with its window: T times the share at the same point.
    let ratio =
        Kpi { accumulation: Accumulation::Ratio, target: Target::Absolute(0.4), ..seasonal };
    let grown = Measured { seasonal_share: Some(0.68), ..value(0.272) };
    let grown = at_end_of("2026-05-15", &ratio, grown);
    close(grown.expected_value, 0.272);
    close(grown.pace_ratio, 1.0);
}

#[test]
fn a_min_target_is_kept_from_the_first_day_on() {
    let keep = Kpi { target: Target::Min(0.95), accumulation: Accumulation::Ratio, ..kpi() };
    let good = at_end_of("2026-04-30", &keep, from(0.90, value(0.96)));
    assert_eq!((good.expected_value, good.target_lower_value), (Some(0.95), Some(0.95)));
    close(good.pace_ratio, 0.96 / 0.95);
}

proptest::proptest! {
    /// More of what is wanted never gives a worse verdict, and no number is ever NaN or infinite.
    #[test]
    fn verdicts_are_monotone_and_numbers_finite(
        day in 0_u64..91, low in 0.0..1e6_f64, more in 0.0..1e6_f64, baseline in 1.0..1e6_f64,
    ) {
        let day = (NaiveDate::from_ymd_opt(2026, 4, 1).unwrap() + chrono::Days::new(day)).to_string();
        let rank = |s: Status| [
            Status::OffTrack, Status::Missed, Status::AtRisk, Status::TooEarly, Status::OnTrack,
            Status::Achieved,
        ].iter().position(|x| *x == s);
        for kpi in [kpi(), traffic_level(), net_new_arr()] {
            let worse = at_end_of(&day, &kpi, from(baseline, value(low)));
            let better = at_end_of(&day, &kpi, from(baseline, value(low + more)));
            proptest::prop_assert!(rank(worse.status) <= rank(better.status));
            for number in [
                worse.value, worse.target_value, worse.target_ratio, worse.progress_ratio,
                worse.expected_value, worse.pace_ratio, worse.projected_value,
                worse.projected_target_ratio, worse.required_value_per_day,
            ].into_iter().flatten() {
                proptest::prop_assert!(number.is_finite());
            }
        }
    }
}
