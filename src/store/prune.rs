//! Letting go of what is too old to keep, in small steps between which evaluations are written.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::series::Written;
use super::{Store, StoreError};

/// Rows deleted by one transaction, at most.
const STEP: u32 = 1_000;

/// Changes within the running day are all kept, wherever it began.
const RUNNING: TimeDelta = TimeDelta::hours(48);

/// How long history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Daily values, openings and closings.
    pub daily: Duration,
    /// Changes of a status within a day, and measurements of metrics that are no longer fetched.
    pub raw: Duration,
}

impl Default for Retention {
    /// Five years of daily values, 90 days of changes.
    fn default() -> Self {
        let day = Duration::from_hours(24);
        Self { daily: day * (5 * 366), raw: day * 90 }
    }
}

/// The deletions of old rows of one series: `?1` the series, `?2` the limit, `?3` the step. The
/// table's key begins with the series, so each finds its rows without looking at others.
const OF_SERIES: [(&str, Limit); 5] = [
    // Of days that are over a change of the value alone says nothing any more: the daily value does.
    (
        "DELETE FROM raw WHERE series = ?1 AND at IN
         (SELECT at FROM (SELECT at, status, lag(status) OVER (ORDER BY at) AS before FROM raw
                          WHERE series = ?1 AND at < ?2)
          WHERE before IS status AND at >= ?4 AND at < (SELECT max(at) FROM raw WHERE series = ?1)
          ORDER BY at LIMIT ?3)",
        Limit::Running,
    ),
    (
        "DELETE FROM raw WHERE series = ?1 AND at IN
         (SELECT at FROM raw WHERE series = ?1 AND at < ?2 ORDER BY at LIMIT ?3)",
        Limit::Raw,
    ),
    (
        "DELETE FROM daily WHERE series = ?1 AND day IN
         (SELECT day FROM daily WHERE series = ?1 AND day < ?2 ORDER BY day LIMIT ?3)",
        Limit::Day,
    ),
    (
        "DELETE FROM openings WHERE series = ?1 AND (period, meaning, goal) IN
         (SELECT period, meaning, goal FROM openings WHERE series = ?1 AND opened_at < ?2 LIMIT ?3)",
        Limit::Daily,
    ),
    (
        "DELETE FROM closings WHERE series = ?1 AND period IN
         (SELECT period FROM closings WHERE series = ?1 AND end_at < ?2 LIMIT ?3)",
        Limit::Daily,
    ),
];

/// What a deletion compares with.
#[derive(Clone, Copy)]
enum Limit {
    Running,
    Raw,
    Day,
    Daily,
}

/// The oldest that is kept.
struct KeptFor {
    running: DateTime<Utc>,
    lived_since: DateTime<Utc>,
    raw: DateTime<Utc>,
    daily: DateTime<Utc>,
}

impl Store {
    /// Deletes what is older than the retention. Gives the number of rows deleted: none while the clock
    /// has leapt and that is not confirmed yet.
    pub async fn prune(&self, now: DateTime<Utc>, retention: Retention) -> Result<u64, StoreError> {
        let ages = [retention.raw, retention.daily];
        let ages = ages.map(|age| TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX));
        let Some([raw, daily]) = self.answer(self.oldest(now, ages).await)? else { return Ok(0) };
        let lived_since = self.answer(self.lived_since().await)?;
        let limits = KeptFor { running: now - RUNNING, lived_since, raw, daily };
        let series: Vec<i64> = {
            let written = self.written.lock().await;
            written.series.values().map(|last| last.id).collect()
        };
        let mut deleted = 0;
        for series in series {
            deleted += self.answer(self.prune_series(series, &limits).await)?;
        }
        // New series must not come in between the look and the deletion.
        let mut written = self.written.lock().await;
        deleted += self.answer(self.prune_unused(&mut written, &limits).await)?;
        drop(written);
        self.answer(self.give_back().await)?;
        Ok(deleted)
    }

    async fn prune_series(&self, series: i64, limits: &KeptFor) -> sqlx::Result<u64> {
        let mut deleted = 0;
        for (delete, limit) in OF_SERIES {
            loop {
                let query = sqlx::query(delete).bind(series);
                let query = match limit {
                    Limit::Running => query.bind(limits.running.timestamp_millis()),
                    Limit::Raw => query.bind(limits.raw.timestamp_millis()),
                    Limit::Day => query.bind(limits.day()),
                    Limit::Daily => query.bind(limits.daily.timestamp_millis()),
                };
                let query = query.bind(STEP).bind(limits.lived_since.timestamp_millis());
                let step = query.execute(&self.pool()).await?.rows_affected();
                deleted += step;
                if step < u64::from(STEP) {
                    break;
                }
            }
        }
        Ok(deleted)
    }

    /// Series without any history left, and metrics that have not been fetched for long.
    async fn prune_unused(&self, written: &mut Written, limits: &KeptFor) -> sqlx::Result<u64> {
        let series = sqlx::query_scalar(
            "DELETE FROM series WHERE
             NOT EXISTS (SELECT 1 FROM raw WHERE series = id)
             AND NOT EXISTS (SELECT 1 FROM daily WHERE series = id)
             AND NOT EXISTS (SELECT 1 FROM openings WHERE series = id)
             AND NOT EXISTS (SELECT 1 FROM closings WHERE series = id)
             AND NOT EXISTS (SELECT 1 FROM statuses WHERE series = id AND day >= ?)
             RETURNING id",
        );
        let gone: Vec<i64> = series.bind(limits.day()).fetch_all(&self.pool()).await?;
        written.series.retain(|_, last| !gone.contains(&last.id));
        let runs = sqlx::query("DELETE FROM runs WHERE saved_at < ?");
        let runs = runs.bind(limits.raw.timestamp_millis()).execute(&self.pool()).await?;
        let silent = sqlx::query("DELETE FROM silent_days WHERE day < ?");
        let silent = silent.bind(limits.day()).execute(&self.pool()).await?;
        Ok(gone.len() as u64 + runs.rows_affected() + silent.rows_affected())
    }
}

impl KeptFor {
    fn day(&self) -> NaiveDate {
        self.daily.date_naive()
    }
}
