//! A connection whose statements read only, can be ended from outside, and take no text for a number
//! and no misspelled name for a text.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{MappedLocalTime, TimeZone};
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Error, Row};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::checks::{self, Scope};
use super::functions::{self, Seen};
use super::refusal::{NoNumber, Refusals};
use super::{explain, forms, sums};
use crate::metric::{Cell, FetchError, FetchErrorKind, Metric, Table, too_many_rows};
use crate::source::Request;
use crate::source::params::{Param, ParamValue};
use crate::source::sql::{cells, notes};
use crate::source::statement::{Dialect, Statement};

/// A database, open.
pub(in crate::source) struct Connection {
    inner: Arc<Mutex<Inner>>,
    scope: Scope,
    /// Ends the running statement.
    stop: Arc<AtomicBool>,
    /// What the last statement met in place of a number.
    refused: Option<NoNumber>,
}

struct Inner {
    connection: rusqlite::Connection,
    refusals: Refusals,
    seen: Seen,
    /// Whether anything but reading is refused.
    guarded: Arc<AtomicBool>,
    /// Its place among those that may read at a time: a thread that hangs has it for as long.
    _place: Option<Arc<OwnedSemaphorePermit>>,
}

/// So many steps of SQLite's machine between two looks at the flag: some microseconds.
const STEPS: i32 = 10_000;

/// A statement with what is bound to it.
struct Job {
    sql: String,
    checked: String,
    values: Vec<Value>,
    params: Vec<Param>,
    scope: Scope,
    metric: Arc<Metric>,
    limit: Duration,
}

impl Connection {
    /// Opens an empty database in memory.
    pub(in crate::source) fn in_memory() -> Result<Self, FetchError> {
        let open = || {
            let connection = rusqlite::Connection::open_in_memory()?;
            connection.pragma_update(None, "temp_store", "memory")?;
            Self::of(connection, Scope::All, None)
        };
        open().map_err(|error| broken(&explain::said(&error)))
    }

