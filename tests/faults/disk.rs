//! A disk that is full while the daemon runs. A limit on the size of files stands in for it: it can
//! be set from outside, and lifted.

use std::fs;
use std::process::Command;

use crate::exporter::{Exporter, sample};

const SHOP: &str = "
version: 1
store: { path: history.db }
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1s, period: year, max_age: 26h }
metrics: { orders: { source: shop, query: SELECT sum(n) AS value FROM orders } }
kpis:
  orders: { kind: lagging, formula: orders, accumulation: level, unit: count, target: { min: 1 } }
";

const VALUE: &str = r#"kpi_value{kpi="orders"}"#;

/// No file may grow beyond this.
fn limit(daemon: &Exporter, size: &str) {
    let id = daemon.id().to_string();
    let size = format!("--fsize={size}:unlimited");
    let set = Command::new("prlimit").args(["--pid", &id, &size]).status().unwrap();
    assert!(set.success());
}

#[test]
fn a_full_disk_is_told_once_stops_nothing_and_is_written_again_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let orders = |n: u32| {
        let new = folder.path().join("new");
        fs::write(&new, format!("n\n{n}\n")).unwrap();
        fs::rename(new, folder.path().join("orders.csv")).unwrap();
    };
    let config = folder.path().join("kpis.yaml");
    fs::write(&config, SHOP).unwrap();
    orders(1);
    let daemon = Exporter::run(&config);
    daemon.until("a value", |m| sample(m, VALUE) == Some(1.0));

    limit(&daemon, "1");
    for n in 2..5 {
        orders(n);
        daemon.until("a value that cannot be written", |m| sample(m, VALUE) == Some(f64::from(n)));
    }
    let log = daemon.log();
    let told: Vec<&str> =
        log.lines().filter(|line| line.contains("history is not written")).collect();
    assert_eq!(told.len(), 1, "{log}");
    for word in ["ERROR", "history.db", "cannot be written", "hint: make room"] {
        assert!(told[0].contains(word), "no {word} in {}", told[0]);
    }

    limit(&daemon, "unlimited");
    orders(5);
    daemon.until("a value that is written", |m| sample(m, VALUE) == Some(5.0));
    daemon.until("the good news", |_| daemon.log().contains("history is written again"));
    drop(daemon);
    fs::remove_file(folder.path().join("orders.csv")).unwrap();
    let daemon = Exporter::run(&config);
    let up = r#"kpi_source_up{source="shop"}"#;
    let metrics = daemon.until("the failure", |m| sample(m, up) == Some(0.0));
    assert_eq!(sample(&metrics, VALUE), Some(5.0), "what was written when there was room");
}
