//! Rows from JSON objects: one per line, or an array of them. Types are those of JSON: a string is
//! text even if it looks like a number; what is nested stays JSON text.

use std::fmt;
use std::io::BufRead;
use std::path::Path;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::faults::{broken, not_utf8, unreadable};
use super::format::BOM;
use crate::metric::FetchError;
use crate::source::exact::exact;
use crate::source::json::Distinct;
use crate::source::rows::infer::CellKind;
use crate::source::rows::{Cell, Rows};

/// One object per line; empty lines do not count.
pub(super) fn lines(
    mut stream: impl BufRead,
    path: &Path,
    rows: &mut Rows,
) -> Result<(), FetchError> {
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let read = stream
            .read_until(b'\n', &mut bytes)
            .map_err(|error| unreadable(path, Some(line), &error))?;
        if read == 0 {
            break;
        }
        let text = std::str::from_utf8(bytes.strip_prefix(BOM).unwrap_or(&bytes))
            .map_err(|_| not_utf8(path, Some(line)))?;
        if text.trim().is_empty() {
            continue;
        }
        let Distinct(value) =
            serde_json::from_str(&exact(text)).map_err(|error| failed(path, line, &error))?;
        let Value::Object(object) = value else {
            return Err(broken(path, Some(line), "expected an object in each line"));
        };
        add(&object, rows, || format!("{}:{line}", path.display()));
    }
    Ok(())
}

/// One array of objects.
pub(super) fn array(
    mut stream: impl BufRead,
    path: &Path,
    rows: &mut Rows,
) -> Result<(), FetchError> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map_err(|error| unreadable(path, None, &error))?;
    let text = std::str::from_utf8(bytes.strip_prefix(BOM).unwrap_or(&bytes)).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to());
        not_utf8(path, Some(before.filter(|byte| **byte == b'\n').count() as u64 + 1))
    })?;
    let text = exact(text);
    let mut json = serde_json::Deserializer::from_str(&text);
    let outcome = json.deserialize_seq(Objects { rows, path }).and_then(|()| json.end());
    outcome.map_err(|error| {
        let failure = failed(path, error.line() as u64, &error);
        if text.trim_start().starts_with('{') {
            return failure.with_hint("a file with one object per line has the ending .ndjson");
        }
        failure
    })
}

/// Takes the objects one by one, so that only the rows are kept.
struct Objects<'a> {
    rows: &'a mut Rows,
    path: &'a Path,
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut number = 0_u64;
        while let Some(Distinct(item)) = items.next_element()? {
            number += 1;
            let Value::Object(object) = item else {
                return Err(A::Error::custom(format!("item {number} of the array is no object")));
            };
            add(&object, self.rows, || format!("{}, item {number}", self.path.display()));
        }
        Ok(())
    }
}

fn add(object: &Map<String, Value>, rows: &mut Rows, place: impl Fn() -> String) {
    for (name, value) in object {
        let (text, kind) = match value {
            Value::Null => (String::new(), CellKind::Text),
            Value::Bool(yes) => (u8::from(*yes).to_string(), CellKind::Integer),
            Value::Number(number) if number.is_i64() => (number.to_string(), CellKind::Integer),
            Value::Number(number) if number.is_f64() => (number.to_string(), CellKind::Real),
            Value::String(text) => (text.clone(), CellKind::Text),
            other => (other.to_string(), CellKind::Text),
        };
        let column = rows.column(name);
        rows.set(column, &text, Cell::Typed(kind), &place);
    }
    rows.end_row();
}

/// A line that is no JSON, or none that can be used.
fn failed(path: &Path, line: u64, error: &serde_json::Error) -> FetchError {
    let failure = broken(path, Some(line), &what(error));
    if error.to_string().contains("surrogate") {
        return failure
            .with_hint("half a character: what wrote it has cut a text in the middle of one");
    }
    failure
}

/// What serde says, without its place: its line is not that of the file.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    format!("broken JSON at column {}: {text}", error.column())
}
