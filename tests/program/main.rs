//! The built program, run as its users run it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod daemon;
mod databases;
mod eval;
mod exporter;
mod http;
mod memory;
mod readme;
#[path = "../support/servers.rs"]
mod servers;
