//! Opening: lock, create or examine, migrate. Nothing is written to an existing file before it has
//! been found to be ours and sound, and nothing is ever created in the place of a file that is gone
//! wrong: history that took years is not ours to throw away.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::fstatfs;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use super::error::{Problem, StoreError};
use super::named_file::{Place, beside};
use super::schema::{Header, MIGRATIONS, migrate};
use crate::limits::read_capped;
use crate::links;

/// How long to wait for another program's lock.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Bytes of a file that is examined as a whole before it is used: what takes no time. A larger one is
/// examined while it is used.
const EXAMINED_AT_ONCE: u64 = 16 << 20;

/// Bytes of the write-ahead log that are kept for the next one.
const LOG: &str = "8388608";

/// An open database; whoever holds `lock` is its only writer.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) pool: SqlitePool,
    pub(super) lock: Option<Lock>,
    /// That of a file.
    pub(super) place: Option<Place>,
    /// Idle as long as the file is open: the index of the log stays, and on a full disk, where none can
    /// be made, what is stored can still be read by new connections.
    pub(super) idle: Option<SqliteConnection>,
    /// Too large to be examined as a whole before it is used.
    pub(super) unchecked: bool,
}

/// What keeps other daemons out. SQLite loses its own locks on a file when another handle on it is
/// closed: to be dropped after the database.
#[derive(Debug)]
pub(super) struct Lock {
    _beside: File,
    _file: Option<File>,
}

/// A database that lives as long as the process.
pub(super) async fn in_memory(path: &Path) -> Result<Opened, StoreError> {
    let sql = |error| StoreError::sql(path, &error);
    let pool = pool(SqliteConnectOptions::new().filename(":memory:").in_memory(true));
    let pool = pool.await.map_err(sql)?;
    let mut connection = pool.acquire().await.map_err(sql)?;
    migrate(&mut connection, MIGRATIONS).await.map_err(sql)?;
    drop(connection);
    Ok(Opened { pool, lock: None, place: None, idle: None, unchecked: false })
}

/// A database file, created with its folder when there is none.
pub(super) async fn file(path: &Path) -> Result<Opened, StoreError> {
    let io = |error| StoreError::io(path, &error);
    let sql = |error| StoreError::sql(path, &error);
    // SQLite would read a relative `file:...` as a URL.
    let named = std::path::absolute(path).map_err(io)?;
    // One file has one lock, by whatever links it is reached.
    let absolute = links::target(&named).map_err(io)?;
    let folder = links::folder_of(&absolute);
    fs::create_dir_all(folder).map_err(io)?;
    let folder = fs::canonicalize(folder).map_err(io)?;
    let absolute = absolute.file_name().map_or(folder.clone(), |name| folder.join(name));
    let lock = lock(path, &absolute)?;
    let own;
    let mut unchecked = false;
    if fs::exists(&absolute).map_err(io)? {
        own = alone(path, &absolute)?;
        unchecked = !examine(path, &absolute).await?;
    } else {
        let log = beside(&absolute, "-wal");
        if fs::exists(&log).map_err(io)? {
            return Err(StoreError::new(path, Problem::Headless(beside(path, "-wal"))));
        }
        create(path, &absolute).await?;
        own = alone(path, &absolute)?;
    }
    let pool = pool(options(&absolute)).await.map_err(sql)?;
    prepare(&pool).await.map_err(sql)?;
    let place = Place::of(&named).map_err(io)?;
    let mut idle = SqliteConnection::connect_with(&options(&absolute)).await.map_err(sql)?;
    Header::read(&mut idle).await.map_err(sql)?;
    let lock = Some(Lock { _beside: lock, _file: own });
    Ok(Opened { pool, lock, place: Some(place), idle: Some(idle), unchecked })
}

/// An existing file, for reading beside whoever writes it. Nothing is created, locked or brought up to
/// date.
pub(super) async fn for_reading(path: &Path) -> Result<SqlitePool, StoreError> {
    let absolute = existing(path)?;
    // Without a log nobody has it open: then nothing need be created beside it to read it.
    let is_idle = !fs::exists(beside(&absolute, "-wal")).unwrap_or(true);
    up_to_date(path, options(&absolute).read_only(true).immutable(is_idle)).await
}

/// The same for a single row beside whoever else writes it: SQLite lets one after the other.
pub(super) async fn beside_the_daemon(path: &Path) -> Result<SqlitePool, StoreError> {
    let absolute = existing(path)?;
    up_to_date(path, options(&absolute)).await
}

fn existing(path: &Path) -> Result<PathBuf, StoreError> {
    let unreadable = |why: String| StoreError::new(path, Problem::Unreadable(why));
    let absolute = std::path::absolute(path).map_err(|error| unreadable(error.to_string()))?;
    let metadata = fs::metadata(&absolute).map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable("it is not a file".to_owned()));
    }
    Ok(absolute)
}

