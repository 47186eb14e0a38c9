//! Whether the file that is written is still the one that has its name. A file that was deleted goes on
//! existing for those who have it open, and all that is written to it is lost when they close it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use sqlx::SqlitePool;

use super::named_file::beside;
use super::open::{self, Opened};
use super::{Store, StoreError, series};
use crate::links;

/// What became of the file of a store that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It was deleted: there is a new one with all that it held.
    Deleted,
    /// Another one has its name, and is written from now on.
    Replaced,
}

impl Store {
    /// Looks whether the file is where it was. One that was deleted is written anew with all it held; one
    /// that was replaced is opened in its place, and has what it holds.
    ///
    /// # Errors
    /// Why it cannot be written anew, or opened. Nothing is written then until another look is good.
    pub async fn look(&self) -> Result<Option<Moved>, StoreError> {
        let io = |error| StoreError::io(&self.path, &error);
        let sql = |error| StoreError::sql(&self.path, &error);
        let mut written = self.written.lock().await;
        let (pool, place) = {
            let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
            (opened.pool.clone(), opened.place.clone())
        };
        let Some(place) = place else { return Ok(None) };
        let found = place.found().map_err(io)?;
        if found == Some(place.file) && !pool.is_closed() {
            return Ok(None);
        }
        let mut moved = Moved::Replaced;
        let mut copy = None;
        if found.is_none() {
            moved = Moved::Deleted;
            if !pool.is_closed() {
                let target = links::target(&place.path).map_err(io)?;
                copy = Some((copied(&pool, &target).await.map_err(sql)?, target));
            }
        }
        if !pool.is_closed() {
            // The old file may have been moved away: it is a whole one there.
            let whole = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await;
            drop(whole);
            self.close_idle().await;
            pool.close().await;
            place.remove_log().map_err(io)?;
        }
        self.opened.write().unwrap_or_else(PoisonError::into_inner).lock = None;
        if let Some((copy, target)) = copy {
            fs::rename(copy, target).map_err(io)?;
        }
        let opened: Opened = open::file(&self.path).await?;
        *written = series::load(&opened.pool).await.map_err(sql)?;
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = opened;
        Ok(Some(moved))
    }

    /// Bytes of the file and its log; `None` in memory.
    pub fn size(&self) -> Option<u64> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        let path = &opened.place.as_ref()?.path;
        let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
        Some(size(path) + size(&beside(&links::target(path).ok()?, "-wal")))
    }
}

/// A copy beside the place of a file that has no name any more.
async fn copied(pool: &SqlitePool, target: &Path) -> sqlx::Result<PathBuf> {
    let copy = beside(target, ".new");
    fs::create_dir_all(links::folder_of(target))?;
    match fs::remove_file(&copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    sqlx::query("VACUUM INTO ?").bind(copy.to_string_lossy().as_ref()).execute(pool).await?;
    Ok(copy)
}
