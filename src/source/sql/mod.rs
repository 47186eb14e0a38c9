//! The `sql` source: one read-only query per fetch on PostgreSQL, MySQL, MariaDB or SQLite, or on an
//! engine that is asked over HTTP.
//!
//! # Layout
//! A folder for each database. `database` is the fetch that those with a protocol of their own share,
//! `server` what those with a server share; `engine` is what ClickHouse and Trino share. Which drivers
//! are built in is a matter of Cargo features (`postgres`, `mysql`, `sqlite`). `sqlite` also runs the
//! queries over rows without a database, in every build.

pub(super) mod cells;
mod clickhouse;
mod columns;
mod config;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod database;
mod engine;
mod engine_settings;
mod errors;
#[cfg(feature = "mysql")]
mod mysql;
mod notes;
#[cfg(feature = "postgres")]
mod postgres;
mod powers;
mod raw;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
pub(super) mod settings;
pub(super) mod sqlite;
mod trino;
mod uri;

pub use self::clickhouse::ClickHouseSource;
pub use self::config::{Engine, EngineConfig, SqlConfig};
pub use self::settings::DatabaseConfig;
pub use self::trino::TrinoSource;

pub(super) use self::cells::{boolean, integer, text};

use std::fmt;

use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use self::database::{Database, driver::Driver};
use super::{OpenError, Request, Source};
use crate::metric::{FetchError, Table};
use crate::source::statement::Dialect;

/// A database.
pub struct SqlSource {
    dialect: Dialect,
    /// Kind and address, without user and password.
    target: String,
    /// The database that names in queries belong to.
    name: Option<String>,
    database: Box<dyn Source>,
}

impl SqlSource {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with the URL, without repeating it; or that the driver is not built in.
    pub fn new(config: &SqlConfig) -> Result<Self, OpenError> {
        open(dialect(config)?, config)
    }

    /// The dialect in which its queries are written.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Kind and address, without user and password.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The database that names in queries belong to.
    fn database(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// The database behind its driver.
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(unused_variables, reason = "no driver is built in")
)]
fn open(dialect: Dialect, config: &SqlConfig) -> Result<SqlSource, OpenError> {
    match dialect {
        #[cfg(feature = "postgres")]
        Dialect::Postgres => Ok(database(postgres::Postgres::new(config)?, dialect, config)),
        #[cfg(feature = "mysql")]
        Dialect::MySql => Ok(database(mysql::MySql::new(config)?, dialect, config)),
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => Ok(database(sqlite::file::Sqlite::new(config)?, dialect, config)),
        Dialect::ClickHouse | Dialect::Trino => Err("this engine is asked over HTTP".into()),
        #[cfg(not(feature = "postgres"))]
        Dialect::Postgres => Err(not_built("PostgreSQL", "postgres")),
        #[cfg(not(feature = "mysql"))]
        Dialect::MySql => Err(not_built("MySQL and MariaDB", "mysql")),
        #[cfg(not(feature = "sqlite"))]
        Dialect::Sqlite => Err(not_built("files of SQLite", "sqlite")),
    }
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
fn database<D: Driver + 'static>(driver: D, dialect: Dialect, config: &SqlConfig) -> SqlSource {
    SqlSource {
        dialect,
        target: driver.target(),
        name: driver.database().map(str::to_owned),
        database: Box::new(Database::new(driver, dialect, config)),
    }
}

#[cfg(not(all(feature = "postgres", feature = "mysql", feature = "sqlite")))]
fn not_built(what: &str, feature: &str) -> OpenError {
    OpenError::from(format!("this program is built without the driver for {what}"))
        .with_hint(format!("build it with `--features {feature}`"))
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
        self.database.fetch(request)
    }
}

impl fmt::Debug for SqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSource").field("target", &self.target).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_that_is_not_built_in_is_named_with_the_feature_that_builds_it() {
        for (url, feature, built) in [
            ("postgres://db/shop", "postgres", cfg!(feature = "postgres")),
            ("mariadb://db/shop", "mysql", cfg!(feature = "mysql")),
            ("sqlite:///shop.db", "sqlite", cfg!(feature = "sqlite")),
        ] {
            match SqlSource::new(&SqlConfig::new(url)) {
                Ok(_) => assert!(built, "{url}"),
                Err(error) => {
                    assert!(!built, "{url}: {error}");
                    let hint = format!("build it with `--features {feature}`");
                    assert_eq!(error.hint, Some(hint));
                    assert!(error.message.contains("built without"), "{error}");
                }
            }
        }
    }
}
