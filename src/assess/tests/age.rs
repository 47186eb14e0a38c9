//! Up to when data counts, and from when on it is too old.

use chrono::{DateTime, Utc};

use super::fixtures::{at_end_of, calendar, close, from, traffic_level, value};
use super::*;
use crate::calendar::WindowSpec;
use crate::kpi::{Accumulation, Kpi, Path, Target};

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
