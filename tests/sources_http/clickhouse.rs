//! ClickHouse. The engine that answers is `chDB` 26.9 (the Python package `chdb-core`), which embeds
//! ClickHouse of that version: SQL, types, bound parameters, settings, limits and texts of errors are
//! ClickHouse's own. The HTTP server before it is a stand-in (`tests/support/clickhouse_front.py`),
//! for Debian has no recent ClickHouse. Not here: the real HTTP server (`clickhouse_http`).

use std::time::Duration;

use kpi_exporter::metric::{Cell, FetchErrorKind, Metric};
use kpi_exporter::secret::Secret;
use kpi_exporter::source::client::settings::Auth;
use kpi_exporter::source::sql::{ClickHouseSource, DatabaseConfig, Engine, EngineConfig};
use kpi_exporter::source::{Source, SourceConfig};

use crate::clickhouse_server::{ClickHouse, PASSWORD};
use crate::{ask, client};

const ORDERS: &str = "CREATE TABLE orders (id Int32, region LowCardinality(Nullable(String)), \
    amount Nullable(Decimal(10, 2)), ordered_on Date, placed_at DateTime) \
    ENGINE = MergeTree ORDER BY id";

/// Local times of New York around both ends of the quarter; a NULL; a region without a name.
const ROWS: &str = "INSERT INTO orders SELECT id, region, amount, day, \
    toDateTime(placed, 'America/New_York') FROM values( \
    'id Int32, region Nullable(String), amount Nullable(Decimal(10, 2)), day Date, placed String', \
    (1, 'EU', 10.25, '2026-03-31', '2026-03-31 23:59:59'), \
    (2, 'EU', 20.50, '2026-04-01', '2026-04-01 00:00:00'), \
    (3, 'EU', NULL, '2026-05-09', '2026-05-09 12:00:00'), \
    (4, 'US', 40.75, '2026-06-30', '2026-06-30 23:30:00'), \
    (5, NULL, 5.00, '2026-06-30', '2026-06-30 23:59:59'), \
    (6, 'US', 80.00, '2026-07-01', '2026-07-01 00:00:00'))";

pub(crate) fn config(url: &str) -> EngineConfig {
    EngineConfig {
        engine: Engine::ClickHouse,
        client: client(url),
        user: None,
        database: None,
        schema: None,
    }
}

pub(crate) fn open(url: &str) -> ClickHouseSource {
    ClickHouseSource::new(&config(url)).unwrap()
}

/// The only row, for comparison with what is expected of each column.
async fn row(source: &ClickHouseSource, sql: &str) -> Vec<(String, Cell)> {
    let table = ask::table(source, sql).await.unwrap();
    assert_eq!(table.rows.len(), 1);
    table.columns.into_iter().zip(table.rows.into_iter().flatten()).collect()
}

#[tokio::test]
async fn one_query_gives_the_same_numbers_as_on_other_databases() {
    let server = ClickHouse::start().await;
    server.execute("CREATE DATABASE shop").await;
    server.execute(&ORDERS.replace("orders", "shop.orders")).await;
    server.execute(&ROWS.replace("orders", "shop.orders")).await;
    let config = EngineConfig { database: Some("shop".into()), ..config(&server.url) };
    let source = ClickHouseSource::new(&config).unwrap();
    for condition in [
        "placed_at >= :window_start AND placed_at < :window_end",
        "ordered_on >= :window_start_date AND ordered_on < :window_end_date \
         AND ordered_on <= :as_of_date",
        "toUnixTimestamp(placed_at) >= :window_start_unix \
         AND toUnixTimestamp(placed_at) < :window_end_unix",
        // Days of a parameter begin in the calendar's zone, those of a column in its own.
        "toDate(placed_at, 'America/New_York') >= toDate(:window_start) \
         AND toDate(placed_at, 'America/New_York') < toDate(:window_end)",
    ] {
        let query = format!(
            "SELECT region, sum(amount) AS revenue, count(*) AS count, max(id) > 2 AS late, \
             max(ordered_on) AS data_through FROM orders WHERE {condition} GROUP BY region;"
        );
        let metric = Metric {
            labels: ask::names(&["region"]),
            columns: ask::names(&["revenue", "count", "late"]),
            bare: false,
            ..ask::metric(&query)
        };
        let got = ask::measure(&source, metric).await.unwrap();
        let series: Vec<_> = got
            .series
            .iter()
            .map(|(labels, series)| {
                let value = |column| series.value(Some(column)).unwrap();
                let through = series.data_through.unwrap().to_rfc3339();
                let region = labels.get("region").unwrap();
                (region, value("revenue"), value("count"), value("late"), through)
            })
            .collect();
        assert_eq!(
            series,
            [
                ("", 5.0, 1.0, 1.0, "2026-07-01T04:00:00+00:00".into()),
                ("EU", 20.5, 2.0, 1.0, "2026-05-10T04:00:00+00:00".into()),
                ("US", 40.75, 1.0, 1.0, "2026-07-01T04:00:00+00:00".into()),
            ],
            "{condition}"
        );
        assert_eq!(got.bad_rows, 0);
    }
}

