//! Columns that a statement compares with an instant of the window, and that hold what does not
//! compare with it: the instant is local text like `2026-11-28 00:00:00`. Not here: times in tables of
//! our own, which are brought into that form (`rows`).

use rusqlite::Connection;
use rusqlite::types::Value;

use super::checks::Scope;
use super::names::quoted;
use super::tokens::{TokenKind, Tokens};
use crate::shown;
use crate::source::params::{Param, ParamForm};

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
    let columns = compared(&tokens, params);
    if columns.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = (0..tokens.all.len()).filter_map(|at| tokens.name(at)).collect();
    let mut remarks = Vec::new();
    for (table, column) in known(connection).unwrap_or_default() {
        let is_named = names.iter().any(|name| name.eq_ignore_ascii_case(&table));
        let compared = columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column));
        if let (true, Some((_, form))) = (is_named, compared)
            && let Some(found) = strange(connection, &table, &column, (scope, *form))
        {
            remarks.push(remark(&table, &column, &found));
        }
    }
    remarks
}

/// Names of columns that stand beside an instant or a day in a comparison.
fn compared(tokens: &Tokens<'_>, params: &[Param]) -> Vec<(String, ParamForm)> {
    let mut found = Vec::new();
    let plain = |at: usize| {
        let number = tokens.text(at).strip_prefix('?').and_then(|number| number.parse().ok());
        let place = number.and_then(|number: usize| number.checked_sub(1));
        let form = place.and_then(|place| params.get(place)).map(|param| param.form);
        form.filter(|form| *form != ParamForm::Unix)
    };
    // A column stands alone: between its comparison and something that is no part of an operand.
    let column = |at: usize| {
        let named = matches!(tokens.kind(at), Some(TokenKind::Word | TokenKind::Quoted));
        tokens.name(at).filter(|_| named)
    };
    for at in 1..tokens.all.len() {
        let compares = tokens.is_operator(at, &["<", "<=", ">", ">=", "=", "=="]);
        if !compares && !tokens.is(at, "BETWEEN") {
            continue;
        }
        if let (Some(form), Some(name)) = (plain(at + 1), column(at - 1)) {
            found.push((name, form));
        }
        if compares
            && let (Some(form), Some(end)) = (plain(at - 1), tokens.operand_end(at + 1))
            && let Some(name) = column(end)
        {
            found.push((name, form));
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
fn strange(
    connection: &Connection,
    table: &str,
    column: &str,
    (scope, form): (Scope, ParamForm),
) -> Option<Value> {
    let (table, column) = (quoted(table), quoted(column));
    let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT {LOOKED_AT}");
    let mut query = connection.prepare(&sql).ok()?;
    let values = query.query_map([], |row| row.get::<_, Value>(0)).ok()?;
    values.filter_map(Result::ok).find(|value| match value {
        Value::Integer(_) | Value::Real(_) => true,
        // Our own tables have brought their times into the form that compares.
        Value::Text(text) => {
            !is_dated(text) || scope == Scope::Arithmetic && is_strange(text, form)
        }
        Value::Null | Value::Blob(_) => false,
    })
}

/// Whether it begins with a day as the parameters write it.
fn is_dated(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// A time with `T`, which a day does not mind, or with a zone that is not that of the calendar.
fn is_strange(text: &str, form: ParamForm) -> bool {
    let Some((separator, time)) = text.get(10..11).zip(text.get(11..)) else { return false };
    let zoned = time.ends_with(['Z', 'z']) || time.contains(['+', '-']);
    zoned || form == ParamForm::Instant && matches!(separator, "T" | "t")
}

fn remark(table: &str, column: &str, found: &Value) -> String {
    let unix = |column: &str| format!("write `{column} >= :window_start_unix`");
    let (shown, cure) = match found {
        Value::Integer(number) => (number.to_string(), unix(column)),
        Value::Real(number) => (number.to_string(), unix(column)),
        Value::Text(text) if is_dated(text) => {
            (shown::line(text, 40), unix(&format!("unixepoch({column})")))
        }
        Value::Text(text) => {
            let cure = "bring it into the form `YYYY-MM-DD`, for example with `substr`";
            (shown::line(text, 40), cure.to_owned())
        }
        Value::Null | Value::Blob(_) => (String::new(), unix(column)),
    };
    format!(
        "column `{column}` of table `{table}` holds `{shown}`, which does not compare with local text \
         like `2026-11-28 09:00:00`: {cure}"
    )
}
