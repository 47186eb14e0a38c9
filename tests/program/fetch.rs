//! `fetch` as its user sees it: what was sent and got, and how it ends.

use std::path::{Path, PathBuf};
use std::process::Output;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tempfile::TempDir;

use crate::exporter::{command, run};
use crate::servers::{self, PASSWORD};

/// A shop whose orders are in an SQLite file.
pub(crate) struct Shop {
    pub(crate) folder: TempDir,
}

const ORDERS: &str = "
CREATE TABLE orders (day text, region text, amount, units int);
INSERT INTO orders VALUES ('2026-04-02', 'EU', 120, 3), ('2026-04-03', 'EU', 80.5, 1);
INSERT INTO orders VALUES ('2026-04-03', 'US', 'oops', 2), ('2026-01-07', 'EU', 50, 1);
";

const METRICS: &str = "
version: 1
calendar: { timezone: America/New_York }
sources:
  shop: { sql: { @SOURCE@ } }
metrics:
  orders:
    source: shop
    labels: [region]
    query: |
      SELECT region, max(amount) AS amount, sum(units) AS units, max(day) AS data_through
      FROM orders
      WHERE day >= :window_start_date AND day < :window_end_date
      GROUP BY region
  units: { source: shop, query: SELECT sum(units) AS value FROM orders WHERE day < :window_end_date }
  nothing: { source: shop, query: 'SELECT units AS value FROM orders WHERE units > 100' }
  lost: { source: shop, query: SELECT sum(amount) AS value FROM order_lines }
kpis:
  revenue: { kind: lagging, formula: orders.amount, accumulation: flow, unit: USD, direction: increase, baseline: previous_period, target: +10% }
  units: { kind: leading, formula: units, accumulation: level, window: 7d, unit: count, target: { min: 1 } }
  size: { kind: leading, formula: orders.amount / units, accumulation: level, window: 30d, unit: USD, target: { min: 1 } }
";

impl Shop {
    pub(crate) async fn sqlite() -> Self {
        let shop = Self { folder: tempfile::tempdir().unwrap() };
        let options = sqlx::sqlite::SqliteConnectOptions::new();
        let options = options.filename(shop.path("shop.db")).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        connection.execute(AssertSqlSafe(ORDERS)).await.unwrap();
        connection.close().await.unwrap();
        shop.configure("url: 'sqlite:shop.db'");
        shop
    }

