//! From measurements to verdicts: target, pace, projection, status, reason. Pure functions of
//! definition, measurements and the as-of instant; no clock, no I/O.

mod absence;
mod assessment;
mod band;
mod chance;
mod finding;
pub mod hysteresis;
mod judge;
mod measured;
mod noise;
mod outlook;
mod pace_limits;
mod path;
mod reason;
pub mod season;
mod status;
mod sums;
mod target;

pub use assessment::{Assessment, Number};
pub use finding::{Absent, Finding, FrozenNumber, MetricProblem, Proof};
pub use measured::{Measured, assess};
pub use noise::Noise;
pub use outlook::Evidence;
pub use pace_limits::PaceLimits;
pub use path::{Expected, Guard, Left, PathPoint, Shape, expected};
pub use reason::reason;
pub use status::Status;
pub use sums::Sums;
pub use target::{Goal, band_attainment, progress};

#[cfg(test)]
pub(crate) mod tests;
