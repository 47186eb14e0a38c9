//! The domain: what a KPI, a metric and an objective *are* once a configuration has been validated.
//!
//! Plain immutable data and the small functions that belong to it. Not here: how it is written in
//! YAML (`config`), where numbers come from (`source`) and what they mean (`assess`).

mod compare;
mod definitions;
mod expr;
mod formula;
mod range;
mod series;
mod target;
mod unit;

pub use compare::{at_least, at_most, hundredth, same};
pub use definitions::{Definitions, Function, Kpi, KpiKind, MAX_AGE, Objective, Thresholds};
pub use expr::{Call, Expr, MetricRef, Operator};
pub use formula::{Formula, FormulaError};
pub use range::{Beyond, Range};
pub use series::SeriesKey;
pub use target::{Accumulation, Baseline, Direction, Milestones, Path, Target};
pub use unit::Unit;
