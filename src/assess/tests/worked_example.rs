//! Every figure of the worked example (Q2 2026), as tests.

use super::fixtures::{
    at_end_of, close, day, from, kpi, net_new_arr, traffic_level, trial_to_paid, value,
};
use super::*;
use crate::kpi::{Kpi, Path};

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
fn the_objective_comes_to_89_percent() {
    let traffic = (traffic_level(), from(100_000.0, value(135_000.0)));
    let conversion = (trial_to_paid(), from(0.12, value(0.15)));
    let arr = (net_new_arr(), value(230_000.0));
    // What is above its target counts once: (1 + 0.75 + 0.92) / 3.
    let parts = [traffic, conversion, arr]
        .map(|(kpi, measured)| at_end_of("2026-06-30", &kpi, measured).contribution(&kpi).unwrap());
    close(Some(parts.iter().sum::<f64>() / 3.0), 0.89);
}

#[test]
fn the_same_numbers_as_level_and_flow_give_opposite_verdicts() {
    let level = at_end_of("2026-04-30", &traffic_level(), from(100_000.0, value(125_000.0)));
    let flow = at_end_of("2026-04-30", &kpi(), value(125_000.0));
    assert!(level.pace_ratio > Some(1.0) && flow.pace_ratio < Some(1.0));
}
