//! The same KPIs on three databases, and a database that goes away while the daemon runs.

use std::path::{Path, PathBuf};

use kpi_exporter::limits::read_capped;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::exporter::{Exporter, eval, sample};
use crate::servers::{self, PASSWORD, Server, login};

const TABLE: &str = "CREATE TABLE orders (customer_id varchar(9), ordered_on date, units int, amount decimal(10, 2))";

/// Statements that make the table of orders of a real shop.
fn statements() -> Vec<String> {
    let csv = Path::new("config/examples/cdnow/cdnow-orders-sample.csv");
    let csv = String::from_utf8(read_capped(csv, 1 << 20).unwrap()).unwrap();
    let rows: Vec<String> = csv
        .lines()
        .skip(1)
        .map(|line| {
            let [customer, day, units, amount] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            format!("('{customer}', '{day}', {units}, {amount})")
        })
        .collect();
    let insert = |chunk: &[String]| format!("INSERT INTO orders VALUES {}", chunk.join(", "));
    std::iter::once(TABLE.to_owned()).chain(rows.chunks(1000).map(insert)).collect()
}

async fn fill<C: Connection>(mut connection: C)
where
    for<'c> &'c mut C: Executor<'c>,
{
    for statement in statements() {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
}

async fn postgres() -> Server {
    let server = servers::postgres().await;
    fill(server.superuser("postgres").await).await;
    server
}

async fn mariadb() -> Server {
    let server = servers::mariadb().await;
    let options = sqlx::mysql::MySqlConnectOptions::new()
        .socket(server.socket())
        .username("root")
        .charset("utf8mb4");
    let mut admin = login(&options).await;
    for statement in [
        "CREATE DATABASE shop".to_owned(),
        format!("CREATE USER kpi@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'"),
        "GRANT SELECT ON shop.* TO kpi@'127.0.0.1'".to_owned(),
        "USE shop".to_owned(),
    ] {
        admin.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    fill(admin).await;
    server
}

async fn sqlite(folder: &Path) -> PathBuf {
    let path = folder.join("shop.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    fill(login(&options).await).await;
    path
}

/// The configuration of the real shop, with its files replaced by a database.
fn configuration(folder: &Path, name: &str, source: &str) -> PathBuf {
    let example = Path::new("config/examples/cdnow/kpi-exporter.yaml");
    let text = String::from_utf8(read_capped(example, 1 << 20).unwrap()).unwrap();
    let (before, rest) = text.split_once("    files:\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let path = folder.join(name);
    let text = format!("{before}    sql: {{ {source} }}\n\n{after}");
    std::fs::write(&path, text.replace("@hourly", "every 1s")).unwrap();
    path
}

/// One and the same after nine digits: sums may be added up in another order.
fn rounded(mut json: Value) -> Value {
    fn round(value: &mut Value) {
        match value {
            Value::Number(number) => *value = format!("{:.9e}", number.as_f64().unwrap()).into(),
            Value::Array(items) => items.iter_mut().for_each(round),
            Value::Object(fields) => fields.values_mut().for_each(round),
            _ => {}
        }
    }
    round(&mut json);
    json
}

#[tokio::test]
async fn the_same_kpis_on_files_and_three_databases_give_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let (postgres, mariadb) = (postgres().await, mariadb().await);
    let login = format!("user: kpi, password: '{PASSWORD}'");
    let configurations = [
        format!("url: 'sqlite:{}'", sqlite(folder.path()).await.display()),
        format!("url: 'postgres://127.0.0.1:{}/postgres', {login}", postgres.port),
        format!("url: 'mysql://127.0.0.1:{}/shop', {login}", mariadb.port),
    ];
    for day in ["1997-06-30", "1997-11-30", "1998-05-15"] {
        let (files, _) = eval(Path::new("config/examples/cdnow/kpi-exporter.yaml"), day);
        let files = rounded(files);
        for source in &configurations {
            let configuration = configuration(folder.path(), "kpis.yaml", source);
            let (json, code) = eval(&configuration, day);
            assert_eq!((rounded(json), code), (files.clone(), Some(0)), "{source} {day}");
        }
    }
}

#[tokio::test]
async fn a_database_that_goes_away_is_told_hides_nothing_and_heals_by_itself() {
    const TWO: &str = "
version: 1
sources:
  far: { sql: { url: '@URL@', user: kpi, password: '@PASSWORD@', timeout: 2s } }
  near: { files: { tables: { stock: stock.csv } } }
defaults: { schedule: every 1s, period: year }
metrics:
  orders: { source: far, query: SELECT count(*) AS value FROM orders }
  stock: { source: near, query: SELECT sum(n) AS value FROM stock }
kpis:
  orders: { kind: lagging, formula: orders, accumulation: level, unit: count, target: { min: 1 } }
  stock: { kind: leading, formula: stock, accumulation: level, unit: count, target: { min: 1 } }
";
    let folder = tempfile::tempdir().unwrap();
    let mut server = postgres().await;
    let url = format!("postgres://127.0.0.1:{}/postgres", server.port);
    let config = folder.path().join("kpis.yaml");
    std::fs::write(&config, TWO.replace("@URL@", &url).replace("@PASSWORD@", PASSWORD)).unwrap();
    std::fs::write(folder.path().join("stock.csv"), "n\n5\n").unwrap();
    let daemon = Exporter::run(&config);
    let (far, near) = (r#"kpi_source_up{source="far"}"#, r#"kpi_source_up{source="near"}"#);
    let (orders, stock) = (r#"kpi_value{kpi="orders"}"#, r#"kpi_value{kpi="stock"}"#);
    daemon.until("a value", |m| sample(m, orders) == Some(6919.0));
    server.stop();
    let metrics = daemon.until("source down", |m| sample(m, far) == Some(0.0));
    assert_eq!(sample(&metrics, orders), Some(6919.0), "the last value stays");
    std::fs::write(folder.path().join("stock.csv"), "n\n5\n2\n").unwrap();
    let metrics = daemon.until("the other source's news", |m| sample(m, stock) == Some(7.0));
    assert_eq!((sample(&metrics, far), sample(&metrics, near)), (Some(0.0), Some(1.0)));
    server.run().await;
    daemon.until("recovery", |m| sample(m, far) == Some(1.0));
    let log = daemon.log();
    assert!(log.contains("recovered") && !log.contains(PASSWORD), "{log}");
    assert!(!daemon.metrics().contains(PASSWORD));
}
