//! The `files` source: tables from CSV, NDJSON and JSON files, in an SQLite database in memory that
//! the user's SQL runs on. A table is read when a query first names it, and again when its files
//! have changed; a broken file fails only the queries that name its table.

mod json;
mod read;
mod scan;
pub(super) mod settings;

pub use self::settings::FilesConfig;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use self::read::Budget;
use self::scan::Found;
use super::sql::sqlite::Connection;
use super::trace::{Step, Trace};
use super::{OpenError, Request, Source};
use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::source::limit::seconds;
use crate::source::rows::{Rows, Texts, quoted};
use crate::source::statement::{Dialect, Statement, statement};

/// What the files of one source may hold together, decompressed.
const MAX_BYTES: u64 = 512 << 20;

/// Files on disk, queried by SQL.
#[derive(Debug)]
pub struct FilesSource {
    config: FilesConfig,
    /// Taken out while a fetch uses it; `None` before the first and after an interrupted one.
    database: Mutex<Option<Database>>,
}

struct Database {
    connection: Connection,
    tables: BTreeMap<String, Loaded>,
}

/// What a table was read from.
struct Loaded {
    files: Vec<Found>,
    bytes: u64,
    /// When its files were last looked at.
    looked: Instant,
    /// Its columns that one cannot calculate with.
    texts: Vec<Texts>,
}

impl FilesSource {
    /// Reads the settings; opens no file.
    ///
    /// # Errors
    /// A table whose file has a name of no known format.
    pub fn new(config: &FilesConfig) -> Result<Self, OpenError> {
        for (name, path) in &config.tables {
            let named = read::check_name(path);
            if !scan::is_pattern(path) {
                named.map_err(|message| format!("table `{name}`: {message}"))?;
            }
        }
        Ok(Self { config: config.clone(), database: Mutex::new(None) })
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let statement = statement(Dialect::Sqlite, request.sql()?)?;
        let limit = self.config.timeout;
        let deadline = Instant::now() + limit;
        let loading = async {
            let mut place = self.database.lock().await;
            let mut database = match place.take() {
                Some(database) => database,
                None => Database::open()?,
            };
            let outcome = database.refresh(&self.config, &statement, request).await;
            Ok((place, database, outcome))
        };
        let (mut place, mut database, loaded) =
            timeout_at(deadline, loading).await.unwrap_or_else(|_| {
                let message = format!("reading the files took longer than {}", seconds(limit));
                Err(FetchError::new(FetchErrorKind::Timeout, message)
                    .with_hint("raise the `timeout` of the source, or keep less in its files"))
            })?;
        let answer = match loaded {
            Ok(()) => database.connection.ask(request, &statement, deadline, limit).await,
            Err(error) => Err(error),
        };
        let answer = match answer {
            Err(error) => Err(database.located(error, &statement).await),
            answer => answer,
        };
        *place = Some(database);
        answer.map_err(|error| {
            if !error.message.starts_with("no such table") {
                return error;
            }
            let known: Vec<&str> = self.config.tables.keys().map(String::as_str).collect();
            error.with_hint(format!("the tables of this source are: {}", known.join(", ")))
        })
    }
}

impl Source for FilesSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.ask(request).boxed()
    }
}

impl Database {
    fn open() -> Result<Self, FetchError> {
        Ok(Self { connection: Connection::in_memory()?, tables: BTreeMap::new() })
    }

    /// Reads the tables that the statement names and whose files are not those read before. One look
    /// at the files serves every request that was waiting when it began: at start there are many.
    async fn refresh(
        &mut self,
        config: &FilesConfig,
        statement: &Statement,
        request: &Request,
    ) -> Result<(), FetchError> {
        let mut changed = Vec::new();
        for (name, path) in &config.tables {
            if !names(statement.sql(), name) {
                continue;
            }
            if self.tables.get(name).is_some_and(|loaded| loaded.looked > request.asked) {
                continue;
            }
            let (pattern, looked) = (path.clone(), Instant::now());
            let files = blocking(move || scan::scan(&pattern)).await?;
            let files = files.map_err(|error| about(name, error))?;
            request.trace.note(|| {
                Step::now(format!("look at the files of table `{name}`"))
                    .with_details(files.iter().map(ToString::to_string))
            });
            match self.tables.get_mut(name) {
                Some(loaded) if loaded.files == files => loaded.looked = looked,
                _ => changed.push((name, path, files, looked)),
            }
        }
        for (name, path, files, looked) in changed {
            let read = self.load(name, path, files, looked, &request.trace).await;
            read.map_err(|error| about(name, error))?;
        }
        Ok(())
    }

