//! The recipes of `docs/sql.md`, each on the engine that it is for.

use kpi_exporter::metric::Metric;
use kpi_exporter::source::Source;

use super::sqlite::shop;
use super::{config, login, mariadb, open, postgres};
use crate::ask::{measure, metric, names};
use crate::servers;

/// Name and text of each recipe for an engine.
fn recipes(engine: &str) -> Vec<(String, String)> {
    let page = include_str!("../../docs/sql.md");
    let blocks = page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let named = blocks.map(|block| {
        let title = block.lines().next().unwrap().trim_start_matches("-- ");
        let (name, of) = title.split_once(" (").unwrap();
        (name.to_owned(), of.trim_end_matches(')').to_owned(), block.to_owned())
    });
    named.filter(|(_, of, _)| of == engine).map(|(name, _, text)| (name, text)).collect()
}

/// Values by column, and `data_through`. The window is the second quarter of 2026 in New York.
async fn answer(source: &dyn Source, sql: &str) -> (Vec<(String, f64)>, Option<String>) {
    let metric = Metric { columns: names(&[]), bare: false, ..metric(sql) };
    let measured = measure(source, metric).await.unwrap();
    assert_eq!((measured.series.len(), measured.bad_rows), (1, 0), "{sql}");
    let series = measured.series.values().next().unwrap();
    let values = series.values.iter().map(|(name, value)| (name.to_string(), *value)).collect();
    (values, series.data_through.map(|through| through.to_rfc3339()))
}

const TICKETS: &str = "INSERT INTO tickets VALUES ('2026-04-01 00:00:00', '2026-04-03 00:00:00'), \
    ('2026-06-30 00:00:00', '2026-06-30 12:00:00'), ('2026-06-30 00:00:00', '2026-07-01 00:00:00')";

/// Two of the four that were there on 1 April left in the quarter.
const SUBSCRIPTIONS: &str = "INSERT INTO subscriptions VALUES ('2026-01-01 00:00:00', NULL), \
    ('2026-01-01 00:00:00', '2026-03-31 23:59:59'), ('2026-03-31 23:00:00', '2026-04-01 00:00:00'), \
    ('2026-02-01 00:00:00', '2026-06-30 23:59:59'), ('2026-02-01 00:00:00', '2026-07-01 00:00:00'), \
    ('2026-04-01 00:00:00', '2026-04-02 00:00:00')";

fn expected(name: &str) -> (Vec<(String, f64)>, Option<String>) {
    let value = |value: f64| vec![("value".to_owned(), value)];
    match name {
        "naive timestamps" => (value(30.0), None),
        "durations" => (value(1.25), None),
        "distinct counts" => (value(2.0), None),
        "month-to-date churn" => (vec![("lost".to_owned(), 2.0), ("there".to_owned(), 4.0)], None),
        "late rows" => (value(7.0), Some("2026-06-29T10:00:00+00:00".to_owned())),
        other => panic!("no expectation for the recipe `{other}`"),
    }
}

#[tokio::test]
async fn every_recipe_gives_the_right_number_on_its_engine() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    for sql in [
        "SET TIME ZONE 'America/New_York'",
        "CREATE TABLE refunds (amount numeric, made_at timestamp)",
        // UTC: 23:30 of 31 March, 00:30 of 1 April, 23:30 of 30 June and 00:30 of 1 July, local.
        "INSERT INTO refunds VALUES (5, '2026-04-01 03:30'), (10, '2026-04-01 04:30'), \
         (20, '2026-07-01 03:30'), (40, '2026-07-01 04:30')",
        "CREATE TABLE tickets (opened_at timestamptz, closed_at timestamptz)",
        TICKETS,
        "CREATE TABLE orders (customer int, amount int, placed_at timestamptz)",
        "INSERT INTO orders VALUES (1, 3, '2026-04-02'), (1, 4, '2026-05-02'), (2, 0, '2026-06-02'), \
         (3, 9, '2026-07-01')",
        "CREATE TABLE subscriptions (started_at timestamptz, ended_at timestamptz)",
        SUBSCRIPTIONS,
        "CREATE TABLE loads (loaded_until timestamptz)",
        "INSERT INTO loads VALUES ('2026-06-29 05:00'), ('2026-06-29 06:00')",
    ] {
        postgres::execute(&mut admin, sql).await;
    }
    let source = open(&login(&postgres::url(&server)));
    let recipes_of_postgres = recipes("PostgreSQL");
    assert_eq!(recipes_of_postgres.len(), 5);
    for (name, sql) in recipes_of_postgres {
        assert_eq!(answer(&source, &sql).await, expected(&name), "{name}");
    }
    let server = servers::mariadb().await;
    let mut admin = mariadb::admin(&server).await;
    for sql in [
        "CREATE TABLE tickets (opened_at datetime, closed_at datetime)",
        TICKETS,
        "CREATE TABLE subscriptions (started_at datetime, ended_at datetime)",
        SUBSCRIPTIONS,
    ] {
        mariadb::execute(&mut admin, sql).await;
    }
    let source = open(&login(&mariadb::url(&server)));
    let recipes_of_mariadb = recipes("MariaDB");
    assert_eq!(recipes_of_mariadb.len(), 2);
    for (name, sql) in recipes_of_mariadb {
        assert_eq!(answer(&source, &sql).await, expected(&name), "{name}");
    }
}

