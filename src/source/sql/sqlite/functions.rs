//! The functions that `checks` puts around operands. Not here: sums (`sums`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags, SqlFnArg};
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error};

use super::numbers::{self, Number};
use super::refusal::Refusals;

/// What calls of `min` and `max` have seen while a statement ran, by call.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<HashMap<String, Kinds>>>);

/// Whether there was a number, and the first other text.
type Kinds = (bool, Option<String>);

impl Seen {
    /// Forgets what earlier statements saw.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Notes a number or another text; gives the text when a call has seen both.
    fn note(&self, site: &str, text: Option<&str>) -> Option<String> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains_key(site) {
            seen.insert(site.to_owned(), (false, None));
        }
        let (number, other) = seen.get_mut(site)?;
        match text {
            None => *number = true,
            Some(text) if other.is_none() => *other = Some(text.to_owned()),
            Some(_) => {}
        }
        other.clone().filter(|_| *number)
    }
}

/// An argument as it came, or another value in its place.
enum Given {
    Same(SqlFnArg),
    Other(Value),
}

impl ToSql for Given {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, Error> {
        match self {
            Self::Same(argument) => argument.to_sql(),
            Self::Other(value) => value.to_sql(),
        }
    }
}

impl From<Number> for Given {
    fn from(number: Number) -> Self {
        Self::Other(match number {
            Number::Integer(number) => Value::Integer(number),
            Number::Real(number) => Value::Real(number),
        })
    }
}

/// Makes the functions known.
pub(super) fn install(
    connection: &Connection,
    refusals: &Refusals,
    seen: &Seen,
) -> Result<(), Error> {
    let changing = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    let flags = changing | FunctionFlags::SQLITE_DETERMINISTIC;
    let known = refusals.clone();
    connection.create_scalar_function("kpi_number", 2, flags, move |context| {
        let value = context.get_raw(0);
        if value != ValueRef::Null {
            known.number(context.get_raw(1).as_str()?, value)?;
        }
        Ok(same(context))
    })?;
    let known = refusals.clone();
    connection.create_scalar_function("kpi_ordered", 1, flags, move |context| {
        match context.get_raw(0) {
            value @ ValueRef::Text(_) => Ok(known.number("<", value)?.into()),
            _ => Ok(same(context)),
        }
    })?;
    connection.create_scalar_function("kpi_equal", 1, flags, |context| Ok(plain(context)))?;
    let (known, seen) = (refusals.clone(), seen.clone());
    connection.create_scalar_function("kpi_extreme", 2, changing, move |context| {
        let (given, site) = (plain(context), context.get_raw(1).as_str()?);
        let clash = match (&given, context.get_raw(0)) {
            (Given::Same(_), ValueRef::Null | ValueRef::Blob(_)) => None,
            (Given::Same(_), ValueRef::Text(text)) => {
                seen.note(site, Some(&String::from_utf8_lossy(text)))
            }
            _ => seen.note(site, None),
        };
        match clash {
            Some(text) => Err(known.refuse(site.split(' ').next().unwrap_or(site), Some(&text))),
            None => Ok(given),
        }
    })?;
    connection.create_scalar_function("kpi_local", 1, flags, |context| {
        let value = context.get_raw(0);
        let text = value.as_str().ok().and_then(without_offset);
        Ok(text.map_or_else(|| same(context), |text| Given::Other(Value::Text(text.to_owned()))))
    })
}

fn same(context: &Context<'_>) -> Given {
    Given::Same(context.get_arg(0))
}

/// Text that is a number, written as programs write it, as a number.
fn plain(context: &Context<'_>) -> Given {
    let value = context.get_raw(0);
    let text = value.as_str().ok().filter(|text| numbers::is_canonical(text));
    text.and_then(numbers::read).map_or_else(|| same(context), Given::from)
}

/// `2026-11-28 09:00:00+01:00` without its offset.
fn without_offset(text: &str) -> Option<&str> {
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let bytes = offset.as_bytes();
    let signed = matches!(bytes[0], b'+' | b'-') && bytes[3] == b':';
    (signed && local.len() >= 19 && local.as_bytes()[10] == b' ').then_some(local)
}
