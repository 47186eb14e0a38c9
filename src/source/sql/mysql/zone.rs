//! The zone of a session of MySQL or MariaDB. `DATETIME` columns hold local times, whatever the
//! session; `TIMESTAMP` columns hold instants, which the session shows and compares in its zone. With
//! time zone tables that is the calendar's zone, without them a fixed offset, which is right as long
//! as the clock does not change. Here is told when it is not, and which queries that matters to.
//! Not here: `DATETIME` and `TIMESTAMP` as cells (`mysql`).

use std::fmt::Write;

use chrono::{
    DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone,
    Utc,
};
use chrono_tz::Tz;
use sqlx::{AssertSqlSafe, MySqlConnection, Row, raw_sql};

use super::mentions::mentions;
use crate::metric::{FetchError, FetchErrorKind, moment};
use crate::source::Request;
use crate::source::params::{Param, ParamValue};
use crate::source::statement::tokens::{Token, TokenKind, tokens};
use crate::source::statement::{Dialect, Statement};

/// What a session makes of times.
#[derive(Default)]
pub(super) struct SessionZone {
    /// Set when the server does not know the zone by name.
    pub(super) fixed: Option<FixedOffset>,
    /// Parameters that it takes for another instant than they are.
    misread: Vec<Param>,
}

/// What to load zones with.
const LOAD_MARIADB: &str = "mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql";
const LOAD_MYSQL: &str = "mysql_tzinfo_to_sql /usr/share/zoneinfo | mysql mysql";

/// `TIMESTAMP` ends early in 2038 on most servers.
const LAST: i64 = i32::MAX as i64;

impl SessionZone {
    /// Asks the server what it would make of the parameters of a request.
    pub(super) async fn of(
        connection: &mut MySqlConnection,
        request: &Request,
    ) -> Result<Self, sqlx::Error> {
        let zone = request.timezone;
        let points = points(request);
        let mut sql = format!("SELECT CONVERT_TZ('2000-01-01', '+00:00', '{zone}') IS NOT NULL");
        for (_, local, _) in &points {
            // Writing to a string cannot fail.
            let _ = write!(
                sql,
                ", TIMESTAMPDIFF(SECOND, '1970-01-01', CONVERT_TZ('{local}', '{zone}', '+00:00'))"
            );
        }
        let row = raw_sql(AssertSqlSafe(sql)).fetch_one(connection).await?;
        let known: bool = row.try_get_unchecked(0)?;
        let end = request.span.window.end;
        let fixed = (!known).then(|| zone.offset_from_utc_datetime(&end.naive_utc()).fix());
        let mut misread = Vec::new();
        for (index, (param, local, instant)) in points.into_iter().enumerate() {
            let seconds = instant.timestamp();
            let read = match fixed {
                None => row.try_get_unchecked::<Option<i64>, _>(index + 1)?,
                Some(offset) => {
                    Some(local.and_utc().timestamp() - i64::from(offset.local_minus_utc()))
                }
            };
            let wrong = read != Some(seconds) || fixed.is_none() && is_out_of_order(zone, local);
            if wrong && (0..=LAST).contains(&seconds) {
                misread.push(param);
            }
        }
        Ok(Self { fixed, misread })
    }

    /// Whether something may come out wrong, if the query has to do with instants.
    pub(super) fn is_doubtful(&self, request: &Request, statement: &Statement) -> bool {
        let misread = statement.params().iter().any(|param| self.misread.contains(param));
        misread || self.fixed.is_some() && changes(request, statement)
    }

