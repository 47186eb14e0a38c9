//! A table on its way from files or an HTTP API to SQLite: cells as text, column by column, with the
//! type that fits all of a column's cells. Neither knows formats nor SQL beyond making the table.

use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::infer::Kind;

/// A column that has text in it which is no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct Texts {
    pub(in crate::source) column: String,
    /// The first such text, and where it stands.
    pub(in crate::source) first: String,
    /// Whether there are numbers as well.
    pub(in crate::source) numbers: bool,
}

/// Grows row by row; a row need not have all columns.
#[derive(Debug, Default)]
pub(in crate::source) struct Rows {
    columns: Vec<Column>,
    places: HashMap<String, usize>,
    len: usize,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// The cells one after the other; an empty one is NULL.
    text: String,
    /// Where each cell ends in it; shorter than the table when its last cells are NULL.
    ends: Vec<usize>,
    kind: Option<Kind>,
    numbers: usize,
    /// Where the first cell stands that is no number, and what it says.
    first_text: Option<String>,
}

impl Rows {
    /// The place of a column, made if it is new. SQLite does not tell names apart by case.
    pub(in crate::source) fn column(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let folded = name.to_ascii_lowercase();
        let place = *self.places.entry(folded).or_insert_with(|| {
            self.columns.push(Column {
                name: name.to_owned(),
                text: String::new(),
                ends: Vec::new(),
                kind: None,
                numbers: 0,
                first_text: None,
            });
            self.columns.len() - 1
        });
        self.places.insert(name.to_owned(), place);
        place
    }

    /// Sets a cell of the row that [`Rows::end_row`] will finish.
    pub(in crate::source) fn set(
        &mut self,
        column: usize,
        text: &str,
        kind: Kind,
        place: impl FnOnce() -> String,
    ) {
        let Some(column) = self.columns.get_mut(column) else { return };
        if text.is_empty() || column.ends.len() > self.len {
            return;
        }
        column.ends.resize(self.len, column.text.len());
        column.text.push_str(text);
        column.ends.push(column.text.len());
        column.kind = column.kind.max(Some(kind));
        if kind == Kind::Text {
            // Digits alone are text because they are an id (`00012`): nothing is wrong with them.
            if !text.bytes().all(|b| b.is_ascii_digit()) {
                column.first_text.get_or_insert_with(|| format!("`{text}` in {}", place()));
            }
        } else {
            column.numbers += 1;
        }
    }

    /// Finishes the row whose cells were set last.
    pub(in crate::source) fn end_row(&mut self) {
        self.len += 1;
    }

    pub(in crate::source) fn len(&self) -> usize {
        self.len
    }

    /// The columns as the table declares them: name and type.
    pub(in crate::source) fn declarations(&self) -> impl Iterator<Item = String> {
        self.columns.iter().map(Column::declaration)
    }

    /// Whether there is a column at all.
    pub(in crate::source) fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Columns with text that is no number, beside numbers or not.
    pub(in crate::source) fn texts(&self) -> impl Iterator<Item = Texts> {
        self.columns.iter().filter_map(|column| {
            let first = column.first_text.clone()?;
            Some(Texts { column: column.name.clone(), first, numbers: column.numbers > 0 })
        })
    }

    /// Replaces the table of that name, in one transaction.
    pub(in crate::source) fn store(
        &self,
        connection: &mut Connection,
        table: &str,
    ) -> Result<(), rusqlite::Error> {
        let table = quoted(table);
        let transaction = connection.transaction()?;
        let declared: Vec<String> = self.declarations().collect();
        transaction.execute(&format!("DROP TABLE IF EXISTS {table}"), [])?;
        transaction.execute(&format!("CREATE TABLE {table} ({})", declared.join(", ")), [])?;
        let marks = vec!["?"; self.columns.len()].join(",");
        let mut insert = transaction.prepare(&format!("INSERT INTO {table} VALUES ({marks})"))?;
        for row in 0..self.len {
            for (index, column) in self.columns.iter().enumerate() {
                insert.raw_bind_parameter(index + 1, column.value(row))?;
            }
            insert.raw_execute()?;
        }
        drop(insert);
        transaction.commit()
    }
}

impl Column {
    fn cell(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end]).filter(|cell| !cell.is_empty())
    }

    /// A cell as SQLite keeps it.
    fn value(&self, row: usize) -> ToSqlOutput<'_> {
        let Some(cell) = self.cell(row) else { return ToSqlOutput::Owned(Value::Null) };
        let number = match self.kind {
            Some(Kind::Integer) => cell.parse().map(Value::Integer).ok(),
            Some(Kind::Real) => cell.parse().map(Value::Real).ok(),
            Some(Kind::Text) | None => None,
        };
        match number {
            Some(number) => ToSqlOutput::Owned(number),
            None => ToSqlOutput::Borrowed(ValueRef::Text(cell.as_bytes())),
        }
    }

    fn declaration(&self) -> String {
        format!("{} {}", quoted(&self.name), self.kind.unwrap_or(Kind::Text).sql())
    }
}

/// A name as it is written in SQL.
pub(in crate::source) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
