//! Series: the label sets of KPIs by number, and what was last written of each. An evaluation that
//! brings nothing new then costs no write at all, and there are many of those.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, SqlitePool};

use super::encode::{ROWS, bad, labels_text, series_key, status};
use super::points::Point;
use super::runs_written::WrittenRuns;
use crate::assess::Status;
use crate::assess::hysteresis::StatusMemory;
use crate::kpi::SeriesKey;

/// What the file holds, as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Of each series.
    pub(super) series: BTreeMap<SeriesKey, Last>,
    /// Of each metric: what its last run measured, as it was handed in.
    pub(super) runs: WrittenRuns,
}

/// What was last written of a series.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) id: i64,
    pub(super) memory: Option<StatusMemory>,
    pub(super) point: Option<Point>,
    pub(super) raw: Option<(Option<f64>, Status)>,
}

impl Last {
    fn new(id: i64) -> Self {
        Self { id, memory: None, point: None, raw: None }
    }
}

/// Numbers given out by a transaction that is not committed yet.
#[derive(Debug)]
pub(super) struct Numbers(BTreeMap<SeriesKey, i64>);

impl Numbers {
    /// Those of series, a new one for each that has none.
    pub(super) async fn of<'k>(
        connection: &mut SqliteConnection,
        written: &Written,
        keys: impl Iterator<Item = &'k SeriesKey>,
    ) -> sqlx::Result<Self> {
        let new: BTreeSet<_> = keys.filter(|key| !written.series.contains_key(*key)).collect();
        let new: Vec<_> = new.into_iter().collect();
        let mut numbers = BTreeMap::new();
        for keys in new.chunks(ROWS) {
            let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO series (kpi, labels) ");
            insert.push_values(keys, |mut values, key| {
                values.push_bind(key.kpi.to_string()).push_bind(labels_text(&key.labels));
            });
            // It may be there already: a commit that was given up on may still have happened.
            insert.push(
                " ON CONFLICT (kpi, labels) DO UPDATE SET kpi = excluded.kpi RETURNING id, kpi, labels",
            );
            for row in insert.build().fetch_all(&mut *connection).await? {
                numbers.insert(series_key(&row)?, row.try_get("id")?);
            }
        }
        Ok(Self(numbers))
    }

    /// The number of one of them.
    pub(super) fn get(&self, written: &Written, key: &SeriesKey) -> sqlx::Result<i64> {
        let known = written.series.get(key).map(|last| last.id);
        known
            .or_else(|| self.0.get(key).copied())
            .ok_or_else(|| bad(format!("{key:?} has no number")))
    }

    /// After the commit.
    pub(super) fn keep(self, written: &mut Written) {
        written.series.extend(self.0.into_iter().map(|(key, id)| (key, Last::new(id))));
    }
}

/// All series with their last raw value: after a restart the same value is still no news.
pub(super) async fn load(pool: &SqlitePool) -> sqlx::Result<Written> {
    let rows = sqlx::query(
        "SELECT series.id, kpi, labels, raw.value, raw.status FROM series LEFT JOIN raw
         ON raw.series = series.id
         AND raw.at = (SELECT max(at) FROM raw WHERE raw.series = series.id)",
    );
    let mut written = Written::default();
    for row in rows.fetch_all(pool).await? {
        let mut last = Last::new(row.try_get("id")?);
        if row.try_get::<Option<&str>, _>("status")?.is_some() {
            last.raw = Some((row.try_get("value")?, status(&row, "status")?));
        }
        written.series.insert(series_key(&row)?, last);
    }
    Ok(written)
}
