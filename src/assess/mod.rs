//! From measurements to verdicts: target, pace, projection, status, reason. Pure functions of
//! definition, measurements and the as-of instant; no clock, no I/O.

mod assessment;
mod finding;
pub mod hysteresis;
mod judge;
mod limits;
mod measured;
mod noise;
mod outlook;
mod path;
mod reason;
pub mod season;
mod status;
mod sums;
mod target;

pub use assessment::{Assessment, Number};
pub use finding::{Finding, FrozenNumber, Problem, Proof};
pub use limits::Limits;
pub use measured::{Measured, assess};
pub use noise::Noise;
pub use outlook::Evidence;
pub use path::{Expected, Guard, Point, Shape, expected};
pub use reason::reason;
pub use status::Status;
pub use sums::Sums;
pub use target::{Goal, band_attainment, progress};

#[cfg(test)]
pub(crate) mod tests;
