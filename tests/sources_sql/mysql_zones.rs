//! Windows on a MariaDB without time zone tables, and with them: whatever is counted is what an
//! oracle counts in UTC, or the fetch fails and says how to load the tables.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use kpi_exporter::calendar::Window;
use kpi_exporter::metric::{Cell, FetchErrorKind};
use kpi_exporter::source::sql::SqlSource;
use kpi_exporter::source::{Request, Source};
use sqlx::MySqlConnection;

use super::mariadb::{admin, execute, load_zone, url};
use super::{login, open};
use crate::ask;
use crate::servers;

const ZONES: [Tz; 9] = [
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Havana,
    Tz::America__St_Johns,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Beirut,
    Tz::Atlantic__Azores,
    Tz::Africa__Casablanca,
    Tz::Asia__Kolkata,
];

const BY_INSTANT: &str = "SELECT count(*) AS value FROM moments WHERE zone = '{zone}' AND \
                          ts >= :window_start AND ts < :window_end";
const BY_UNIX: &str = "SELECT count(*) AS value FROM moments WHERE zone = '{zone}' AND \
                       UNIX_TIMESTAMP(ts) >= :window_start_unix AND \
                       UNIX_TIMESTAMP(ts) < :window_end_unix";
const BY_LOCAL: &str = "SELECT count(*) AS value FROM moments WHERE zone = '{zone}' AND \
                        dt >= :window_start AND dt < :window_end";
const BY_DAY: &str = "SELECT count(*) AS value FROM moments WHERE zone = '{zone}' AND \
                      dt >= :window_start_date AND dt < :window_end_date";
const BY_DAY_OF_INSTANT: &str = "SELECT count(*) AS value FROM moments WHERE zone = '{zone}' AND \
                                 ts >= :window_start_date AND ts < :window_end_date";

/// The instants at which the clock of a zone changes in 2026.
fn changes(zone: Tz) -> Vec<DateTime<Utc>> {
    static FOUND: LazyLock<HashMap<Tz, Vec<DateTime<Utc>>>> =
        LazyLock::new(|| ZONES.into_iter().map(|zone| (zone, find_changes(zone))).collect());
    FOUND[&zone].clone()
}

fn find_changes(zone: Tz) -> Vec<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let start = "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap();
    let quarters = (1..365 * 96).map(|step| start + TimeDelta::minutes(15 * step));
    quarters.filter(|at| offset(*at) != offset(*at - TimeDelta::minutes(15))).collect()
}

