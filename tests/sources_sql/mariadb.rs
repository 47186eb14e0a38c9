use std::process::{Command, Stdio};
use std::time::Duration;

use kpi_exporter::metric::{Cell, FetchErrorKind};
use kpi_exporter::source::sql::{SqlConfig, SqlSource};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, MySqlConnection, Row, raw_sql};

use super::{instant, login, mysql_numbers, number, open, row, text, until, written};
use crate::ask::{request, table};
use crate::servers::{self, PASSWORD, Server};

pub(super) fn url(server: &Server) -> String {
    format!("mariadb://127.0.0.1:{}/shop", server.port)
}

/// A connection of the superuser, with the database `shop` and the user `kpi`, who owns it.
pub(super) async fn admin(server: &Server) -> MySqlConnection {
    let options = MySqlConnectOptions::new().socket(server.socket()).username("root");
    let options = options.timezone(None);
    let mut admin = servers::login(&options).await;
    for sql in [
        "CREATE DATABASE IF NOT EXISTS shop",
        "USE shop",
        &format!("CREATE OR REPLACE USER kpi IDENTIFIED BY '{PASSWORD}'"),
        "GRANT ALL ON shop.* TO kpi",
    ] {
        execute(&mut admin, sql).await;
    }
    admin
}

pub(super) async fn execute(admin: &mut MySqlConnection, sql: &str) {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(admin).await.unwrap();
}

/// Teaches the server one zone by name.
pub(super) fn load_zone(server: &Server, zone: &str) {
    let file = format!("/usr/share/zoneinfo/{zone}");
    let zones = Command::new("mariadb-tzinfo-to-sql").args([&file, zone]).output().unwrap();
    let sql = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&sql, zones.stdout).unwrap();
    let mut client = Command::new("mariadb");
    client.arg("--no-defaults").arg(format!("--socket={}", server.socket().display()));
    client.args(["--user=root", "mysql"]).stdin(Stdio::from(sql.reopen().unwrap()));
    servers::run(&mut client);
}

/// MariaDB compares text that is no time with one, and warns.
async fn what_is_no_time(source: &SqlSource, admin: &mut MySqlConnection) {
    execute(
        admin,
        "CREATE OR REPLACE TABLE w (points VARCHAR(20), american VARCHAR(20), month CHAR(7), sheet DOUBLE, \
         iso VARCHAR(20), whole INT, mixed VARCHAR(20), ended VARCHAR(20), n INT)",
    )
    .await;
    execute(
        admin,
        "INSERT INTO w VALUES \
         ('31.03.2026', '03/31/2026', '2026-03', 46112, '2026-03-31', 20260331, '2026-03-31', '', 1), \
         ('01.04.2026', '04/01/2026', '2026-04', 46113, '2026-04-01', 20260401, '2026-04-01', '', 10), \
         ('30.06.2026', '06/30/2026', '2026-06', 46203, '2026-06-30', 20260630, '30.06.2026', '2026-06-30', 100), \
         ('01.07.2026', '07/01/2026', '2026-07', 46204, '2026-07-01', 20260701, '2026-07-01', '', 1000)",
    )
    .await;
    let sum = |column: &str| {
        format!(
            "SELECT sum(n) AS value FROM w WHERE {column} >= :window_start_date AND {column} < :window_end_date"
        )
    };
    for (column, cure) in [
        ("points", "STR_TO_DATE(points, '%d.%m.%Y')"),
        ("american", "STR_TO_DATE(american, '%m/%d/%Y')"),
        ("month", ""),
        ("sheet", ""),
    ] {
        let one_sided = format!("SELECT sum(n) AS value FROM w WHERE {column} < :window_end_date");
        for sql in [sum(column), one_sided] {
            let error = table(source, &sql).await.unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::Shape, "{error}");
            let told = format!("column `{column}` of table `w` holds `");
            assert!(error.message.starts_with(&told), "{error}");
            assert!(error.hint.unwrap().contains(cure));
        }
        if !cure.is_empty() {
            assert_eq!(table(source, &sum(cure)).await.unwrap().rows, [[number(110.0)]], "{cure}");
        }
    }
    for (column, expected, remarks) in
        [("iso", 110.0, 0), ("whole", 110.0, 0), ("ended", 100.0, 0), ("mixed", 10.0, 1)]
    {
        let table = table(source, &sum(column)).await.unwrap();
        let [Cell::Number(value) | Cell::Written(value, _)] = table.rows[0][..] else {
            panic!("{table:?}")
        };
        assert_eq!(
            (value, table.remarks.len()),
            (expected, remarks),
            "{column}: {:?}",
            table.remarks
        );
    }
}

