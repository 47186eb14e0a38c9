//! Tests of the room as a whole.

mod properties;

use super::*;
