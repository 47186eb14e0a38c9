//! Files for other programs that follow from what the exporter exposes: alert rules. They take
//! metric names from `exposition::families`, so that a renamed metric cannot leave them behind.
//!
//! Not here: writing files and arguments (`cli::generate`), and anything about one configuration:
//! thresholds are exported as gauges, so the rules hold for every KPI.

pub mod rules;
