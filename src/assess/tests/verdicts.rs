//! Edge cases of the verdict: what is early, decided, impossible, by chance, likely or too late.

use chrono::NaiveDate;

use super::fixtures::{
    at_end_of, close, from, kpi, net_new_arr, traffic_level, trial_to_paid, value,
};
use super::*;
use crate::calendar::WindowSpec;
use crate::forecast::Projection;
use crate::kpi::{Direction, Kpi, Path, Target};

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
fn a_hit_probability_of_0_002_is_not_green_however_good_the_pace() {
    // 20 % ahead of the straight line, which the season that is over explains.
    for (day, ahead) in [("2026-05-02", 105e3), ("2026-05-15", 150e3), ("2026-06-20", 240e3)] {
        let hopeless = projected(day, ahead, 217e3, 3);
        let chance = hopeless.target_hit_probability.unwrap();
        assert!((0.001..0.005).contains(&chance), "{chance}");
        assert!(hopeless.pace_ratio > Some(1.0), "{:?}", hopeless.pace_ratio);
        assert_eq!(hopeless.status, Status::OffTrack, "{day}: {}", hopeless.reason);
        assert_eq!(hopeless.beyond_noise, Status::OffTrack, "nobody waits for this to last");
    }
}

#[test]
fn a_season_that_explains_the_lag_is_at_risk_and_not_off_track() {
    let seasonal = projected("2026-05-15", 80e3, 260e3, 3);
    assert_eq!(seasonal.status, Status::AtRisk);
    let but =
        "the pace alone would be off track, but by what earlier periods did from here the chance";
    assert!(seasonal.reason.contains(but), "{}", seasonal.reason);
    assert_eq!(projected("2026-05-15", 80e3, 260e3, 2).status, Status::OffTrack, "too few periods");
    assert_eq!(projected("2026-05-15", 80e3, 240e3, 3).status, Status::AtRisk, "one in four");
    assert_eq!(projected("2026-05-15", 80e3, 235e3, 3).status, Status::OffTrack, "one in eight");
    // A lag in the first weeks is what a season looks like.
    assert_eq!(projected("2026-04-15", 20e3, 260e3, 3).status, Status::AtRisk);
    assert_eq!(projected("2026-04-15", 20e3, 260e3, 2).status, Status::OffTrack);
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

proptest::proptest! {
    /// Nothing is green against its chance, and no lag is off track against it; before a third of the
    /// period it forgives and does not accuse.
    #[test]
    fn the_second_witness_is_heard_from_a_third_of_the_period_on(
        day in 0_u64..90, so_far in 1.0..249e3_f64, ends_at in 150e3..350e3_f64,
    ) {
        let date = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap() + chrono::Days::new(day);
        let seen = projected(&date.to_string(), so_far, ends_at, 3);
        let chance = seen.target_hit_probability.unwrap();
        let speaks = seen.elapsed_ratio >= 1.0 / 3.0;
        if speaks && chance < 0.05 {
            proptest::prop_assert_eq!(seen.status, Status::OffTrack);
        } else if speaks && chance < 0.2 {
            proptest::prop_assert!(matches!(seen.status, Status::AtRisk | Status::OffTrack));
        } else if chance >= 0.2 {
            proptest::prop_assert_ne!(seen.status, Status::OffTrack);
        } else if seen.status != Status::TooEarly {
            let alone = at_end_of(&date.to_string(), &net_new_arr(), value(so_far));
            proptest::prop_assert_eq!(seen.status, alone.status);
        }
    }

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
