//! SQLite: the running of statements on databases in memory that other sources fill, and files of it,
//! opened read-only (`file`).
//!
//! # Layout
//! `connection` runs statements; `checks` puts `functions` around what is calculated with (`tokens`,
//! `operands`), and `sums` are in place of SQLite's own, so that text that is no number (`numbers`)
//! ends a statement (`refusal`) instead of counting as zero; `explain` tells why. `forms` looks at what
//! is compared with the window (`comparisons`, `aliases`, `day_forms`, `strange`). Not here: what is in the tables.

mod aliases;
mod checks;
mod comparisons;
mod connection;
mod day_forms;
mod explain;
#[cfg(feature = "sqlite")]
pub(super) mod file;
mod forms;
mod functions;
mod names;
mod numbers;
mod operands;
mod refusal;
mod strange;
mod sums;
mod tokens;

pub(in crate::source) use self::connection::Connection;
pub(in crate::source) use self::names::{quoted, written};
