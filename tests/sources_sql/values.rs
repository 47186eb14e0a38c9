//! What looks like a number and is none, on every engine: a value, or a bad row that says what was
//! found; never another number.

use kpi_exporter::metric::Metric;
use kpi_exporter::source::Source;

use super::sqlite::shop;
use super::{config, login, mariadb, open, postgres};
use crate::ask::{measure, metric};
use crate::servers;

/// The value, or what the bad row says; `None` for no value.
async fn measured(source: &dyn Source, expression: &str) -> Option<Result<f64, String>> {
    let metric: Metric = metric(&format!("SELECT {expression} AS value"));
    let found = measure(source, metric).await.unwrap_or_else(|e| panic!("{expression}: {e}"));
    if let Some(bad) = found.first_bad_row {
        return Some(Err(bad));
    }
    found.series.values().next().and_then(|series| series.value(None)).map(Ok)
}

/// `=` before a number, else a part of what the bad row says.
async fn expect(source: &dyn Source, cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        let found = measured(source, expression).await;
        let right = match (&found, expected.strip_prefix('=')) {
            (Some(Ok(number)), Some(expected)) => Some(*number) == expected.parse().ok(),
            (Some(Err(bad)), None) => !expected.is_empty() && bad.contains(expected),
            (None, None) => expected.is_empty(),
            _ => false,
        };
        assert!(right, "{expression}: {found:?}, expected {expected}");
    }
}

#[tokio::test]
async fn postgres_gives_a_number_or_says_what_it_is() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    postgres::execute(
        &mut admin,
        "CREATE TYPE plan AS ENUM ('1', '2'); CREATE DOMAIN cents AS numeric(10, 2); \
         CREATE TYPE pair AS (a int, b int)",
    )
    .await;
    let source = open(&login(&postgres::url(&server)));
    let cases = [
        ("1.50::numeric", "=1.5"),
        ("'NaN'::numeric", "NaN"),
        ("'NaN'::float8", "NaN"),
        ("'NaN'::float4", "NaN"),
        ("'Infinity'::numeric", "Infinity"),
        ("'-Infinity'::float8", "-Infinity"),
        ("1e308::numeric * 1000", "1000"),
        ("'12.50'::money", "lc_monetary"),
        ("NULL::money", ""),
        ("'1 day'::interval", "=86400"),
        ("'1 mon -1 day'::interval", "=2505600"),
        ("'00:00:01.5'::time", "=1.5"),
        ("'01:00+02'::timetz", "TIMETZ"),
        ("true", "=1"),
        ("'7.25'::cents", "=7.25"),
        ("'1'::plan", "=1"),
        ("'infinity'::date", "infinity"),
        ("'-infinity'::timestamptz", "-infinity"),
        ("'2026-01-01'::date", "2026-01-01"),
        ("'2026-01-01'::timestamp", "2026-01-01"),
        ("ARRAY[1]", "INT4[]"),
        ("int4range(1, 2)", "INT4RANGE"),
        ("'7'::json", "JSON"),
        ("'7'::jsonb", "JSONB"),
        ("'\\x37'::bytea", "BYTEA"),
        ("B'101'", "BIT"),
        ("'127.0.0.1'::inet", "INET"),
        ("point(1, 2)", "POINT"),
        ("ROW(1, 2)::pair", "pair"),
        ("ROW(1, 2)", "RECORD"),
        ("'1.234,56'::text", "1.234,56"),
        ("''::text", "column `value`"),
        ("NULL::int", ""),
    ];
    expect(&source, &cases).await;
}

#[tokio::test]
async fn mariadb_gives_a_number_or_says_what_it_is() {
    let server = servers::mariadb().await;
    let mut admin = mariadb::admin(&server).await;
    for sql in [
        "SET SESSION sql_mode = ''",
        "CREATE TABLE v (yr year, yr0 year, bits bit(64), span time, back time, zero date, \
         zero_at datetime, ubig bigint unsigned, flags set('a', 'b'), plan enum('1', '2'), exact \
         decimal(65, 30), doc json, at point, raw blob)",
        "INSERT INTO v VALUES (2026, 0, b'1111', '838:59:59', '-01:00:00', '0000-00-00', \
         '0000-00-00 00:00:00', 18446744073709551615, 'a,b', '2', 1.5, '7', point(1, 2), x'ff')",
    ] {
        mariadb::execute(&mut admin, sql).await;
    }
    let source = open(&login(&mariadb::url(&server)));
    let cases = [
        ("(SELECT yr FROM v)", "=2026"),
        ("(SELECT yr0 FROM v)", "=0"),
        // The server sends digits, as if they were bits.
        ("(SELECT bits FROM v)", "write `+ 0`"),
        ("(SELECT bits + 0 FROM v)", "=15"),
        ("(SELECT span FROM v)", "=3020399"),
        ("(SELECT back FROM v)", "=-3600"),
        ("(SELECT zero FROM v)", "0000-00-00"),
        ("(SELECT zero_at FROM v)", "0000-00-00"),
        ("(SELECT plan FROM v)", "=2"),
        ("(SELECT flags FROM v)", "a,b"),
        ("(SELECT exact FROM v)", "=1.5"),
        ("(SELECT doc FROM v)", "=7"),
        ("(SELECT at FROM v)", "GEOMETRY"),
        ("(SELECT raw FROM v)", "BLOB"),
        ("1 / 0", ""),
        ("true", "=1"),
        ("CAST('2026-01-01' AS date)", "2026-01-01"),
        ("'1.234,56'", "1.234,56"),
        ("1e308", "=1e308"),
    ];
    expect(&source, &cases).await;
}

#[tokio::test]
async fn sqlite_gives_a_number_or_says_what_it_is() {
    let file = shop(&["CREATE TABLE t (a)"]).await;
    let source = open(&config(&file.url()));
    let cases = [
        ("1e999", "Infinity"),
        ("-1e999", "-Infinity"),
        ("x'37'", "BLOB"),
        ("'1.234,56'", "1.234,56"),
        ("''", "column `value`"),
        ("NULL", ""),
        ("true", "=1"),
        ("date('2026-01-01')", "2026-01-01"),
    ];
    expect(&source, &cases).await;
}
