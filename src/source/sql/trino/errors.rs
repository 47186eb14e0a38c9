//! Trino's errors in words for people, with their place in the query as written. Not here: failures
//! below Trino (`client`).

use std::time::Duration;

use serde::Deserialize;

use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::sql::errors::timed_out;
use crate::source::sql::trino::bind::Bound;

/// `QueryError` of the protocol.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    error_name: String,
    #[serde(default)]
    error_type: String,
    error_location: Option<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    line_number: usize,
    column_number: usize,
}

impl QueryError {
    pub(super) fn explain(&self, bound: &Bound, limit: Duration) -> FetchError {
        if self.error_name == "EXCEEDED_TIME_LIMIT" {
            return timed_out(limit);
        }
        let kind = match self.error_type.as_str() {
            "INTERNAL_ERROR" | "INSUFFICIENT_RESOURCES" | "EXTERNAL" => FetchErrorKind::Unreachable,
            _ => FetchErrorKind::Query,
        };
        let failure = FetchError::new(kind, self.words(bound));
        match self.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }

    /// Without the place in what was sent, and without the list of all that might stand there.
    fn words(&self, bound: &Bound) -> String {
        let Some(Location { line_number, column_number }) = self.error_location else {
            return shown::cut(&self.message, shown::MOST).into_owned();
        };
        let sent = format!("line {line_number}:{column_number}: ");
        let said = self.message.strip_prefix(&sent).unwrap_or(&self.message);
        let said = said.split(" Expecting: ").next().unwrap_or(said).trim_end_matches('.');
        let said = shown::cut(said, shown::MOST);
        match bound.place(line_number, column_number) {
            Some((line, column)) => format!("{said} (line {line}, column {column} of the query)"),
            None => said.into_owned(),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        Some(match self.error_name.as_str() {
            "COLUMN_NOT_FOUND" => "is the column spelled as in the table?",
            "TABLE_NOT_FOUND" | "SCHEMA_NOT_FOUND" | "CATALOG_NOT_FOUND" => {
                "write catalog.schema.table; catalog and schema of the url are the default"
            }
            "MISSING_CATALOG_NAME" | "MISSING_SCHEMA_NAME" => {
                "write catalog.schema.table, or end the url in /catalog/schema"
            }
            "PERMISSION_DENIED" => "the user of the source needs SELECT on what the query reads",
            "SYNTAX_ERROR" if self.message.contains("'IMMEDIATE'") => {
                "kpi-exporter needs Trino 418 or newer"
            }
            _ => return None,
        })
    }
}
