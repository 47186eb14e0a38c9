//! Failures of SQLite in words for people: its own, and those of the checks. Not here: where in a
//! file a text stands (`files`).

use std::time::Duration;

use rusqlite::{Connection, Error};

use super::names::written;
use super::refusal::NoNumber;
use super::tokens::Tokens;
use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::sql::errors;

/// A failed statement; see <https://www.sqlite.org/rescode.html>.
pub(super) fn failed(
    error: &Error,
    sql: &str,
    connection: &Connection,
    limit: Duration,
) -> FetchError {
    let said = said(error);
    let fault =
        |message: &str, hint: &str| FetchError::new(FetchErrorKind::Query, message).with_hint(hint);
    match code(error) {
        9 => errors::timed_out(limit),
        5 => FetchError::new(FetchErrorKind::Unreachable, said),
        8 | 23 => fault(
            "attempt to write a readonly database",
            "queries run read-only: only SELECT makes sense",
        ),
        _ if advice(error).is_some() => fault(&said, advice(error).unwrap_or_default()),
        _ => match said.strip_prefix("no such column: ") {
            Some(rest) => no_such_column(rest, sql, connection),
            None => FetchError::new(FetchErrorKind::Query, said),
        },
    }
}

/// What to do about a file that cannot be read.
pub(super) fn advice(error: &Error) -> Option<&'static str> {
    match code(error) {
        14 => Some("may the daemon read the file and its folder?"),
        26 => Some("is it an SQLite 3 database?"),
        _ => None,
    }
}

/// The primary result code; 0 for failures of another kind.
pub(super) fn code(error: &Error) -> i32 {
    error.sqlite_error().map_or(0, |error| error.extended_code & 0xff)
}

/// What SQLite says, without the statement.
pub(super) fn said(error: &Error) -> String {
    match error {
        Error::SqliteFailure(_, Some(said)) => said.clone(),
        other => other.to_string(),
    }
}

/// The columns that there are say best what was meant.
fn no_such_column(rest: &str, sql: &str, connection: &Connection) -> FetchError {
    // SQLite adds advice when the name was in double quotes.
    let (name, quoted) = match rest.split_once(" - should this be a string literal") {
        Some((name, _)) => (name.trim_matches('"'), true),
        None => (rest, false),
    };
    let error = FetchError::new(FetchErrorKind::Query, format!("no such column: {name}"));
    let column = name.rsplit_once('.').map_or(name, |(_, column)| column);
    let known = columns(sql, connection);
    let likeness = |known: &str| {
        strsim::normalized_damerau_levenshtein(&column.to_lowercase(), &known.to_lowercase())
    };
    let closest = known.iter().map(|(_, known)| (likeness(known), known));
    let closest = closest.max_by(|(a, _), (b, _)| a.total_cmp(b));
    let hint = match closest.filter(|(likeness, _)| *likeness >= 0.6) {
        Some((_, known)) => format!("did you mean `{}`?", written(known)),
        None if known.is_empty() => "is the column spelled as in the table?".to_owned(),
        None => listed(&known),
    };
    let hint = if quoted {
        let end = if hint.ends_with('?') { "" } else { ";" };
        format!(
            "{hint}{end} a text is written in single quotes, as in '{}'",
            name.replace('\'', "''")
        )
    } else {
        hint
    };
    error.with_hint(hint)
}

/// Table and name of all columns of the tables that a statement names.
fn columns(sql: &str, connection: &Connection) -> Vec<(String, String)> {
    let tokens = Tokens::of(sql);
    let names: Vec<String> = (0..tokens.all.len()).filter_map(|at| tokens.name(at)).collect();
    let read = || {
        let mut query = connection.prepare(
            "SELECT s.name, c.name FROM sqlite_schema s, pragma_table_info(s.name) c \
             WHERE s.type IN ('table', 'view') LIMIT 10000",
        )?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<Vec<(String, String)>, Error>>()
    };
    let mut columns = read().unwrap_or_default();
    columns.retain(|(table, _)| names.iter().any(|name| name.eq_ignore_ascii_case(table)));
    columns
}

/// Not too many for a line.
fn listed(columns: &[(String, String)]) -> String {
    let names: Vec<String> =
        columns.iter().map(|(_, name)| format!("`{}`", written(name))).collect();
    format!("the columns are {}", shown::list(&names))
}

/// A value that is no number where one is needed.
pub(super) fn no_number(refused: &NoNumber) -> FetchError {
    let NoNumber { done, text } = refused;
    let Some(text) = text else {
        let message = format!("`{done}` met a BLOB, which is no number");
        return FetchError::new(FetchErrorKind::Shape, message);
    };
    let text = shown::line(text, 60);
    let message = match &**done {
        "<" => format!("the text `{text}` is compared with a number"),
        "min" | "max" => format!("`{done}` met numbers and the text `{text}`"),
        done => format!("`{done}` met the text `{text}`, which is no number"),
    };
    let cure = if text.trim().is_empty() {
        "leave such rows out, or turn them into NULL: `nullif(trim(COLUMN), '')`".to_owned()
    } else {
        let text = text.replace('\'', "''");
        format!(
            "turn it into a number in the query, for example with `replace`, or leave it out: \
             `nullif(COLUMN, '{text}')`"
        )
    };
    FetchError::new(FetchErrorKind::Shape, message).with_hint(cure)
}
