//! The store: what has to outlive the process, in one SQLite file. Last good measurements, status
//! memories, daily and raw values, openings and closings of periods, revisions of definitions.
//!
//! It remembers and hands back; it decides nothing about KPIs. Not here: what the numbers mean
//! (`assess`), when something is opened or closed (`engine`), the clock.
//!
//! One [`Evaluation`] is one transaction: a process killed at any moment loses at most the one it was
//! writing. A damaged, newer or foreign file is an error, never replaced.

mod commit;
mod definition;
mod encode;
mod error;
mod history;
mod open;
mod periods;
mod points;
mod prune;
mod revision;
mod revisions;
mod runs;
mod schema;
mod series;
mod statuses;
mod stretches;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};

use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::sync::Mutex;

pub use commit::Evaluation;
pub use definition::{Definition, Statement, difference, metric_fingerprint};
pub use error::{Problem, StoreError};
pub use history::{DailyValue, RawPoint};
pub use periods::{Closed, Closing, Opening, Restatement};
pub use points::Point;
pub use prune::Retention;
pub use revision::{Change, InForce, Revision};
pub use runs::StoredRun;
pub use stretches::Undone;

/// An open store. Its only writer as long as it lives; other programs may read the file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    pool: SqlitePool,
    written: Mutex<series::Written>,
    /// That of a file; it goes with the store.
    lock: Option<File>,
}

impl Store {
    /// Opens the store at `path`, creating file and folder when there is none. `:memory:` is a store
    /// that is gone with the process.
    ///
    /// Beside the file lie SQLite's `-wal` and `-shm` and our `.lock`.
    ///
    /// # Errors
    /// Another daemon uses it; it is not a store of this program, damaged, or of a later version; it
    /// cannot be written. The file is then as it was before.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let opened = if path == Path::new(":memory:") {
            open::in_memory(path).await?
        } else {
            open::file(path).await?
        };
        let written = series::load(&opened.pool).await;
        let written = written.map_err(|error| StoreError::sql(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            pool: opened.pool,
            written: Mutex::new(written),
            lock: opened.lock,
        })
    }

    /// Opens the store at `path` for reading, beside the daemon that may write it. Writing to it fails.
    ///
    /// # Errors
    /// There is none; it is not a store of this program, of another version, or may not be read.
    pub async fn open_for_reading(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let pool = open::for_reading(&path).await?;
        Ok(Self { path, pool, written: Mutex::default(), lock: None })
    }

    /// Closes the file, leaving it without a write-ahead log.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// Begins to write.
    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        let begun = self.pool.begin_with("BEGIN IMMEDIATE").await;
        let Err(sqlx::Error::InvalidSavePointStatement) = begun else { return begun };
        if self.lock.is_none() {
            // In memory there is nothing but this connection.
            return begun;
        }
        // When the disk fails, SQLite ends the transaction by itself; sqlx then cannot, and counts it
        // as running for as long as the connection lives.
        self.pool.acquire().await?.close().await?;
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }

    fn answer<T>(&self, result: sqlx::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sql(&self.path, &error))
    }
}
