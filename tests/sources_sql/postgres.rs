use std::time::Duration;

use kpi_exporter::metric::{Cell, FetchErrorKind, Metric};
use kpi_exporter::source::sql::{SqlConfig, SqlSource};
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};

use super::{instant, login, number, open, row, text, until, written};
use crate::ask::{measure, metric, table};
use crate::servers::{self, Server};

pub(super) fn url(server: &Server) -> String {
    format!("postgres://127.0.0.1:{}/postgres", server.port)
}

pub(super) async fn execute(admin: &mut PgConnection, sql: &str) {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(admin).await.unwrap();
}

#[tokio::test]
async fn postgres_from_login_to_restart() {
    let mut server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    let source = open(&login(&url(&server)));
    all_types(&source, &mut admin).await;
    numbers_as_the_server_writes_them(&source).await;
    intervals_as_the_server_counts_them(&source).await;
    parameters(&source).await;
    faults_of_queries(&source, &mut admin).await;
    floods(&source, &mut admin).await;
    time_limit(&server, &mut admin).await;
    hanging_backend(&server, &mut admin).await;
    wrong_password(&server).await;
    cut_connections(&source, &mut admin).await;
    restart(&source, &mut server).await;
}

async fn all_types(source: &SqlSource, admin: &mut PgConnection) {
    execute(
        admin,
        "CREATE TYPE plan AS ENUM ('free', 'pro'); \
         CREATE DOMAIN amount AS numeric(10, 2); \
         CREATE EXTENSION IF NOT EXISTS citext",
    )
    .await;
    let query = "SELECT 7::int2 AS int2, -7::int4 AS int4, 9007199254740993 AS int8, 26::oid AS oid, \
        0.1::float4 AS float4, 0.1::float8 AS float8, 'NaN'::float8 AS nan8, \
        1071805.47::numeric AS numeric, 'NaN'::numeric AS nan, '-Infinity'::numeric AS infinite, \
        12345678901234567890::numeric AS long_id, '$1,234.56'::money AS money, true AS yes, \
        '2 mons 1 day 00:00:01.5'::interval AS span, '-3 days'::interval AS back, \
        time '01:02:03.5' AS clock, 12.5::amount AS domain, avg(x) AS mean, \
        'pro'::plan AS plan, 'x'::citext AS citext, \
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS uuid, 'é'::varchar AS text, \
        'ab'::char(3) AS padded, date '2026-06-30' AS day, 'infinity'::date AS never, \
        timestamptz '2026-06-30 12:00+00' AS moment, timestamp '2026-06-30 23:30' AS local, \
        'infinity'::timestamp AS no_end, timestamp '20000-01-01' AS far, \
        '{}'::jsonb AS json, ARRAY[1] AS list, NULL::int4 AS nothing \
        FROM (VALUES (1), (2)) AS t (x)";
    let expected = [
        ("int2", number(7.0)),
        ("int4", number(-7.0)),
        ("int8", text("9007199254740993")),
        ("oid", number(26.0)),
        ("float4", number(0.1)),
        ("float8", number(0.1)),
        ("numeric", number(1_071_805.47)),
        ("infinite", number(f64::NEG_INFINITY)),
        ("long_id", text("12345678901234567890")),
        (
            "money",
            Cell::Other(
                "money, which `lc_monetary` of the server decides about: write `::numeric`".into(),
            ),
        ),
        ("yes", written(1.0, "true")),
        ("span", number(61.0 * 86_400.0 + 1.5)),
        ("back", number(-3.0 * 86_400.0)),
        ("clock", written(3723.5, "01:02:03.5")),
        ("domain", written(12.5, "12.50")),
        ("mean", written(1.5, "1.5000000000000000")),
        ("plan", text("pro")),
        ("citext", text("x")),
        ("uuid", text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
        ("text", text("é")),
        ("padded", text("ab ")),
        ("day", text("2026-06-30")),
        ("never", text("infinity")),
        ("moment", instant("2026-06-30T12:00:00Z")),
        ("local", instant("2026-07-01T03:30:00Z")),
        ("no_end", text("infinity")),
        ("far", Cell::Other("timestamp out of range".into())),
        ("json", Cell::Other("JSONB".into())),
        ("list", Cell::Other("INT4[]".into())),
        ("nothing", Cell::Null),
    ];
    let mut got = row(table(source, query).await.unwrap());
    for nan in [8, 6] {
        let (name, nan) = got.remove(nan);
        assert!(matches!(nan, Cell::Number(value) if value.is_nan()), "{name}");
    }
    assert_eq!(got, expected.map(|(name, cell)| (name.to_owned(), cell)));
}

/// The binary format of `numeric` is groups of four digits, of which zeros are not sent.
async fn numbers_as_the_server_writes_them(source: &SqlSource) {
    let query = "SELECT x::text AS shown, x FROM (VALUES (0.00), (-0.5), (0.0001), (0.00012), \
        (1e-9::numeric), (10000), (100000000.5), (9999.9999), (-123456789.000010), (1.50), \
        (12345678901234567890.125), (1e20::numeric), (0.1000), (-10000000000000000), (700.00)) t(x)";
    let answer = table(source, query).await.unwrap();
    assert_eq!(answer.rows.len(), 15);
    for row in answer.rows {
        let Cell::Text(shown) = &row[0] else { panic!("{row:?}") };
        let kept = match &row[1] {
            Cell::Number(number) => number.to_string(),
            Cell::Written(number, text) => {
                let parsed: f64 = text.parse().unwrap();
                assert_eq!(number.to_bits(), parsed.to_bits());
                text.clone()
            }
            Cell::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(kept, *shown);
    }
}

async fn intervals_as_the_server_counts_them(source: &SqlSource) {
    let query = "SELECT extract(epoch FROM x)::float8 AS counted, x FROM (SELECT make_interval( \
        months => m, days => d, secs => s) AS x FROM generate_series(-30, 30, 3) m, \
        generate_series(-400, 400, 100) d, generate_series(-86400.5, 86400.5, 43200.25) s) t";
    let answer = table(source, query).await.unwrap();
    assert!(answer.rows.len() > 900);
    for row in answer.rows {
        assert_eq!(row[0], row[1]);
    }
    let years = "SELECT '1 year 2 mons'::interval AS value";
    let expected = number((365.25 + 60.0) * 86_400.0);
    assert_eq!(row(table(source, years).await.unwrap())[0].1, expected);
}

async fn parameters(source: &SqlSource) {
    let query = "SELECT :window_start AS instant, :window_start::text AS shown, \
        :window_end_date AS after, :as_of_date::text AS last, :as_of_unix AS unix, \
        pg_typeof(:period_end)::text || pg_typeof(:period_end_date) || pg_typeof(:period_end_unix) \
        AS types, current_setting('timezone') AS zone, ':as_of' AS quoted";
    let expected = [
        ("instant", instant("2026-04-01T04:00:00Z")),
        ("shown", text("2026-04-01 00:00:00-04")),
        ("after", text("2026-07-01")),
        ("last", text("2026-06-30")),
        ("unix", number(1_782_878_400.0)),
        ("types", text("timestamp with time zonedatebigint")),
        ("zone", text("America/New_York")),
        ("quoted", text(":as_of")),
    ];
    let got = row(table(source, query).await.unwrap());
    assert_eq!(got, expected.map(|(name, cell)| (name.to_owned(), cell)));
}

async fn faults_of_queries(source: &SqlSource, admin: &mut PgConnection) {
    execute(admin, "CREATE TABLE orders (id int, amount numeric); CREATE SEQUENCE ids").await;
    let none = "SELECT id, amount FROM orders WHERE id > :as_of_unix";
    let none = table(source, none).await.unwrap();
    assert_eq!((none.columns, none.rows.len()), (vec!["id".into(), "amount".into()], 0));
    let named = "SELECT count(*) FROM pg_prepared_statements";
    assert_eq!(
        row(table(source, named).await.unwrap())[0].1,
        number(0.0),
        "nothing is left behind"
    );
    for (query, expected) in [
        (
            "SELECT :as_of_unix,\n  sum(amout) FROM orders",
            "column \"amout\" does not exist (line 2, column 7 of the query) (hint: is the column \
             spelled as in the table?)",
        ),
        (
            "SELECT 1 FROM ordres",
            "relation \"ordres\" does not exist (line 1, column 15 of the query) (hint: is the \
             table in the search path of this user? write schema.table)",
        ),
        (
            "INSERT INTO orders VALUES (1, 1) RETURNING id",
            "`INSERT` begins no query (hint: a query only reads: it begins with SELECT or WITH)",
        ),
        (
            "SELECT nextval('ids') AS value",
            "cannot execute nextval() in a read-only transaction (hint: queries run read-only: \
             only SELECT makes sense)",
        ),
    ] {
        let error = table(source, query).await.unwrap_err();
        assert_eq!((error.kind, error.to_string()), (FetchErrorKind::Query, expected.to_owned()));
    }
    assert_eq!(row(table(source, "SELECT count(*) FROM orders").await.unwrap())[0].1, number(0.0));
}

async fn floods(source: &SqlSource, admin: &mut PgConnection) {
    let endless = "SELECT generate_series(1, 1000000000) AS value";
    let error = measure(source, Metric { max_label_sets: 10, ..metric(endless) }).await;
    assert_eq!(error.unwrap_err().message, "metric `orders` got more than 10 rows");
    gone(admin, "generate_series").await;
}

/// Waits until no query like this runs on the server.
async fn gone(admin: &mut PgConnection, query: &str) {
    let running = format!(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE state = 'active' AND query LIKE '%{query}%' AND pid <> pg_backend_pid()"
    );
    loop {
        let count = raw_sql(AssertSqlSafe(running.clone())).fetch_one(&mut *admin);
        let count = tokio::time::timeout(servers::PATIENCE, count).await.unwrap().unwrap();
        if count.get::<i64, _>(0) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn time_limit(server: &Server, admin: &mut PgConnection) {
    let config = SqlConfig { timeout: Duration::from_secs(2), ..login(&url(server)) };
    let source = open(&config);
    table(&source, "SELECT 1").await.unwrap();
    let error = table(&source, "SELECT pg_sleep(3600)").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout);
    assert_eq!(
        error.to_string(),
        "query ran longer than 2 s and was cancelled on the server (hint: make the query \
         cheaper, or raise the `timeout` of the source)"
    );
    gone(admin, "pg_sleep").await;
    until("the source works again", async || table(&source, "SELECT 1").await.is_ok()).await;
}

async fn wrong_password(server: &Server) {
    let source = open(&SqlConfig { password: Some("top-secret".into()), ..login(&url(server)) });
    let error = table(&source, "SELECT 1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to postgres at 127.0.0.1:{}/postgres: password authentication failed \
             for user \"kpi\" (hint: check the `user` and `password` of the source)",
            server.port
        )
    );
    assert!(!format!("{source:?}").contains("top-secret"));
}

/// A server that hangs in the middle of a query cannot end it: then the connection is given up.
async fn hanging_backend(server: &Server, admin: &mut PgConnection) {
    let config = SqlConfig { timeout: Duration::from_secs(2), ..login(&url(server)) };
    let source = open(&config);
    let pid = "SELECT pid FROM pg_stat_activity \
               WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
    let stopping = async {
        loop {
            let found = raw_sql(pid).fetch_optional(&mut *admin).await.unwrap();
            match found.map(|row| row.get::<i32, _>(0).unsigned_abs()) {
                Some(pid) => return (pid, servers::signal("STOP", pid)),
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let query = table(&source, "SELECT pg_sleep(3600)");
    let (answer, (pid, ())) = tokio::join!(query, stopping);
    let works = table(&source, "SELECT 1").await;
    servers::signal("CONT", pid);
    let error = answer.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout);
    let expected = format!(
        "postgres at 127.0.0.1:{}/postgres hangs: no answer within 2 s, connection closed",
        server.port
    );
    assert_eq!(error.message, expected);
    assert!(works.is_ok(), "{works:?}");
}

/// Ended by the server, and cut off without a word.
async fn cut_connections(source: &SqlSource, admin: &mut PgConnection) {
    let own = "SELECT pg_backend_pid()";
    let pid = |table| match row(table)[0].1 {
        Cell::Number(pid) => pid.to_string().parse::<u32>().unwrap(),
        ref other => panic!("{other:?}"),
    };
    let first = pid(table(source, own).await.unwrap());
    assert_eq!(pid(table(source, own).await.unwrap()), first, "connections are used again");
    execute(admin, &format!("SELECT pg_terminate_backend({first})")).await;
    let second = pid(table(source, own).await.unwrap());
    assert_ne!(second, first);
    servers::signal("STOP", second);
    let short = tokio::time::timeout(Duration::from_secs(25), table(source, own)).await;
    servers::signal("CONT", second);
    assert_ne!(pid(short.expect("a silent connection is given up early").unwrap()), second);
}

async fn restart(source: &SqlSource, server: &mut Server) {
    server.stop();
    let error = table(source, "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unreachable);
    let expected = format!("cannot connect to postgres at 127.0.0.1:{}/postgres: ", server.port);
    assert!(error.message.starts_with(&expected), "{error}");
    server.run().await;
    until("the source heals", async || table(source, "SELECT 1").await.is_ok()).await;
}