#[tokio::test]
async fn every_type_becomes_a_number_a_text_an_instant_or_its_name() {
    let server = ClickHouse::start().await;
    let source = open(&server.url);
    let text = |text: &str| Cell::Text(text.into());
    let instant = |text: &str| Cell::Instant(text.parse().unwrap());
    let other = |text: &str| Cell::Other(text.into());
    let cases = [
        ("toInt8(-5)", Cell::Number(-5.0)),
        ("toUInt64(9007199254740992)", Cell::Number(9_007_199_254_740_992.0)),
        ("toUInt64(18446744073709551615)", text("18446744073709551615")),
        (
            "toInt256('-170141183460469231731687303715884105729')",
            text("-170141183460469231731687303715884105729"),
        ),
        ("toFloat32(0.1)", Cell::Number(0.1)),
        ("1e300", Cell::Number(1e300)),
        ("0 / 0", Cell::Number(f64::NAN)),
        ("-1 / 0", Cell::Number(f64::NEG_INFINITY)),
        ("toDecimal64('1234.50', 2)", Cell::Number(1234.5)),
        ("toDecimal128('12345678901234567890', 0)", text("12345678901234567890")),
        ("true", Cell::Written(1.0, "true".into())),
        ("1 > 2", Cell::Number(0.0)),
        ("NULL", Cell::Null),
        ("CAST(NULL AS LowCardinality(Nullable(String)))", Cell::Null),
        ("toLowCardinality('Zürich \"1\"')", text("Zürich \"1\"")),
        ("toFixedString('EU', 4)", text("EU")),
        ("CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)')", text("b")),
        (
            "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')",
            text("61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
        ),
        ("toIPv4('127.0.0.1')", text("127.0.0.1")),
        ("toDate('2026-04-01')", text("2026-04-01")),
        ("toDate32('1920-02-29')", text("1920-02-29")),
        ("toDateTime('2026-04-01 00:00:00')", instant("2026-04-01T04:00:00Z")),
        ("toDateTime('2026-04-01 00:00:00', 'Asia/Tokyo')", instant("2026-03-31T15:00:00Z")),
        ("toDateTime64('1950-01-01 00:00:00.5', 2)", instant("1950-01-01T05:00:00.5Z")),
        // The hour that occurs twice is not ambiguous.
        ("toDateTime(1793511000)", instant("2026-11-01T05:30:00Z")),
        ("toDateTime(1793514600)", instant("2026-11-01T06:30:00Z")),
        ("CAST(7, 'SimpleAggregateFunction(sum, UInt64)')", Cell::Number(7.0)),
        ("[1, 2]", other("Array(UInt8)")),
        ("(1, 'a')", other("Tuple(UInt8, String)")),
        ("map('a', 1)", other("Map(String, UInt8)")),
        ("INTERVAL 1 DAY", other("IntervalDay")),
        ("repeat('x', 5000)", other("String of more than 4096 bytes")),
    ];
    let columns: Vec<String> =
        cases.iter().enumerate().map(|(i, (sql, _))| format!("{sql} AS c{i}")).collect();
    let row = row(&source, &format!("SELECT {}", columns.join(", "))).await;
    for ((_, found), (sql, expected)) in row.into_iter().zip(cases) {
        // NaN is not equal to itself.
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{sql}");
    }
}

#[tokio::test]
async fn all_parameters_are_bound_by_the_engine_and_its_own_syntax_stays() {
    let server = ClickHouse::start().await;
    let source = open(&server.url);
    let instant = |text: &str| Cell::Instant(text.parse().unwrap());
    let found = row(
        &source,
        "SELECT :window_start AS a, :window_end_date AS b, :as_of_unix AS c, :as_of_date AS d, \
         toDate(:window_start) AS e, 1 > 2 ? :period_start_unix : :period_end_unix AS f, \
         ':as_of' AS g, $t$:as_of$t$ AS h, '1'::Int8 AS i -- :as_of",
    )
    .await;
    let expected = [
        ("a", instant("2026-04-01T04:00:00Z")),
        ("b", Cell::Text("2026-07-01".into())),
        ("c", Cell::Number(1_782_878_400.0)),
        ("d", Cell::Text("2026-06-30".into())),
        ("e", Cell::Text("2026-04-01".into())),
        ("f", Cell::Number(1_782_878_400.0)),
        ("g", Cell::Text(":as_of".into())),
        ("h", Cell::Text(":as_of".into())),
        ("i", Cell::Number(1.0)),
    ];
    assert_eq!(found, expected.map(|(name, cell)| (name.to_owned(), cell)));
    let empty = ask::table(&source, "SELECT 1 AS value WHERE 0").await.unwrap();
    assert_eq!((empty.columns, empty.rows), (vec!["value".to_owned()], vec![]));
}

#[tokio::test]
async fn mistakes_are_told_in_the_engines_words_without_its_noise() {
    let server = ClickHouse::start().await;
    server.execute("CREATE TABLE t (amount Int32) ENGINE = Memory").await;
    let source = open(&server.url);
    for (sql, message, hint) in [
        (
            "SELECT sum(amout) FROM t",
            "Unknown expression or function identifier `amout`",
            Some("did you mean `amount`?"),
        ),
        (
            "SELECT 1 FROM nowhere",
            "Unknown table expression identifier 'nowhere'",
            Some("is the table in this database? write database.table"),
        ),
        (
            "SELECT 'é', :window_start,\n  1 AS b c d",
            "syntax error at `c` (line 2, column 10 of the query)",
            None,
        ),
        (
            "SELECT count( FROM t WHERE a < :as_of",
            "syntax error at `t` (line 1, column 20 of the query)",
            None,
        ),
        ("SELECT 'a' + 1", "Illegal types String and UInt8 of arguments of function plus", None),
        (
            "SELECT throwIf(amount = 0) FROM (SELECT 0 AS amount)",
            "Value passed to 'throwIf' function is non-zero",
            None,
        ),
        (
            "DROP TABLE t",
            "`DROP` begins no query",
            Some("a query only reads: it begins with SELECT or WITH"),
        ),
    ] {
        let error = ask::table(&source, sql).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Query, "{sql}: {error}");
        assert_eq!((error.message.as_str(), error.hint.as_deref()), (message, hint), "{sql}");
    }
    let error = ask::table(&source, "SELECT 1 AS value FORMAT CSV").await.unwrap_err();
    assert_eq!(error.message, "the answer is not ClickHouse's JSONCompact");
}

