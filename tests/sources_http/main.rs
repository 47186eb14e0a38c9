//! Sources behind HTTP, against servers of the tests' own on loopback.

#[cfg(test)]
#[path = "../support/ask.rs"]
mod ask;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod clickhouse;
#[cfg(test)]
mod clickhouse_http;
#[cfg(test)]
#[path = "../support/clickhouse.rs"]
mod clickhouse_server;
#[cfg(test)]
#[path = "client.rs"]
mod client_tests;
#[cfg(test)]
mod csv_text;
#[cfg(test)]
#[path = "../support/faults.rs"]
mod faults;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod http;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod paging_checks;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
#[path = "../support/prometheus.rs"]
mod prometheus_server;
#[cfg(test)]
mod prometheus_text;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod rows_sql;
#[cfg(test)]
mod secrets;
#[cfg(test)]
#[path = "../support/stand_in.rs"]
mod stand_in;
#[cfg(test)]
mod tls;
#[cfg(test)]
#[path = "../support/tls.rs"]
mod tls_server;
#[cfg(test)]
mod trino;

use kpi_exporter::source::client::settings::{ClientConfig, Proxy};

/// Reaches a server without login, with the limits of the defaults.
pub(crate) fn client(url: &str) -> ClientConfig {
    ClientConfig { proxy: Proxy::Off, ..ClientConfig::new(url) }
}