    /// Why a query cannot be run in this session, if so. `columns` are the `TIMESTAMP` columns of its
    /// tables.
    pub(super) fn refusal(
        &self,
        request: &Request,
        statement: &Statement,
        columns: &[String],
        mariadb: bool,
    ) -> Option<FetchError> {
        let culprit = culprit(statement, columns)?;
        let zone = request.timezone;
        let load = if mariadb { LOAD_MARIADB } else { LOAD_MYSQL };
        let (message, what) = if self.fixed.is_some() {
            let message = format!(
                "the server does not know the zone {zone}, whose clock changes in the time that \
                 the query is about: {culprit} would be an hour off"
            );
            (message, "load its time zone tables")
        } else {
            let misread = statement.params().iter().find(|param| self.misread.contains(param))?;
            let message = format!(
                "the server takes `:{}` for another instant than it is in {zone}, so {culprit} \
                 would be compared wrongly: the hour occurs twice, or its zone tables are old",
                misread.name()
            );
            (message, "load its time zone tables anew")
        };
        let hint = format!(
            "{what}: `{load}`; or compare UNIX_TIMESTAMP(column) with :window_start_unix and \
             :window_end_unix"
        );
        Some(FetchError::new(FetchErrorKind::Query, message).with_hint(hint))
    }
}

/// The parameters that are local times, with that time and the instant that they stand for.
fn points(request: &Request) -> Vec<(Param, NaiveDateTime, DateTime<Utc>)> {
    let zone = request.timezone;
    let point = |param: Param| match param.value(request) {
        ParamValue::Instant(instant) => {
            let instant = DateTime::from_timestamp(instant.timestamp(), 0)?;
            Some((param, instant.with_timezone(&zone).naive_local(), instant))
        }
        ParamValue::Date(day) => {
            let midnight = day.and_time(NaiveTime::MIN);
            Some((param, midnight, moment::local(zone, midnight)))
        }
        ParamValue::Unix(_) => None,
    };
    Param::all().filter_map(point).collect()
}

/// Whether some instants after a local time are before it by the clock, or the other way round: the
/// server may compare local times. In the hour that occurs twice that is so, but not at its start.
fn is_out_of_order(zone: Tz, local: NaiveDateTime) -> bool {
    let twice = |time| matches!(zone.from_local_datetime(&time), MappedLocalTime::Ambiguous(..));
    twice(local) && twice(local - TimeDelta::seconds(1))
}

/// Whether the clock changes between the first and the last instant that a query is about.
fn changes(request: &Request, statement: &Statement) -> bool {
    let used = points(request).into_iter();
    let used = used.filter(|(param, ..)| statement.params().contains(param));
    let window = request.span.window;
    let instants: Vec<DateTime<Utc>> =
        used.map(|(_, _, instant)| instant).chain([window.start, window.end]).collect();
    let (Some(first), Some(last)) = (instants.iter().min(), instants.iter().max()) else {
        return false;
    };
    changes_between(request.timezone, *first, *last)
}

fn changes_between(zone: Tz, first: DateTime<Utc>, last: DateTime<Utc>) -> bool {
    /// No zone changes its clock twice in so short a time.
    const STEP: TimeDelta = TimeDelta::hours(12);
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let expected = offset(first);
    let mut at = first;
    while at < last {
        if offset(at) != expected {
            return true;
        }
        at += STEP;
    }
    offset(last) != expected
}

/// What in a query depends on the zone of the session: a `TIMESTAMP` column, unless it is only made
/// seconds of or shown whole, or a function that goes between local times and instants.
fn culprit(statement: &Statement, columns: &[String]) -> Option<String> {
    let tokens = tokens(Dialect::MySql, statement.sql());
    let compares = statement.params().iter().any(|param| !param.is_unix());
    for mention in mentions(&tokens, columns) {
        let function = mention.function.unwrap_or_default();
        let among = |names: &[&str]| names.iter().any(|name| function.eq_ignore_ascii_case(name));
        if !among(&["UNIX_TIMESTAMP"]) && (compares || !among(&["MIN", "MAX", "COUNT"])) {
            return Some(format!("the TIMESTAMP column `{}`", mention.column));
        }
    }
    tokens.iter().enumerate().find_map(|(index, token)| converts(&tokens[index..], token, columns))
}

