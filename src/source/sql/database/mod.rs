//! One fetch from a database: a connection, the statement, the deadline. This is the same for all
//! databases; what differs is a `Driver`. Nothing connects before the first fetch, so a database that
//! is down is no reason not to start. Not here: when to fetch and how often to try again.

pub(super) mod driver;
mod errors;
mod pool;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout, timeout_at};

use self::driver::{Driver, Failure};
use self::pool::Pool;
use super::config::SqlConfig;
use super::errors::LOGIN;
use super::notes;
use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::source::limit::seconds;
use crate::source::statement::{Dialect, Statement, statement};
use crate::source::trace::Step;
use crate::source::{Request, Source};

/// How long after its time limit a query may still be cleaned up on the server before the
/// connection is given up.
const GRACE: Duration = Duration::from_secs(2);

/// A database behind its driver.
pub(super) struct Database<D: Driver> {
    driver: D,
    /// That of its queries.
    dialect: Dialect,
    /// Kind and address, without user and password.
    target: String,
    timeout: Duration,
    /// The password ends with a line break.
    two_lines: bool,
    pool: Pool<D::Connection>,
}

impl<D: Driver> Database<D> {
    pub(super) fn new(driver: D, dialect: Dialect, config: &SqlConfig) -> Self {
        let password = config.password.as_ref().map(ExposeSecret::expose_secret);
        let two_lines = password.is_some_and(|password| password.ends_with(['\n', '\r']));
        let (target, timeout) = (driver.target(), config.timeout);
        Self { driver, dialect, target, timeout, two_lines, pool: Pool::new() }
    }

    /// The connection is out of the pool while it is used and goes back only after success: whatever
    /// happens, even this future being dropped, no other fetch meets its remains.
    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let Self { driver, pool, .. } = self;
        let statement = &statement(self.dialect, request.sql()?)?;
        let deadline = Instant::now() + self.timeout;
        let opening = self.open(request, deadline);
        let mut connection = timeout_at(deadline, opening)
            .await
            .unwrap_or_else(|_| Err(errors::no_answer(&self.target, self.timeout, D::NO_ANSWER)))?;
        notes::sent(self.dialect, request, statement);
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
    async fn open(
        &self,
        request: &Request,
        deadline: Instant,
    ) -> Result<D::Connection, FetchError> {
        let Self { driver, pool, .. } = self;
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
                if self.two_lines && failure.hint.as_deref() == Some(LOGIN) {
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

impl<D: Driver> Source for Database<D> {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.ask(request).boxed()
    }
}
