//! The long form of a table in which a column of text is one of numbers. Not here: how the way of
//! writing is found (`rows`).

use super::FilesConfig;
use crate::source::rows::{NumberFormat, Texts};

/// What to write instead, if there is a way in which all of the column is numbers.
pub(super) fn of(config: &FilesConfig, texts: &Texts) -> Option<String> {
    let table = &texts.table;
    let given = &config.tables.get(table)?.given;
    let written =
        |format: &NumberFormat| format!("`tables: {{ {table}: {{ path: {given}, {format} }} }}`");
    match texts.formats.as_slice() {
        [] => None,
        [one] => Some(format!("to read it as numbers, write {}", written(one))),
        [one, other, ..] => Some(format!(
            "to read it as numbers, write {} or {}, whichever is meant",
            written(one),
            written(other)
        )),
    }
}
