//! The `sql` source: one read-only query per fetch on PostgreSQL, MySQL, MariaDB or SQLite.
//!
//! This file holds what all databases share: waiting for a connection, connecting, the deadline.
//! What differs is a `Driver`. Nothing connects before the first fetch, so a database that is down
//! is no reason not to start. Not here: when to fetch and how often to try again.

mod address;
pub(super) mod cells;
mod clickhouse;
mod columns;
mod driver;
mod engine;
mod engine_settings;
mod errors;
mod mysql;
mod mysql_url;
mod mysql_zone;
mod notes;
mod pool;
mod postgres;
mod postgres_parameters;
mod postgres_url;
mod powers;
pub(super) mod settings;
pub(super) mod sqlite;
mod trino;

pub use self::clickhouse::ClickHouseSource;
pub use self::engine_settings::{Engine, EngineConfig};
pub use self::settings::{DatabaseConfig, SqlConfig};
pub use self::trino::TrinoSource;

pub(super) use self::cells::{boolean, integer, text};

use std::fmt;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout, timeout_at};

use self::driver::{Driver, Failure};
use self::mysql::MySql;
use self::pool::Pool;
use self::postgres::Postgres;
use self::sqlite::Sqlite;
use super::trace::Step;
use super::{OpenError, Request, Source};
use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::source::limit::seconds;
use crate::source::statement::{Dialect, Statement, statement};

/// How long after its time limit a query may still be cleaned up on the server before the
/// connection is given up.
const GRACE: Duration = Duration::from_secs(2);

/// A database.
pub struct SqlSource {
    /// Kind and address, without user and password.
    target: String,
    timeout: Duration,
    /// The password ends with a line break.
    two_lines: bool,
    backend: Backend,
}

enum Backend {
    Postgres(Postgres, Pool<<Postgres as Driver>::Connection>),
    MySql(MySql, Pool<<MySql as Driver>::Connection>),
    Sqlite(Sqlite, Pool<<Sqlite as Driver>::Connection>),
}

impl SqlSource {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with the URL, without repeating it.
    pub fn new(config: &SqlConfig) -> Result<Self, OpenError> {
        let max = config.max_connections;
        let (target, backend) = match dialect(config)? {
            Dialect::Postgres => {
                let driver = Postgres::new(config)?;
                (driver.target(), Backend::Postgres(driver, Pool::new(max)))
            }
            Dialect::MySql => {
                let driver = MySql::new(config)?;
                (driver.target(), Backend::MySql(driver, Pool::new(max)))
            }
            Dialect::Sqlite => {
                let driver = Sqlite::new(config)?;
                (driver.target(), Backend::Sqlite(driver, Pool::new(max)))
            }
            Dialect::ClickHouse | Dialect::Trino => {
                return Err("this engine is asked over HTTP".into());
            }
        };
        let password = config.password.as_ref().map(ExposeSecret::expose_secret);
        let two_lines = password.is_some_and(|password| password.ends_with(['\n', '\r']));
        Ok(Self { target, timeout: config.timeout, two_lines, backend })
    }

    /// The dialect in which its queries are written.
    pub fn dialect(&self) -> Dialect {
        match self.backend {
            Backend::Postgres(..) => Dialect::Postgres,
            Backend::MySql(..) => Dialect::MySql,
            Backend::Sqlite(..) => Dialect::Sqlite,
        }
    }

    /// Kind and address, without user and password.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The database that names in queries belong to.
    fn database(&self) -> Option<&str> {
        match &self.backend {
            Backend::Postgres(driver, _) => driver.database(),
            Backend::MySql(driver, _) => driver.database(),
            Backend::Sqlite(..) => None,
        }
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let statement = statement(self.dialect(), request.sql()?)?;
        match &self.backend {
            Backend::Postgres(driver, pool) => {
                self.ask_with(driver, pool, request, &statement).await
            }
            Backend::MySql(driver, pool) => self.ask_with(driver, pool, request, &statement).await,
            Backend::Sqlite(driver, pool) => self.ask_with(driver, pool, request, &statement).await,
        }
    }

    /// The connection is out of the pool while it is used and goes back only after success: whatever
    /// happens, even this future being dropped, no other fetch meets its remains.
    async fn ask_with<D: Driver>(
        &self,
        driver: &D,
        pool: &Pool<D::Connection>,
        request: &Request,
        statement: &Statement,
    ) -> Result<Table, FetchError> {
        let deadline = Instant::now() + self.timeout;
        let _slot =
            timeout_at(deadline, pool.slot()).await.map_err(|_| errors::busy(self.timeout))?;
        let opening = self.open(driver, pool, request, deadline);
        let mut connection = timeout_at(deadline, opening)
            .await
            .unwrap_or_else(|_| Err(errors::no_answer(&self.target, self.timeout)))?;
        notes::sent(self.dialect(), request, statement);
        let running = driver.run(&mut connection, request, statement, deadline);
        let outcome = timeout_at(deadline + GRACE, running).await;
        match outcome {
            Ok(Ok(table)) => {
                notes::got(request, &table);
                if D::KEEPS_CONNECTIONS {
                    pool.put(connection);
                }
                Ok(table)
            }
            Ok(Err(Failure::Refused(error))) => Err(error),
            Ok(Err(Failure::Sql(error))) => {
                let error = errors::explain(&error, self.timeout, |e| driver.explain(e, statement));
                if error.kind == FetchErrorKind::Unreachable {
                    pool.forget();
                }
                Err(error)
            }
            Err(_) => {
                pool.forget();
                Err(errors::hung(&self.target, self.timeout))
            }
        }
    }

    /// A connection with its read-only transaction begun. An idle one may have been cut off unseen:
    /// if it does not answer soon, it is dropped and the next one tried, at last a new one.
    async fn open<D: Driver>(
        &self,
        driver: &D,
        pool: &Pool<D::Connection>,
        request: &Request,
        deadline: Instant,
    ) -> Result<D::Connection, FetchError> {
        let patience = (self.timeout / 4).min(Duration::from_secs(5));
        while let Some(mut idle) = pool.take() {
            let beginning = driver.begin(&mut idle, request, deadline);
            if let Ok(Ok(())) = timeout(patience, beginning).await {
                request.trace.note(|| Step::now(format!("use a connection to {}", self.target)));
                return Ok(idle);
            }
        }
        let failed = |failure| match failure {
            Failure::Sql(error) => {
                let explain = |error: &_| driver.explain(error, &Statement::default());
                let failure = errors::cannot_connect(&self.target, &error, explain);
                if self.two_lines && failure.hint.as_deref() == Some(errors::LOGIN) {
                    return failure.with_hint(errors::LINE_BREAK);
                }
                failure
            }
            Failure::Refused(error) => error,
        };
        request.trace.note(|| Step::now(format!("connect to {}", self.target)));
        let mut connection = driver.connect().await.map_err(failed)?;
        let begun = driver.begin(&mut connection, request, deadline).await;
        begun.map_err(|error| failed(error.into()))?;
        let limit = seconds(self.timeout);
        request.trace.note(|| Step::now(format!("connected, read-only, for {limit} at most")));
        Ok(connection)
    }
}

/// The database of a URL.
fn dialect(config: &SqlConfig) -> Result<Dialect, OpenError> {
    Dialect::of_url(config.url.expose_secret()).ok_or_else(|| {
        "the url begins with no known database: expected postgres://, mysql://, mariadb:// or \
         sqlite://"
            .into()
    })
}

impl Source for SqlSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.ask(request).boxed()
    }
}

impl fmt::Debug for SqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSource").field("target", &self.target).finish_non_exhaustive()
    }
}