#[tokio::test]
async fn queries_change_nothing() {
    let server = ClickHouse::start().await;
    server.execute("CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a").await;
    server.execute("INSERT INTO t VALUES (1)").await;
    let source = open(&server.url);
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    for query in [
        "INSERT INTO t VALUES (2)",
        "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
        "SELECT 1 INTO OUTFILE '@MARK@'",
        "SELECT 1 INTO OUTFILE '@MARK@' FORMAT TSV",
        "INSERT INTO FUNCTION file('@MARK@', 'TSV', 'a Int8') SELECT 1",
        "SELECT * FROM executable('touch @MARK@', TSV, 'a Int8')",
        "SELECT 1; INSERT INTO t VALUES (2)",
        "EXPLAIN SYNTAX INSERT INTO t VALUES (2)",
        "ALTER TABLE t DELETE WHERE 1",
        "SYSTEM SHUTDOWN",
        "KILL QUERY WHERE 1",
        "SET readonly = 0",
    ] {
        let query = query.replace("@MARK@", &mark.display().to_string());
        let outcome = ask::table(&source, &query).await;
        assert!(outcome.is_err(), "{query}: {outcome:?}");
        assert!(!mark.exists(), "{query}");
    }
    assert_eq!(row(&source, "SELECT count() FROM t").await[0].1, Cell::Number(1.0));
}

