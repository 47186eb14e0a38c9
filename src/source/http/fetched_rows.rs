//! The rows of all pages of one fetch, on their way to a table of cells or, for a query over them, to
//! SQLite. Neither knows formats nor pages.

use std::collections::HashMap;
use std::sync::Arc;

use super::answer_body::shape;
use crate::metric::{Cell, FetchError, Metric, Table, too_many_rows};
use crate::source::rows::infer::CellKind;
use crate::source::rows::{self, Known, Rows};
use crate::source::sql;
use crate::source::statement::Statement;

/// A query runs over at most this many rows.
const MAX_ROWS: usize = 1_000_000;

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    /// Text of a format without types: a number if it looks like one.
    Untyped(String),
    /// Nested, of this JSON type.
    Nested(&'static str),
}

/// Grows row by row. A row need not have all columns.
pub(super) struct FetchedRows {
    metric: Arc<Metric>,
    /// Of the columns, by place.
    names: Vec<String>,
    sink: Sink,
    len: usize,
    /// By place: whether a row had the column, be it with NULL.
    seen: Vec<bool>,
    /// Name and type of what the first row has.
    first_row: Vec<String>,
}

enum Sink {
    Cells { places: HashMap<String, usize>, rows: Vec<Vec<Cell>> },
    Database(Rows, Statement),
}

/// What became of the rows.
pub(super) enum RowsOutcome {
    Table(Table),
    /// Rows, and the query over them.
    Query(Arc<Known>, Statement),
}

impl RowsOutcome {
    /// Adds what a person should know of it, while nobody else has it.
    pub(super) fn remark(&mut self, remark: String) {
        match self {
            Self::Table(table) => table.remarks.push(remark),
            Self::Query(known, _) => {
                if let Some(known) = Arc::get_mut(known) {
                    known.remarks.push(remark);
                }
            }
        }
    }
}

impl FetchedRows {
    /// Rows for a table, or for a query over them.
    pub(super) fn new(metric: Arc<Metric>, over: Option<Statement>) -> Self {
        let sink = match over {
            Some(statement) => Sink::Database(Rows::default(), statement),
            None => Sink::Cells { places: HashMap::new(), rows: Vec::new() },
        };
        Self { metric, names: Vec::new(), sink, len: 0, seen: Vec::new(), first_row: Vec::new() }
    }

    /// The place of a column, made if it is new.
    pub(super) fn column(&mut self, name: &str) -> usize {
        let place = match &mut self.sink {
            Sink::Database(rows, _) => rows.column(name),
            Sink::Cells { places, .. } => {
                let known = places.get(name).copied();
                known.unwrap_or_else(|| {
                    places.insert(name.to_owned(), self.names.len());
                    self.names.len()
                })
            }
        };
        if self.names.len() <= place {
            self.names.push(name.to_owned());
            self.seen.push(false);
        }
        place
    }

    /// Adds a row: places and what stands there. Refuses more rows than can be used.
    pub(super) fn add(&mut self, row: Vec<(usize, Field)>) -> Result<(), FetchError> {
        for (place, _) in &row {
            if let Some(seen) = self.seen.get_mut(*place) {
                *seen = true;
            }
        }
        self.len += 1;
        if self.len == 1 {
            let shown = row.iter().filter_map(|(place, field)| {
                Some(format!("{}: {}", self.names.get(*place)?, field.kind()))
            });
            self.first_row = shown.collect();
        }
        match &mut self.sink {
            Sink::Cells { rows, .. } => {
                if self.len > self.metric.max_label_sets {
                    return Err(too_many_rows(&self.metric));
                }
                let mut cells = vec![Cell::Null; self.names.len()];
                for (place, field) in row {
                    if let Some(cell) = cells.get_mut(place) {
                        *cell = field.cell();
                    }
                }
                rows.push(cells);
            }
            Sink::Database(rows, _) => {
                if self.len > MAX_ROWS {
                    return Err(shape(format!("the answer has more than {MAX_ROWS} rows"))
                        .with_hint("ask the API for less, or let it aggregate"));
                }
                let number = self.len;
                for (place, field) in row {
                    if let Some((text, cell)) = field.stored() {
                        rows.set(place, &text, cell, || format!("row {number}"));
                    }
                }
                rows.end_row();
            }
        }
        Ok(())
    }

