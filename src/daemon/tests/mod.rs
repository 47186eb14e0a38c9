//! Tests of the room as a whole.

mod defects;
mod load;
mod restore;
mod simulation;

use super::*;
