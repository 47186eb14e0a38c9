//! How the newest periods of every series ended, with what the sources say of them since: what pages show.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::encode::{instant, optional_instant};
use super::periods::closing;
use super::{Closing, InForce, Store, StoreError};
use crate::id::KpiId;
use crate::kpi::same;

/// Periods of one series.
const OF_ONE: i64 = 8;

/// Periods of all series: where there are very many, the newest of each come first.
const MOST: i64 = 20_000;

/// How a period ended, and what its source says since.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The result, which stays.
    pub closing: Closing,
    /// Since when the source says something else, and what.
    pub restated: Option<(DateTime<Utc>, Option<f64>)>,
}

impl Store {
    /// The periods that ended by an instant, the newest of each series.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn ended(&self, by: DateTime<Utc>) -> Result<Vec<Ended>, StoreError> {
        let query = sqlx::query(
            "SELECT kpi, labels, c.*, r.at AS restated_at, r.new_value AS restated_value
             FROM (SELECT *, row_number() OVER (PARTITION BY series ORDER BY end_at DESC) AS place
                   FROM closings WHERE end_at <= ?1) AS c
             JOIN series ON series.id = c.series
             LEFT JOIN restatements AS r ON r.id =
                 (SELECT max(id) FROM restatements AS one
                  WHERE one.series = c.series AND one.period = c.period AND one.at <= ?1)
             WHERE place <= ?2 ORDER BY place, kpi, labels LIMIT ?3",
        );
        let query = query.bind(by.timestamp_millis()).bind(OF_ONE).bind(MOST);
        let rows = self.answer(query.fetch_all(&self.pool()).await)?;
        self.answer(rows.iter().map(ended).collect())
    }
}

impl Store {
    /// When periods ended whose result is not final although they ended by an instant, under the meanings in force:
    /// their source was down when late data had come.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn unsettled(
        &self,
        in_force: &BTreeMap<KpiId, InForce>,
        by: DateTime<Utc>,
    ) -> Result<BTreeMap<KpiId, BTreeSet<DateTime<Utc>>>, StoreError> {
        let query = sqlx::query(
            "SELECT DISTINCT kpi, meaning, end_at FROM closings JOIN series ON id = series
             WHERE final_at IS NULL AND meaning IS NOT NULL AND end_at <= ?",
        );
        let query = query.bind(by.timestamp_millis());
        let mut unsettled = BTreeMap::<KpiId, BTreeSet<DateTime<Utc>>>::new();
        for row in self.answer(query.fetch_all(&self.pool()).await)? {
            let read = || -> sqlx::Result<(String, u32, DateTime<Utc>)> {
                Ok((row.try_get("kpi")?, row.try_get("meaning")?, instant(&row, "end_at")?))
            };
            let (kpi, meaning, end) = self.answer(read())?;
            let now = in_force.get_key_value(kpi.as_str());
            if let Some((kpi, _)) = now.filter(|(_, now)| now.revision.meaning == meaning) {
                unsettled.entry(kpi.clone()).or_default().insert(end);
            }
        }
        Ok(unsettled)
    }
}

fn ended(row: &SqliteRow) -> sqlx::Result<Ended> {
    let at = optional_instant(row, "restated_at")?;
    let value: Option<f64> = row.try_get("restated_value")?;
    let closing = closing(row)?;
    // A source may come back to what it said.
    let differs = match (closing.value, value) {
        (Some(then), Some(now)) => !same(then, now),
        (then, now) => then.is_some() || now.is_some(),
    };
    Ok(Ended { restated: at.filter(|_| differs).map(|at| (at, value)), closing })
}
