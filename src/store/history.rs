//! Values of KPIs over time, read: for charts, reports and projections. Days are compared as texts:
//! years have four digits.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::encode::{
    instant, labels, labels_text, optional_instant, push_list, revision, series_key, status,
};
use super::points::Point;
use super::revision::Revision;
use super::{Store, StoreError};
use crate::assess::{Status, Sums};
use crate::id::KpiId;
use crate::metric::Labels;

/// The value of one day.
#[derive(Debug, Clone, PartialEq)]
pub struct DailyValue {
    /// Local day.
    pub day: NaiveDate,
    /// The definition that gave it; values of different meanings are not one series.
    pub revision: Revision,
    /// Id of the period.
    pub period: String,
    /// In the KPI's unit.
    pub value: f64,
    /// Its two parts, when the formula is a quotient.
    pub sums: Option<Sums>,
}

/// A change of value or status.
#[derive(Debug, Clone, PartialEq)]
pub struct RawPoint {
    /// The labels of the series.
    pub labels: Labels,
    /// When it was evaluated.
    pub at: DateTime<Utc>,
    /// The value from then on.
    pub value: Option<f64>,
    /// The status from then on.
    pub status: Status,
}

impl Store {
    /// The days `from..=to` of a KPI: one label set, or all of them. By labels, then by day.
    pub async fn history(
        &self,
        kpi: &str,
        labels: Option<&Labels>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<Point>, StoreError> {
        let query = "SELECT kpi, labels, daily.* FROM series JOIN daily ON series = series.id
                     WHERE kpi = ?1 AND (?2 IS NULL OR labels = ?2) AND day BETWEEN ?3 AND ?4
                     ORDER BY labels, day, meaning";
        let query = sqlx::query(query).bind(kpi).bind(labels.map(labels_text)).bind(from).bind(to);
        let rows = self.answer(query.fetch_all(&self.pool()).await)?;
        self.answer(rows.iter().map(point).collect())
    }

    /// The days `from..=to` of some KPIs, by KPI and labels, then by day.
    pub(super) async fn days(
        &self,
        kpis: &[&KpiId],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<Point>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT kpi, labels, daily.* FROM series JOIN daily ON series = series.id WHERE kpi IN ",
        );
        push_list(&mut query, kpis);
        query.push(" AND day BETWEEN ").push_bind(from).push(" AND ").push_bind(to);
        query.push(" ORDER BY kpi, labels, day, meaning");
        let rows = self.answer(query.build().fetch_all(&self.pool()).await)?;
        self.answer(rows.iter().map(point).collect())
    }

    /// The changes of a KPI in `from..to`: one label set, or all of them. By labels, then in time.
    pub async fn raw_history(
        &self,
        kpi: &str,
        labels: Option<&Labels>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<RawPoint>, StoreError> {
        let query = "SELECT labels, raw.* FROM series JOIN raw ON series = series.id
                     WHERE kpi = ?1 AND (?2 IS NULL OR labels = ?2) AND at >= ?3 AND at < ?4
                     ORDER BY labels, at";
        let query = sqlx::query(query).bind(kpi).bind(labels.map(labels_text));
        let query = query.bind(from.timestamp_millis()).bind(to.timestamp_millis());
        let rows = self.answer(query.fetch_all(&self.pool()).await)?;
        self.answer(rows.iter().map(raw_point).collect())
    }

    /// The values of the days `from..=to` of a KPI by label set, in order; days without a value are
    /// left out.
    pub async fn daily_values(
        &self,
        kpi: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<BTreeMap<Labels, Vec<DailyValue>>, StoreError> {
        self.answer(self.values(kpi, from, to).await)
    }

    async fn values(
        &self,
        kpi: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> sqlx::Result<BTreeMap<Labels, Vec<DailyValue>>> {
        let mut values = BTreeMap::new();
        let all = sqlx::query("SELECT id, labels FROM series WHERE kpi = ?").bind(kpi);
        for series in all.fetch_all(&self.pool()).await? {
            let days = sqlx::query(
                "SELECT day, meaning, goal, period, value, numerator, denominator FROM daily
                 WHERE series = ? AND day BETWEEN ? AND ? AND value IS NOT NULL
                 ORDER BY day, meaning",
            );
            let days = days.bind(series.try_get::<i64, _>("id")?).bind(from).bind(to);
            let days = days.fetch_all(&self.pool()).await?;
            let days: Vec<DailyValue> = days.iter().map(daily_value).collect::<Result<_, _>>()?;
            if !days.is_empty() {
                values.insert(labels(&series, "labels")?, days);
            }
        }
        Ok(values)
    }
}

fn daily_value(row: &SqliteRow) -> sqlx::Result<DailyValue> {
    Ok(DailyValue {
        day: row.try_get("day")?,
        revision: revision(row)?,
        period: row.try_get("period")?,
        value: row.try_get("value")?,
        sums: sums(row)?,
    })
}

fn raw_point(row: &SqliteRow) -> sqlx::Result<RawPoint> {
    Ok(RawPoint {
        labels: labels(row, "labels")?,
        at: instant(row, "at")?,
        value: row.try_get("value")?,
        status: status(row, "status")?,
    })
}

fn point(row: &SqliteRow) -> sqlx::Result<Point> {
    Ok(Point {
        series: series_key(row)?,
        day: row.try_get("day")?,
        as_of: instant(row, "as_of")?,
        revision: revision(row)?,
        period: row.try_get("period")?,
        elapsed_ratio: row.try_get("elapsed_ratio")?,
        value: row.try_get("value")?,
        sums: sums(row)?,
        baseline: row.try_get("baseline")?,
        target: row.try_get("target")?,
        target_ratio: row.try_get("target_ratio")?,
        progress_ratio: row.try_get("progress_ratio")?,
        pace_ratio: row.try_get("pace_ratio")?,
        expected: row.try_get("expected")?,
        status: status(row, "status")?,
        data_through: optional_instant(row, "data_through")?,
    })
}

fn sums(row: &SqliteRow) -> sqlx::Result<Option<Sums>> {
    let numerator: Option<f64> = row.try_get("numerator")?;
    let denominator: Option<f64> = row.try_get("denominator")?;
    let sums = |(numerator, denominator)| Sums { numerator, denominator };
    Ok(numerator.zip(denominator).map(sums))
}
