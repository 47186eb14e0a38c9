//! What a source is, in words without secrets: its kind, and where it lives.

use secrecy::{ExposeSecret, SecretString};

use super::SourceConfig;
use super::sql::SqlSource;
use crate::source::sql::engine::EngineConfig;
use crate::source::statement::Dialect;

impl SourceConfig {
    /// `files`, `http`, `prometheus`, or the name of the database.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Sql(config) => match Dialect::of_url(config.url.expose_secret()) {
                Some(Dialect::Postgres) => "postgres",
                Some(Dialect::MySql) => "mysql",
                Some(Dialect::Sqlite) => "sqlite",
                Some(Dialect::ClickHouse | Dialect::Trino) | None => "sql",
            },
            Self::ClickHouse(_) => "clickhouse",
            Self::Trino(_) => "trino",
            Self::Http(_) => "http",
            Self::Prometheus(_) => "prometheus",
        }
    }

    /// Kind and place: tables, host and database, or the host of an API. The path of a URL may be a
    /// secret and is left out.
    pub fn describe(&self) -> String {
        let kind = self.kind();
        match self {
            Self::Files(config) => {
                let tables: Vec<&str> = config.tables.keys().map(String::as_str).collect();
                let s = if tables.len() == 1 { "" } else { "s" };
                format!("{kind} of table{s} {}", tables.join(", "))
            }
            Self::Sql(config) => match SqlSource::new(config) {
                Ok(source) => source.target().to_owned(),
                Err(_) => kind.to_owned(),
            },
            Self::ClickHouse(config) | Self::Trino(config) => {
                format!("{kind} at {}", engine(config))
            }
            Self::Http(config) | Self::Prometheus(config) => {
                format!("{kind} at {}", origin(&config.url))
            }
        }
    }
}

fn engine(config: &EngineConfig) -> String {
    let parts = std::iter::once(origin(&config.client.url));
    let names = config.database.iter().chain(&config.schema).cloned();
    parts.chain(names).collect::<Vec<_>>().join("/")
}

/// Scheme, host and port.
fn origin(url: &SecretString) -> String {
    match reqwest::Url::parse(url.expose_secret()) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "a url that cannot be read".to_owned(),
    }
}
