//! The built program, run as its users run it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod daemon;
mod eval;
mod exporter;
