//! Notes of people about KPIs. Written by the daemon, or by a command beside it: one row, one statement.

use std::path::Path;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::encode::instant;
use super::open;
use super::{Store, StoreError};
use crate::id::KpiId;
use crate::note::{Note, Notes};

/// Notes of one KPI that are kept; the oldest give way.
const MOST_OF_ONE: i64 = 500;

impl Store {
    /// Opens the store at `path` beside the daemon that writes it, for a single row. Nothing is created,
    /// locked or brought up to date.
    ///
    /// # Errors
    /// There is none; it is not a store of this program, of another version, or may not be written.
    pub async fn open_beside(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Ok(Self::without_lock(path, open::beside_the_daemon(path).await?))
    }

    /// Writes down a note.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn add_note(&self, note: &Note) -> Result<(), StoreError> {
        self.answer(self.write_note(note).await)
    }

    async fn write_note(&self, note: &Note) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("INSERT INTO notes (kpi, at, author, text) VALUES (?, ?, ?, ?)")
            .bind(note.kpi.as_str())
            .bind(note.at.timestamp_millis())
            .bind(&note.author)
            .bind(&note.text)
            .execute(&mut *transaction)
            .await?;
        let prune = "DELETE FROM notes WHERE kpi = ?1 AND id NOT IN
                     (SELECT id FROM notes WHERE kpi = ?1 ORDER BY at DESC, id DESC LIMIT ?2)";
        sqlx::query(prune)
            .bind(note.kpi.as_str())
            .bind(MOST_OF_ONE)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// All notes.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn notes(&self) -> Result<Notes, StoreError> {
        let query =
            sqlx::query("SELECT kpi, at, author, text FROM notes ORDER BY at DESC, id DESC");
        let rows = self.answer(query.fetch_all(&self.pool()).await)?;
        self.answer(rows.iter().map(note).collect())
    }

    /// What differs as soon as there is another note, by whomever.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn newest_note(&self) -> Result<i64, StoreError> {
        let query = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM notes");
        self.answer(query.fetch_one(&self.pool()).await)
    }
}

fn note(row: &SqliteRow) -> sqlx::Result<Note> {
    let kpi: &str = row.try_get("kpi")?;
    Ok(Note {
        kpi: KpiId::from(kpi),
        at: instant(row, "at")?,
        author: row.try_get("author")?,
        text: row.try_get("text")?,
    })
}
