//! What the functions that are put in place of SQLite's refuse, kept until the statement has ended:
//! SQLite itself passes on no more than a text. Not here: what people are told about it (`explain`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Error;
use rusqlite::types::ValueRef;

use super::numbers::{self, Number};

/// A value that is no number where one is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct NoNumber {
    /// What was to be done with it: `sum`, `*`, `CAST`.
    pub(in crate::source) done: String,
    /// What it says; `None` for what is not text.
    pub(in crate::source) text: Option<String>,
}

/// The first one of a statement; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusals(Arc<Mutex<Option<NoNumber>>>);

impl Refusals {
    /// The number that a value is; a text that is none ends the statement.
    pub(super) fn number(&self, done: &str, value: ValueRef<'_>) -> Result<Number, Error> {
        let text = match value {
            ValueRef::Integer(number) => return Ok(Number::Integer(number)),
            ValueRef::Real(number) => return Ok(Number::Real(number)),
            ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes)),
            ValueRef::Null | ValueRef::Blob(_) => None,
        };
        if let Some(number) = text.as_deref().and_then(numbers::read) {
            return Ok(number);
        }
        Err(self.refuse(done, text.as_deref()))
    }

    /// Notes a refusal, and gives what makes SQLite end the statement.
    pub(super) fn refuse(&self, done: &str, text: Option<&str>) -> Error {
        let text = text.map(str::to_owned);
        self.lock().get_or_insert(NoNumber { done: done.to_owned(), text });
        Error::UserFunctionError("no number".into())
    }

    /// What was refused.
    pub(super) fn first(&self) -> Option<NoNumber> {
        self.lock().clone()
    }

    /// Takes out what was refused.
    pub(super) fn take(&self) -> Option<NoNumber> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<NoNumber>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
