//! What one kind of database has to know how to do.

use sqlx::error::DatabaseError;
use tokio::time::Instant;

use crate::metric::{FetchError, Table};
use crate::source::Request;
use crate::source::statement::Statement;

/// One kind of database.
pub(in crate::source::sql) trait Driver: Send + Sync {
    type Connection: Send;

    /// Whether a connection is worth keeping for the next fetch.
    const KEEPS_CONNECTIONS: bool = true;

    /// What to look at when nothing answers.
    const NO_ANSWER: &str = "is the address right, and does a firewall let the connection through?";

    /// Kind and address, without user and password.
    fn target(&self) -> String;

    /// The database that names in queries belong to, if the URL names one.
    fn database(&self) -> Option<&str> {
        None
    }

    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Failure>> + Send;

    /// Begins a read-only transaction in the request's zone, in which the server itself ends a
    /// statement at the deadline.
    fn begin(
        &self,
        connection: &mut Self::Connection,
        request: &Request,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Runs the statement and leaves the connection fit for the next request.
    fn run(
        &self,
        connection: &mut Self::Connection,
        request: &Request,
        statement: &Statement,
        deadline: Instant,
    ) -> impl Future<Output = Result<Table, Failure>> + Send;

    /// What an error of the server means.
    fn explain(&self, error: &dyn DatabaseError, statement: &Statement) -> Meaning;
}

/// Why a statement gave no table.
pub(in crate::source::sql) enum Failure {
    /// The database or the way to it.
    Sql(sqlx::Error),
    /// The answer was refused here.
    Refused(FetchError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

/// What an error of a server means.
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    expect(dead_code, reason = "SQLite has no server")
)]
pub(in crate::source::sql) enum Meaning {
    /// Ended by the server at the time limit.
    TimeLimit,
    /// Not able to serve now.
    Unavailable,
    /// Refused the login.
    Login,
    /// A fault of the query: where (for people) and what to do, if known.
    Fault { place: Option<String>, hint: Option<String> },
}
