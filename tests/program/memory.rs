//! What outlives the process: values, statuses, frozen goal posts, closed periods.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::exporter::{Exporter, command, sample};

const SHOP: &str = "
version: 1
store: { path: data/history.db }
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1s, period: month, max_age: 1h }
metrics:
  orders:
    source: shop
    query: SELECT sum(amount) AS value FROM orders WHERE day < :window_end_date
kpis:
  revenue: { kind: lagging, formula: orders, accumulation: level, unit: USD, target: { min: 100 }, status: { too_early: 0% } }
";

const VALUE: &str = r#"kpi_value{kpi="revenue"}"#;
const DATA: &str = r#"kpi_data_timestamp_seconds{kpi="revenue"}"#;
const UP: &str = r#"kpi_source_up{source="shop"}"#;
const CHANGED: &str = r#"kpi_definition_changed_timestamp_seconds{kpi="revenue"}"#;

fn status(is: &str) -> String {
    format!(r#"kpi_status{{kpi="revenue",kpi_status="{is}"}}"#)
}

fn shop() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kpis.yaml"), SHOP).unwrap();
    orders(&folder, 120);
    folder
}

fn orders(folder: &TempDir, amount: u32) {
    let file = folder.path().join("orders.csv");
    fs::write(file, format!("day,amount\n2020-01-01,{amount}\n")).unwrap();
}

fn start(folder: &TempDir) -> Exporter {
    Exporter::run(&folder.path().join("kpis.yaml"))
}

#[test]
fn after_a_restart_the_stored_value_is_served_with_its_true_age() {
    let folder = shop();
    let first = start(&folder);
    let before = first.until("a value", |m| sample(m, VALUE) == Some(120.0));
    drop(first);
    fs::remove_file(folder.path().join("orders.csv")).unwrap();
    let second = start(&folder);
    let after = second.until("the failure", |m| sample(m, UP) == Some(0.0));
    assert_eq!(sample(&after, VALUE), Some(120.0));
    let (old, now) = (sample(&before, DATA).unwrap(), sample(&after, DATA).unwrap());
    assert!(now >= old && now < old + 5.0, "{now} is not about {old}");
}

#[test]
fn no_status_changes_because_of_a_restart() {
    let folder = shop();
    let first = start(&folder);
    first.until("achieving", |m| sample(m, &status("on_track")) == Some(1.0));
    drop(first);
    // The first data point that says otherwise confirms nothing.
    orders(&folder, 10);
    let second = start(&folder);
    let after = second.until("the new value", |m| sample(m, VALUE) == Some(10.0));
    assert_eq!(sample(&after, &status("on_track")), Some(1.0), "{after}");
    orders(&folder, 11);
    second.until("the second point", |m| sample(m, &status("off_track")) == Some(1.0));
}

#[test]
fn a_changed_definition_is_noted_and_a_changed_title_is_not() {
    let folder = shop();
    let config = folder.path().join("kpis.yaml");
    let daemon = start(&folder);
    let metrics = daemon.until("a value", |m| sample(m, VALUE).is_some());
    assert_eq!(sample(&metrics, CHANGED), None);
    fs::write(&config, SHOP.replace("unit: USD", "unit: USD, title: Money")).unwrap();
    daemon.signal("HUP");
    let metrics = daemon.until("the title", |m| m.contains(r#"title="Money""#));
    assert_eq!(sample(&metrics, CHANGED), None);
    fs::write(&config, SHOP.replace("formula: orders", "formula: orders / 2")).unwrap();
    daemon.signal("HUP");
    let metrics = daemon.until("the formula", |m| sample(m, VALUE) == Some(60.0));
    assert!(sample(&metrics, CHANGED) > Some(1.7e9), "{metrics}");
    assert!(daemon.log().contains("the meaning changed"), "{}", daemon.log());
}

#[test]
fn the_period_that_closed_last_is_published_with_the_current_one() {
    let folder = shop();
    let daemon = start(&folder);
    // At start the running period comes first.
    let last = r#"kpi_last_period_value{kpi="revenue"}"#;
    let metrics = daemon.until("both periods", |m| sample(m, last).is_some());
    assert_eq!((sample(&metrics, VALUE), sample(&metrics, last)), (Some(120.0), Some(120.0)));
    assert_eq!(sample(&metrics, r#"kpi_last_period_target_ratio{kpi="revenue"}"#), Some(1.2));
    let start = sample(&metrics, r#"kpi_period_start_timestamp_seconds{kpi="revenue"}"#);
    let end = sample(&metrics, r#"kpi_last_period_end_timestamp_seconds{kpi="revenue"}"#);
    assert_eq!(start, end);
}

#[test]
fn two_daemons_on_one_store_are_refused_and_a_damaged_store_is_left_alone() {
    let folder = shop();
    let first = start(&folder);
    let refused = |path: &Path| {
        let mut run = command();
        run.args(["run", "--web.listen-address", "127.0.0.1:0", "--config"]).arg(path);
        let output = run.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let config = folder.path().join("kpis.yaml");
    let (code, said) = refused(&config);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("history.db") && said.contains("another"), "{said}");
    drop(first);
    let store = folder.path().join("data/history.db");
    for extra in ["-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("data/history.db{extra}")));
    }
    fs::write(&store, "this is no database, it only lies where one should").unwrap();
    let (code, said) = refused(&config);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("history.db"), "{said}");
    assert_eq!(fs::metadata(&store).unwrap().len(), 50);
}
