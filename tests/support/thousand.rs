//! A thousand KPIs with a quarter of history: what pages have to cope with.

use std::f64::consts::TAU;

use chrono::{Days, NaiveDate};
use kpi_exporter::assess::{Assessment, Goal, Status};
use kpi_exporter::engine::{ChartDay, RecentDays};
use kpi_exporter::kpi::{KpiKind, SeriesKey};
use kpi_exporter::metric::Labels;
use kpi_exporter::snapshot::{KpiState, Snapshot};

use crate::snapshot::{empty, kpi, only, state};

const STATUSES: [Status; 5] =
    [Status::OnTrack, Status::OnTrack, Status::AtRisk, Status::OnTrack, Status::OffTrack];

/// A title as most are.
pub(crate) fn short(number: u32) -> String {
    format!("Active customers of product line {number}")
}

/// A title of 120 characters, of which some have to be escaped.
pub(crate) fn long(number: u32) -> String {
    format!(
        "Pipeline coverage of the coming two quarters <weighted by the chance of each stage & without renewals> in region {number:06}"
    )
}

fn one(number: u32, title: &str) -> KpiState {
    let status = STATUSES[number as usize % STATUSES.len()];
    let value = 900.0 + f64::from(number % 313);
    let assessment = Assessment {
        value: Some(value),
        baseline_value: Some(800.0),
        target_value: Some(1_300.0),
        target_ratio: Some(value / 1_300.0),
        expected_value: Some(950.0),
        progress_ratio: Some((value - 800.0) / 500.0),
        expected_progress_ratio: Some(0.3),
        pace_ratio: Some(value / 950.0),
        pace_on_track_ratio: Some(0.95),
        pace_at_risk_ratio: Some(0.8),
        projected_value: Some(value * 1.2),
        projected_target_ratio: Some(value * 1.2 / 1_300.0),
        target_hit_probability: Some(0.42),
        goal: Some(Goal::AtLeast(1_300.0)),
        data_through: Some("2026-05-01T04:00:00Z".parse().unwrap()),
        ..empty(
            status,
            "At risk: 937 against 950 expected by 30 April 2026; target 1,300 by 30 June 2026; +363 needed in 61 days.",
        )
    };
    let id = format!("kpi_{number:04}");
    state(kpi(&id, title, KpiKind::Leading), vec![(Labels::default(), assessment)])
}

/// The snapshot, and the days before it.
pub(crate) fn thousand(title: fn(u32) -> String) -> (Snapshot, RecentDays) {
    let snapshot = only((0..1_000).map(|number| one(number, &title(number))).collect());
    let first = NaiveDate::from_ymd_opt(2026, 1, 21).unwrap();
    let days = (0..1_000_u32).map(|number| {
        let day = |index: u32| ChartDay {
            day: first + Days::new(u64::from(index)),
            value: 900.0
                + 90.0 * (f64::from(index * (number % 7 + 1)) / 91.0 * TAU).sin()
                + f64::from(index),
            expected: Some(800.0 + f64::from(index)),
            sums: None,
            status: Some(Status::OnTrack),
        };
        let key = SeriesKey::new(&format!("kpi_{number:04}").as_str().into(), &Labels::default());
        (key, (0..100).map(day).collect())
    });
    let days = days.collect();
    (snapshot, days)
}
