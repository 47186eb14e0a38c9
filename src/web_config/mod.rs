//! The web configuration file that Prometheus and its exporters share (`--web.config.file`): TLS, client
//! certificates, HTTP/2, headers, logins, a limit of requests. What is accepted and refused here is
//! what `exporter-toolkit` accepts and refuses, but for methods of TLS that are not offered.
//!
//! # Layout
//! `raw` is the file as written, `read` makes [`WebConfig`] of it, with every mistake at its place;
//! `tls` and `client_certificates` are the settings of TLS, `logins` checks passwords, `rate` counts.
//!
//! Not here: connections and requests (`server`).

mod client_certificates;
mod forms;
mod logins;
mod rate;
mod raw;
mod read;
mod tls;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use rustls::ServerConfig;

pub use self::logins::{Login, Logins};
pub use self::rate::RateLimit;
pub use self::read::load;

/// A web configuration file without mistakes.
#[derive(Debug)]
pub struct WebConfig {
    /// Without it the server speaks plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// Set on every answer, in place of the program's own.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Who may read; everybody where nobody is named.
    pub logins: Option<Logins>,
    /// How many requests are answered.
    pub rate: Option<RateLimit>,
    /// Every file that was read, with what it held: another content is another configuration.
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl WebConfig {
    /// Whether one of its files holds something else by now. Blocks for as long as small files take. A
    /// file that cannot be read has not changed.
    pub fn is_outdated(&self) -> bool {
        self.files.iter().any(|(path, held)| {
            read::small_file(path).is_ok_and(|now| now.as_slice() != held.as_slice())
        })
    }
}
