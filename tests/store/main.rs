//! The store as a daemon treats it: written in a loop, killed at any moment, opened again.

#![expect(clippy::unwrap_used, reason = "tests")]

mod kill;
