//! SQL engines that are asked over HTTP: ClickHouse and Trino. Queries are those of the `sql` source,
//! with parameters bound by the engine. Not here: login, limits and retries (`client`).

mod clickhouse;
mod trino;

pub use clickhouse::ClickHouseSource;
pub use trino::TrinoSource;

use super::client::config::ClientConfig;

/// Settings of an engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// How it is reached. A password goes with `user` as Basic login.
    pub client: ClientConfig,
    /// Who asks; Trino wants a name even without a password.
    pub user: Option<String>,
    /// The database (ClickHouse) or catalog (Trino) that names in queries belong to.
    pub database: Option<String>,
    /// Trino's schema in it.
    pub schema: Option<String>,
}