#[tokio::test]
async fn mariadb_from_login_to_restart() {
    let mut server = servers::mariadb().await;
    let mut admin = admin(&server).await;
    let source = open(&login(&url(&server)));
    all_types(&source, &mut admin).await;
    what_is_no_time(&source, &mut admin).await;
    mysql_numbers::no_time(&source, &mut admin).await;
    mysql_numbers::odd_names(&source, &mut admin).await;
    parameters(&source, "-04:00").await;
    load_zone(&server, "America/New_York");
    parameters(&source, "America/New_York").await;
    tables_that_change(&source, &mut admin).await;
    faults_of_queries(&source, &mut admin).await;
    time_limit(&server, &mut admin).await;
    wrong_password(&server).await;
    killed_connection(&source, &mut admin).await;
    server.stop();
    let error = table(&source, "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unreachable);
    server.run().await;
    until("the source heals", async || table(&source, "SELECT 1").await.is_ok()).await;
}

async fn all_types(source: &SqlSource, admin: &mut MySqlConnection) {
    execute(
        admin,
        "CREATE TABLE types (tiny tinyint, flag boolean, small smallint, medium mediumint, whole int, \
         big bigint, ubig bigint unsigned, utiny tinyint unsigned, exact decimal(12, 2), \
         long_id decimal(30, 0), single float, dbl double, bits bit(10), yr year, day date, \
         zero date, local datetime(3), moment timestamp(6) NULL, span time(1), word varchar(20), \
         bin_word varchar(20) COLLATE utf8mb4_bin, plan enum('free', 'pro'), raw varbinary(4), \
         doc json, nothing int, old varchar(9) CHARACTER SET latin1) CHARACTER SET utf8mb4",
    )
    .await;
    execute(admin, "SET SESSION sql_mode = '', time_zone = '+00:00'").await;
    execute(
        admin,
        "INSERT INTO types VALUES (-7, true, -300, 70000, -70000, 9007199254740993, \
         18446744073709551615, 200, 1071805.47, 12345678901234567890, 0.1, 0.1, b'1000000001', 2026, \
         '2026-06-30', '0000-00-00', '2026-06-30 23:30:00.250', '2026-06-30 12:00:00', '-100:00:01.5', \
         'é', 'bin', 'pro', x'ff00', '{}', NULL, _latin1 x'636166e9')",
    )
    .await;
    let query = "SELECT *, avg(exact) AS mean, count(*) AS n, sum(whole) AS total FROM types";
    let expected = [
        ("tiny", number(-7.0)),
        ("flag", written(1.0, "true")),
        ("small", number(-300.0)),
        ("medium", number(70_000.0)),
        ("whole", number(-70_000.0)),
        ("big", text("9007199254740993")),
        ("ubig", text("18446744073709551615")),
        ("utiny", number(200.0)),
        ("exact", number(1_071_805.47)),
        ("long_id", text("12345678901234567890")),
        ("single", number(0.1)),
        ("dbl", number(0.1)),
        ("bits", number(513.0)),
        ("yr", number(2026.0)),
        ("day", text("2026-06-30")),
        ("zero", text("0000-00-00")),
        ("local", instant("2026-07-01T03:30:00.250Z")),
        ("moment", instant("2026-06-30T12:00:00Z")),
        ("span", written(-360_001.5, "-100:00:01.5")),
        ("word", text("é")),
        ("bin_word", text("bin")),
        ("plan", text("pro")),
        ("raw", Cell::Other("VARBINARY".into())),
        ("doc", text("{}")),
        ("nothing", Cell::Null),
        ("old", text("café")),
        ("mean", written(1_071_805.47, "1071805.470000")),
        ("n", number(1.0)),
        ("total", number(-70_000.0)),
    ];
    let got = row(table(source, query).await.unwrap());
    assert_eq!(got, expected.map(|(name, cell)| (name.to_owned(), cell)));
}

async fn parameters(source: &SqlSource, zone: &str) {
    let query = "SELECT :window_start AS local, :window_end_date AS after, \
        CAST(:as_of_date AS CHAR) AS last, :as_of_unix AS unix, @@session.time_zone AS zone, \
        from_unixtime(:as_of_unix) AS shown, 'a' || '0' AS either, ':as_of' AS quoted";
    let expected = [
        ("local", instant("2026-04-01T04:00:00Z")),
        ("after", text("2026-07-01")),
        ("last", text("2026-06-30")),
        ("unix", number(1_782_878_400.0)),
        ("zone", text(zone)),
        ("shown", instant("2026-07-01T04:00:00Z")),
        ("either", number(0.0)),
        ("quoted", text(":as_of")),
    ];
    let got = row(table(source, query).await.unwrap());
    assert_eq!(got, expected.map(|(name, cell)| (name.to_owned(), cell)));
}

/// The connection keeps what it has prepared; the server notices that a table is another one.
async fn tables_that_change(source: &SqlSource, admin: &mut MySqlConnection) {
    const ALL: &str = "SELECT * FROM changing";
    for (sql, columns, rows) in [
        ("CREATE TABLE changing (id int)", ["id", ""], 0),
        ("ALTER TABLE changing ADD COLUMN sum int", ["id", "sum"], 0),
        ("INSERT INTO changing VALUES (1, 2)", ["id", "sum"], 1),
        ("ALTER TABLE changing RENAME COLUMN sum TO total", ["id", "total"], 1),
        ("ALTER TABLE changing MODIFY COLUMN total varchar(9)", ["id", "total"], 1),
        ("ALTER TABLE changing DROP COLUMN id", ["total", ""], 1),
        ("TRUNCATE TABLE changing", ["total", ""], 0),
    ] {
        execute(admin, sql).await;
        for _ in 0..2 {
            let found = table(source, ALL).await.unwrap();
            let columns = columns.iter().filter(|name| !name.is_empty());
            assert!(found.columns.iter().eq(columns), "{sql}: {:?}", found.columns);
            assert_eq!(found.rows.len(), rows, "{sql}");
        }
    }
    execute(admin, "DROP TABLE changing").await;
    assert!(table(source, ALL).await.is_err());
}

async fn faults_of_queries(source: &SqlSource, admin: &mut MySqlConnection) {
    execute(admin, "CREATE TABLE orders (id int, amount decimal(10, 2))").await;
    execute(admin, "CREATE SEQUENCE ids").await;
    let none = table(source, "SELECT id, amount FROM orders WHERE id > :as_of_unix").await.unwrap();
    assert_eq!((none.columns, none.rows.len()), (vec!["id".into(), "amount".into()], 0));
    for (query, expected) in [
        (
            "SELECT sum(amout) FROM orders",
            "Unknown column 'amout' in 'SELECT' (hint: is the column spelled as in the table?)",
        ),
        (
            "SELECT 1 FROM ordres",
            "Table 'shop.ordres' doesn't exist (hint: is the table in this database? write \
             database.table)",
        ),
        (
            "SELECT nextval(ids) AS value",
            "Cannot execute statement in a READ ONLY transaction (hint: queries run read-only: \
             only SELECT makes sense)",
        ),
        (
            "SELECT 1 /*! INTO OUTFILE '/tmp/kpi' */",
            "`/*!` begins a comment that is executed (hint: write what is in it as a part of the \
             query, or delete it)",
        ),
    ] {
        let error = table(source, query).await.unwrap_err();
        let said = error.to_string().replace("'field list'", "'SELECT'");
        assert_eq!((error.kind, said), (FetchErrorKind::Query, expected.to_owned()));
    }
    assert_eq!(row(table(source, "SELECT count(*) FROM orders").await.unwrap())[0].1, number(0.0));
}

async fn time_limit(server: &Server, admin: &mut MySqlConnection) {
    let source = open(&SqlConfig { timeout: Duration::from_secs(2), ..login(&url(server)) });
    let error = table(&source, "SELECT sleep(3600)").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout);
    assert_eq!(error.message, "query ran longer than 2 s and was cancelled on the server");
    let running = "SELECT count(*) FROM information_schema.processlist \
                   WHERE info LIKE '%sleep(3600)%' AND id <> connection_id()";
    // The server says that it is over a moment before it takes it off the list.
    let asking = async {
        while raw_sql(running).fetch_one(&mut *admin).await.unwrap().get::<i64, _>(0) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(servers::PATIENCE, asking).await.is_ok(), "the query still runs");
}

async fn wrong_password(server: &Server) {
    let source = open(&SqlConfig { password: Some("top-secret".into()), ..login(&url(server)) });
    let error = table(&source, "SELECT 1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to mysql at 127.0.0.1:{}/shop: Access denied for user \
             'kpi'@'127.0.0.1' (using password: YES) (hint: check the `user` and `password` of \
             the source)",
            server.port
        )
    );
}

async fn killed_connection(source: &SqlSource, admin: &mut MySqlConnection) {
    let own = "SELECT connection_id()";
    let first = row(table(source, own).await.unwrap())[0].1.clone();
    assert_eq!(row(table(source, own).await.unwrap())[0].1, first, "connections are used again");
    let Cell::Number(id) = first else { panic!("{first:?}") };
    execute(admin, &format!("KILL {id}")).await;
    let ask = request(crate::ask::metric(own));
    let second = kpi_exporter::source::Source::fetch(source, &ask).await.unwrap();
    assert_ne!(row(second)[0].1, first);
}
