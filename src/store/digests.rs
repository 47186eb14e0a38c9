//! Digests by slot: written down before they are sent, so that none is sent twice, and none forgotten.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::encode::{bad, instant};
use super::{Store, StoreError};

/// Slots of one digest that are remembered.
const MOST_OF_ONE: i64 = 2_000;

/// What became of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestState {
    /// The first instant at which the digest was known: nothing before it is due.
    Start,
    /// To be sent.
    Pending,
    /// Nothing holds it back any more; whether it arrived is not known yet.
    Released,
    /// The channel took it.
    Sent,
    /// There was nothing to say.
    Quiet,
    /// The channel did not take it for too long.
    GivenUp,
    /// It passed without a program that would have sent it, and is too old to be sent.
    Skipped,
}

impl DigestState {
    const ALL: [Self; 7] = [
        Self::Start,
        Self::Pending,
        Self::Released,
        Self::Sent,
        Self::Quiet,
        Self::GivenUp,
        Self::Skipped,
    ];

    /// As it is stored and counted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pending => "pending",
            Self::Released => "released",
            Self::Sent => "sent",
            Self::Quiet => "quiet",
            Self::GivenUp => "given_up",
            Self::Skipped => "skipped",
        }
    }
}

/// A digest of one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestSlot {
    /// When it was due.
    pub slot: DateTime<Utc>,
    /// What became of it.
    pub state: DigestState,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When to try again.
    pub due: DateTime<Utc>,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

impl Store {
    /// Since when a digest is known; notes `now` for one that is new, or that a clock which was wrong has
    /// put into the future: it would wait until then.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn digest_start(
        &self,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, StoreError> {
        self.answer(self.start_of(name, now).await)
    }

    async fn start_of(&self, name: &str, now: DateTime<Utc>) -> sqlx::Result<DateTime<Utc>> {
        let query = "SELECT slot FROM digests WHERE name = ? AND state = 'start'";
        let known = sqlx::query(query).bind(name).fetch_optional(&self.pool()).await?;
        let at = now.timestamp_millis();
        let Some(row) = known else {
            self.insert_slot(name, at, DigestState::Start, at).await?;
            return Ok(now);
        };
        let start = instant(&row, "slot")?;
        if start <= now {
            return Ok(start);
        }
        let mut transaction = self.begin().await?;
        let update = "UPDATE digests SET slot = ?, due = ? WHERE name = ? AND state = 'start'";
        sqlx::query(update).bind(at).bind(at).bind(name).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(now)
    }

    /// Claims a slot; whether it was free.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn claim_digest(
        &self,
        name: &str,
        slot: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (slot, due) = (slot.timestamp_millis(), now.timestamp_millis());
        self.answer(self.insert_slot(name, slot, DigestState::Pending, due).await)
    }

    async fn insert_slot(
        &self,
        name: &str,
        slot: i64,
        state: DigestState,
        due: i64,
    ) -> sqlx::Result<bool> {
        let mut transaction = self.begin().await?;
        let insert = "INSERT INTO digests (name, slot, state, attempts, due) VALUES (?, ?, ?, 0, ?)
                      ON CONFLICT DO NOTHING";
        let done = sqlx::query(insert).bind(name).bind(slot).bind(state.as_str()).bind(due);
        let done = done.execute(&mut *transaction).await?;
        let prune = "DELETE FROM digests WHERE name = ?1 AND state <> 'start' AND slot NOT IN
                     (SELECT slot FROM digests WHERE name = ?1 ORDER BY slot DESC LIMIT ?2)";
        sqlx::query(prune).bind(name).bind(MOST_OF_ONE).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// The digests of a name that are neither sent nor given up, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn open_digests(&self, name: &str) -> Result<Vec<DigestSlot>, StoreError> {
        let query = "SELECT * FROM digests WHERE name = ? AND state IN ('pending', 'released')
                     ORDER BY slot";
        let rows = sqlx::query(query).bind(name).fetch_all(&self.pool()).await;
        let rows = self.answer(rows)?;
        self.answer(rows.iter().map(slot).collect())
    }

    /// The newest slot of a digest that something became of.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn last_digest(&self, name: &str) -> Result<Option<DigestSlot>, StoreError> {
        let query = "SELECT * FROM digests WHERE name = ? AND state <> 'start'
                     ORDER BY slot DESC LIMIT 1";
        let row = sqlx::query(query).bind(name).fetch_optional(&self.pool()).await;
        self.answer(self.answer(row)?.as_ref().map(slot).transpose())
    }

    /// Notes what became of a slot.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn note_digest(&self, name: &str, now: &DigestSlot) -> Result<(), StoreError> {
        self.answer(self.update_slot(name, now).await)
    }

    async fn update_slot(&self, name: &str, now: &DigestSlot) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE digests SET state = ?, attempts = ?, due = ?, problem = ?
             WHERE name = ? AND slot = ?",
        )
        .bind(now.state.as_str())
        .bind(now.attempts)
        .bind(now.due.timestamp_millis())
        .bind(&now.problem)
        .bind(name)
        .bind(now.slot.timestamp_millis())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }
}

fn slot(row: &SqliteRow) -> sqlx::Result<DigestSlot> {
    let state: &str = row.try_get("state")?;
    let known = DigestState::ALL.into_iter().find(|known| known.as_str() == state);
    Ok(DigestSlot {
        slot: instant(row, "slot")?,
        state: known.ok_or_else(|| bad(format!("`{state}` is no state of a digest")))?,
        attempts: row.try_get("attempts")?,
        due: instant(row, "due")?,
        problem: row.try_get("problem")?,
    })
}
