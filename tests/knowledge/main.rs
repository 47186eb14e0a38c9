//! What the program knows of good KPIs, as its users meet it: the catalogue, the lint, their own tests.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod catalog;
mod changes;
mod lint;
mod program;
mod range;
#[expect(dead_code, reason = "one kind of server is enough here")]
#[path = "../support/servers.rs"]
mod servers;
