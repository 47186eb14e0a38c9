//! The daemon as its operator meets it: scraped, broken, mended, reloaded, stopped.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::exporter::{Exporter, sample};
use tempfile::TempDir;

/// A shop whose orders lie in a file; every metric is fetched each second.
struct Shop {
    folder: TempDir,
}

impl Shop {
    fn new(orders: &str) -> Self {
        let shop = Self { folder: tempfile::tempdir().unwrap() };
        shop.write("orders.csv", orders);
        shop.write("stock.csv", "item,n\npen,5\n");
        shop.write("kpis.yaml", SHOP);
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces a file in one step, as careful writers do.
    fn write(&self, name: &str, text: &str) {
        let new = self.path(&format!("{name}.new"));
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    fn start(&self) -> Exporter {
        Exporter::run(&self.path("kpis.yaml"))
    }
}

const SHOP: &str = "
version: 1
sources:
  shop: { files: { tables: { orders: orders.csv } } }
  store: { files: { tables: { stock: stock.csv } } }
defaults: { schedule: every 1s, period: year }
metrics:
  orders:
    source: shop
    labels: [region]
    query: SELECT region, sum(amount) AS revenue FROM orders GROUP BY region
  stock: { source: store, query: SELECT sum(n) AS value FROM stock }
kpis:
  revenue: { kind: lagging, formula: orders.revenue, accumulation: level, unit: USD, target: { min: 100 } }
  stock: { kind: leading, formula: stock, accumulation: level, unit: count, target: { min: 4 } }
";

const EU: &str = r#"kpi_value{kpi="revenue",region="EU"}"#;
const US: &str = r#"kpi_value{kpi="revenue",region="US"}"#;
const STOCK: &str = r#"kpi_value{kpi="stock"}"#;
const SHOP_UP: &str = r#"kpi_source_up{source="shop"}"#;
const STORE_UP: &str = r#"kpi_source_up{source="store"}"#;

#[test]
fn the_demo_serves_its_story_around_today_and_promtool_has_nothing_to_say() {
    let mut demo = Exporter::start(&["demo"]);
    let off_track = r#"kpi_status{kpi="trial_to_paid",kpi_status="off_track"}"#;
    let metrics = demo.until("off track", |m| sample(m, off_track) == Some(1.0));
    assert_eq!(sample(&metrics, r#"kpi_value{kpi="organic_traffic"}"#), Some(125_000.0));
    assert_eq!(sample(&metrics, r#"kpi_value{kpi="trial_to_paid"}"#), Some(0.1));
    assert_eq!(sample(&metrics, r#"kpi_value{kpi="net_new_arr"}"#), Some(60_000.0));
    let on_track = r#"kpi_status{kpi="organic_traffic",kpi_status="on_track"}"#;
    assert_eq!(sample(&metrics, on_track), Some(1.0));
    let elapsed = sample(&metrics, r#"kpi_period_elapsed_ratio{kpi="net_new_arr"}"#).unwrap();
    assert!((30.0 / 91.0..=31.0 / 91.0).contains(&elapsed), "{elapsed}");
    assert_eq!(demo.get("/-/ready").0, 200);
    assert_eq!(demo.get("/-/healthy").0, 200);
    let (status, page) = demo.get("/");
    assert_eq!(status, 200);
    assert!(page.contains("Trial-to-paid conversion"), "{page}");
    assert_eq!(promtool(&demo.metrics()), "");
    demo.signal("TERM");
    assert_eq!(demo.wait(), Some(0));
}

/// What `promtool check metrics` says.
fn promtool(metrics: &str) -> String {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is installed (tests/run.sh does it)");
    promtool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    String::from_utf8(said).unwrap()
}

#[test]
fn a_row_that_vanishes_takes_its_series_with_it() {
    let shop = Shop::new("region,amount\nEU,120\nUS,80\n");
    let daemon = shop.start();
    let metrics = daemon.until("both regions", |m| sample(m, US).is_some());
    assert_eq!((sample(&metrics, EU), sample(&metrics, US)), (Some(120.0), Some(80.0)));
    shop.write("orders.csv", "region,amount\nEU,130\n");
    let metrics = daemon.until("the new file", |m| sample(m, EU) == Some(130.0));
    let left: Vec<_> = metrics.lines().filter(|line| line.contains(r#"region="US""#)).collect();
    assert!(left.iter().all(|line| line.starts_with("kpi_last_period_")), "{left:#?}");
}

#[test]
fn zero_rows_are_a_good_fetch_without_values() {
    let shop = Shop::new("region,amount\nEU,120\n");
    let daemon = shop.start();
    daemon.until("a value", |m| sample(m, EU).is_some());
    shop.write("orders.csv", "region,amount\n");
    let no_data = r#"kpi_status{kpi="revenue",kpi_status="no_data"}"#;
    let metrics = daemon.until("no data", |m| sample(m, no_data) == Some(1.0));
    assert_eq!(sample(&metrics, SHOP_UP), Some(1.0));
    assert!(!metrics.contains("kpi_value{kpi=\"revenue\""), "{metrics}");
}

#[test]
fn a_renamed_column_fails_by_name_keeps_the_last_value_and_recovers_by_itself() {
    let shop = Shop::new("region,amount\nEU,120\n");
    let daemon = shop.start();
    daemon.until("a value", |m| sample(m, EU).is_some());
    shop.write("orders.csv", "region,amont\nEU,120\n");
    let metrics = daemon.until("source down", |m| sample(m, SHOP_UP) == Some(0.0));
    assert_eq!(sample(&metrics, EU), Some(120.0));
    assert_eq!((sample(&metrics, STORE_UP), sample(&metrics, STOCK)), (Some(1.0), Some(5.0)));
    let log = daemon.log();
    let line = log.lines().find(|l| l.contains("fetch failed")).unwrap();
    for word in ["orders", "shop", "amount"] {
        assert!(line.contains(word), "{word} in {line}");
    }
    shop.write("orders.csv", "region,amount\nEU,140\n");
    let metrics = daemon.until("recovery", |m| sample(m, SHOP_UP) == Some(1.0));
    assert_eq!(sample(&metrics, EU), Some(140.0));
}

#[test]
fn two_rows_with_the_same_labels_fail_that_metric_and_nothing_else() {
    let shop = Shop::new("region,amount\nEU,120\n");
    let query = "SELECT region, sum(amount) AS revenue FROM orders GROUP BY region";
    shop.write("kpis.yaml", &SHOP.replace(query, "SELECT region, amount AS revenue FROM orders"));
    let daemon = shop.start();
    daemon.until("a value", |m| sample(m, EU).is_some());
    shop.write("orders.csv", "region,amount\nEU,120\nEU,1\n");
    let metrics = daemon.until("source down", |m| sample(m, SHOP_UP) == Some(0.0));
    assert_eq!((sample(&metrics, EU), sample(&metrics, STOCK)), (Some(120.0), Some(5.0)));
    assert!(daemon.log().contains(r#"region="EU""#), "{}", daemon.log());
}

#[test]
fn a_cell_that_is_no_number_is_counted_and_never_zero() {
    let shop = Shop::new("region,amount\nEU,120\nUS,oops\n");
    let query = "SELECT region, sum(amount) AS revenue FROM orders GROUP BY region";
    shop.write("kpis.yaml", &SHOP.replace(query, "SELECT region, amount AS revenue FROM orders"));
    let daemon = shop.start();
    let metrics = daemon.until("a value", |m| sample(m, EU) == Some(120.0));
    assert_eq!(sample(&metrics, US), None);
    let bad = r#"kpi_source_fetches_total{outcome="bad_row",source="shop"}"#;
    let other = r#"kpi_source_fetches_total{source="shop",outcome="bad_row"}"#;
    assert!(sample(&metrics, bad).or(sample(&metrics, other)) >= Some(1.0), "{metrics}");
}

#[test]
fn old_values_are_kept_until_their_maximum_age_and_then_are_absent() {
    let shop = Shop::new("region,amount\nEU,120\n");
    shop.write("kpis.yaml", &SHOP.replace("period: year", "period: year, max_age: 3s"));
    let daemon = shop.start();
    daemon.until("a value", |m| sample(m, EU).is_some());
    fs::remove_file(shop.path("orders.csv")).unwrap();
    let metrics = daemon.until("no value", |m| sample(m, EU).is_none());
    let no_data = r#"kpi_status{kpi="revenue",kpi_status="no_data",region="EU"}"#;
    let other = r#"kpi_status{kpi="revenue",region="EU",kpi_status="no_data"}"#;
    assert!(sample(&metrics, no_data).or(sample(&metrics, other)) == Some(1.0), "{metrics}");
    assert_eq!(sample(&metrics, STOCK), Some(5.0));
}

#[test]
fn a_source_that_is_missing_at_start_is_no_reason_not_to_start() {
    let shop = Shop::new("region,amount\nEU,120\n");
    fs::remove_file(shop.path("orders.csv")).unwrap();
    let daemon = shop.start();
    let metrics = daemon.until("the other source", |m| sample(m, STOCK) == Some(5.0));
    assert_eq!(sample(&metrics, SHOP_UP), Some(0.0));
    shop.write("orders.csv", "region,amount\nEU,120\n");
    daemon.until("recovery", |m| sample(m, EU) == Some(120.0));
}

#[test]
fn a_cron_far_away_still_fetches_at_start() {
    let shop = Shop::new("region,amount\nEU,120\n");
    shop.write("kpis.yaml", &SHOP.replace("every 1s", "'0 3 29 2 *'"));
    shop.start().until("a value", |m| sample(m, EU) == Some(120.0));
}

#[test]
fn a_metric_is_fetched_once_for_each_window_however_many_kpis_use_it() {
    let shop = Shop::new("region,amount\nEU,120\n");
    shop.write("kpis.yaml", SHARED);
    let daemon = shop.start();
    let fetches = |metrics: &str| {
        let text = r#"kpi_source_fetches_total{outcome="success",source="store"}"#;
        sample(metrics, text)
    };
    let metrics = daemon.until("all values", |m| m.matches("\nkpi_value{").count() == 3);
    // Two KPIs look at the period, one at the last seven days.
    assert_eq!(fetches(&metrics), Some(2.0), "{metrics}");
    let names: Vec<_> = metrics.lines().filter(|l| l.starts_with("kpi_metric_value{")).collect();
    assert_eq!(names.len(), 3, "where windows differ, each KPI has its own: {names:?}");
}

const SHARED: &str = "
version: 1
sources:
  store: { files: { tables: { stock: stock.csv } } }
defaults: { schedule: '@yearly', period: { start: 2020-01-01, end: 2099-12-31 } }
metrics:
  stock:
    source: store
    query: SELECT sum(n) AS value FROM stock WHERE :window_start_date < :window_end_date
kpis:
  a: { kind: leading, formula: stock, accumulation: level, unit: count, target: { min: 4 } }
  b: { kind: leading, formula: stock * 2, accumulation: level, unit: count, target: { min: 4 } }
  c: { kind: leading, formula: stock, accumulation: level, window: 7d, unit: count, target: { min: 4 } }
";

#[test]
fn a_hangup_reloads_a_good_configuration_and_keeps_the_old_one_for_a_bad_one() {
    let shop = Shop::new("region,amount\nEU,120\n");
    let daemon = shop.start();
    let reloaded = "kpi_exporter_config_last_reload_successful";
    let metrics = daemon.until("a value", |m| sample(m, EU).is_some());
    assert_eq!(sample(&metrics, reloaded), Some(1.0));
    shop.write("kpis.yaml", &SHOP.replace("formula: stock", "formula: stok"));
    daemon.signal("HUP");
    let metrics = daemon.until("the refusal", |m| sample(m, reloaded) == Some(0.0));
    assert_eq!(sample(&metrics, STOCK), Some(5.0));
    daemon.until("the reason in the log", |_| daemon.log().contains("`stok`"));
    shop.write("kpis.yaml", &SHOP.replace("formula: stock", "formula: stock * 2"));
    daemon.signal("HUP");
    let metrics = daemon.until("the new formula", |m| sample(m, STOCK) == Some(10.0));
    assert_eq!(sample(&metrics, reloaded), Some(1.0));
}

#[test]
fn a_port_that_is_taken_is_said_in_one_line() {
    let shop = Shop::new("region,amount\nEU,120\n");
    let first = shop.start();
    let output = crate::exporter::command()
        .args(["run", "--web.listen-address", &first.address.to_string(), "--config"])
        .arg(shop.path("kpis.yaml"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains(&format!("cannot listen on {}", first.address)), "{stderr}");
    assert!(stderr.contains("--web.listen-address"), "{stderr}");
}
