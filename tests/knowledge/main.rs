//! What the program knows of good KPIs, as its users meet it: the catalogue, the lint, their own tests.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod catalog;
mod changes;
mod examples;
mod init;
mod lint;
mod own_tests;
mod platform;
mod program;
#[path = "../support/prometheus.rs"]
mod prometheus;
mod range;
mod saas;
#[expect(dead_code, reason = "restarts are for others")]
#[path = "../support/servers.rs"]
mod servers;