/// A value, or a bad row that says what was found.
#[tokio::test]
async fn what_is_no_number_is_a_bad_row() {
    let server = ClickHouse::start().await;
    let source = open(&server.url);
    for (expression, expected) in [
        ("nan", Err("NaN")),
        ("-inf", Err("-Infinity")),
        ("toDecimal256('1.5', 40)", Ok(1.5)),
        ("CAST(7 AS Nullable(UInt8))", Ok(7.0)),
        ("toUInt256(7)", Ok(7.0)),
        ("toDate('1970-01-01')", Err("1970-01-01")),
        ("[1]", Err("Array")),
        ("map('a', 1)", Err("Map")),
        ("'7,5'", Err("7,5")),
        ("toIPv4('127.0.0.1')", Err("127.0.0.1")),
        ("INTERVAL 1 DAY", Err("IntervalDay")),
    ] {
        let metric = ask::metric(&format!("SELECT {expression} AS value"));
        let found = ask::measure(&source, metric).await.unwrap();
        match expected {
            Ok(number) => {
                let value = found.series.values().next().unwrap().value(None);
                assert_eq!(value, Some(number), "{expression}: {found:?}");
            }
            Err(part) => {
                let bad = found.first_bad_row.unwrap_or_default();
                assert!(bad.contains(part), "{expression}: {bad}");
            }
        }
    }
}

/// The lines of `docs/sql.md`.
#[tokio::test]
async fn each_form_of_a_time_finds_the_window() {
    let server = ClickHouse::start().await;
    let source = open(&server.url);
    let lines = include_str!("../../docs/sql.md").lines();
    let lines = lines.filter_map(|line| line.strip_prefix("| ClickHouse | `"));
    let mut seen = 0;
    for line in lines {
        let Some((column, condition)) = line.trim_end_matches("` |").split_once("` | `") else {
            continue;
        };
        let values = match column.split(' ').next().unwrap() {
            "day" => "('2026-03-31'), ('2026-04-01'), ('2026-06-30'), ('2026-07-01')",
            _ => "(1775015999), (1775016000), (1782878399), (1782878400)",
        };
        server.execute("DROP TABLE IF EXISTS visits").await;
        let table = format!("CREATE TABLE visits ({column}) ENGINE = Memory");
        server.execute(&table).await;
        server.execute(&format!("INSERT INTO visits VALUES {values}")).await;
        let sql = format!("SELECT count(*) AS value FROM visits WHERE {condition}");
        assert_eq!(row(&source, &sql).await[0].1, Cell::Number(2.0), "{column}: {condition}");
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[tokio::test]
async fn grants_of_the_engine_are_read() {
    let server = ClickHouse::start().await;
    let config = config(&server.url);
    let known = DatabaseConfig::Engine(Box::new(config.clone()));
    let aside = SourceConfig::Sql(known).login_aside().unwrap();
    let metric = Metric { query: aside.query, ..ask::metric("") };
    let source = ClickHouseSource::new(&config).unwrap();
    let answer = source.fetch(&ask::request(metric)).await.unwrap();
    let remark = (aside.read)(&answer).unwrap();
    assert!(remark.message.starts_with("its login may do more: "), "{remark:?}");
    assert!(remark.hint.unwrap().contains("GRANT SELECT ON `default`.* TO kpi_reader"));
}

#[tokio::test]
async fn the_engine_itself_ends_what_takes_too_long_or_gives_too_much() {
    let server = ClickHouse::start().await;
    let mut config = config(&server.url);
    // Long enough that the server's own words, a second before, win on a loaded machine too.
    config.client.timeout = Duration::from_secs(10);
    let source = ClickHouseSource::new(&config).unwrap();
    let endless = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)";
    let error = ask::table(&source, endless).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout);
    assert_eq!(error.message, "query ran longer than 9 s and was cancelled on the server");
    let many = "SELECT number AS value FROM numbers(1000000000)";
    let error = ask::table(&source, many).await.unwrap_err();
    assert_eq!(error.message, "metric `orders` got more than 1000 rows");
}

/// The real server refuses in the same words; who may log in is the stand-in's.
#[tokio::test]
async fn a_refused_login_says_so_without_the_password() {
    let server = ClickHouse::start().await;
    let mut config = config(&server.url);
    config.user = Some("nobody".into());
    let source = ClickHouseSource::new(&config).unwrap();
    let error = ask::table(&source, "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unreachable, "{error}");
    assert!(error.message.starts_with("nobody: Authentication failed"), "{error}");
    assert_eq!(error.hint.as_deref(), Some("check the `user` and `password` of the source"));
    config.user = Some("kpi".into());
    config.client.auth =
        Auth::Basic { user: "kpi".into(), password: Secret::fixed(PASSWORD.to_owned()) };
    let source = ClickHouseSource::new(&config).unwrap();
    assert_eq!(row(&source, "SELECT 1 AS a").await, [("a".to_owned(), Cell::Number(1.0))]);
}
