//! Rows without a database of their own, from files or an API: a table in an SQLite database in
//! memory, and SQL over it. Not here: the formats that rows come in (`files`, `http`).

pub(super) mod infer;
pub(super) mod query;
mod table;

pub(super) use table::{Rows, Texts, quoted};
