//! Whether a clock can be believed. A store knows when it was written to: stretches of time without a
//! leap. A clock that leaps far ahead may be wrong; nothing is deleted by its word alone. When it is
//! back, what was written in a future that did not come is undone.
//!
//! A clock that goes back may be wrong as well: what was lived for long is never undone.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::encode::instant;
use super::{Store, StoreError, series};

/// More than this since the last write is a leap, or a time without a daemon: nobody can tell.
const LEAP: TimeDelta = TimeDelta::days(1);

/// A leap of more than this has to be confirmed by a time lived after it before anything is deleted.
const LONG_LEAP: TimeDelta = TimeDelta::days(7);

/// So long.
const CONFIRMED: TimeDelta = TimeDelta::days(1);

/// Of a leap no more than this counts for the age of what was written before it.
const COUNTED: TimeDelta = TimeDelta::days(62);

/// What was lived for longer than this is history, whatever a clock says afterwards.
const LIVED: TimeDelta = TimeDelta::days(7);

/// A clock that is set back after a leap may go behind the time before it by as much.
const BEHIND: TimeDelta = TimeDelta::days(7);

/// A time without a leap, from its first write to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    id: i64,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// What was undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undone {
    /// Rows that were deleted, or are not final any more.
    pub rows: u64,
    /// The future that did not come.
    pub since: DateTime<Utc>,
    /// Its last write.
    pub until: DateTime<Utc>,
}

impl Store {
    /// Undoes what was written after leaps of the clock to a time that has not come, now that it is back:
    /// what was written before goes on from there. `None` when there is no such thing.
    ///
    /// # Errors
    /// What the store says; nothing is undone then.
    pub async fn undo_future(&self, now: DateTime<Utc>) -> Result<Option<Undone>, StoreError> {
        let mut written = self.written.lock().await;
        let undone = self.answer(self.undo(now).await)?;
        if undone.is_some() {
            *written = self.answer(series::load(&self.pool()).await)?;
        }
        Ok(undone)
    }

    async fn undo(&self, now: DateTime<Utc>) -> sqlx::Result<Option<Undone>> {
        let lived = self.stretches().await?;
        let Some((before, future)) = future(&lived, now) else { return Ok(None) };
        let (first, until) = (future[0], future.iter().map(|stretch| stretch.until).max());
        let limit = now.max(before.until);
        let mut transaction = self.begin().await?;
        let mut rows = 0;
        for sql in UNDO {
            let query = sqlx::query(sql).bind(limit.timestamp_millis());
            rows += query.execute(&mut *transaction).await?.rows_affected();
        }
        // Days are local: tomorrow may have begun somewhere.
        let statuses = sqlx::query("DELETE FROM statuses WHERE day > ?");
        let statuses = statuses.bind((limit + TimeDelta::days(1)).date_naive());
        rows += statuses.execute(&mut *transaction).await?.rows_affected();
        let forget = sqlx::query("DELETE FROM stretches WHERE id >= ?").bind(first.id);
        forget.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Some(Undone { rows, since: first.since, until: until.unwrap_or(first.until) }))
    }

    /// In the order in which they were lived.
    async fn stretches(&self) -> sqlx::Result<Vec<Stretch>> {
        let rows =
            sqlx::query("SELECT * FROM stretches ORDER BY id").fetch_all(&self.pool()).await?;
        rows.iter().map(stretch).collect()
    }

    /// The instant before which rows are older than an age; `None` while a clock that leapt is not
    /// confirmed. The time of long leaps is not an age: nobody was there to fill it.
    pub(super) async fn oldest(
        &self,
        now: DateTime<Utc>,
        ages: [TimeDelta; 2],
    ) -> sqlx::Result<Option<[DateTime<Utc>; 2]>> {
        let lived = self.stretches().await?;
        Ok(is_confirmed(&lived, now).then(|| ages.map(|age| before(&lived, now, age))))
    }

    /// Since when time has been lived that is never undone, or that ran without a leap.
    pub(super) async fn lived_since(&self) -> sqlx::Result<DateTime<Utc>> {
        let lived = self.stretches().await?;
        let short = lived.last().filter(|last| last.until - last.since <= LIVED);
        Ok(short.map_or(DateTime::UNIX_EPOCH, |last| last.since))
    }
}

