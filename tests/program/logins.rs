//! What `check --connect` tells of logins that may write, and of answers that do not mean what they
//! seem to: on real servers.

use std::path::Path;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, MySqlConnection, PgConnection, raw_sql};

use crate::exporter::{Exporter, command};
use crate::servers::{self, PASSWORD, login};

/// What `check --connect` says of a source, and its exit code.
fn checked(folder: &Path, source: &str, rest: &str) -> (String, Option<i32>) {
    let config = folder.join("kpis.yaml");
    let text = format!(
        "version: 1\ncalendar: {{ timezone: Europe/Berlin }}\nsources:\n  shop: {{ sql: {{ {source} }} \
         }}\n{rest}"
    );
    std::fs::write(&config, text).unwrap();
    let output = command().args(["check", "--connect", "--config"]).arg(config).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).unwrap(), output.status.code())
}

const ORDERS: &str = "
metrics:
  orders: { source: shop, query: SELECT count(*) AS value FROM orders }
kpis:
  orders: { kind: leading, formula: orders, accumulation: level, unit: count, target: { min: 1 } }
";

/// The statements that a hint tells, with a password.
fn cure(said: &str) -> String {
    let (_, hint) = said.split_once("give it a login that may only read: ").unwrap();
    hint.lines().next().unwrap().replace('…', PASSWORD)
}

async fn sql(admin: &mut PgConnection, sql: &str) {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(admin).await.unwrap();
}

async fn my_sql(admin: &mut MySqlConnection, sql: &str) {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(admin).await.unwrap();
}

#[tokio::test]
async fn logins_of_postgres_that_may_write_are_told_with_the_cure() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    sql(&mut admin, "CREATE TABLE orders (id int, at timestamp); INSERT INTO orders VALUES (1)")
        .await;
    let folder = tempfile::tempdir().unwrap();
    let url =
        format!("url: 'postgres://127.0.0.1:{}/postgres', password: '{PASSWORD}'", server.port);
    let check = |user: &str| checked(folder.path(), &format!("{url}, user: {user}"), ORDERS);
    let (said, code) = check("kpi");
    assert!(said.contains("! the login `kpi` is a superuser\n      hint: "), "{said}");
    assert!(said.contains("nothing failed: 1 metric; 1 login may do more than read"), "{said}");
    assert_eq!(code, Some(0));
    sql(&mut admin, &cure(&said)).await;
    let (said, code) = check("kpi_reader");
    assert!(said.ends_with("nothing failed: 1 metric\n") && !said.contains("the login"), "{said}");
    assert_eq!(code, Some(0));
    for (grant, expected) in [
        ("GRANT INSERT ON orders TO kpi_reader", "may write to public.orders"),
        ("GRANT UPDATE (id) ON orders TO kpi_reader", "may write to public.orders"),
        ("GRANT TRUNCATE ON orders TO kpi_reader", "may write to public.orders"),
        ("GRANT CREATE ON SCHEMA public TO kpi_reader", "may create tables in schema public"),
        ("GRANT CREATE ON DATABASE postgres TO kpi_reader", "may create schemas in the database"),
        ("GRANT pg_write_all_data TO kpi_reader", "has the rights of pg_write_all_data"),
        (
            "GRANT pg_execute_server_program TO kpi_reader",
            "has the rights of pg_execute_server_program",
        ),
        ("ALTER ROLE kpi_reader CREATEROLE", "may create roles"),
        (
            "CREATE TABLE own (a int); ALTER TABLE own OWNER TO kpi_reader",
            "may write to public.own",
        ),
        (
            "CREATE ROLE boss; GRANT DELETE ON orders TO boss; GRANT boss TO kpi_reader",
            "may write to public.orders and 1 more",
        ),
    ] {
        sql(&mut admin, grant).await;
        let (said, _) = check("kpi_reader");
        let warned = said.contains("! the login `kpi_reader` ") && said.contains(expected);
        assert!(warned, "{grant}: {said}");
        let undo = grant.replace("GRANT", "REVOKE").replace(" TO ", " FROM ");
        let undo = undo.replace(" CREATEROLE", " NOCREATEROLE");
        if grant.starts_with("GRANT") || grant.starts_with("ALTER") {
            sql(&mut admin, &undo).await;
        }
    }
    // As servers before version 15 have it: another login alone would be no cure.
    sql(
        &mut admin,
        "DROP TABLE own; REVOKE boss FROM kpi_reader; GRANT CREATE ON SCHEMA public TO PUBLIC",
    )
    .await;
    let (said, _) = check("kpi_reader");
    let (_, revoke) = said.split_once("; REVOKE").unwrap();
    sql(&mut admin, &format!("REVOKE{}", revoke.lines().next().unwrap())).await;
    let (said, _) = check("kpi_reader");
    assert!(!said.contains("the login"), "{said}");
}

