//! Values of KPIs over time, written: the last verdict of each local day, and every change.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::SqliteConnection;

use super::encode::insert;
use super::revision::Revision;
use crate::assess::{Assessment, Status, Sums};
use crate::kpi::SeriesKey;

/// The verdict on one series, as far as history needs it. A number that does not exist is `None`;
/// values are in the KPI's unit, ratios are 1 = 100 %.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// KPI and labels.
    pub series: SeriesKey,
    /// The local day that `as_of` closes.
    pub day: NaiveDate,
    /// The instant the measurements were made for.
    pub as_of: DateTime<Utc>,
    /// The definition that gave the numbers.
    pub revision: Revision,
    /// Id of the period.
    pub period: String,
    /// Share of it that had passed.
    pub elapsed_ratio: f64,
    /// The value.
    pub value: Option<f64>,
    /// Its two parts, when the formula is a quotient.
    pub sums: Option<Sums>,
    /// Resolved baseline.
    pub baseline: Option<f64>,
    /// Resolved target.
    pub target: Option<f64>,
    /// Attainment.
    pub target_ratio: Option<f64>,
    /// Share of the way from baseline to target.
    pub progress_ratio: Option<f64>,
    /// 1 is exactly on the path.
    pub pace_ratio: Option<f64>,
    /// Where the value should have been.
    pub expected: Option<f64>,
    /// The status shown.
    pub status: Status,
    /// Up to when the data was complete.
    pub data_through: Option<DateTime<Utc>>,
}

impl Point {
    /// The point of an assessment.
    pub fn new(
        series: SeriesKey,
        assessment: &Assessment,
        sums: Option<Sums>,
        revision: Revision,
        day: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Self {
        Self {
            series,
            day,
            as_of,
            revision,
            period: assessment.period.id.clone(),
            elapsed_ratio: assessment.elapsed_ratio,
            value: assessment.value,
            sums,
            baseline: assessment.baseline_value,
            target: assessment.target_value,
            target_ratio: assessment.target_ratio,
            progress_ratio: assessment.progress_ratio,
            pace_ratio: assessment.pace_ratio,
            expected: assessment.expected_value,
            status: assessment.status,
            data_through: assessment.data_through,
        }
    }
}

/// Puts points in the place of earlier ones of the same days and meanings; a point made for an earlier
/// instant than the one that is there changes nothing.
pub(super) async fn save_daily(
    connection: &mut SqliteConnection,
    points: &[(i64, &Point)],
) -> sqlx::Result<()> {
    let head = "INSERT INTO daily (series, day, meaning, goal, as_of, period, elapsed_ratio, value,
                numerator, denominator, baseline, target, target_ratio, progress_ratio, pace_ratio,
                expected, status, data_through) ";
    let tail = " ON CONFLICT DO UPDATE SET as_of = excluded.as_of, goal = excluded.goal,
                period = excluded.period, elapsed_ratio = excluded.elapsed_ratio,
                value = excluded.value, numerator = excluded.numerator,
                denominator = excluded.denominator, baseline = excluded.baseline,
                target = excluded.target, target_ratio = excluded.target_ratio,
                progress_ratio = excluded.progress_ratio, pace_ratio = excluded.pace_ratio,
                expected = excluded.expected, status = excluded.status,
                data_through = excluded.data_through
                WHERE excluded.as_of >= as_of";
    insert(connection, head, tail, points, |values, (series, point)| {
        values
            .push_bind(*series)
            .push_bind(point.day)
            .push_bind(point.revision.meaning)
            .push_bind(point.revision.goal)
            .push_bind(point.as_of.timestamp_millis())
            .push_bind(point.period.clone())
            .push_bind(point.elapsed_ratio)
            .push_bind(point.value)
            .push_bind(point.sums.map(|sums| sums.numerator))
            .push_bind(point.sums.map(|sums| sums.denominator))
            .push_bind(point.baseline)
            .push_bind(point.target)
            .push_bind(point.target_ratio)
            .push_bind(point.progress_ratio)
            .push_bind(point.pace_ratio)
            .push_bind(point.expected)
            .push_bind(point.status.as_str())
            .push_bind(point.data_through.map(|through| through.timestamp_millis()));
    })
    .await
}

/// Adds changes, made at `at`.
pub(super) async fn save_raw(
    connection: &mut SqliteConnection,
    points: &[(i64, &Point)],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let head = "INSERT INTO raw (series, at, value, status) ";
    let tail = " ON CONFLICT DO UPDATE SET value = excluded.value, status = excluded.status";
    insert(connection, head, tail, points, |values, (series, point)| {
        values
            .push_bind(*series)
            .push_bind(at.timestamp_millis())
            .push_bind(point.value)
            .push_bind(point.status.as_str());
    })
    .await
}
