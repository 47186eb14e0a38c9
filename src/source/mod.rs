//! Sources: where numbers come from. A source answers one [`Request`] with one [`Table`], within its
//! time limit; when to ask again after a failure is not its business, nor are KPIs. Turning a table
//! into numbers with labels is the same for every kind of source (`metric`).
//!
//! # Layout
//! One room for each kind of source: `files`, `sql`, `http`, `prometheus`. Beside them what they
//! share: `client` for all that goes over HTTP (logins, redirects, limits), `statement` for SQL as
//! users write it, `rows` for SQL over rows without a database; `params` and `template` put the
//! instants of a request into SQL and other texts.

pub mod client;
mod describe;
pub mod files;
mod greeting;
pub mod http;
pub(crate) mod limit;
pub mod params;
pub mod prometheus;
mod rows;
pub mod sql;
pub mod statement;
pub mod template;
#[cfg(test)]
pub(crate) mod testing;
pub mod trace;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::time::Instant;

use self::client::config::ClientConfig;
use self::trace::Trace;
use crate::metric::{FetchError, FetchErrorKind, Metric, Query, Span, Table};
use crate::source::sql::engine::EngineConfig;

/// Something that can be asked for a metric over a window.
pub trait Source: Send + Sync {
    /// Asks once. Must give up by itself within the source's own time limit and leave nothing
    /// running on the other side.
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>>;
}

/// One question: a metric, over a window, in the light of a period and an as-of instant.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to ask.
    pub metric: Arc<Metric>,
    /// The span to measure.
    pub span: Span,
    /// Zone in which days begin and end.
    pub timezone: Tz,
    /// When it was asked. What a source looked up since then may serve it, what it looked up before
    /// may not.
    pub asked: Instant,
    /// Where sources note what they send and get.
    pub trace: Trace,
}

impl Request {
    /// The query of a metric that asks in SQL.
    fn sql(&self) -> Result<&str, FetchError> {
        match &self.metric.query {
            Query::Sql(template) => Ok(&template.text),
            Query::PromQl(_) | Query::Http(_) => Err(wrong_query()),
        }
    }
}

/// A validated source, not yet opened.
#[derive(Debug, Clone)]
pub enum SourceConfig {
    /// Files on disk, queried by SQL.
    Files(FilesConfig),
    /// A database.
    Sql(SqlConfig),
    /// ClickHouse, written as a `sql` source.
    ClickHouse(EngineConfig),
    /// Trino, written as a `sql` source.
    Trino(EngineConfig),
    /// An HTTP API.
    Http(ClientConfig),
    /// A server with the HTTP API of Prometheus.
    Prometheus(ClientConfig),
}

/// Settings of a `files` source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesConfig {
    /// Table name to path or glob; relative paths are already resolved against the configuration.
    pub tables: BTreeMap<String, PathBuf>,
    /// Time allowed for one fetch, reading included.
    pub timeout: Duration,
}

/// Settings of a `sql` source.
#[derive(Debug, Clone)]
pub struct SqlConfig {
    /// `postgres://`, `mysql://`, `mariadb://` or `sqlite://`; may hold a password.
    pub url: SecretString,
    /// Overrides the URL's user.
    pub user: Option<String>,
    /// Overrides the URL's password; may hold any character.
    pub password: Option<SecretString>,
    /// Connections and concurrent queries, at most.
    pub max_connections: u32,
    /// Time allowed for one fetch.
    pub timeout: Duration,
}

impl SourceConfig {
    /// How many fetches it takes at once.
    pub fn concurrency(&self) -> usize {
        match self {
            // One in-memory database behind one connection.
            Self::Files(_) => 1,
            Self::Sql(config) => config.max_connections as usize,
            Self::ClickHouse(config) | Self::Trino(config) => {
                config.client.max_connections as usize
            }
            Self::Http(config) | Self::Prometheus(config) => config.max_connections as usize,
        }
    }

    /// Time allowed for one fetch.
    pub fn timeout(&self) -> Duration {
        match self {
            Self::Files(config) => config.timeout,
            Self::Sql(config) => config.timeout,
            Self::ClickHouse(config) | Self::Trino(config) => config.client.timeout,
            Self::Http(config) | Self::Prometheus(config) => config.timeout,
        }
    }
}

/// Opens a source: reads its settings, touches neither network nor disk.
///
/// # Errors
/// What is wrong with the settings, in words that hold no secret.
pub fn build(config: &SourceConfig) -> Result<Arc<dyn Source>, String> {
    Ok(match config {
        SourceConfig::Files(config) => Arc::new(files::FilesSource::new(config)?),
        SourceConfig::Sql(config) => Arc::new(sql::SqlSource::new(config)?),
        SourceConfig::ClickHouse(config) => Arc::new(sql::ClickHouseSource::new(config)?),
        SourceConfig::Trino(config) => Arc::new(sql::TrinoSource::new(config)?),
        SourceConfig::Http(config) => Arc::new(http::HttpSource::new(config)?),
        SourceConfig::Prometheus(config) => Arc::new(prometheus::PrometheusSource::new(config)?),
    })
}

/// The failure of a metric whose query is of another kind than its source. `config` lets none
/// through.
fn wrong_query() -> FetchError {
    FetchError::new(FetchErrorKind::Query, "the query is of another kind than the source")
}
