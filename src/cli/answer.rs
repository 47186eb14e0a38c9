//! Answers of sources as text: columns with their types, rows, instants. For people; programs read
//! the API.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;

use crate::metric::{Cell, Table};

/// Longer texts are cut.
const LONGEST: usize = 40;

/// A column and what its cells hold.
pub(super) struct Column<'a> {
    pub(super) name: &'a str,
    /// `number`, `text`, `time`, the source's name of another type, or several of them; `unknown`
    /// without any value.
    pub(super) kind: String,
    /// The source's own name of the type, where it tells.
    pub(super) native: Option<&'a str>,
}

impl Column<'_> {
    /// The type in the words of the source, or what the cells hold.
    pub(super) fn shown_type(&self) -> &str {
        self.native.unwrap_or(&self.kind)
    }
}

/// The first two values of a column, as short texts.
pub(super) fn samples(table: &Table, index: usize, timezone: Tz) -> Vec<String> {
    const SAMPLES: usize = 2;
    const SHORT: usize = 26;
    let mut found: Vec<String> = Vec::new();
    for cell in table.rows.iter().filter_map(|row| row.get(index)) {
        let shown = match cell {
            Cell::Text(empty) if empty.is_empty() => "''".to_owned(),
            cell => cut(&text(cell, timezone), SHORT),
        };
        if *cell != Cell::Null && !found.contains(&shown) {
            found.push(shown);
        }
        if found.len() == SAMPLES {
            break;
        }
    }
    found
}

/// The columns of an answer.
pub(super) fn columns(table: &Table) -> Vec<Column<'_>> {
    let kinds = |index: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(index));
        let kinds: BTreeSet<&str> = cells.filter_map(kind).collect();
        match kinds.len() {
            0 => "unknown".to_owned(),
            _ => kinds.into_iter().collect::<Vec<_>>().join(" or "),
        }
    };
    let named = |(index, name)| {
        let native = table.types.get(index).map(String::as_str);
        Column { name, kind: kinds(index), native }
    };
    table.columns.iter().map(String::as_str).enumerate().map(named).collect()
}

fn kind(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Null => None,
        Cell::Number(_) | Cell::Written(..) => Some("number"),
        Cell::Text(_) => Some("text"),
        Cell::Instant(_) => Some("time"),
        Cell::Other(kind) => Some(kind),
    }
}

/// Names, types and the first `rows` rows, each a line, aligned; numbers to the right.
pub(super) fn lines(table: &Table, rows: usize, timezone: Tz) -> Vec<String> {
    let columns = columns(table);
    let mut cells: Vec<Vec<String>> = vec![
        columns.iter().map(|column| cut(&plain(column.name), LONGEST)).collect(),
        columns.iter().map(|column| cut(&plain(column.shown_type()), LONGEST)).collect(),
    ];
    let shown = table.rows.iter().take(rows);
    cells.extend(shown.map(|row| row.iter().map(|cell| text(cell, timezone)).collect()));
    let right: Vec<bool> = columns.iter().map(|column| column.kind == "number").collect();
    aligned(&cells, &right)
}

/// Cells in columns of equal width, two spaces apart.
pub(super) fn aligned(rows: &[Vec<String>], right: &[bool]) -> Vec<String> {
    let mut widths: Vec<usize> = vec![0; right.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).zip(right).map(|((cell, width), right)| {
            if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn text(cell: &Cell, timezone: Tz) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) | Cell::Written(_, text) => cut(&plain(text), LONGEST),
        Cell::Instant(at) => instant(*at, timezone),
        Cell::Other(kind) => format!("<{}>", cut(&plain(kind), LONGEST)),
    }
}

/// RFC 3339 in the zone.
pub(super) fn instant(at: DateTime<Utc>, timezone: Tz) -> String {
    at.with_timezone(&timezone).to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// At most so many characters.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// In one line, without anything that would steer a terminal.
pub(super) fn plain(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_tell_what_their_cells_hold() {
        let table = Table {
            columns: ["a", "b", "c", "d"].map(str::to_owned).into(),
            rows: vec![
                vec![Cell::Number(1.5), Cell::Null, Cell::Text("x".into()), Cell::Null],
                vec![Cell::Null, Cell::Null, Cell::Number(2.0), Cell::Other("JSONB".into())],
            ],
            ..Table::default()
        };
        let kinds: Vec<String> = columns(&table).into_iter().map(|column| column.kind).collect();
        assert_eq!(kinds, ["number", "unknown", "number or text", "JSONB"]);
        let shown = lines(&table, 1, Tz::UTC);
        let expected = [
            "     a  b        c               d",
            "number  unknown  number or text  JSONB",
            "   1.5  NULL     x               NULL",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn texts_are_cut_and_cannot_steer_a_terminal() {
        let mixed = format!("a\x1b[31m\n{}", "é".repeat(100));
        let shown = text(&Cell::Text(mixed), Tz::UTC);
        assert!(shown.starts_with("a\\u{1b}[31m\\né") && shown.ends_with('…'), "{shown}");
        assert_eq!(shown.chars().count(), LONGEST);
    }
}
