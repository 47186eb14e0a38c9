//! Days that do not compare with the window, in databases of other programs: refused, with a cure that works.

use chrono::{NaiveDate, TimeZone};
use kpi_exporter::metric::{Cell, FetchError, FetchErrorKind};
use kpi_exporter::source::Source;

use super::sqlite::shop;
use super::{config, number, open};
use crate::ask::table;

/// Before, first, last and after the window, with what they count.
const DAYS: [(&str, i64); 4] =
    [("2026-03-31", 1), ("2026-04-01", 10), ("2026-06-30", 100), ("2026-07-01", 1000)];

/// The seconds since 1970 of a local noon.
pub(super) fn noon(day: NaiveDate) -> i64 {
    let noon = day.and_hms_opt(12, 0, 0).unwrap();
    chrono_tz::America::New_York.from_local_datetime(&noon).unwrap().timestamp()
}

/// What the hint says to write.
pub(super) fn cure(error: &FetchError) -> String {
    let hint = error.hint.as_deref().unwrap();
    let conditions = hint.split_once("write ").unwrap_or_else(|| panic!("{hint}")).1;
    conditions.split('`').skip(1).step_by(2).collect::<Vec<_>>().join(" AND ")
}

/// A way of writing a day, and what the hint says about it.
type Way = (&'static str, &'static str, fn(NaiveDate) -> String, &'static str);

fn ways() -> Vec<Way> {
    fn as_is(day: NaiveDate, form: &str) -> String {
        day.format(form).to_string()
    }
    fn sheet(day: NaiveDate) -> i64 {
        (day - NaiveDate::from_ymd_opt(1899, 12, 30).unwrap()).num_days()
    }
    vec![
        ("whole days", "INTEGER", |day| as_is(day, "%Y%m%d"), "CAST(replace("),
        ("text of SAP", "TEXT", |day| as_is(day, "'%Y%m%d'"), "replace("),
        ("digits to the second", "INTEGER", |day| as_is(day, "%Y%m%d235959"), "substr("),
        ("days of Excel", "INTEGER", |day| sheet(day).to_string(), "date('1899-12-30'"),
        ("times of Excel", "REAL", |day| format!("{}.3541666667", sheet(day)), "('1899-12-30'"),
        ("seconds", "INTEGER", |day| noon(day).to_string(), "_unix"),
        ("seconds as text", "TEXT", |day| format!("'{}'", noon(day)), "_unix"),
        ("milliseconds", "INTEGER", |day| format!("{}123", noon(day)), "/ 1000 "),
        ("microseconds", "REAL", |day| format!("{}000000.0", noon(day)), "/ 1000000 "),
        ("nanoseconds", "INTEGER", |day| format!("{}000000000", noon(day)), "/ 1000000000 "),
        ("JSON of SAP", "TEXT", |day| format!("'/Date({}000)/'", noon(day)), "substr(at, 7, 13)"),
        ("points", "TEXT", |day| as_is(day, "'%d.%m.%Y'"), "substr(at, 7, 4) ||"),
        ("a short year", "TEXT", |day| as_is(day, "'%d.%m.%y'"), "'20' || substr(at, 7, 2)"),
        ("points and a clock", "TEXT", |day| as_is(day, "'%d.%m.%Y 23:59'"), "substr(at, 7, 4) ||"),
        ("slashes", "TEXT", |day| as_is(day, "'%m/%d/%Y'"), "substr(at, 7, 4) ||"),
        ("slashes, day first", "TEXT", |day| as_is(day, "'%d/%m/%Y'"), "substr(at, 7, 4) ||"),
        ("the year first", "TEXT", |day| as_is(day, "'%Y/%m/%d'"), "substr(at, 1, 4) ||"),
        ("basic ISO", "TEXT", |day| as_is(day, "'%Y%m%dT235959'"), "substr(at, 1, 4) ||"),
    ]
}

#[tokio::test]
async fn what_never_compares_with_the_window_is_refused_with_a_cure_that_works() {
    for (name, kind, written, told) in ways() {
        let rows = DAYS.map(|(day, n)| format!("({}, {n})", written(day.parse().unwrap())));
        let file = shop(&[
            &format!("CREATE TABLE o (at {kind}, n INTEGER)"),
            &format!("INSERT INTO o VALUES {}", rows.join(", ")),
        ])
        .await;
        let source = open(&config(&file.url()));
        for (condition, expected) in [
            ("at >= :window_start_date AND at < :window_end_date", 110.0),
            ("o.at >= :window_start AND :window_end > o.\"at\"", 110.0),
            ("at BETWEEN :window_start_date AND :as_of_date", 110.0),
            ("at < :window_end_date", 111.0),
            ("at >= date(:window_start, '-0 days') AND at < :window_end", 110.0),
            ("date(at) >= :window_start_date AND date(at) < :window_end_date", 110.0),
        ] {
            let sum = |condition: &str| format!("SELECT sum(n) AS value FROM o WHERE {condition}");
            let error = match table(&source, &sum(condition)).await {
                Err(error) => error,
                Ok(table) => panic!("{name}: {condition}: {table:?}"),
            };
            assert_eq!(error.kind, FetchErrorKind::Shape, "{name}: {condition}: {error}");
            let column = "column `at` of table `o` holds `";
            assert!(error.message.starts_with(column), "{name}: {condition}: {error}");
            if condition.contains("'-0 days'") {
                continue;
            }
            let cured = cure(&error);
            let plain = cured.replace("o.at", "at").replace("o.\"at\"", "at");
            assert!(plain.contains(told), "{name}: {condition}: {cured}");
            let answer = table(&source, &sum(&cured)).await;
            let answer = answer.unwrap_or_else(|error| panic!("{name}: {cured}: {error}"));
            assert_eq!(answer.rows, [[number(expected)]], "{name}: {condition}: {cured}");
            assert!(answer.remarks.is_empty(), "{name}: {cured}: {:?}", answer.remarks);
        }
    }
}

/// The number, a remark or the error.
async fn told(source: &dyn Source, sql: &str) -> String {
    match table(source, sql).await {
        Err(error) => format!("error: {error}"),
        Ok(table) if table.remarks.is_empty() => match table.rows[0][0] {
            Cell::Number(number) => number.to_string(),
            ref other => format!("{other:?}"),
        },
        Ok(table) => format!("remark: {}", table.remarks.join("; ")),
    }
}

#[tokio::test]
async fn what_may_compare_is_not_refused() {
    let mut statements = vec![
        "CREATE TABLE o (at INTEGER, day TEXT, month TEXT, year INTEGER, ended TEXT, gone INTEGER, \
         mixed, empty TEXT, n INTEGER, made TEXT GENERATED ALWAYS AS (date(at, 'unixepoch')))"
            .to_owned(),
        "CREATE TABLE bare (day TEXT, n1 INTEGER)".to_owned(),
        "CREATE TABLE other (id INTEGER, day INTEGER)".to_owned(),
        "INSERT INTO other VALUES (1, 20260401)".to_owned(),
        "CREATE VIEW good AS SELECT date(at, 'unixepoch') AS at, n FROM o".to_owned(),
        "CREATE VIEW bad AS SELECT at AS seen, n FROM o".to_owned(),
    ];
    // More rows without an end than are looked at.
    for number in 0..30 {
        for (day, n) in DAYS.map(|(day, n)| (day.parse::<NaiveDate>().unwrap(), n)) {
            let mixed = if number < 25 { noon(day).to_string() } else { format!("'{day}'") };
            let ended = if number < 25 { String::new() } else { day.to_string() };
            let n = if number == 25 { n } else { 0 };
            statements.push(format!(
                "INSERT INTO o VALUES ({}, '{day}', '{}', 2026, '{ended}', 0, {mixed}, NULL, {n})",
                noon(day),
                day.format("%Y-%m"),
            ));
        }
    }
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let file = shop(&statements).await;
    let source = open(&config(&file.url()));
    let within =
        |column: &str| format!("{column} >= :window_start_date AND {column} < :window_end_date");
    for (from, column, expected) in [
        ("o", "day", "110"),
        ("o", "ended", "110"),
        ("o", "empty", "Null"),
        ("o", "coalesce(empty, '9999')", "Null"),
        ("o", "coalesce(empty, day)", "110"),
        ("o", "made", "110"),
        ("(SELECT day, n1 AS n FROM bare)", "day", "Null"),
        ("good", "at", "110"),
        ("o", "date(at, 'unixepoch')", "110"),
        ("o", "(SELECT o.day)", "110"),
        ("(SELECT date(at, 'unixepoch') AS at, n FROM o)", "at", "110"),
        ("(SELECT date(at, 'unixepoch') at, n FROM o) AS s", "s.at", "110"),
        (
            "(SELECT min(date(at, 'unixepoch')) AS first, sum(n) AS n FROM o GROUP BY day)",
            "first",
            "110",
        ),
        ("o JOIN bare USING (day)", "o.day", "Null"),
        (
            "o, (SELECT 1)",
            "CASE WHEN typeof(at) = 'text' THEN at ELSE date(at, 'unixepoch') END",
            "110",
        ),
        // Which of two tables is meant is for SQLite to know.
        (
            "o JOIN (SELECT id, day AS other_day FROM other) ON id = 1",
            "day",
            "remark: column `day` of",
        ),
        ("o LEFT JOIN other AS x ON x.id = 1", "o.day", "110"),
        (
            "o LEFT JOIN other AS x ON x.id = 1",
            "x.day",
            "error: column `day` of table `other` holds",
        ),
        ("o", "mixed", "remark: column `mixed` of table `o` holds"),
        ("o", "gone", "Null"),
        ("bad", "seen", "error: column `seen` of table `bad` holds"),
        ("(SELECT at AS day, n FROM o)", "day", "remark: column `at` of table `o` holds"),
        ("(SELECT at AS sold, n FROM o)", "sold", "error: column `at` of table `o` holds"),
        (
            "(SELECT min(at) AS first, sum(n) AS n FROM o GROUP BY month)",
            "first",
            "error: column `at`",
        ),
        (
            "(SELECT date(at, 'unixepoch') AS at, n FROM o WHERE at >= :window_start_date)",
            "at",
            "error",
        ),
        ("o", "at / 86400", "error: column `at` of table `o` holds"),
        ("o", "year", "error: column `year` of table `o` holds `2026`"),
    ] {
        let sql = format!("SELECT sum(n) AS value FROM {from} WHERE {}", within(column));
        let told = told(&source, &sql).await;
        let exact = !expected.starts_with(['e', 'r']);
        assert!(if exact { told == expected } else { told.starts_with(expected) }, "{sql}: {told}");
    }
    let list =
        "WITH s(at, n) AS (SELECT date(at, 'unixepoch'), n FROM o) SELECT sum(n) AS value FROM s";
    assert_eq!(told(&source, &format!("{list} WHERE {}", within("at"))).await, "110");
    let list = "WITH s(d, n) AS (SELECT at, n FROM o) SELECT sum(n) AS value FROM s";
    let told = told(&source, &format!("{list} WHERE {}", within("d"))).await;
    assert!(told.starts_with("error: column `at` of table `o`"), "{told}");
}

#[tokio::test]
async fn months_and_years_as_text_are_refused_only_where_the_first_day_decides() {
    let file = shop(&[
        "CREATE TABLE o (month TEXT, year TEXT, n INTEGER)",
        "INSERT INTO o VALUES ('2026-03', '2024', 1), ('2026-04', '2025', 10), \
         ('2026-06', '2027', 100), ('2026-07', '2028', 1000)",
        "CREATE TABLE past AS SELECT * FROM o WHERE month BETWEEN '2026-05' AND '2026-06'",
    ])
    .await;
    let source = open(&config(&file.url()));
    for (from, condition, expected) in [
        // Without a cure July would be in and April out.
        ("o", "month >= :window_start_date AND month < :window_end_date", "error: column `month`"),
        (
            "o",
            "month < :window_end_date",
            "error: column `month` of table `o` holds `2026-07`, which",
        ),
        ("past", "month < :window_end_date", "remark: column `month` of table `past` holds"),
        ("o", "month <= :as_of_date", "111"),
        ("o", "month || '-01' >= :window_start_date AND month || '-01' < :window_end_date", "110"),
        ("o", "year < :window_end_date", "remark: column `year` of table `o` holds `2024`, which"),
        ("o", "year <= :as_of_date", "11"),
    ] {
        let sql = format!("SELECT sum(n) AS value FROM {from} WHERE {condition}");
        let told = told(&source, &sql).await;
        let exact = !expected.contains(' ');
        assert!(if exact { told == expected } else { told.starts_with(expected) }, "{sql}: {told}");
        if expected.starts_with("error") {
            let cure = cure(&table(&source, &sql).await.unwrap_err());
            let sum = if condition.contains("start") { 110.0 } else { 111.0 };
            let sql = format!("SELECT sum(n) AS value FROM {from} WHERE {cure}");
            assert_eq!(table(&source, &sql).await.unwrap().rows, [[number(sum)]], "{cure}");
        }
    }
}

#[tokio::test]
async fn what_is_no_number_of_seconds_is_not_compared_with_one() {
    for (kind, written, expected) in [
        ("INTEGER", (|day| day.format("%Y%m%d").to_string()) as fn(NaiveDate) -> String, "error"),
        ("INTEGER", |day| format!("{}000", noon(day)), "error"),
        ("TEXT", |day| day.format("'%Y-%m-%d'").to_string(), "error"),
        ("TEXT", |day| day.format("'%Y-%m-%d 12:00:00'").to_string(), "error"),
        ("TEXT", |day| day.format("'%Y-%m-%dT12:00:00-04:00'").to_string(), "error"),
        ("TEXT", |day| day.format("'%d.%m.%Y'").to_string(), "error"),
        ("INTEGER", |day| noon(day).to_string(), "110"),
        ("REAL", |day| format!("{}.25", noon(day)), "110"),
    ] {
        let rows = DAYS.map(|(day, n)| format!("({}, {n})", written(day.parse().unwrap())));
        let file = shop(&[
            &format!("CREATE TABLE o (at {kind}, n INTEGER)"),
            &format!("INSERT INTO o VALUES {}", rows.join(", ")),
        ])
        .await;
        let source = open(&config(&file.url()));
        let sum = |condition: &str| format!("SELECT sum(n) AS value FROM o WHERE {condition}");
        let sql = sum("at >= :window_start_unix AND at < :window_end_unix");
        let answer = told(&source, &sql).await;
        assert!(answer.starts_with(expected), "{}: {answer}", rows[0]);
        if expected == "error" {
            let cure = cure(&table(&source, &sql).await.unwrap_err());
            assert_eq!(told(&source, &sum(&cure)).await, "110", "{}: {cure}", rows[0]);
        }
    }
}

#[tokio::test]
async fn what_a_function_reads_no_day_in_is_refused_though_months_are_compared() {
    let rows = DAYS.map(|(day, n)| format!("({}, '{day}', {n})", noon(day.parse().unwrap())));
    let file = shop(&[
        "CREATE TABLE o (at INTEGER, day TEXT, n INTEGER)",
        &format!("INSERT INTO o VALUES {}", rows.join(", ")),
    ])
    .await;
    let source = open(&config(&file.url()));
    let count = |column: &str| {
        let month = format!("strftime('%Y-%m', {column}) = strftime('%Y-%m', :window_start)");
        format!("SELECT count(*) AS value FROM o WHERE {month}")
    };
    assert_eq!(told(&source, &count("day")).await, "1");
    assert_eq!(told(&source, &count("at, 'unixepoch'")).await, "1");
    let said = told(&source, &count("at")).await;
    assert!(said.starts_with("error: column `at` of table `o` holds `1774972800`"), "{said}");
    assert!(said.contains("as in `date(at, 'unixepoch')`"), "{said}");
}
