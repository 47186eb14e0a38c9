//! Rows without a database of their own, from files or an API: a table in an SQLite database in
//! memory, and SQL over it. Not here: the formats that rows come in (`files`, `http`).

mod days;
pub(super) mod infer;
pub(super) mod query;
pub(super) mod quotes;
pub(super) mod separated;
mod table;
mod texts;
mod times;
mod writing;

pub use days::DayOrder;
pub(super) use days::OtherDays;
pub(super) use query::Known;
pub(super) use table::{Cell, Rows};
pub(super) use texts::{LoggedRemarks, Texts, located, no_misread};
pub use writing::NumberFormat;
