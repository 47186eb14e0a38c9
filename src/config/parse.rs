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

/// Units of sizes, in bytes.
const SIZES: [(&str, u64); 6] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// `500KiB`, `32MiB`, `1GiB`, or with KB, MB and GB: bytes, more than zero.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (number, bytes) = SIZES
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?.trim_end(), *bytes)))?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.then(|| number.parse().ok())??;
    number.checked_mul(bytes).filter(|size| *size > 0)
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
    fn a_duration_of_nothing_is_none() {
        assert_eq!(duration("26h"), Some(Duration::from_hours(26)));
        assert_eq!(duration("0s"), None);
    }

    #[test]
    fn sizes_have_a_unit_and_are_more_than_nothing() {
        for (text, expected) in [
            ("500KiB", Some(500 << 10)),
            ("32 MiB", Some(32 << 20)),
            ("1GiB", Some(1 << 30)),
            ("64KB", Some(64_000)),
            ("5MB", Some(5_000_000)),
            ("2GB", Some(2_000_000_000)),
            ("0MiB", None),
            ("32", None),
            ("32M", None),
            ("-1MB", None),
            ("+1MB", None),
            ("MiB", None),
            ("99999999999999999999GB", None),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
    }

    #[test]
    fn hints_are_told_from_messages() {
        assert_eq!(split_hint("a (b) c (hint: d (e))"), ("a (b) c".into(), Some("d (e)".into())));
        assert_eq!(split_hint("no hint (here)"), ("no hint (here)".into(), None));
    }
}
