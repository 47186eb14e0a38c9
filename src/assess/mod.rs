//! From measurements to verdicts: target, pace, projection, status, reason. Pure functions of
//! definition, measurements and the as-of instant; no clock, no I/O.

mod assessment;
mod finding;
pub mod hysteresis;
mod limits;
mod noise;
mod outlook;
mod path;
mod reason;
pub mod season;
mod status;
mod target;
mod verdict;

pub use assessment::{Measured, assess};
pub use finding::{Finding, FrozenNumber, Problem, Proof};
pub use limits::Limits;
pub use noise::Noise;
pub use outlook::Evidence;
pub use path::{Expected, Guard, Point, Shape, expected};
pub use reason::reason;
pub use target::{Goal, band_attainment, progress};
pub use verdict::{Assessment, Status, Sums};

#[cfg(test)]
pub(crate) mod tests;
