//! How periods open and close. What was frozen at an opening stays, so that the goal posts do not
//! move; what was final at a closing stays, and what the source says later is written beside it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::encode::{
    ROWS, insert, instant, optional_instant, push_list, revision, series_key, status,
};
use super::revision::Revision;
use super::{Store, StoreError};
use crate::assess::Status;
use crate::id::KpiId;
use crate::kpi::SeriesKey;

/// What was frozen when a period of a series opened, or when its definition changed within it.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// KPI and labels.
    pub series: SeriesKey,
    /// Id of the period.
    pub period: String,
    /// The definition that was in force.
    pub revision: Revision,
    /// When it was frozen.
    pub opened_at: DateTime<Utc>,
    /// Baseline, in the KPI's unit.
    pub baseline: Option<f64>,
    /// Resolved target, where it is a single number.
    pub target: Option<f64>,
    /// Lower limit of a range or `min` target.
    pub target_lower: Option<f64>,
    /// Upper limit of a range or `max` target.
    pub target_upper: Option<f64>,
}

/// How a period of a series ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// KPI and labels.
    pub series: SeriesKey,
    /// Id of the period.
    pub period: String,
    /// First instant of the period.
    pub start: DateTime<Utc>,
    /// First instant after it.
    pub end: DateTime<Utc>,
    /// The value at the close, in the KPI's unit.
    pub value: Option<f64>,
    /// The target it is measured against.
    pub target: Option<f64>,
    /// Attainment.
    pub target_ratio: Option<f64>,
    /// The verdict.
    pub status: Status,
    /// When the period was first closed.
    pub closed_at: DateTime<Utc>,
    /// When the grace for late data was over; `None` while it lasts.
    pub final_at: Option<DateTime<Utc>>,
    /// The definition by which it ended; `None` where a store of version 2 or before did not say.
    pub revision: Option<Revision>,
}

/// A change of a value that was final.
#[derive(Debug, Clone, PartialEq)]
pub struct Restatement {
    /// KPI and labels.
    pub series: SeriesKey,
    /// Id of the period.
    pub period: String,
    /// When it was noticed.
    pub at: DateTime<Utc>,
    /// The value known before.
    pub old_value: Option<f64>,
    /// What the source says now.
    pub new_value: Option<f64>,
}

/// What became of a closing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Closed {
    /// The period was not closed before.
    First,
    /// It was, but not final yet: late data, or the end of the grace.
    Updated,
    /// Nothing new.
    Unchanged,
    /// It was final: the closing stays, the difference is recorded.
    Restated {
        /// The last value known.
        from: Option<f64>,
        /// What the source says now.
        to: Option<f64>,
    },
}