    pub(crate) fn configure(&self, source: &str) {
        std::fs::write(self.path("kpis.yaml"), METRICS.replace("@SOURCE@", source)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fetch(&self, arguments: &[&str]) -> Output {
        let mut fetch = command();
        fetch.args(["fetch", "--as-of", "2026-04-30", "--config"]).arg(self.path("kpis.yaml"));
        fetch.args(arguments).output().unwrap()
    }
}

/// What it printed, without what differs from run to run: times, ports and folders.
pub(crate) fn steady(output: &Output, folder: &Path) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.replace(&*folder.to_string_lossy(), "[folder]")
}

macro_rules! assert_printed {
    ($text:expr) => {
        insta::with_settings!({filters => vec![
            (r" +\d+\.\d{3} s\b", " [time]"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        ]}, { insta::assert_snapshot!($text) })
    };
}
pub(crate) use assert_printed;

#[test]
fn a_good_fetch_on_files_shows_files_statement_and_values() {
    let output = run(&["fetch", "trials", "--as-of", "2026-04-30"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    assert_printed!(steady(&output, Path::new("/no/folder")));
    let noisy = run(&["fetch", "trials", "--as-of", "2026-04-30", "--log-level", "trace"]);
    let lines = |output: &Output| String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!(lines(&noisy), lines(&output), "logs go elsewhere");
}

#[tokio::test]
async fn labels_completeness_and_a_bad_row_on_sqlite() {
    let shop = Shop::sqlite().await;
    let output = shop.fetch(&["orders"]);
    assert_eq!(output.status.code(), Some(0));
    assert_printed!(steady(&output, shop.folder.path()));
}

#[tokio::test]
async fn the_kpi_that_is_asked_for_decides_the_window() {
    let shop = Shop::sqlite().await;
    let printed = |arguments: &[&str]| {
        let output = shop.fetch(arguments);
        assert_eq!(output.status.code(), Some(0));
        steady(&output, shop.folder.path())
    };
    let first = printed(&["units"]);
    assert!(first.contains("for      KPI units, value so far"), "{first}");
    assert!(
        first.contains("window   2026-04-24T00:00:00-04:00 to 2026-05-01T00:00:00-04:00"),
        "{first}"
    );
    let other = printed(&["units", "--kpi", "size"]);
    assert!(other.contains("for      KPI size, value so far"), "{other}");
    assert!(
        other.contains("window   2026-04-01T00:00:00-04:00 to 2026-05-01T00:00:00-04:00"),
        "{other}"
    );
    let output = shop.fetch(&["units", "--kpi", "revenue"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        told,
        "error: --kpi: no KPI `revenue` uses metric `units` (hint: it is used by units and size)\n"
    );
}

#[tokio::test]
async fn an_answer_without_rows_is_good_and_gives_exit_code_3() {
    let shop = Shop::sqlite().await;
    let output = shop.fetch(&["nothing"]);
    assert_eq!(output.status.code(), Some(3));
    assert_printed!(steady(&output, shop.folder.path()));
}

#[tokio::test]
async fn a_failed_fetch_gives_exit_code_1_with_the_steps_so_far() {
    let shop = Shop::sqlite().await;
    let output = shop.fetch(&["lost"]);
    assert_eq!(output.status.code(), Some(1));
    assert_printed!(steady(&output, shop.folder.path()));
}

#[test]
fn what_does_not_exist_gives_exit_code_2_and_a_suggestion() {
    for (arguments, told) in [
        (&["trails"][..], "error: there is no metric `trails` (hint: did you mean `trials`?)\n"),
        (
            &["net_new_arr"],
            "error: there is no metric `net_new_arr` (hint: it is a KPI; it uses metric `arr`)\n",
        ),
        (
            &["trials", "--as-of", "2026-02-30"],
            "error: --as-of: `2026-02-30` is not a day of the calendar\n",
        ),
    ] {
        let output = run(&[&["fetch"], arguments].concat());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), told);
    }
}

#[tokio::test]
async fn a_server_is_shown_without_its_password() {
    let shop = Shop { folder: tempfile::tempdir().unwrap() };
    let server = servers::postgres().await;
    let secret = percent_encoded(PASSWORD);
    let url = format!("postgres://kpi:{secret}@127.0.0.1:{}/postgres", server.port);
    shop.configure(&format!("url: '{url}'"));
    let mut good = shop.fetch(&["units"]);
    // The server listens a little earlier than it takes logins.
    while String::from_utf8_lossy(&good.stdout).contains("starting up") {
        good = shop.fetch(&["units"]);
    }
    assert_eq!(good.status.code(), Some(1), "the table is not there yet");
    let tables = ORDERS.replace("amount,", "amount text,").replace("day text", "day date");
    let mut login = server.superuser("postgres").await;
    login.execute(sqlx::raw_sql(AssertSqlSafe(tables))).await.unwrap();
    let good = shop.fetch(&["units"]);
    assert_eq!(good.status.code(), Some(0));
    assert_printed!(steady(&good, shop.folder.path()));
    let bad = shop.fetch(&["lost", "--raw", "--log-level", "trace"]);
    assert_eq!(bad.status.code(), Some(1));
    insta::with_settings!({snapshot_suffix => "failed"}, {
        assert_printed!(steady(&bad, shop.folder.path()));
    });
    shop.configure(&format!("url: '{}'", url.replace("kpi:%70", "kpi:%71")));
    let refused = shop.fetch(&["units"]);
    assert_eq!(refused.status.code(), Some(1));
    for output in [&good, &bad, &refused] {
        for text in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(text);
            assert!(!text.contains(PASSWORD) && !text.contains(&secret[1..]), "{text}");
        }
    }
}

/// For the user information of a URL.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_query_with_a_secret_in_it_is_run_and_not_shown() {
    let shop = Shop::sqlite().await;
    let secret = "\"SELECT count(*) AS value FROM orders WHERE region <> '${env:SHOP_SECRET}'\"";
    let query = "'SELECT units AS value FROM orders WHERE units > 100'";
    let text = METRICS.replace("@SOURCE@", "url: 'sqlite:shop.db'").replace(query, secret);
    assert!(text.contains("SHOP_SECRET"));
    std::fs::write(shop.path("kpis.yaml"), text).unwrap();
    let output = command()
        .args(["fetch", "nothing", "--raw", "--as-of", "2026-04-30", "--config"])
        .arg(shop.path("kpis.yaml"))
        .env("SHOP_SECRET", "S3cretRegion")
        .output()
        .unwrap();
    let shown = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success() && shown.contains("value = 4"), "{shown}");
    assert!(shown.contains("***") && !shown.contains("S3cret"), "{shown}");
}
