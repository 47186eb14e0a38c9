//! Sources behind HTTP, against servers of the tests' own on loopback.

#[path = "../support/ask.rs"]
mod ask;
mod auth;
#[path = "client.rs"]
mod client_tests;
#[path = "../support/faults.rs"]
mod faults;
mod formats;
mod http;
mod limits;
mod oauth;
mod pace;
mod paging;
mod proxy;
mod redirects;
mod rows_sql;
mod secrets;
#[path = "../support/stand_in.rs"]
mod stand_in;
mod tls;
#[path = "../support/tls.rs"]
mod tls_server;

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
