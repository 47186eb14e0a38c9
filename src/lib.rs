//! kpi-exporter: calendar-aware KPIs with targets, pace and early warning, as Prometheus gauges.
//!
//! One street: `config` reads and validates definitions (`kpi`), `engine` asks `source`s for the
//! windows that KPIs need, `assess` turns measurements into verdicts, the `snapshot` of them is what
//! `exposition`, `server`, `web` and `cli` show. A module imports only what stands below it.

pub mod assess;
pub mod calendar;
pub mod forecast;
pub mod kpi;
pub mod limits;
pub mod schedule;
pub mod snapshot;
pub mod source;
