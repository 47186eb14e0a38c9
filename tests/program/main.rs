//! The built program, run as its users run it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod again;
mod beside;
mod boundless;
mod breakdown;
mod causes;
mod connect;
mod daemon;
mod databases;
mod eval;
mod evidence;
mod exporter;
mod fetch;
mod flags;
mod healthy;
mod hostile;
mod http;
mod joins;
mod logging;
mod logins;
mod memory;
mod notes;
mod readme;
mod review;
mod schemathesis;
#[path = "../support/servers.rs"]
mod servers;
mod sources;
mod web_config;
mod witness;
