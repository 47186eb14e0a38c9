//! Tests of the room as a whole.

mod defects;
mod finals;
mod load;
mod restore;
mod simulation;

use super::*;
