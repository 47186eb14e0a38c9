//! From measurements to verdicts: target, pace, projection, status, reason. Pure functions of
//! definition, measurements and the as-of instant; no clock, no I/O.

mod verdict;

pub use verdict::{Assessment, Status};
