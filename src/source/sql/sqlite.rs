//! SQLite files, opened read-only, and the running of statements on SQLite that sources with
//! a database in memory use as well.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow, SqliteValueRef};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Decode, Executor, Row, SqlSafeStr, SqliteConnection,
    Statement as _, TypeInfo, ValueRef,
};
use tokio::time::{Instant, sleep_until};

use super::driver::{Driver, Failure, Meaning, names, read};
use super::{cells, errors, notes, url};
use crate::metric::{Cell, FetchError, Table};
use crate::source::params::ParamValue;
use crate::source::statement::{Dialect, Statement};
use crate::source::{Request, SqlConfig};

pub(super) struct Sqlite {
    options: SqliteConnectOptions,
    file: PathBuf,
}

/// A connection whose statements can be ended from outside.
pub(in crate::source) struct Connection {
    pub(in crate::source) inner: SqliteConnection,
    /// Ends the running statement.
    stop: Arc<AtomicBool>,
}

/// So many steps of SQLite's machine between two looks at the flag: some microseconds.
const STEPS: i32 = 10_000;

impl Connection {
    async fn open(options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let mut inner = options.connect().await?;
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let goes_on = move || !flag.load(Ordering::Relaxed);
        inner.lock_handle().await?.set_progress_handler(STEPS, goes_on);
        Ok(Self { inner, stop })
    }

    /// Opens an empty database in memory.
    pub(in crate::source) async fn in_memory() -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        Self::open(&options).await
    }

    /// Whether statements that write are refused.
    pub(in crate::source) async fn read_only(&mut self, on: bool) -> Result<(), sqlx::Error> {
        let sql = format!("PRAGMA query_only = {}", u8::from(on));
        sqlx::query(AssertSqlSafe(sql)).execute(&mut self.inner).await.map(drop)
    }

    /// Runs one statement, for a source that is not a database of its own.
    pub(in crate::source) async fn ask(
        &mut self,
        request: &Request,
        statement: &Statement,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Table, FetchError> {
        notes::sent(Dialect::Sqlite, request, statement);
        let table =
            self.run(request, statement, deadline).await.map_err(|failure| match failure {
                Failure::Sql(error) => errors::explain(&error, limit, explain),
                Failure::Refused(error) => error,
            })?;
        notes::got(request, &table);
        Ok(table)
    }

    /// Runs one statement; SQLite itself ends it soon after the deadline.
    async fn run(
        &mut self,
        request: &Request,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<Table, Failure> {
        self.stop.store(false, Ordering::Relaxed);
        let stop = Arc::clone(&self.stop);
        let mut answer = std::pin::pin!(answer(&mut self.inner, request, statement));
        tokio::select! {
            table = &mut answer => return table,
            () = sleep_until(deadline) => stop.store(true, Ordering::Relaxed),
        }
        answer.await
    }
}

/// Without this a statement would go on in its thread when nobody waits for it any more.
impl Drop for Connection {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

async fn answer(
    connection: &mut SqliteConnection,
    request: &Request,
    statement: &Statement,
) -> Result<Table, Failure> {
    let sql = || AssertSqlSafe(statement.sql().to_owned()).into_sql_str();
    let mut query = sqlx::query(sql()).persistent(false);
    for param in statement.params() {
        query = match param.value(request) {
            ParamValue::Instant(instant) => {
                let local = instant.with_timezone(&request.timezone);
                query.bind(local.format("%Y-%m-%d %H:%M:%S").to_string())
            }
            ParamValue::Date(date) => query.bind(date.to_string()),
            ParamValue::Unix(seconds) => query.bind(seconds),
        };
    }
    let rows = query.fetch(&mut *connection);
    let mut table = read(rows, &request.metric, |row: &SqliteRow, index| cell(row, index)).await?;
    if table.rows.is_empty() {
        let prepared = connection.prepare(sql()).await?;
        table.columns = names::<sqlx::Sqlite>(prepared.columns());
    }
    Ok(table)
}

impl Sqlite {
    pub(super) fn new(config: &SqlConfig) -> Result<Self, String> {
        let url = config.url.expose_secret();
        let options = SqliteConnectOptions::from_str(url).map_err(url::unreadable)?;
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err("an sqlite database in memory is always empty here: name a file".to_owned());
        }
        let file = options.get_filename().to_owned();
        let options = options
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(config.timeout)
            .disable_statement_logging();
        Ok(Self { options, file })
    }
}

impl Driver for Sqlite {
    type Connection = Connection;

    /// The file may have been replaced by another, and the column names that the driver knows may be
    /// those of a schema that has changed.
    const KEEPS_CONNECTIONS: bool = false;

    fn target(&self) -> String {
        format!("sqlite file {}", self.file.display())
    }

    async fn connect(&self) -> Result<Connection, sqlx::Error> {
        // SQLite says no more than "unable to open database file".
        tokio::fs::metadata(&self.file).await?;
        Connection::open(&self.options).await
    }

    /// The file is open for reading only; zone and limit are not SQLite's business.
    async fn begin(&self, _: &mut Connection, _: &Request, _: Instant) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn run(
        &self,
        connection: &mut Connection,
        request: &Request,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<Table, Failure> {
        connection.run(request, statement, deadline).await
    }

    fn explain(&self, error: &dyn DatabaseError, _statement: &Statement) -> Meaning {
        explain(error)
    }
}

/// By result code, see <https://www.sqlite.org/rescode.html>; queries that make no sense have one
/// code for all.
fn explain(error: &dyn DatabaseError) -> Meaning {
    let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
    let said = error.message();
    match code & 0xff {
        9 => Meaning::TimeLimit,
        5 => Meaning::Unavailable,
        8 => Meaning::fault("queries run read-only: only SELECT makes sense"),
        14 => Meaning::fault("may the daemon read the file and its folder?"),
        26 => Meaning::fault("is it an SQLite 3 database?"),
        _ if said.starts_with("no such column") => {
            Meaning::fault("is the column spelled as in the table?")
        }
        _ => Meaning::Fault { place: None, hint: None },
    }
}

fn cell(row: &SqliteRow, index: usize) -> Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    // The type of the value, which need not be that of the column.
    let info = value.type_info().into_owned();
    let kind = info.name();
    let cell = match kind {
        "INTEGER" => get::<i64>(value).map(cells::integer),
        "REAL" => get::<f64>(value).map(Cell::Number),
        "TEXT" => get::<&[u8]>(value).map(|bytes| cells::text(bytes, "TEXT that is not UTF-8")),
        _ => None,
    };
    Ok(cell.unwrap_or_else(|| Cell::Other(kind.to_owned())))
}

fn get<'r, T: Decode<'r, sqlx::Sqlite>>(value: SqliteValueRef<'r>) -> Option<T> {
    T::decode(value).ok()
}
