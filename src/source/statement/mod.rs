//! SQL as users write it: parameters like `:window_start`, and where they stand, in each dialect;
//! that it only reads. Not here: running it (`sql`, `files`, `rows`), nor the values of parameters
//! (`params`).

mod compared;
#[cfg(feature = "mysql")]
mod compared_alone;
mod error;
mod guard;
pub(super) mod lexer;
mod query;
pub mod rewrite;
pub(super) mod tokens;

pub use query::SqlQuery;
pub use rewrite::Statement;

pub(super) use compared::{all_names, compared};
#[cfg(feature = "mysql")]
pub(super) use compared_alone::{compared_alone, tables};
pub(crate) use query::{RENAMING, question};
pub(super) use query::{greeting, read};

use crate::metric::{FetchError, FetchErrorKind};

/// The SQL dialects that differ in what hides text and in their placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL and what speaks its protocol.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite, and the `files` source.
    Sqlite,
    /// ClickHouse, which `engines` asks over HTTP.
    ClickHouse,
    /// Trino, which `engines` asks over HTTP.
    Trino,
}

impl Dialect {
    /// The dialect of the URL of a database that this room connects to, known from its scheme.
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split_once(':')?.0.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }
}

/// A query, ready for a dialect.
pub(super) fn statement(dialect: Dialect, text: &str) -> Result<Statement, FetchError> {
    rewrite::parse(dialect, text).map_err(|error| {
        let failure = FetchError::new(FetchErrorKind::Query, error.message);
        match error.hint {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    })
}