#[tokio::test]
async fn logins_of_mariadb_that_may_write_are_told_with_the_cure() {
    let server = servers::mariadb().await;
    let options = MySqlConnectOptions::new().socket(server.socket()).username("root");
    let mut admin = login(&options.timezone(None)).await;
    for statement in [
        "CREATE DATABASE shop",
        "CREATE TABLE shop.orders (id int)",
        &format!("CREATE USER kpi IDENTIFIED BY '{PASSWORD}'"),
        "GRANT SELECT, INSERT, UPDATE (id) ON shop.* TO kpi",
    ] {
        my_sql(&mut admin, &statement.replace("UPDATE (id)", "UPDATE")).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("url: 'mysql://127.0.0.1:{}/shop', password: '{PASSWORD}'", server.port);
    let check = |user: &str| checked(folder.path(), &format!("{url}, user: {user}"), ORDERS).0;
    let said = check("kpi");
    assert!(said.contains("! its login may do more: INSERT, UPDATE on `shop`.*\n"), "{said}");
    for statement in cure(&said).split("; ") {
        my_sql(&mut admin, statement).await;
    }
    let said = check("kpi_reader");
    assert!(said.ends_with("nothing failed: 1 metric\n") && !said.contains("its login"), "{said}");
    for (grant, expected) in [
        ("GRANT FILE ON *.* TO kpi_reader", "FILE on *.*"),
        ("GRANT SUPER ON *.* TO kpi_reader", "SUPER on *.*"),
        ("GRANT DROP ON shop.orders TO kpi_reader", "DROP on `shop`.`orders`"),
        ("GRANT UPDATE (id) ON shop.orders TO kpi_reader", "UPDATE on `shop`.`orders`"),
        ("GRANT ALL ON shop.* TO kpi_reader", "ALL PRIVILEGES on `shop`.*"),
    ] {
        my_sql(&mut admin, grant).await;
        let said = check("kpi_reader");
        assert!(said.contains(&format!("its login may do more: {expected}")), "{grant}: {said}");
        let undo = grant.replace("GRANT", "REVOKE").replace(" TO ", " FROM ");
        my_sql(&mut admin, &undo).await;
        my_sql(&mut admin, "GRANT SELECT ON shop.* TO kpi_reader").await;
    }
    for statement in [
        "CREATE ROLE boss",
        "GRANT DELETE ON shop.* TO boss",
        "GRANT boss TO kpi_reader",
        "SET DEFAULT ROLE boss FOR kpi_reader",
    ] {
        my_sql(&mut admin, statement).await;
    }
    let said = check("kpi_reader");
    assert!(said.contains("its login may do more: DELETE on `shop`.*"), "{said}");
}

const DOUBTFUL: &str = "
metrics:
  refunds: { source: shop, query: SELECT sum(amount) AS value FROM refunds WHERE made_at >= :window_start AND made_at < :window_end }
  zoned: { source: shop, query: SELECT sum(amount) AS value FROM refunds WHERE made_at AT TIME ZONE 'UTC' >= :window_start }
  instants: { source: shop, query: SELECT sum(amount) AS value FROM refunds WHERE booked_at >= :window_start }
  took: { source: shop, query: SELECT took AS value FROM refunds }
  share: { source: shop, query: 'SELECT 85.4 AS value' }
  late: { source: shop, query: 'SELECT 90 AS late, 100 AS done' }
kpis:
  refunds: { kind: leading, formula: refunds, accumulation: flow, unit: EUR, target: { max: 100 } }
  took: { kind: leading, formula: took, accumulation: level, unit: days, target: { max: 3 } }
  share: { kind: leading, formula: share, accumulation: level, unit: percent, target: { min: 0.8 } }
  late: { kind: leading, formula: late.late / late.done, accumulation: ratio, unit: percent, target: { max: 0.1 } }
  twisted: { kind: leading, formula: 100 * late.late / late.done, accumulation: ratio, unit: percent, target: { max: 0.1 } }
";

#[tokio::test]
async fn answers_that_do_not_mean_what_they_seem_to_are_remarked_on() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    sql(
        &mut admin,
        "CREATE TABLE refunds (amount numeric(9, 2), made_at timestamp, booked_at timestamptz, \
         took interval); INSERT INTO refunds VALUES (12.50, now() AT TIME ZONE 'UTC', now(), '26 hours')",
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let login = format!("user: kpi, password: '{PASSWORD}'");
    let source = format!("url: 'postgres://127.0.0.1:{}/postgres', {login}", server.port);
    let (said, code) = checked(folder.path(), &source, DOUBTFUL);
    assert_eq!(code, Some(0), "{said}");
    let of = |metric: &str| {
        let lines = said.lines().skip_while(|line| !line.contains(&format!("  {metric} ")));
        let rest = lines.clone().skip(1).take_while(|line| line.starts_with("       "));
        lines.take(1).chain(rest).map(str::trim).collect::<Vec<_>>().join("\n")
    };
    let refunds = of("refunds");
    assert!(refunds.starts_with("! ") && refunds.contains("value numeric (12.50)"), "{said}");
    for part in [
        "column `made_at` of table `refunds`, compared with the window, is `timestamp without time \
         zone`, which is read as local time of the calendar",
        "if it holds UTC, write `made_at AT TIME ZONE 'UTC'`",
    ] {
        assert!(refunds.contains(part), "{refunds}");
    }
    assert!(of("zoned").starts_with("✓ "), "{said}");
    assert!(of("instants").starts_with("✓ "), "{said}");
    let took = of("took");
    assert!(took.contains("value interval (93600)"), "{took}");
    assert!(
        took.contains("is of type interval, which is read as seconds, and KPI `took` is in days")
    );
    let share = of("share");
    assert!(share.contains("KPI `share` is in percent and has the value 85.4"), "{share}");
    let late = of("late");
    assert!(late.contains("KPI `twisted`") && !late.contains("KPI `late`"), "{late}");
}

#[test]
fn one_dead_database_is_one_message_for_its_nine_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let metric = |n: u32| format!("  m{n}: {{ source: shop, query: SELECT {n} AS value }}\n");
    let kpi = |n: u32| {
        format!(
            "  k{n}: {{ kind: leading, formula: m{n}, accumulation: level, unit: count, target: {{ min: 1 \
             }} }}\n"
        )
    };
    let metrics = (0..9).map(metric).collect::<Vec<_>>().concat();
    let kpis = (0..9).map(kpi).collect::<Vec<_>>().concat();
    let rest = format!("metrics:\n{metrics}kpis:\n{kpis}");
    let (said, code) = checked(folder.path(), "url: 'postgres://kpi@127.0.0.1:1/shop'", &rest);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("Connection refused").count(), 1, "{said}");
    assert_eq!(said.matches("hint: is the server running, and is the port right?").count(), 1);
    assert!(
        said.contains("      9 metrics: cannot connect to postgres at 127.0.0.1:1/shop"),
        "{said}"
    );
    let daemon = Exporter::run(&folder.path().join("kpis.yaml"));
    let all = "m0, m1, m2 and 6 more";
    daemon.until("all have failed", |_| daemon.get("/").1.contains(all));
    let (_, page) = daemon.get("/");
    let (_, sources) = page.split_once("Sources with problems").unwrap();
    assert_eq!(sources.matches("Connection refused").count(), 1, "{sources}");
    let log = daemon.log();
    assert_eq!(log.matches("Connection refused").count(), 1, "{log}");
}