    /// A connection of SQLite's, guarded, in a place that it has until nothing works with it any more.
    pub(super) fn of(
        connection: rusqlite::Connection,
        scope: Scope,
        place: Option<Arc<OwnedSemaphorePermit>>,
    ) -> Result<Self, Error> {
        // A misspelled name in double quotes would be a text.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        connection.progress_handler(STEPS, Some(move || flag.load(Ordering::Relaxed)))?;
        let guarded = Arc::new(AtomicBool::new(true));
        let flag = Arc::clone(&guarded);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            if !flag.load(Ordering::Relaxed) || reads(&context.action) {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }))?;
        let (refusals, seen) = (Refusals::default(), Seen::default());
        sums::install(&connection, &refusals)?;
        functions::install(&connection, &refusals, &seen)?;
        let inner =
            Arc::new(Mutex::new(Inner { connection, refusals, seen, guarded, _place: place }));
        Ok(Self { inner, scope, stop, refused: None })
    }

    /// Changes the database, on a thread of its own.
    pub(in crate::source) async fn write<T: Send + 'static>(
        &mut self,
        change: impl FnOnce(&mut rusqlite::Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, FetchError> {
        self.stop.store(false, Ordering::Relaxed);
        let inner = Arc::clone(&self.inner);
        let work = spawn_blocking(move || {
            let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.guarded.store(false, Ordering::Relaxed);
            let outcome = change(&mut inner.connection);
            inner.guarded.store(true, Ordering::Relaxed);
            outcome
        });
        let outcome = work.await.map_err(|error| broken(&error.to_string()))?;
        outcome.map_err(|error| broken(&explain::said(&error)))
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
        let table = self.run(request, statement, deadline, limit).await?;
        notes::got(request, &table);
        Ok(table)
    }

    /// Runs one statement; SQLite itself ends it soon after the deadline.
    pub(super) async fn run(
        &mut self,
        request: &Request,
        statement: &Statement,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Table, FetchError> {
        let job = Job {
            sql: statement.sql().to_owned(),
            checked: checks::checked(statement.sql(), self.scope),
            values: statement
                .params()
                .iter()
                .map(|param| value(param.value(request), request, self.scope))
                .collect(),
            params: statement.params().to_vec(),
            scope: self.scope,
            metric: Arc::clone(&request.metric),
            limit,
        };
        self.stop.store(false, Ordering::Relaxed);
        let inner = Arc::clone(&self.inner);
        let mut answer = spawn_blocking(move || {
            let inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
            let table = job.run(&inner);
            (table, inner.refusals.take())
        });
        let outcome = tokio::select! {
            outcome = &mut answer => outcome,
            () = sleep_until(deadline) => {
                self.stop.store(true, Ordering::Relaxed);
                answer.await
            }
        };
        let (table, refused) = outcome.map_err(|error| broken(&error.to_string()))?;
        self.refused = refused;
        table
    }

    /// What the last statement met in place of a number.
    pub(in crate::source) fn refused(&self) -> Option<&NoNumber> {
        self.refused.as_ref()
    }
}

/// Without this a statement would go on in its thread when nobody waits for it any more.
impl Drop for Connection {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Job {
    fn run(&self, inner: &Inner) -> Result<Table, FetchError> {
        let connection = &inner.connection;
        inner.refusals.take();
        inner.seen.clear();
        let failed = |error: Error| match inner.refusals.first() {
            Some(refused) => explain::no_number(&refused),
            None => explain::failed(&error, &self.sql, connection, self.limit),
        };
        // As it was written: for its errors and the names of its columns.
        let written = connection.prepare(&self.sql).map_err(failed)?;
        let columns = written.column_names().into_iter().map(str::to_owned).collect();
        let query = (&*self.sql, &*self.params, &*self.values);
        let remarks = forms::look(connection, query, self.scope)?;
        inner.refusals.take();
        let doubt = remarks.first().cloned();
        let mut table = Table { columns, remarks, doubt, ..Table::default() };
        let mut statement = connection.prepare(&self.checked).map_err(failed)?;
        for (index, value) in self.values.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, value).map_err(failed)?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            if table.rows.len() >= self.metric.max_label_sets {
                return Err(too_many_rows(&self.metric));
            }
            let cells = (0..table.columns.len()).map(|index| cell(row, index));
            table.rows.push(cells.collect::<Result<_, _>>().map_err(failed)?);
        }
        Ok(table)
    }
}

/// Statements that read have nothing else in them.
fn reads(action: &AuthAction<'_>) -> bool {
    /// What tells about tables.
    const TELLING: [&str; 8] = [
        "database_list",
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "table_info",
        "table_list",
        "table_xinfo",
    ];
    match action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Function { .. }
        | AuthAction::Recursive => true,
        AuthAction::Pragma { pragma_name, .. } => {
            TELLING.iter().any(|known| pragma_name.eq_ignore_ascii_case(known))
        }
        _ => false,
    }
}

fn value(value: ParamValue, request: &Request, scope: Scope) -> Value {
    match value {
        ParamValue::Instant(instant) => {
            let local = instant.with_timezone(&request.timezone);
            let again = request.timezone.from_local_datetime(&local.naive_local());
            // Our own tables know which of two hours with one name is meant.
            let twice = matches!(again, MappedLocalTime::Ambiguous(..)) && scope == Scope::All;
            let form = if twice { "%Y-%m-%d %H:%M:%S%:z" } else { "%Y-%m-%d %H:%M:%S" };
            Value::Text(local.format(form).to_string())
        }
        ParamValue::Date(date) => Value::Text(date.to_string()),
        ParamValue::Unix(seconds) => Value::Integer(seconds),
    }
}

/// By the type of the value, which need not be that of the column.
fn cell(row: &Row<'_>, index: usize) -> Result<Cell, Error> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => cells::integer(number),
        ValueRef::Real(number) => Cell::Number(number),
        ValueRef::Text(bytes) => {
            let good = std::str::from_utf8(bytes).is_ok();
            cells::text(bytes, if good { "TEXT" } else { "TEXT that is not UTF-8" })
        }
        ValueRef::Blob(_) => Cell::Other("BLOB".to_owned()),
    })
}

fn broken(what: &str) -> FetchError {
    FetchError::new(FetchErrorKind::Shape, format!("SQLite failed: {what}"))
}
