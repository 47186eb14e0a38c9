//! A table on its way from files or an HTTP API to SQLite: cells as text, column by column, with the
//! type that fits all of a column's cells. Neither knows formats nor SQL beyond making the table.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::infer::Kind;

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
    texts: usize,
}

/// SQLite's default limit on the parameters of a statement.
const MAX_PARAMETERS: usize = 32_766;

/// Larger statements are no faster.
const MAX_ROWS: usize = 500;

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
                texts: 0,
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
            column.texts += 1;
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

    /// Columns that are text only because of a few cells: name and where the first of them is.
    pub(in crate::source) fn spoilt(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().filter(|column| column.numbers > column.texts).filter_map(|column| {
            column.first_text.as_deref().map(|place| (column.name.as_str(), place))
        })
    }

    /// Replaces the table of that name, in one transaction.
    pub(in crate::source) async fn store(
        &self,
        connection: &mut SqliteConnection,
        table: &str,
    ) -> Result<(), sqlx::Error> {
        let table = quoted(table);
        let mut transaction = connection.begin().await?;
        let declared: Vec<String> = self.declarations().collect();
        for sql in [
            format!("DROP TABLE IF EXISTS {table}"),
            format!("CREATE TABLE {table} ({})", declared.join(", ")),
        ] {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
        }
        let width = self.columns.len();
        let step = (MAX_PARAMETERS / width.max(1)).clamp(1, MAX_ROWS);
        for start in (0..self.len).step_by(step) {
            let rows = start..(start + step).min(self.len);
            let row = format!("({})", vec!["?"; width].join(","));
            let sql = format!("INSERT INTO {table} VALUES {}", vec![row; rows.len()].join(","));
            let mut insert = sqlx::query(AssertSqlSafe(sql));
            for (row, column) in rows.flat_map(|row| self.columns.iter().map(move |c| (row, c))) {
                let cell = column.cell(row);
                insert = match column.kind.unwrap_or(Kind::Text) {
                    Kind::Integer => insert.bind(cell.and_then(|cell| cell.parse::<i64>().ok())),
                    Kind::Real => insert.bind(cell.and_then(|cell| cell.parse::<f64>().ok())),
                    Kind::Text => insert.bind(cell.map(str::to_owned)),
                };
            }
            insert.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}

impl Column {
    fn cell(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end]).filter(|cell| !cell.is_empty())
    }

    fn declaration(&self) -> String {
        format!("{} {}", quoted(&self.name), self.kind.unwrap_or(Kind::Text).sql())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