/// Column and condition of each form of a time for an engine.
fn forms(engine: &str) -> Vec<(String, String)> {
    let page = include_str!("../../docs/sql.md");
    let lines = page.lines().filter_map(|line| line.strip_prefix(&format!("| {engine} | `")));
    let parts = lines.filter_map(|line| line.trim_end_matches("` |").split_once("` | `"));
    parts.map(|(column, condition)| (column.to_owned(), condition.to_owned())).collect()
}

/// One before the window, its first and last second, and one after it, as a column holds them.
fn moments(column: &str) -> [&'static str; 4] {
    match column.split(' ').next().unwrap() {
        "paid_at" | "utc_at" => [
            "'2026-04-01 03:59:59'",
            "'2026-04-01 04:00:00'",
            "'2026-07-01 03:59:59'",
            "'2026-07-01 04:00:00'",
        ],
        "iso" => [
            "'2026-04-01T03:59:59Z'",
            "'2026-04-01T04:00:00.000Z'",
            "'2026-07-01T05:59:59+02:00'",
            "'2026-07-01T04:00:00Z'",
        ],
        "local_at" => [
            "'2026-03-31 23:59:59'",
            "'2026-04-01 00:00:00'",
            "'2026-06-30 23:59:59'",
            "'2026-07-01 00:00:00'",
        ],
        "day" => ["'2026-03-31'", "'2026-04-01'", "'2026-06-30'", "'2026-07-01'"],
        "unix" => ["1775015999", "1775016000", "1782878399", "1782878400"],
        other => panic!("{other}"),
    }
}

/// Statements that make a table with this column in place of the one before.
fn visits(column: &str) -> [String; 3] {
    let values = moments(column).map(|moment| format!("({moment})")).join(", ");
    [
        "DROP TABLE IF EXISTS visits".to_owned(),
        format!("CREATE TABLE visits ({column})"),
        format!("INSERT INTO visits VALUES {values}"),
    ]
}

/// Two of the four.
async fn finds_window(source: &dyn Source, (column, condition): &(String, String)) {
    let sql = format!("SELECT count(*) AS value FROM visits WHERE {condition}");
    let found = answer(source, &sql).await.0;
    assert_eq!(found, [("value".to_owned(), 2.0)], "{column}: {condition}");
}

#[tokio::test]
async fn each_form_of_a_time_finds_the_window() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    let source = open(&login(&postgres::url(&server)));
    let known = forms("PostgreSQL");
    assert_eq!(known.len(), 5);
    for form in known {
        let sql = visits(&form.0).join("; ");
        postgres::execute(&mut admin, &format!("SET timezone = 'UTC'; {sql}")).await;
        finds_window(&source, &form).await;
    }
    let server = servers::mariadb().await;
    let mut admin = mariadb::admin(&server).await;
    let source = open(&login(&mariadb::url(&server)));
    mariadb::execute(&mut admin, "SET time_zone = '+00:00'").await;
    let known = forms("MariaDB");
    assert_eq!(known.len(), 6);
    for form in known {
        for sql in visits(&form.0) {
            mariadb::execute(&mut admin, &sql).await;
        }
        finds_window(&source, &form).await;
    }
    let known = forms("SQLite");
    assert_eq!(known.len(), 5);
    for form in known {
        let statements = visits(&form.0);
        let file = shop(&statements.each_ref().map(String::as_str)).await;
        let source = open(&config(&file.url()));
        finds_window(&source, &form).await;
    }
}
