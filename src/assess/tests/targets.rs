//! Targets and paths that are not a single number to grow to.

use super::fixtures::{at_end_of, close, from, traffic_level, value};
use super::*;
use crate::kpi::{Accumulation, Direction, Kpi, Path, Target};

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
    // A repeat purchase rate that stood at 0.251 in the middle of a quarter that closed at 0.370.
    let grown = Measured { seasonal_share: Some(0.251 / 0.370), ..value(0.26) };
    let grown = at_end_of("2026-05-15", &ratio, grown);
    close(grown.expected_value, 0.4 * 0.251 / 0.370);
    close(grown.pace_ratio, 0.26 / (0.4 * 0.251 / 0.370));
    // Flat, it would have been a third short of its target all the time.
    let flat = Kpi { path: Path::Flat, ..ratio };
    close(at_end_of("2026-05-15", &flat, value(0.26)).pace_ratio, 0.65);
}

#[test]
fn a_min_target_is_kept_from_the_first_day_on() {
    let keep = Kpi { target: Target::Min(0.95), accumulation: Accumulation::Ratio, ..kpi() };
    let good = at_end_of("2026-04-30", &keep, from(0.90, value(0.96)));
    assert_eq!((good.expected_value, good.target_lower_value), (Some(0.95), Some(0.95)));
    close(good.pace_ratio, 0.96 / 0.95);
}