impl Store {
    /// What was frozen for these periods of KPIs, under whatever definition, in the order in which it was.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn openings(&self, wanted: &[(KpiId, String)]) -> Result<Vec<Opening>, StoreError> {
        let mut openings = Vec::new();
        for wanted in wanted.chunks(ROWS) {
            self.answer(self.add_openings(wanted, &mut openings).await)?;
        }
        Ok(openings)
    }

    async fn add_openings(
        &self,
        wanted: &[(KpiId, String)],
        openings: &mut Vec<Opening>,
    ) -> sqlx::Result<()> {
        let (kpis, periods): (BTreeSet<&KpiId>, BTreeSet<&String>) =
            wanted.iter().map(|(kpi, period)| (kpi, period)).unzip();
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT kpi, labels, openings.* FROM series JOIN openings ON series = id WHERE kpi IN ",
        );
        push_list(&mut query, kpis);
        query.push(" AND period IN ");
        push_list(&mut query, &periods);
        query.push(" ORDER BY opened_at, goal");
        let (query, pool) = (query.build(), self.pool());
        let mut rows = query.fetch(&pool);
        while let Some(row) = rows.try_next().await? {
            let one = opening(&row)?;
            if wanted.iter().any(|(kpi, period)| *kpi == one.series.kpi && *period == one.period) {
                openings.push(one);
            }
        }
        Ok(())
    }

    /// The closing that ended last by an instant, of every series that has one.
    pub async fn last_closings(&self, by: DateTime<Utc>) -> Result<Vec<Closing>, StoreError> {
        let query = sqlx::query(
            // In SQLite the other columns are those of the row with the maximum.
            "SELECT kpi, labels, closings.*, max(end_at) FROM closings JOIN series ON id = series
             WHERE end_at <= ? GROUP BY series ORDER BY kpi, labels",
        );
        let query = query.bind(by.timestamp_millis());
        let rows = self.answer(query.fetch_all(&self.pool()).await)?;
        self.answer(rows.iter().map(closing).collect())
    }

    /// The closings of a KPI that ended in `from..=to`, by labels, then by end.
    pub async fn closings(
        &self,
        kpi: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Closing>, StoreError> {
        let query = sqlx::query(
            "SELECT kpi, labels, closings.* FROM closings JOIN series ON id = series
             WHERE kpi = ? AND end_at BETWEEN ? AND ? ORDER BY labels, end_at",
        );
        let query = query.bind(kpi).bind(from.timestamp_millis()).bind(to.timestamp_millis());
        let rows = self.answer(query.fetch_all(&self.pool()).await)?;
        self.answer(rows.iter().map(closing).collect())
    }

    /// The restatements of a KPI, in the order in which they were noticed.
    pub async fn restatements(&self, kpi: &str) -> Result<Vec<Restatement>, StoreError> {
        let query = sqlx::query(
            "SELECT kpi, labels, r.* FROM restatements AS r JOIN series ON series.id = series
             WHERE kpi = ? ORDER BY r.id",
        );
        let rows = self.answer(query.bind(kpi).fetch_all(&self.pool()).await)?;
        self.answer(rows.iter().map(restatement).collect())
    }
}

fn opening(row: &SqliteRow) -> sqlx::Result<Opening> {
    Ok(Opening {
        series: series_key(row)?,
        period: row.try_get("period")?,
        revision: revision(row)?,
        opened_at: instant(row, "opened_at")?,
        baseline: row.try_get("baseline")?,
        target: row.try_get("target")?,
        target_lower: row.try_get("target_lower")?,
        target_upper: row.try_get("target_upper")?,
    })
}

pub(super) fn closing(row: &SqliteRow) -> sqlx::Result<Closing> {
    Ok(Closing {
        series: series_key(row)?,
        period: row.try_get("period")?,
        start: instant(row, "start_at")?,
        end: instant(row, "end_at")?,
        value: row.try_get("value")?,
        target: row.try_get("target")?,
        target_ratio: row.try_get("target_ratio")?,
        status: status(row, "status")?,
        closed_at: instant(row, "closed_at")?,
        final_at: optional_instant(row, "final_at")?,
        revision: row
            .try_get::<Option<u32>, _>("meaning")?
            .zip(row.try_get::<Option<u32>, _>("goal")?)
            .map(|(meaning, goal)| Revision { meaning, goal }),
    })
}

fn restatement(row: &SqliteRow) -> sqlx::Result<Restatement> {
    Ok(Restatement {
        series: series_key(row)?,
        period: row.try_get("period")?,
        at: instant(row, "at")?,
        old_value: row.try_get("old_value")?,
        new_value: row.try_get("new_value")?,
    })
}

/// Adds openings; one that is there already stays as it is, unless it was frozen later, by a clock that
/// was ahead.
pub(super) async fn save_openings(
    connection: &mut SqliteConnection,
    openings: &[(i64, &Opening)],
) -> sqlx::Result<()> {
    let head = "INSERT INTO openings (series, period, meaning, goal, opened_at, baseline, target,
                target_lower, target_upper) ";
    let tail = " ON CONFLICT DO UPDATE SET opened_at = excluded.opened_at,
                baseline = excluded.baseline, target = excluded.target,
                target_lower = excluded.target_lower, target_upper = excluded.target_upper
                WHERE excluded.opened_at < opened_at";
    insert(connection, head, tail, openings, |values, (series, opening)| {
        values
            .push_bind(*series)
            .push_bind(opening.period.clone())
            .push_bind(opening.revision.meaning)
            .push_bind(opening.revision.goal)
            .push_bind(opening.opened_at.timestamp_millis())
            .push_bind(opening.baseline)
            .push_bind(opening.target)
            .push_bind(opening.target_lower)
            .push_bind(opening.target_upper);
    })
    .await
}
