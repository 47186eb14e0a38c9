//! The calendar against other readings of it.

mod oracle;
mod retail;

use super::*;