/// Every half hour of two days around each change, and a noon in each month.
fn moments(zone: Tz) -> Vec<DateTime<Utc>> {
    let around = |at: DateTime<Utc>| (-48..48).map(move |half| at + TimeDelta::minutes(30 * half));
    let mut moments: Vec<_> = changes(zone).into_iter().flat_map(around).collect();
    moments.extend((1..=12).map(|month| Utc.with_ymd_and_hms(2026, month, 11, 12, 0, 0).unwrap()));
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// Windows to date around each change, and the periods that touch it.
fn windows(zone: Tz) -> Vec<Window> {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let midnight = |month: u32, day: u32| {
        let day = chrono::NaiveDate::from_ymd_opt(2026, month, day).unwrap();
        let mut time = day.and_hms_opt(0, 0, 0).unwrap();
        loop {
            if let Some(found) = zone.from_local_datetime(&time).earliest() {
                return found.to_utc();
            }
            time += TimeDelta::minutes(15);
        }
    };
    let mut windows = vec![
        Window { start: midnight(1, 1), end: midnight(2, 1) },
        Window { start: midnight(5, 1), end: midnight(6, 1) },
        Window { start: midnight(1, 1), end: midnight(12, 31) },
        Window { start: at("2026-07-01T07:00:00Z"), end: at("2026-07-08T07:00:00Z") },
    ];
    for change in changes(zone) {
        let local = change.with_timezone(&zone);
        let first = midnight(local.month(), 1);
        for minutes in [-60, -30, 0, 30, 26 * 60] {
            let edge = change + TimeDelta::minutes(minutes);
            if first < edge {
                windows.push(Window { start: first, end: edge });
            }
            windows.push(Window { start: edge, end: change + TimeDelta::days(3) });
        }
    }
    windows
}

fn request(zone: Tz, window: Window, sql: &str) -> Request {
    let mut request = ask::request(ask::metric(&sql.replace("{zone}", zone.name())));
    request.span.window = window;
    request.span.period = window;
    request.span.as_of = window.end;
    request.timezone = zone;
    request
}

/// What the server counts; `None` when the fetch was refused with the cure.
async fn counted(source: &SqlSource, zone: Tz, window: Window, sql: &str) -> Option<usize> {
    match source.fetch(&request(zone, window, sql)).await {
        Ok(table) => match table.rows[0][0] {
            Cell::Number(number) => Some(number.to_string().parse().unwrap()),
            ref other => panic!("{other:?}"),
        },
        Err(error) => {
            assert_eq!(error.kind, FetchErrorKind::Query, "{error}");
            let hint = error.hint.clone().unwrap();
            assert!(hint.contains("mariadb-tzinfo-to-sql"), "{error}");
            assert!(hint.contains(":window_start_unix"), "{error}");
            None
        }
    }
}

async fn fill(admin: &mut MySqlConnection) {
    let table = "CREATE TABLE moments (zone varchar(40), ts timestamp NULL, dt datetime, KEY (ts))";
    execute(admin, table).await;
    execute(admin, "SET time_zone = '+00:00'").await;
    for zone in ZONES {
        let rows = moments(zone).into_iter().map(|at| {
            let local = at.with_timezone(&zone).naive_local();
            format!("('{zone}', '{}', '{local}')", at.naive_utc())
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        execute(admin, &format!("INSERT INTO moments VALUES {rows}")).await;
    }
}

/// Whether the clock of a zone changes in a window.
fn changes_in(zone: Tz, window: Window) -> bool {
    changes(zone).into_iter().any(|change| window.start < change && change <= window.end)
}

async fn compare(source: &SqlSource, zone: Tz, window: Window, tables: bool) -> (usize, usize) {
    let moments = moments(zone);
    let count = |yes: &dyn Fn(DateTime<Utc>) -> bool| moments.iter().filter(|at| yes(**at)).count();
    let what = format!("{zone} {} to {}", window.start, window.end);
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let truth = count(&|at| window.start <= at && at < window.end);
    assert_eq!(counted(source, zone, window, BY_UNIX).await, Some(truth), "{what}");
    let in_local =
        |from: NaiveDateTime, to: NaiveDateTime| count(&|at| from <= local(at) && local(at) < to);
    let expected = in_local(local(window.start), local(window.end));
    assert_eq!(counted(source, zone, window, BY_LOCAL).await, Some(expected), "{what}");
    let first = local(window.start).date();
    let last = local(window.end - TimeDelta::nanoseconds(1)).date();
    let next = last.succ_opt().unwrap();
    let days = count(&|at| first <= local(at).date() && local(at).date() < next);
    assert_eq!(counted(source, zone, window, BY_DAY).await, Some(days), "{what}");
    let of_days = counted(source, zone, window, BY_DAY_OF_INSTANT).await;
    assert!(of_days.is_none_or(|found| found == days), "{what}: {of_days:?} for {days}");
    let plain = counted(source, zone, window, BY_INSTANT).await;
    assert!(plain.is_none_or(|found| found == truth), "{what}: {plain:?} for {truth}");
    let refused = plain.is_none();
    // With tables only inside the hour that occurs twice, where local times have no order; its first
    // instant is after all before it.
    let twice = |at: DateTime<Utc>| {
        let is = |local| zone.from_local_datetime(&local).single().is_none();
        let first = zone.from_local_datetime(&local(at)).earliest();
        is(local(at))
            && (is(local(at) - TimeDelta::seconds(1)) || first != Some(at.with_timezone(&zone)))
    };
    let doubtful =
        if tables { twice(window.start) || twice(window.end) } else { changes_in(zone, window) };
    assert_eq!(refused, doubtful, "{what}, with tables: {tables}");
    (1, usize::from(refused))
}

#[tokio::test]
async fn windows_are_right_in_every_zone_with_and_without_tables() {
    let server = servers::mariadb().await;
    let mut admin = admin(&server).await;
    fill(&mut admin).await;
    let source = open(&login(&url(&server)));
    for tables in [false, true] {
        let mut sum = (0, 0);
        for zone in ZONES {
            for window in windows(zone) {
                let (all, refused) = compare(&source, zone, window, tables).await;
                sum = (sum.0 + all, sum.1 + refused);
            }
        }
        eprintln!("with tables: {tables}; windows: {}, of them refused: {}", sum.0, sum.1);
        assert!(0 < sum.1 && sum.1 < sum.0, "{sum:?}");
        if !tables {
            for zone in ZONES {
                load_zone(&server, zone.name());
            }
        }
    }
}