/// Deletions of what was written after `?1`.
const UNDO: [&str; 8] = [
    "DELETE FROM closings WHERE closed_at > ?1",
    "UPDATE closings SET final_at = NULL WHERE final_at > ?1",
    "DELETE FROM restatements WHERE at > ?1",
    "DELETE FROM openings WHERE opened_at > ?1",
    "DELETE FROM daily WHERE as_of > ?1",
    "DELETE FROM raw WHERE at > ?1",
    "DELETE FROM runs WHERE saved_at > ?1",
    "UPDATE changes SET since = ?1 WHERE since > ?1",
];

fn stretch(row: &SqliteRow) -> sqlx::Result<Stretch> {
    let (since, until) = (instant(row, "since")?, instant(row, "until")?);
    Ok(Stretch { id: row.try_get("id")?, since, until })
}

/// The stretches at the end that are to be undone, and the one before them.
fn future(lived: &[Stretch], now: DateTime<Utc>) -> Option<(Stretch, &[Stretch])> {
    let before = lived
        .iter()
        .rposition(|stretch| stretch.since <= now)
        .or_else(|| lived.iter().position(|stretch| stretch.since <= now + BEHIND))?;
    let future = &lived[before + 1..];
    let is_short = |stretch: &Stretch| stretch.until - stretch.since <= LIVED;
    let undone =
        !future.is_empty() && future.iter().all(|stretch| stretch.since > now && is_short(stretch));
    undone.then_some((lived[before], future))
}

fn is_confirmed(lived: &[Stretch], now: DateTime<Utc>) -> bool {
    let Some((last, earlier)) = lived.split_last() else { return false };
    let leapt = earlier.last().is_some_and(|before| last.since - before.until > LONG_LEAP);
    // The first write after a leap is still to come.
    now - last.until <= LONG_LEAP && (!leapt || last.until - last.since >= CONFIRMED)
}

fn before(lived: &[Stretch], now: DateTime<Utc>, age: TimeDelta) -> DateTime<Utc> {
    let mut lived = lived.to_vec();
    lived.sort_by_key(|stretch| stretch.since);
    let (mut left, mut later) = (age, now);
    for stretch in lived.iter().rev() {
        let leap = (later - stretch.until).max(TimeDelta::zero());
        if left <= leap.min(COUNTED) {
            break;
        }
        left -= leap.min(COUNTED);
        later = later.min(stretch.until);
        let length = (later - stretch.since).max(TimeDelta::zero());
        if left <= length {
            break;
        }
        left -= length;
        later = later.min(stretch.since);
    }
    later.checked_sub_signed(left).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Notes that something is written.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let last = sqlx::query("SELECT * FROM stretches ORDER BY id DESC LIMIT 1");
    let last = last.fetch_optional(&mut *connection).await?;
    let last = last.as_ref().map(stretch).transpose()?;
    let at = now.timestamp_millis();
    let query = match last {
        // Within it, as after a clock was corrected.
        Some(last) if last.since <= now && now <= last.until => return Ok(()),
        Some(last) if last.since <= now && now - last.until <= LEAP => {
            sqlx::query("UPDATE stretches SET until = ?1 WHERE id = ?2").bind(at).bind(last.id)
        }
        _ => sqlx::query("INSERT INTO stretches (since, until) VALUES (?1, ?1)").bind(at),
    };
    query.execute(connection).await?;
    Ok(())
}

#[cfg(test)]
#[path = "tests/stretches.rs"]
mod tests;
