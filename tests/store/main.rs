//! The store as a daemon treats it: written in a loop, killed at any moment, opened again; and as people treat
//! it, by commands.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod commands;
#[path = "../program/exporter.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod exporter;
#[path = "../program/http.rs"]
mod http;
mod kill;
mod restore;
#[path = "../support/shop.rs"]
#[expect(dead_code, reason = "other programs of tests use more of it")]
mod shop;
