mod addresses;
mod any_days;
mod hung;
mod incomparable;
mod mariadb;
mod mysql_numbers;
mod mysql_zones;
mod parity;
mod postgres;
mod read_only;
mod recipes;
mod sqlite;
mod values;

use std::time::Duration;

use kpi_exporter::metric::{Cell, Table};
use kpi_exporter::source::sql::{SqlConfig, SqlSource};

use super::servers::PASSWORD;

fn config(url: &str) -> SqlConfig {
    SqlConfig { max_connections: 2, ..SqlConfig::new(url) }
}

/// For the user `kpi`, whose password would break any URL.
fn login(url: &str) -> SqlConfig {
    SqlConfig { user: Some("kpi".into()), password: Some(PASSWORD.into()), ..config(url) }
}

fn open(config: &SqlConfig) -> SqlSource {
    SqlSource::new(config).unwrap()
}

fn number(value: f64) -> Cell {
    Cell::Number(value)
}

/// A number that keeps its text.
fn written(value: f64, text: &str) -> Cell {
    Cell::Written(value, text.to_owned())
}

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn instant(value: &str) -> Cell {
    Cell::Instant(value.parse().unwrap())
}

/// The only row, for comparison with what is expected of each column.
fn row(table: Table) -> Vec<(String, Cell)> {
    assert_eq!(table.rows.len(), 1);
    table.columns.into_iter().zip(table.rows.into_iter().flatten()).collect()
}

/// Asks until the answer is yes.
async fn until<F: Future<Output = bool>>(what: &str, mut yes: impl FnMut() -> F) {
    let asking = async {
        while !yes().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(super::servers::PATIENCE, asking).await.is_ok(), "{what}");
}