    /// Rows so far.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether no row had the column.
    pub(super) fn never_had(&self, place: usize) -> bool {
        !self.seen.get(place).copied().unwrap_or_default()
    }

    /// Name and type of what the first row has, for people.
    pub(super) fn first_row(&self) -> &[String] {
        &self.first_row
    }

    /// The rows. An answer without rows and without columns is one with the columns that the metric
    /// is about: nothing is missing from it.
    pub(super) fn finish(self) -> Result<RowsOutcome, FetchError> {
        match self.sink {
            Sink::Database(rows, _) if rows.width() == 0 => {
                let message =
                    "the answer has no rows, so the columns of table `rows` are not known";
                Err(shape(message.to_owned())
                    .with_hint("name the columns that the query uses under `columns`"))
            }
            Sink::Database(rows, statement) => {
                rows.check_width().map_err(|error| FetchError {
                    message: format!("the rows have {}", error.message),
                    ..error
                })?;
                let texts = rows.texts("rows");
                Ok(RowsOutcome::Query(
                    Arc::new(Known { rows, texts, remarks: Vec::new() }),
                    statement,
                ))
            }
            Sink::Cells { mut rows, .. } => {
                let mut columns = self.names;
                if rows.is_empty() && columns.is_empty() {
                    columns.clone_from(&self.metric.labels);
                    columns.extend(self.metric.columns.iter().cloned());
                    if !columns.iter().any(|name| name == "value") {
                        columns.push("value".to_owned());
                    }
                }
                for row in &mut rows {
                    row.resize(columns.len(), Cell::Null);
                }
                Ok(RowsOutcome::Table(Table { columns, rows, ..Table::default() }))
            }
        }
    }
}

impl Field {
    fn cell(self) -> Cell {
        match self {
            Self::Null => Cell::Null,
            Self::Boolean(yes) => sql::boolean(yes),
            Self::Integer(number) => sql::integer(number),
            Self::Real(number) => Cell::Number(number),
            Self::Text(text) | Self::Untyped(text) => sql::text(text.as_bytes(), "text"),
            Self::Nested(kind) => Cell::Other(kind.to_owned()),
        }
    }

    /// Its text and type in SQLite.
    fn stored(self) -> Option<(String, rows::Cell)> {
        match self {
            Self::Null | Self::Nested(_) => None,
            Self::Boolean(yes) => {
                Some((u8::from(yes).to_string(), rows::Cell::Typed(CellKind::Integer)))
            }
            Self::Integer(number) => {
                Some((number.to_string(), rows::Cell::Typed(CellKind::Integer)))
            }
            Self::Real(number) => Some((number.to_string(), rows::Cell::Typed(CellKind::Real))),
            Self::Text(text) => Some((text, rows::Cell::Typed(CellKind::Text))),
            Self::Untyped(text) => Some((text, rows::Cell::Untyped)),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Integer(_) | Self::Real(_) => "number",
            Self::Text(_) | Self::Untyped(_) => "text",
            Self::Nested(kind) => kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::statement::{Dialect, statement};
    use crate::source::tests::metric;

    #[test]
    fn rows_for_a_query_are_limited_by_a_limit_of_their_own() {
        let statement = statement(Dialect::Sqlite, "SELECT 1").unwrap();
        let mut fetched = FetchedRows::new(Arc::new(metric()), Some(statement));
        let place = fetched.column("n");
        for _ in 0..MAX_ROWS {
            fetched.add(vec![(place, Field::Integer(1))]).unwrap();
        }
        let error = fetched.add(vec![]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the answer has more than 1000000 rows (hint: ask the API for less, or let it aggregate)"
        );
    }

    #[test]
    fn rows_that_came_before_a_column_have_null_in_it() {
        let mut fetched = FetchedRows::new(Arc::new(metric()), None);
        let a = fetched.column("a");
        fetched.add(vec![(a, Field::Integer(1))]).unwrap();
        let b = fetched.column("b");
        fetched.add(vec![(b, Field::Text("x".into()))]).unwrap();
        assert!(!fetched.never_had(b) && fetched.never_had(7));
        let Ok(RowsOutcome::Table(table)) = fetched.finish() else { panic!("expected a table") };
        let one = vec![Cell::Number(1.0), Cell::Null];
        assert_eq!(table.rows, [one, vec![Cell::Null, Cell::Text("x".into())]]);
    }
}
