//! The settings of databases and engines, validated. Not here: reading them (`settings`,
//! `engine_settings`).

use std::time::Duration;

use secrecy::SecretString;

use crate::source::client::settings::{ClientConfig, limits};
use crate::source::limit::TIMEOUT;

/// Settings of a database that is asked through its own protocol.
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

impl SqlConfig {
    /// What a configuration with nothing but a URL means.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            user: None,
            password: None,
            max_connections: limits::MAX_CONNECTIONS,
            timeout: TIMEOUT,
        }
    }
}

/// Engines that are asked over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Engine {
    ClickHouse,
    Trino,
}

/// Settings of an engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Which one.
    pub engine: Engine,
    /// How it is reached. A password goes with `user` as Basic login.
    pub client: ClientConfig,
    /// Who asks; Trino wants a name even without a password.
    pub user: Option<String>,
    /// The database (ClickHouse) or catalog (Trino) that names in queries belong to.
    pub database: Option<String>,
    /// Trino's schema in it.
    pub schema: Option<String>,
}
