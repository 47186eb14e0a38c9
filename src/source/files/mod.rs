//! The `files` source: tables from CSV, NDJSON and JSON files, in an SQLite database in memory that
//! the user's SQL runs on. A table is read when a query first names it, and again when its files
//! have changed; a broken file fails only the queries that name its table.

mod csv;
mod cure;
mod faults;
mod format;
mod json;
mod read;
mod scan;
pub(super) mod settings;
mod tables;

pub use self::settings::FilesConfig;
pub use self::tables::FileTable;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chrono_tz::Tz;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use self::read::Budget;
use self::scan::Found;
use super::sql::sqlite::Connection;
use super::trace::Step;
use super::{OpenError, Request, Source};
use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::shown;
use crate::source::limit::seconds;
use crate::source::rows::{LoggedRemarks, OtherDays, Rows, Texts, located, no_misread};
use crate::source::statement::{Dialect, Statement, statement};

/// What the files of one source may hold together, decompressed.
const MAX_BYTES: u64 = 512 << 20;

/// Files on disk, queried by SQL.
#[derive(Debug)]
pub struct FilesSource {
    config: FilesConfig,
    /// Taken out while a fetch uses it; `None` before the first and after an interrupted one.
    database: Mutex<Option<Database>>,
    told: LoggedRemarks,
    reading: Reading,
}

/// One look at the disk at a time. Who waits for it has a time limit, and the look itself may hang for
/// hours on a share that does not answer: then others find it taken instead of hanging beside it.
#[derive(Debug, Clone)]
struct Reading(Arc<Semaphore>);

struct Database {
    connection: Connection,
    tables: BTreeMap<String, Loaded>,
    reading: Reading,
}

/// What a table was read from.
struct Loaded {
    files: Vec<Found>,
    bytes: u64,
    /// When its files were last looked at.
    looked: Instant,
    /// The zone of its times.
    zone: Tz,
    /// Its columns that one cannot calculate with.
    texts: Vec<Texts>,
}

impl FilesSource {
    /// Reads the settings; opens no file.
    ///
    /// # Errors
    /// A table whose file has a name of no known format, or a glob that is none.
    pub fn new(config: &FilesConfig) -> Result<Self, OpenError> {
        for (name, FileTable { path, .. }) in &config.tables {
            scan::check(path).map_err(|message| format!("table `{name}`: {message}"))?;
        }
        Ok(Self {
            config: config.clone(),
            database: Mutex::new(None),
            told: LoggedRemarks::default(),
            reading: Reading(Arc::new(Semaphore::new(1))),
        })
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let statement = statement(Dialect::Sqlite, request.sql()?)?;
        let limit = self.config.timeout;
        let deadline = Instant::now() + limit;
        let loading = async {
            let mut place = self.database.lock().await;
            let mut database = match place.take() {
                Some(database) => database,
                None => Database::open(self.reading.clone())?,
            };
            let outcome = database.refresh(&self.config, &statement, request).await;
            Ok((place, database, outcome))
        };
        let (mut place, mut database, loaded) =
            timeout_at(deadline, loading).await.unwrap_or_else(|_| {
                let message = format!("reading the files took longer than {}", seconds(limit));
                Err(FetchError::new(FetchErrorKind::Timeout, message).with_hint(
                    "raise the `timeout` of the source, or keep less in its files; if they lie on a \
                     share, does it answer?",
                ))
            })?;
        let texts = database.texts(&statement);
        let answer = match loaded.and_then(|()| self.is_right(&texts, &statement)) {
            Ok(()) => database.connection.ask(request, &statement, deadline, limit).await,
            Err(error) => Err(error),
        };
        let answer = match answer {
            Err(error) => {
                let cure = |texts: &Texts| cure::of(&self.config, texts);
                Err(located(error, &mut database.connection, texts, cure).await)
            }
            Ok(mut table) => {
                table.remarks.extend(self.remarks(&texts, &statement));
                Ok(table)
            }
        };
        *place = Some(database);
        answer.map_err(|error| {
            if !error.message.starts_with("no such table") {
                return error;
            }
            let known: Vec<&str> = self.config.tables.keys().map(String::as_str).collect();
            error.with_hint(format!("the tables of this source are: {}", shown::list(&known)))
        })
    }
}

impl FilesSource {
    /// Refuses days that nobody can compare, and parts of days that are not what they were.
    fn is_right(&self, texts: &[Texts], statement: &Statement) -> Result<(), FetchError> {
        no_misread(texts, statement.sql())?;
        let mut doubtful = texts.iter().filter(|texts| texts.days == OtherDays::Doubtful);
        let Some(texts) = doubtful.find(|texts| texts.concern(statement.sql())) else {
            return Ok(());
        };
        let table = self.config.tables.get(&texts.table);
        let given = table.map(|table| table.given.as_str()).unwrap_or_default();
        let name = &texts.table;
        let hint = match &texts.contradiction {
            None => format!(
                "say it: `tables: {{ {name}: {{ path: {given}, dates: day_first }} }}`, or `month_first`"
            ),
            Some(_) if given.contains(['*', '?', '[']) => {
                "write all days of the column in one way, best like `2026-11-30`; where each file has its own \
                 way, make a table of each and put them together with `UNION ALL`"
                    .to_owned()
            }
            Some(_) => "write all days of the column in one way, best like `2026-11-30`".to_owned(),
        };
        Err(FetchError::new(FetchErrorKind::Shape, texts.doubt()).with_hint(hint))
    }

