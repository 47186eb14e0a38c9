//! Failures of databases in words for people. Nothing that was sent is repeated, so no secret can
//! get out: only what the server or the system said.

use std::io;
use std::time::Duration;

use sqlx::error::DatabaseError;

use super::driver::Meaning;
use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::limit::seconds;
use crate::source::sql::errors::{LOGIN, timed_out};

/// What else to do about a refused login.
pub(super) const LINE_BREAK: &str = "the password ends with a line break: is that meant?";

/// A failure while a query ran.
pub(super) fn explain(
    error: &sqlx::Error,
    limit: Duration,
    meaning: impl Fn(&dyn DatabaseError) -> Meaning,
) -> FetchError {
    let Some(database) = error.as_database_error() else {
        let message = format!("the connection broke off: {}", reason(error));
        return FetchError::new(FetchErrorKind::Unreachable, message);
    };
    let said = shown::cut(database.message(), shown::MOST);
    match meaning(database) {
        Meaning::TimeLimit => timed_out(limit),
        Meaning::Unavailable => FetchError::new(FetchErrorKind::Unreachable, said.into_owned()),
        Meaning::Login => {
            FetchError::new(FetchErrorKind::Unreachable, said.into_owned()).with_hint(LOGIN)
        }
        Meaning::Fault { place, hint } => {
            let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
            let failure = FetchError::new(FetchErrorKind::Query, format!("{said}{place}"));
            match hint {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            }
        }
    }
}

/// A failure before a query could run.
pub(super) fn cannot_connect(
    target: &str,
    error: &sqlx::Error,
    meaning: impl Fn(&dyn DatabaseError) -> Meaning,
) -> FetchError {
    let message = format!("cannot connect to {target}: {}", reason(error));
    let failure = FetchError::new(FetchErrorKind::Unreachable, message);
    match error.as_database_error().map(meaning) {
        Some(Meaning::Login) => failure.with_hint(LOGIN),
        Some(Meaning::Fault { hint: Some(hint), .. }) => failure.with_hint(hint),
        Some(_) => failure,
        None => match error {
            sqlx::Error::Io(error) => way(failure, error),
            _ => failure,
        },
    }
}

/// What may be wrong with the way to a server.
fn way(failure: FetchError, error: &io::Error) -> FetchError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            failure.with_hint("is the server running, and is the port right?")
        }
        io::ErrorKind::NotFound => failure.with_hint("is this where the server has its socket?"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            failure.with_hint("is there a way to this address, with IPv4 or IPv6?")
        }
        _ if error.to_string().contains("lookup") => {
            failure.with_hint("is the name spelled right?")
        }
        _ => failure,
    }
}

/// Nothing was heard of the query, not even its end.
pub(super) fn hung(target: &str, limit: Duration) -> FetchError {
    let message = format!("{target} hangs: no answer within {}, connection closed", seconds(limit));
    FetchError::new(FetchErrorKind::Timeout, message)
}

/// Nothing was heard while connecting.
pub(super) fn no_answer(target: &str, limit: Duration, hint: &str) -> FetchError {
    let message = format!("no answer from {target} within {}", seconds(limit));
    FetchError::new(FetchErrorKind::Timeout, message).with_hint(hint)
}

/// Without the driver's own introductions.
fn reason(error: &sqlx::Error) -> String {
    let said = match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    };
    shown::cut(&said, shown::MOST).into_owned()
}
