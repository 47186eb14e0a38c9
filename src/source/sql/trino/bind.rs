//! Parameters of a Trino query. Of Trino's two ways to bind, this is `EXECUTE IMMEDIATE ... USING`:
//! it travels in the body. The other, a prepared statement in a header, ends at the size that headers
//! may have (8 kB). Values are typed literals made of dates and numbers alone. Not here: finding the
//! parameters (`sql::rewrite`).

use chrono::{DateTime, MappedLocalTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::source::Request;
use crate::source::params::ParamValue;
use crate::source::statement::Statement;

/// A query with its values.
pub(super) struct Bound {
    sql: String,
    statement: Statement,
}

/// What stands before the query. With the line breaks all lines of the query keep their columns: in
/// the first line Trino would add that of the quote, or not, depending on the kind of error.
const OPENING: &str = "EXECUTE IMMEDIATE\n'\n";

impl Bound {
    pub(super) fn new(statement: Statement, request: &Request) -> Self {
        let values: Vec<String> = statement
            .params()
            .iter()
            .map(|param| literal(param.value(request), request.timezone))
            .collect();
        let sql = if values.is_empty() {
            statement.sql().to_owned()
        } else {
            let quoted = statement.sql().replace('\'', "''");
            format!("{OPENING}{quoted}'\nUSING {}", values.join(", "))
        };
        Self { sql, statement }
    }

    /// What is sent.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// Line and column in the query as written, for those in what was sent; all from 1.
    pub(super) fn place(&self, line: usize, column: usize) -> Option<(usize, usize)> {
        let before = if self.statement.params().is_empty() { 0 } else { OPENING.lines().count() };
        let line = line.checked_sub(before).filter(|line| *line > 0)?;
        let lines = self.statement.sql().split_inclusive('\n');
        let skipped: usize = lines.take(line - 1).map(|line| line.chars().count()).sum();
        Some(self.statement.place(skipped + column))
    }
}

fn literal(value: ParamValue, zone: Tz) -> String {
    match value {
        ParamValue::Instant(instant) => timestamp(instant, zone),
        ParamValue::Date(date) => format!("DATE '{date}'"),
        ParamValue::Unix(seconds) => format!("BIGINT '{seconds}'"),
    }
}

/// In the calendar's zone, so that `date(:window_start)` is the local day; in the hour that occurs
/// twice with the offset instead, which is not ambiguous.
fn timestamp(instant: DateTime<Utc>, zone: Tz) -> String {
    let local = instant.with_timezone(&zone);
    let time = local.format("%Y-%m-%d %H:%M:%S%.3f");
    match zone.from_local_datetime(&local.naive_local()) {
        MappedLocalTime::Single(_) => format!("TIMESTAMP '{time} {}'", zone.name()),
        _ => format!("TIMESTAMP '{time} {}'", local.format("%:z")),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;

    use super::*;
    use crate::source::statement::{Dialect, rewrite};
    use crate::source::tests::{metric, request};

    fn bound(sql: &str) -> Bound {
        let request = request(metric(), Berlin, "2025-12-31T23:00:00Z", "2026-10-25T01:30:00Z");
        Bound::new(rewrite::parse(Dialect::Trino, sql).unwrap(), &request)
    }

    #[test]
    fn values_are_typed_and_in_the_calendars_zone() {
        let sent = bound(
            "SELECT 'it''s' WHERE a >= :window_start AND a < :window_end AND b < :as_of_date AND c > :as_of_unix",
        );
        let expected = "EXECUTE IMMEDIATE\n'\nSELECT ''it''''s'' WHERE a >= ? AND a < ? AND b < ? AND c > ?'\n\
            USING TIMESTAMP '2026-01-01 00:00:00.000 Europe/Berlin', \
            TIMESTAMP '2026-10-25 02:30:00.000 +01:00', DATE '2026-10-25', BIGINT '1792891800'";
        assert_eq!(sent.sql(), expected);
        assert_eq!(bound("SELECT 'a';").sql(), "SELECT 'a'");
    }

    #[test]
    fn places_in_what_was_sent_are_places_in_the_query() {
        let sent = bound("SELECT :window_start_date,\n  amout FROM é");
        assert_eq!(sent.place(4, 3), Some((2, 3)));
        assert_eq!(sent.place(3, 9), Some((1, 26)));
        assert_eq!(sent.place(1, 1), None);
        assert_eq!(bound("SELECT\n amout").place(2, 2), Some((2, 2)));
    }
}