    /// What people should know of the columns that a statement names; also in the log, once.
    fn remarks(&self, texts: &[Texts], statement: &Statement) -> Vec<String> {
        let concerned = texts.iter().filter(|texts| texts.concern(statement.sql()));
        let remarks = concerned.filter_map(|texts| {
            let remark = texts.remark(cure::of(&self.config, texts).as_deref())?;
            Some((format!("{}.{}", texts.table, texts.column), remark))
        });
        self.told.tell(remarks.collect())
    }
}

impl Source for FilesSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.ask(request).boxed()
    }
}

impl Database {
    fn open(reading: Reading) -> Result<Self, FetchError> {
        Ok(Self { connection: Connection::in_memory()?, tables: BTreeMap::new(), reading })
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
        for (name, table) in &config.tables {
            if !names(statement.sql(), name) {
                continue;
            }
            if self.tables.get(name).is_some_and(|loaded| loaded.looked > request.asked) {
                continue;
            }
            let (pattern, looked) = (table.path.clone(), Instant::now());
            let files = self.reading.blocking(move || scan::scan(&pattern)).await?;
            let files = files.map_err(|error| about(name, error))?;
            request.trace.note(|| {
                Step::now(format!("look at the files of table `{name}`"))
                    .with_details(files.iter().map(ToString::to_string))
            });
            match self.tables.get_mut(name) {
                Some(loaded) if loaded.files == files && loaded.zone == request.timezone => {
                    loaded.looked = looked;
                }
                _ => changed.push((name, table, files, looked)),
            }
        }
        for (name, table, files, looked) in changed {
            let read = self.load(name, table, files, looked, request).await;
            read.map_err(|error| about(name, error))?;
        }
        Ok(())
    }

    /// Columns with text in them of the tables that the statement names.
    fn texts(&self, statement: &Statement) -> Vec<Texts> {
        let named = self.tables.iter().filter(|(table, _)| names(statement.sql(), table));
        named.flat_map(|(_, loaded)| loaded.texts.clone()).collect()
    }

    async fn load(
        &mut self,
        name: &str,
        from: &FileTable,
        files: Vec<Found>,
        looked: Instant,
        request: &Request,
    ) -> Result<(), FetchError> {
        let others = self.tables.iter().filter(|(other, _)| *other != name);
        let others: u64 = others.map(|(_, loaded)| loaded.bytes).sum();
        let left = MAX_BYTES.saturating_sub(others);
        let budget = Arc::new(Budget { left: AtomicU64::new(left), stop: AtomicBool::new(false) });
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let stop = StopOnDrop(Arc::clone(&budget));
        let reading = Arc::clone(&budget);
        let (numbers, dates) = (from.numbers.clone(), from.dates);
        let rows = self.reading.blocking(move || {
            let mut rows = Rows::with(numbers, dates);
            paths.iter().try_for_each(|path| read::read(path, &reading, &mut rows))?;
            Ok(rows)
        });
        let rows = rows.await??;
        drop(stop);
        let path = from.path.display();
        if rows.width() == 0 {
            let message = format!("{path} has no rows, so its columns are not known");
            return Err(FetchError::new(FetchErrorKind::Shape, message));
        }
        rows.check_width().map_err(|error| FetchError {
            message: format!("{path} has {}", error.message),
            ..error
        })?;
        let named = name.to_owned();
        let (rows, texts) = self
            .reading
            .blocking(move || {
                let texts = rows.texts(&named);
                (rows, texts)
            })
            .await?;
        let (table, zone) = (name.to_owned(), request.timezone);
        let stored = self.connection.write(move |connection| {
            rows.store(connection, &table, zone)?;
            Ok(rows)
        });
        let rows = stored.await?;
        let bytes = left - budget.left.load(Ordering::Relaxed);
        request.trace.note(|| {
            Step::now(format!("read {} rows, {bytes} bytes of text", rows.len()))
                .with_details(rows.declarations())
        });
        self.tables.insert(name.to_owned(), Loaded { files, bytes, looked, zone, texts });
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

impl Reading {
    /// Works in a thread that may block. Whoever gives up waiting leaves the place taken until the
    /// work has ended.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FetchError> {
        let failed = |error: &dyn std::fmt::Display| {
            FetchError::new(FetchErrorKind::Unreachable, format!("reading files failed: {error}"))
        };
        let place = Arc::clone(&self.0).acquire_owned().await.map_err(|error| failed(&error))?;
        let work = move || {
            let _place = place;
            work()
        };
        spawn_blocking(work).await.map_err(|error| failed(&error))
    }
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
