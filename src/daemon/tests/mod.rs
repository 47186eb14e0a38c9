//! Tests of the room as a whole.

mod load;

use super::*;