async fn up_to_date(path: &Path, options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let unreadable = |why: String| StoreError::new(path, Problem::Unreadable(why));
    let sql = |error: sqlx::Error| match Problem::from_sql(&error) {
        Problem::ReadOnly(why) | Problem::Unopenable(why) => unreadable(why),
        other => StoreError::new(path, other),
    };
    let pool = pool(options).await.map_err(sql)?;
    let mut connection = pool.acquire().await.map_err(sql)?;
    let header = Header::read(&mut connection).await.map_err(sql)?;
    drop(connection);
    match header.problem().or_else(|| header.behind()) {
        Some(problem) => Err(StoreError::new(path, problem)),
        None => Ok(pool),
    }
}

/// A lock of its own rather than SQLite's exclusive mode, so that a shell, a backup or a command can
/// still read while the daemon runs. The system lets go of it however the process ends.
fn lock(path: &Path, absolute: &Path) -> Result<File, StoreError> {
    let name = beside(absolute, ".lock");
    let io = |error| StoreError::io(path, &error);
    let mut options = File::options();
    let mut file =
        options.create(true).truncate(false).write(true).read(true).open(&name).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let text = read_capped(&name, 32).unwrap_or_default();
            let process = String::from_utf8_lossy(&text).trim().parse().ok();
            return Err(StoreError::new(path, Problem::InUse { process }));
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    file.set_len(0).map_err(io)?;
    writeln!(file, "{}", std::process::id()).map_err(io)?;
    Ok(file)
}

/// A lock on the file itself, which another name for it (a hard link) does not evade. Of another kind
/// than SQLite's, which see nothing of it; but not on shares, which make one of both.
fn alone(path: &Path, absolute: &Path) -> Result<Option<File>, StoreError> {
    /// NFS, CIFS and SMB 2.
    const SHARES: [i64; 3] = [0x6969, 0xff53_4d42, 0xfe53_4d42];
    let io = |error| StoreError::io(path, &error);
    let file = File::open(absolute).map_err(io)?;
    let kind = fstatfs(&file).map_err(|error| io(error.into()))?.f_type;
    if SHARES.contains(&(kind & 0xffff_ffff)) {
        return Ok(None);
    }
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::new(path, Problem::InUse { process: None }))
        }
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// Looks at an existing file without being able to change it. Whether all of it was looked at.
async fn examine(path: &Path, absolute: &Path) -> Result<bool, StoreError> {
    let io = |error| StoreError::io(path, &error);
    let sql = |error| StoreError::sql(path, &error);
    let metadata = fs::metadata(absolute).map_err(io)?;
    if !metadata.is_file() {
        return Err(StoreError::new(path, Problem::Unopenable("it is not a file".to_owned())));
    }
    if metadata.len() == 0 {
        return Err(StoreError::new(path, Problem::Empty));
    }
    // A journal of the other kind has to be rolled back before there is anything to look at. Our
    // files never have one, but a backup that was restored may be killed on its way to ours.
    let read_only = !fs::exists(beside(absolute, "-journal")).map_err(io)?;
    let options = options(absolute).read_only(read_only);
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(sql)?;
    let small = metadata.len() <= EXAMINED_AT_ONCE;
    let verdict = verdict(&mut connection, small).await;
    let closed = connection.close().await;
    match verdict.map_err(sql)? {
        Some(problem) => Err(StoreError::new(path, problem)),
        None => closed.map_err(sql).map(|()| small),
    }
}

async fn verdict(connection: &mut SqliteConnection, whole: bool) -> sqlx::Result<Option<Problem>> {
    if let Some(problem) = Header::read(connection).await?.problem() {
        return Ok(Some(problem));
    }
    if !whole {
        return Ok(None);
    }
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    // A heading comes first when there is something to tell.
    let found = found.lines().find(|line| !line.starts_with("***")).unwrap_or_default();
    Ok((found != "ok").then(|| Problem::Damaged(found.to_owned())))
}

/// Creates the database under another name first: a file of this name is always a whole one, so that
/// an empty or headless file can be told from a start that was cut short.
async fn create(path: &Path, absolute: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::io(path, &error);
    let sql = |error| StoreError::sql(path, &error);
    let new = beside(absolute, ".new");
    for leftover in ["", "-journal", "-wal", "-shm"].map(|suffix| beside(&new, suffix)) {
        if fs::exists(&leftover).map_err(io)? {
            fs::remove_file(&leftover).map_err(io)?;
        }
    }
    let options = options(&new)
        .create_if_missing(true)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(sql)?;
    migrate(&mut connection, MIGRATIONS).await.map_err(sql)?;
    connection.close().await.map_err(sql)?;
    fs::rename(&new, absolute).map_err(io)
}

/// Makes sure that the file can be written, now and not at the first commit.
async fn prepare(pool: &SqlitePool) -> sqlx::Result<()> {
    let mut connection = pool.acquire().await?;
    sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut *connection).await?;
    sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut *connection).await?;
    migrate(&mut connection, MIGRATIONS).await?;
    Ok(())
}

/// `NORMAL` with a write-ahead log: a killed process loses nothing that was committed, a power cut
/// may lose the last commits but never damages the file.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .pragma("journal_size_limit", LOG)
        .synchronous(SqliteSynchronous::Normal)
}

/// One connection: there is one writer, and an in-memory database is that of its connection.
async fn pool(options: SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    #[cfg(test)]
    let pool = super::tests::disk::under(pool);
    pool.connect_with(options).await
}
