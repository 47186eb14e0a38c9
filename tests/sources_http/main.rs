//! Sources behind HTTP, against servers of the tests' own on loopback.

#[cfg(test)]
#[path = "../support/ask.rs"]
mod ask;
#[cfg(test)]
mod clickhouse;
#[cfg(test)]
#[path = "../support/clickhouse.rs"]
mod clickhouse_server;
#[cfg(test)]
mod http;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
#[path = "../support/prometheus.rs"]
mod prometheus_server;
#[cfg(test)]
#[path = "../support/stand_in.rs"]
mod stand_in;
#[cfg(test)]
mod trino;

use std::time::Duration;

use kpi_exporter::source::client::config::{Auth, ClientConfig, Proxy, TlsConfig};

/// Reaches a server without login, with the limits of the defaults.
pub(crate) fn client(url: &str) -> ClientConfig {
    ClientConfig {
        url: url.into(),
        auth: Auth::None,
        headers: Vec::new(),
        tls: TlsConfig::default(),
        proxy: Proxy::Off,
        max_redirects: 5,
        max_connections: 4,
        requests_per_second: None,
        retries: 2,
        timeout: Duration::from_secs(30),
        max_body: 32 << 20,
    }
}