    /// The failure with the column in which the text stands that is no number.
    async fn located(&mut self, error: FetchError, statement: &Statement) -> FetchError {
        let Some(text) = self.connection.refused().and_then(|refused| refused.text.clone()) else {
            return error;
        };
        let named = self.tables.iter().filter(|(table, _)| names(statement.sql(), table));
        let columns: Vec<(String, Texts)> = named
            .flat_map(|(table, loaded)| {
                loaded.texts.iter().map(|texts| (table.clone(), texts.clone()))
            })
            .collect();
        let found = self.connection.write(move |connection| {
            for (table, texts) in columns {
                let (from, column) = (quoted(&table), quoted(&texts.column));
                let sql = format!("SELECT EXISTS (SELECT 1 FROM {from} WHERE {column} = ?1)");
                if connection.query_row(&sql, [&text], |row| row.get(0))? {
                    return Ok(Some((table, texts)));
                }
            }
            Ok(None)
        });
        let Ok(Some((table, Texts { column, first, .. }))) = found.await else { return error };
        let message = format!(
            "{}; column `{column}` of table `{table}` has such text, first {first}",
            error.message
        );
        FetchError { message, ..error }
    }

    async fn load(
        &mut self,
        name: &str,
        path: &Path,
        files: Vec<Found>,
        looked: Instant,
        trace: &Trace,
    ) -> Result<(), FetchError> {
        let others = self.tables.iter().filter(|(other, _)| *other != name);
        let others: u64 = others.map(|(_, loaded)| loaded.bytes).sum();
        let left = MAX_BYTES.saturating_sub(others);
        let budget = Arc::new(Budget { left: AtomicU64::new(left), stop: AtomicBool::new(false) });
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let stop = StopOnDrop(Arc::clone(&budget));
        let reading = Arc::clone(&budget);
        let rows = blocking(move || {
            let mut rows = Rows::default();
            paths.iter().try_for_each(|path| read::read(path, &reading, &mut rows))?;
            Ok(rows)
        });
        let rows = rows.await??;
        drop(stop);
        if !rows.has_columns() {
            let message = format!("{} has no rows, so its columns are not known", path.display());
            return Err(FetchError::new(FetchErrorKind::Shape, message));
        }
        let texts: Vec<Texts> = rows.texts().collect();
        for Texts { column, first, .. } in texts.iter().filter(|texts| texts.numbers) {
            tracing::warn!(table = name, column, "column has numbers, and text: {first}");
        }
        let table = name.to_owned();
        let stored = self.connection.write(move |connection| {
            rows.store(connection, &table)?;
            Ok(rows)
        });
        let rows = stored.await?;
        let bytes = left - budget.left.load(Ordering::Relaxed);
        trace.note(|| {
            Step::now(format!("read {} rows, {bytes} bytes of text", rows.len()))
                .with_details(rows.declarations())
        });
        self.tables.insert(name.to_owned(), Loaded { files, bytes, looked, texts });
        Ok(())
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.tables.keys()).finish()
    }
}

/// Tells the reading thread that nobody waits for it.
struct StopOnDrop(Arc<Budget>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FetchError> {
    spawn_blocking(work).await.map_err(|error| {
        FetchError::new(FetchErrorKind::Unreachable, format!("reading files failed: {error}"))
    })
}

/// Whether a query names a table; says yes too often rather than too seldom (strings, comments).
fn names(sql: &str, table: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (sql, table) = (sql.to_lowercase(), table.to_lowercase());
    sql.match_indices(&table).any(|(at, found)| {
        !sql[..at].ends_with(is_word) && !sql[at + found.len()..].starts_with(is_word)
    })
}

fn about(table: &str, error: FetchError) -> FetchError {
    FetchError { message: format!("table `{table}`: {}", error.message), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_by_a_whole_word_in_any_case() {
        assert!(names("SELECT * FROM Orders", "orders"));
        assert!(names("SELECT * FROM \"orders\" o", "orders"));
        assert!(!names("SELECT * FROM orders_old, reorders", "orders"));
    }
}
