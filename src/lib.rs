//! kpi-exporter: calendar-aware KPIs with targets, pace and early warning, as Prometheus gauges.
//!
//! One street: `config` reads and validates definitions (`kpi`), `engine` asks `source`s for the
//! windows that KPIs need, `assess` turns measurements into verdicts, the `snapshot` of them is what
//! `exposition`, `server`, `web` and `cli` show. A module imports only what stands below it.

pub mod api;
pub mod artifacts;
pub mod assess;
pub mod backfill;
pub mod calendar;
pub mod catalog;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod digest;
pub mod engine;
pub mod exposition;
pub mod families;
pub mod figures;
pub mod filter;
pub mod forecast;
pub mod id;
pub mod kpi;
pub mod limits;
mod links;
pub mod lint;
pub mod listen;
pub mod logging;
pub mod metric;
pub mod note;
pub mod proposal;
mod reader;
pub mod recall;
pub mod record;
pub mod report;
pub mod review;
pub mod schedule;
pub mod secret;
pub mod server;
pub mod shown;
pub mod signals;
pub mod snapshot;
pub mod source;
pub mod store;
pub mod summary;
pub mod web;
pub mod web_config;
pub mod word;
