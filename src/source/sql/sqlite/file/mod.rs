//! A file of SQLite as a source, opened read-only. Not here: running the statements (`connection`).

mod url;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::{Error, OpenFlags};
use secrecy::ExposeSecret;
use sqlx::error::DatabaseError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::Instant;

use super::checks::Scope;
use super::connection::Connection;
use super::explain;
use crate::limits::open_regular;
use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::source::sql::SqlConfig;
use crate::source::sql::database::driver::{Driver, Failure, Meaning};
use crate::source::sql::uri;
use crate::source::statement::Statement;
use crate::source::{OpenError, Request};

/// A file.
pub(in crate::source::sql) struct Sqlite {
    file: PathBuf,
    /// `file:...`, with what the URL says about it.
    uri: String,
    /// How long to wait for a writer.
    patience: Duration,
    /// So many threads may be at the file. Those that it never answers keep their places: others find none
    /// instead of hanging beside them.
    places: Arc<Semaphore>,
}

/// A file, open.
pub(in crate::source::sql) struct Opened {
    connection: Connection,
    /// How the file was when it was opened as one that nobody changes.
    immutable: Option<Stamp>,
}

/// What a change of a file changes.
#[derive(PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// What waits in the write-ahead log, in bytes.
    waiting: u64,
}

impl Sqlite {
    pub(in crate::source::sql) fn new(config: &SqlConfig) -> Result<Self, OpenError> {
        let url = config.url.expose_secret();
        let file = url::file(url)?;
        let mut uri = format!("file:{}?mode=ro", uri::escaped(&file));
        let query = url.split_once('?').map_or("", |(_, query)| query);
        for pair in query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("mode=")) {
            uri.push('&');
            uri.push_str(pair);
        }
        let places = Arc::new(Semaphore::new(config.max_connections as usize));
        Ok(Self { file, uri, patience: config.timeout, places })
    }

    /// In a folder where SQLite may not write it cannot read a database with a write-ahead log, unless
    /// it is told that nobody changes it.
    fn opener(
        &self,
        place: Arc<OwnedSemaphorePermit>,
    ) -> impl FnOnce() -> Result<Opened, Failure> + Send + 'static {
        let Self { file, uri, patience, .. } = self;
        let (file, uri, patience) = (file.clone(), uri.clone(), *patience);
        move || {
            // SQLite says no more than "unable to open database file", and waits at a pipe.
            open_regular(&file).map_err(sqlx::Error::Io)?;
            let connection = |uri: &str| connection(uri, patience, Arc::clone(&place));
            let error = match connection(&uri) {
                Ok(connection) => return Ok(Opened { connection, immutable: None }),
                Err(error) => error,
            };
            if !needs_writing(&error) {
                return Err(unusable(&file, &error));
            }
            let before = Stamp::of(&file)?;
            if before.waiting > 0 {
                return Err(Failure::Refused(log_out_of_reach(&file)));
            }
            let connection = connection(&format!("{uri}&immutable=1"))
                .map_err(|error| unusable(&file, &error))?;
            Ok(Opened { connection, immutable: Some(before) })
        }
    }
}

impl Driver for Sqlite {
    type Connection = Opened;

    /// The file may have been replaced by another.
    const KEEPS_CONNECTIONS: bool = false;

    const NO_ANSWER: &str = "does the share answer that the file lies on?";

    fn target(&self) -> String {
        format!("sqlite file {}", self.file.display())
    }

    async fn connect(&self) -> Result<Opened, Failure> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Failure::Refused(no_place(&self.file)))?;
        let opening = spawn_blocking(self.opener(Arc::new(place))).await;
        opening.map_err(lost)?
    }

    /// The file is open for reading only; zone and limit are not SQLite's business.
    async fn begin(&self, _: &mut Opened, _: &Request, _: Instant) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn run(
        &self,
        opened: &mut Opened,
        request: &Request,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<Table, Failure> {
        let answer = opened.connection.run(request, statement, deadline, self.patience).await;
        let table = answer.map_err(Failure::Refused)?;
        let Some(before) = &opened.immutable else { return Ok(table) };
        let file = self.file.clone();
        let now = spawn_blocking(move || Stamp::of(&file)).await.map_err(lost)??;
        if now != *before {
            let message = format!("{} was changed while it was read", self.file.display());
            return Err(Failure::Refused(FetchError::new(FetchErrorKind::Unreachable, message)));
        }
        Ok(table)
    }

    /// SQLite has its own words for its failures.
    fn explain(&self, _: &dyn DatabaseError, _: &Statement) -> Meaning {
        Meaning::Fault { place: None, hint: None }
    }
}

impl Stamp {
    fn of(file: &Path) -> Result<Self, Failure> {
        let metadata = std::fs::metadata(file).map_err(sqlx::Error::Io)?;
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        let waiting = std::fs::metadata(log).map_or(0, |log| log.len());
        Ok(Self { size: metadata.len(), modified: metadata.modified().ok(), waiting })
    }
}

/// Opens a file for reading; `uri` is `file:...`.
fn connection(
    uri: &str,
    busy: Duration,
    place: Arc<OwnedSemaphorePermit>,
) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(busy)?;
    // Opening alone reads nothing.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Connection::of(connection, Scope::Arithmetic, Some(place))
}

/// Whether SQLite gave up because it may not write beside the file.
fn needs_writing(error: &Error) -> bool {
    matches!(explain::code(error), 8 | 14)
}

fn unusable(file: &Path, error: &Error) -> Failure {
    let said = explain::said(error);
    let message = format!("cannot connect to sqlite file {}: {said}", file.display());
    let failure = FetchError::new(FetchErrorKind::Unreachable, message);
    Failure::Refused(match explain::advice(error) {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    })
}

/// The thread did not come to its end.
fn lost(error: JoinError) -> Failure {
    Failure::Sql(sqlx::Error::Io(std::io::Error::other(error)))
}

fn no_place(file: &Path) -> FetchError {
    let message = format!("sqlite file {} has not answered earlier reads yet", file.display());
    FetchError::new(FetchErrorKind::Unreachable, message).with_hint(Sqlite::NO_ANSWER)
}

fn log_out_of_reach(file: &Path) -> FetchError {
    let message = format!(
        "cannot connect to sqlite file {}: changes wait in its write-ahead log, which cannot be read \
         in a folder without the right to write",
        file.display()
    );
    FetchError::new(FetchErrorKind::Unreachable, message).with_hint(
        "let the daemon write to the folder, or let the program that writes the database run \
         `PRAGMA wal_checkpoint(TRUNCATE)`",
    )
}
