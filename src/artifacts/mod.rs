//! Files for other programs that follow from what the exporter exposes: alert rules and dashboards.
//! They take metric names from `exposition::families`, so that a renamed metric cannot leave them
//! behind.
//!
//! Not here: writing files and arguments (`cli::generate`). Nothing but the dashboards per KPI is
//! about one configuration: thresholds are exported as gauges, so all else holds for every KPI.

pub mod dashboards;
mod promql;
pub mod rules;

pub use promql::REPLICA_LABELS;
