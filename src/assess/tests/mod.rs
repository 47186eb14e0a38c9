//! Tests of the room as a whole.

mod age;
mod fixtures;
mod targets;
mod verdicts;
mod worked_example;

pub(crate) use fixtures::kpi;

use super::*;
