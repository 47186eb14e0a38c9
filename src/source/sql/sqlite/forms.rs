//! Columns that a statement compares with an instant of the window, and that hold what does not
//! compare with it: the instant is local text like `2026-11-28 00:00:00`. Not here: times in tables of
//! our own, which are brought into that form (`rows`).

use rusqlite::Connection;
use rusqlite::types::Value;

use super::checks::Scope;
use super::tokens::{Kind, Tokens};
use crate::source::params::{Form, Param};

/// So many values of a column are looked at.
const LOOKED_AT: u8 = 20;

/// What a person should know of them.
pub(super) fn remarks(
    connection: &Connection,
    sql: &str,
    params: &[Param],
    scope: Scope,
) -> Vec<String> {
    let tokens = Tokens::of(sql);
    let mut columns = compared(&tokens, params);
    columns.sort();
    columns.dedup();
    if columns.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = (0..tokens.all.len()).filter_map(|at| tokens.name(at)).collect();
    let mut remarks = Vec::new();
    for (table, column) in known(connection).unwrap_or_default() {
        let is_named = names.iter().any(|name| name.eq_ignore_ascii_case(&table));
        let compared = columns.iter().any(|name| name.eq_ignore_ascii_case(&column));
        if is_named
            && compared
            && let Some(found) = strange(connection, &table, &column, scope)
        {
            remarks.push(remark(&table, &column, &found));
        }
    }
    remarks
}

/// Names of columns that stand beside a plain instant in a comparison.
fn compared(tokens: &Tokens<'_>, params: &[Param]) -> Vec<String> {
    let mut found = Vec::new();
    let plain = |at: usize| {
        let number = tokens.text(at).strip_prefix('?').and_then(|number| number.parse().ok());
        let place = number.and_then(|number: usize| number.checked_sub(1));
        place.and_then(|place| params.get(place)).is_some_and(|param| param.form == Form::Instant)
    };
    // A column stands alone: between its comparison and something that is no part of an operand.
    let column = |at: usize| {
        let named = matches!(tokens.kind(at), Some(Kind::Word | Kind::Quoted));
        tokens.name(at).filter(|_| named)
    };
    for at in 1..tokens.all.len() {
        let compares = tokens.is_operator(at, &["<", "<=", ">", ">=", "=", "=="]);
        if !compares && !tokens.is(at, "BETWEEN") {
            continue;
        }
        if plain(at + 1) {
            found.extend(column(at - 1));
        }
        if compares
            && plain(at - 1)
            && let Some(end) = tokens.operand_end(at + 1)
        {
            found.extend(column(end));
        }
    }
    found
}

fn known(connection: &Connection) -> Result<Vec<(String, String)>, rusqlite::Error> {
    let mut query = connection.prepare(
        "SELECT s.name, c.name FROM sqlite_schema s, pragma_table_info(s.name) c \
         WHERE s.type IN ('table', 'view') LIMIT 10000",
    )?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// A value that does not compare with local text.
fn strange(connection: &Connection, table: &str, column: &str, scope: Scope) -> Option<Value> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (table, column) = (quoted(table), quoted(column));
    let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT {LOOKED_AT}");
    let mut query = connection.prepare(&sql).ok()?;
    let values = query.query_map([], |row| row.get::<_, Value>(0)).ok()?;
    values.filter_map(Result::ok).find(|value| match value {
        Value::Integer(_) | Value::Real(_) => true,
        // Our own tables have brought their times into the form that compares.
        Value::Text(text) => scope == Scope::Arithmetic && is_strange(text),
        Value::Null | Value::Blob(_) => false,
    })
}

/// A time with `T`, or with a zone that is not that of the calendar.
fn is_strange(text: &str) -> bool {
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 16 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[13] == b':';
    let zoned = || {
        let time = text.get(11..).unwrap_or_default();
        time.ends_with(['Z', 'z']) || time.contains(['+', '-'])
    };
    dated && (matches!(bytes[10], b'T' | b't') || zoned())
}

fn remark(table: &str, column: &str, found: &Value) -> String {
    let (shown, cure) = match found {
        Value::Integer(number) => (number.to_string(), column.to_owned()),
        Value::Real(number) => (number.to_string(), column.to_owned()),
        Value::Text(text) => (text.chars().take(40).collect(), format!("unixepoch({column})")),
        Value::Null | Value::Blob(_) => (String::new(), column.to_owned()),
    };
    format!(
        "column `{column}` of table `{table}` holds `{shown}`, which does not compare with local text \
         like `2026-11-28 09:00:00`: write `{cure} >= :window_start_unix`"
    )
}
