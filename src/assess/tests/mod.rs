//! Tests of the room as a whole.

mod worked_example;

pub(crate) use worked_example::kpi;

use super::*;
