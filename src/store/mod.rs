//! The store: what has to outlive the process, in one SQLite file. Last good measurements, status
//! memories, daily and raw values, openings and closings of periods, revisions of definitions.
//!
//! It remembers and hands back; it decides nothing about KPIs. Not here: what the numbers mean
//! (`assess`), when something is opened or closed (`engine`), the clock.
//!
//! One [`Evaluation`] is one transaction: a process killed at any moment loses at most the one it was
//! writing. A damaged, newer or foreign file is an error, never replaced.

mod bulk;
mod closed;
mod closings;
mod commit;
mod definition;
mod digests;
mod encode;
mod error;
mod history;
mod named_file;
mod notes;
mod open;
mod past_goals;
mod periods;
mod place;
mod points;
mod prune;
mod revision;
mod revisions;
mod runs;
mod runs_written;
mod schema;
mod series;
mod silent;
mod statuses;
mod stretches;
mod unwritten;
mod upkeep;
mod versions;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::sync::{self, PoisonError, RwLock};

use sqlx::{Connection as _, Sqlite, SqlitePool, Transaction};
use tokio::sync::Mutex;

use self::open::Opened;
use self::unwritten::Unwritten;
use crate::links;
pub use bulk::PastDay;
pub use closed::Ended;
pub use commit::Evaluation;
pub use definition::{Definition, Statement, difference, metric_fingerprint};
pub use digests::{DigestSlot, DigestState};
pub use error::{Problem, StoreError};
pub use history::{DailyValue, RawPoint};
pub use past_goals::PastGoals;
pub use periods::{Closed, Closing, Opening, Restatement};
pub use place::Moved;
pub use points::Point;
pub use prune::Retention;
pub use revision::{Change, InForce, Revision};
pub use runs::StoredRun;
pub use silent::DaysOfKpis;
pub use stretches::Undone;
pub use upkeep::{Contents, examine, export};

/// An open store. Its only writer as long as it lives; other programs may read the file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    opened: RwLock<Opened>,
    written: Mutex<series::Written>,
    unwritten: sync::Mutex<Unwritten>,
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
        Ok(Self::new(path, opened, written))
    }

    /// Opens the store at `path` for reading, beside the daemon that may write it. Writing to it fails.
    ///
    /// # Errors
    /// There is none; it is not a store of this program, of another version, or may not be read.
    pub async fn open_for_reading(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Ok(Self::without_lock(path, open::for_reading(path).await?))
    }

    fn without_lock(path: &Path, pool: SqlitePool) -> Self {
        let opened = Opened { pool, lock: None, place: None, idle: None, unchecked: false };
        Self::new(path, opened, series::Written::default())
    }

    fn new(path: &Path, opened: Opened, written: series::Written) -> Self {
        Self {
            path: path.to_owned(),
            opened: RwLock::new(opened),
            written: Mutex::new(written),
            unwritten: sync::Mutex::default(),
        }
    }

    fn pool(&self) -> SqlitePool {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).pool.clone()
    }

    async fn close_idle(&self) {
        let idle = self.opened.write().unwrap_or_else(PoisonError::into_inner).idle.take();
        if let Some(idle) = idle {
            // The last one folds in the log, and that one is another.
            let _ = idle.close().await;
        }
    }

    /// Where the file is, if it is one that is written.
    fn file(&self) -> Option<PathBuf> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        links::target(&opened.place.as_ref()?.path).ok()
    }

    fn is_in_memory(&self) -> bool {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).lock.is_none()
    }

    fn unwritten(&self) -> sync::MutexGuard<'_, Unwritten> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps in memory what could not be written, until something can be.
    pub fn keep_unwritten(&self, evaluation: &Evaluation) {
        self.unwritten().keep(evaluation);
    }

    /// The runs that are kept so.
    pub fn unwritten_runs(&self) -> Vec<StoredRun> {
        self.unwritten().runs.values().cloned().collect()
    }

    /// Closes the file, leaving it without a write-ahead log.
    pub async fn close(self) {
        self.close_idle().await;
        self.pool().close().await;
    }

    /// Begins to write.
    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        let begun = self.pool().begin_with("BEGIN IMMEDIATE").await;
        let Err(sqlx::Error::InvalidSavePointStatement) = begun else { return begun };
        if self.is_in_memory() {
            // In memory there is nothing but this connection.
            return begun;
        }
        // When the disk fails, SQLite ends the transaction by itself; sqlx then cannot, and counts it
        // as running for as long as the connection lives.
        self.pool().acquire().await?.close().await?;
        self.pool().begin_with("BEGIN IMMEDIATE").await
    }

    fn answer<T>(&self, result: sqlx::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sql(&self.path, &error))
    }
}
