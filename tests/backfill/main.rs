//! Past days recomputed: by the program, by the library, and read back by a real Prometheus.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod destinations;
mod fetches;
mod output;
mod program;
mod prometheus;
mod replay;
mod store;
