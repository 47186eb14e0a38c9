//! The dashboards: what they must look like, that the committed files are the generated ones, and
//! that every query of them works on a real Prometheus.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod files;
mod history;
mod live;
mod prometheus;
mod queries;
mod structure;
