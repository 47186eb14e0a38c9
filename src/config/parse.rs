//! Calls the rooms that own the small languages of a configuration: windows, periods and schedules
//! (`calendar`, `schedule`) and SQL (`source`). Not here: places and the rest of the messages
//! (`validate`).

use secrecy::ExposeSecret;

use crate::calendar::{PeriodKind, WindowSpec};
use crate::schedule::Schedule;
use crate::source::SourceConfig;
use crate::source::statement::{Dialect, rewrite};

/// `period`, or a trailing window like `30d`.
pub(crate) fn window(text: &str) -> Option<WindowSpec> {
    WindowSpec::parse(text).ok()
}

/// The periods that have a name.
pub(crate) const PERIODS: [&str; 5] = ["week", "month", "quarter", "half", "year"];

/// One of [`PERIODS`].
pub(crate) fn period(name: &str) -> Option<PeriodKind> {
    PeriodKind::parse(name).ok()
}

/// A schedule; else message and hint.
pub(crate) fn schedule(text: &str) -> Result<Schedule, (String, Option<String>)> {
    Schedule::parse(text).map_err(|reason| split_hint(&reason))
}

/// Takes a message of the form `what (hint: cure)` apart.
fn split_hint(message: &str) -> (String, Option<String>) {
    match message.strip_suffix(')').and_then(|message| message.split_once(" (hint: ")) {
        Some((what, cure)) => (what.to_owned(), Some(cure.to_owned())),
        None => (message.to_owned(), None),
    }
}

/// Why a query cannot be used: what, where in its text, and what to do.
pub(crate) struct QueryMistake {
    pub(crate) message: String,
    pub(crate) part: std::ops::Range<usize>,
    pub(crate) hint: Option<String>,
}

/// Checks the parameters of a query in the dialect of its source.
pub(crate) fn query(source: &SourceConfig, text: &str) -> Result<(), QueryMistake> {
    let dialect = match source {
        SourceConfig::Files(_) => Dialect::Sqlite,
        SourceConfig::Sql(sql) => match Dialect::of_url(sql.url.expose_secret()) {
            Some(dialect) => dialect,
            // The URL has been found wrong already.
            None => return Ok(()),
        },
        SourceConfig::ClickHouse(_) => Dialect::ClickHouse,
        SourceConfig::Trino(_) => Dialect::Trino,
        SourceConfig::Http(_) | SourceConfig::Prometheus(_) => return Ok(()),
    };
    parameters(dialect, text)
}

/// Checks the parameters of a query over the rows that came over HTTP.
pub(crate) fn query_of_rows(text: &str) -> Result<(), QueryMistake> {
    parameters(Dialect::Sqlite, text)
}

fn parameters(dialect: Dialect, text: &str) -> Result<(), QueryMistake> {
    match rewrite::parse(dialect, text) {
        Ok(_) => Ok(()),
        Err(error) => {
            let part = error.offset..error.offset + error.len;
            Err(QueryMistake { message: error.message, part, hint: error.hint })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_told_from_messages() {
        assert_eq!(split_hint("a (b) c (hint: d (e))"), ("a (b) c".into(), Some("d (e)".into())));
        assert_eq!(split_hint("no hint (here)"), ("no hint (here)".into(), None));
    }
}
