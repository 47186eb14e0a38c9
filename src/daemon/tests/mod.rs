//! Tests of the room as a whole.

mod defects;
mod load;
mod simulation;

use super::*;