/// A function that goes between local times and seconds.
fn converts(rest: &[Token<'_>], token: &Token<'_>, columns: &[String]) -> Option<String> {
    let is = |distance: usize, kind| rest.get(distance).is_some_and(|t| t.kind == kind);
    if !is(1, TokenKind::Open) {
        return None;
    }
    let of_column = || {
        let end =
            rest.iter().position(|token| token.kind == TokenKind::Close).unwrap_or(rest.len());
        let argument = &rest[2.min(end)..end];
        let last = argument.last().and_then(Token::name);
        argument.is_empty()
            || argument.iter().all(|token| token.name().is_some() || token.text == ".")
                && last.is_some_and(|last| columns.iter().any(|c| c.eq_ignore_ascii_case(&last)))
    };
    let converts = token.is("FROM_UNIXTIME") || token.is("UNIX_TIMESTAMP") && !of_column();
    converts.then(|| format!("what {}() gives", token.text.to_uppercase()))
}

/// The `TIMESTAMP` columns of the tables that a query names.
pub(super) async fn timestamps(
    connection: &mut MySqlConnection,
    statement: &Statement,
) -> Result<Vec<String>, sqlx::Error> {
    let tokens = tokens(Dialect::MySql, statement.sql());
    let mut names: Vec<String> = tokens
        .iter()
        .filter_map(Token::name)
        .map(|name| format!("'{}'", name.replace('\\', "\\\\").replace('\'', "''")))
        .collect();
    names.sort_unstable();
    names.dedup();
    let sql = format!(
        "SELECT DISTINCT column_name FROM information_schema.columns WHERE data_type = 'timestamp' \
         AND table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') \
         AND table_name IN ({})",
        names.join(", ")
    );
    let rows = raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get_unchecked::<String, _>(0)).collect()
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America::Havana, Europe::Berlin};

    use super::*;
    use crate::source::statement::rewrite::parse;

    fn found(sql: &str) -> Option<String> {
        culprit(&parse(Dialect::MySql, sql).unwrap(), &["ts".to_owned()])
    }

    #[test]
    fn what_depends_on_the_zone_of_the_session_is_known() {
        let column = Some("the TIMESTAMP column `ts`".to_owned());
        for sql in [
            "SELECT count(*) FROM t WHERE ts >= :window_start",
            "SELECT count(*) FROM t WHERE t.`TS` < :window_end_date",
            "SELECT date(ts) AS day, count(*) FROM t WHERE unix_timestamp(ts) > :as_of_unix GROUP BY 1",
            "SELECT 1 FROM t GROUP BY x HAVING max(ts) < :window_end",
        ] {
            assert_eq!(found(sql), column, "{sql}");
        }
        for sql in [
            "SELECT count(*) FROM t WHERE dt >= :window_start",
            "SELECT count(*), max(ts) AS data_through FROM t WHERE UNIX_TIMESTAMP(t.ts) > :as_of_unix",
            "SELECT unix_timestamp() AS ts FROM t",
        ] {
            assert_eq!(found(sql), None, "{sql}");
        }
        let sql = "SELECT count(*) FROM t WHERE from_unixtime(made) >= :window_start";
        assert_eq!(found(sql), Some("what FROM_UNIXTIME() gives".to_owned()));
        let sql = "SELECT count(*) FROM t WHERE unix_timestamp(dt) >= :window_start_unix";
        assert_eq!(found(sql), Some("what UNIX_TIMESTAMP() gives".to_owned()));
    }

    #[test]
    fn changes_of_the_clock_are_found() {
        let at = |text: &str| text.parse().unwrap();
        for (zone, first, last, expected) in [
            (Berlin, "2026-10-01T00:00:00Z", "2026-10-25T00:59:59Z", false),
            (Berlin, "2026-10-01T00:00:00Z", "2026-10-25T01:00:00Z", true),
            (Berlin, "2026-10-25T01:00:00Z", "2027-03-28T00:59:59Z", false),
            (Berlin, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z", true),
            (Havana, "2026-11-01T04:00:00Z", "2026-11-01T06:00:00Z", true),
            (Tz::Asia__Kolkata, "2020-01-01T00:00:00Z", "2026-12-31T00:00:00Z", false),
        ] {
            assert_eq!(changes_between(zone, at(first), at(last)), expected, "{zone} {last}");
        }
    }
}
