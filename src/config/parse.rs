//! Calls the rooms that own the small languages of a configuration: durations, windows, periods,
//! dates and schedules (`calendar`, `schedule`) and SQL (`source`). Not here: places and the rest of
//! the messages (`forms`, `validate`).

use std::time::Duration;

use chrono::NaiveDate;
use secrecy::ExposeSecret;

use crate::calendar::{PeriodKind, WindowSpec, parse_date, parse_duration};
use crate::schedule::Schedule;
use crate::source::SourceConfig;
use crate::source::sql::{Dialect, rewrite};

/// `30s`, `5m`, `26h`, `30d`, `4w`: more than zero, for a configuration has no use for none.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    parse_duration(text).ok().filter(|duration| !duration.is_zero())
}

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

/// `2026-05-25`.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    parse_date(text).ok()
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
    fn a_duration_of_nothing_is_none() {
        assert_eq!(duration("26h"), Some(Duration::from_hours(26)));
        assert_eq!(duration("0s"), None);
    }

    #[test]
    fn hints_are_told_from_messages() {
        assert_eq!(split_hint("a (b) c (hint: d (e))"), ("a (b) c".into(), Some("d (e)".into())));
        assert_eq!(split_hint("no hint (here)"), ("no hint (here)".into(), None));
    }
}
