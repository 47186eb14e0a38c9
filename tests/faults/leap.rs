//! The real program under a clock that leaps: Debian's `faketime` sets it, while it runs or at start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter, command, sample};

const SHOP: &str = "
version: 1
store: { path: history.db }
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1s, period: month, max_age: 26h }
metrics:
  orders: { source: shop, query: SELECT sum(n) AS value FROM orders WHERE :window_start < :window_end }
kpis:
  orders: { kind: lagging, formula: orders, accumulation: flow, unit: count, direction: increase, baseline: previous_period, target: +10% }
";

const VALUE: &str = r#"kpi_value{kpi="orders"}"#;
const END: &str = r#"kpi_period_end_timestamp_seconds{kpi="orders"}"#;
const BACK: &str = "what was written in a future that did not come is undone";

/// A folder with a shop, and how far its clock is from ours.
struct Shop(TempDir);

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        fs::write(shop.0.path().join("kpis.yaml"), SHOP).unwrap();
        fs::write(shop.0.path().join("orders.csv"), "n\n10\n").unwrap();
        shop.set("+0");
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn set(&self, offset: &str) {
        let new = self.path("clock.new");
        fs::write(&new, offset).unwrap();
        fs::rename(new, self.path("clock")).unwrap();
    }

    /// The daemon under this clock, with its first value.
    fn start(&self) -> Exporter {
        let mut command = command();
        command
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", self.path("clock"))
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
        command.arg("run").arg("--config").arg(self.path("kpis.yaml"));
        let daemon = Exporter::spawn(&mut command);
        daemon.until("a value", |m| sample(m, VALUE) == Some(10.0));
        daemon
    }

    /// What a query of the store counts, beside the daemon.
    fn count(&self, sql: &str) -> i64 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(self.path("history.db"));
            let options = options.read_only(true).busy_timeout(Duration::from_secs(5));
            let mut connection = options.connect().await.unwrap();
            let query = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {sql}")));
            query.fetch_one(&mut connection).await.unwrap()
        })
    }

    fn until(&self, what: &str, sql: &str, satisfied: impl Fn(i64) -> bool) {
        let started = Instant::now();
        while !satisfied(self.count(sql)) {
            assert!(started.elapsed() < DEADLINE, "never {what}: {}", self.count(sql));
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

fn library() -> PathBuf {
    let found = Command::new("sh").args(["-c", "ls /usr/lib/*/faketime/libfaketime.so.1"]).output();
    let found = String::from_utf8(found.unwrap().stdout).unwrap();
    let path = found.lines().next().expect("Debian's package libfaketime is installed");
    Path::new(path).to_owned()
}

fn times(log: &str, words: &str) -> usize {
    log.lines().filter(|line| line.contains(words)).count()
}

const AHEAD: &str = "daily WHERE as_of > unixepoch() * 1000 + 86400000";

#[test]
fn a_clock_a_month_ahead_while_it_runs_makes_nothing_final_and_is_undone() {
    let shop = Shop::new();
    let daemon = shop.start();
    let end = sample(&daemon.until("a period", |m| sample(m, END).is_some()), END);
    shop.set("+32d");
    daemon.until("another month", |m| sample(m, END) != end && sample(m, VALUE) == Some(10.0));
    shop.until("closed", "closings WHERE end_at > unixepoch() * 1000", |rows| rows > 0);
    let final_ahead = "closings WHERE final_at > unixepoch() * 1000 + 60000";
    assert_eq!(shop.count(final_ahead), 0, "nothing is final by it");
    assert_eq!(times(&daemon.log(), "the clock leapt ahead"), 1, "{}", daemon.log());

    shop.set("+0");
    daemon.until("this month again", |m| sample(m, END) == end && sample(m, VALUE) == Some(10.0));
    daemon.until("the word", |_| daemon.log().contains(BACK));
    for (what, sql) in [
        ("this month is open", "closings WHERE end_at > unixepoch() * 1000"),
        ("no opening of the next", "openings WHERE opened_at > unixepoch() * 1000 + 60000"),
        ("no day to come", AHEAD),
        ("no change to come", "raw WHERE at > unixepoch() * 1000 + 60000"),
        ("no run to come", "runs WHERE saved_at > unixepoch() * 1000 + 60000"),
    ] {
        shop.until(what, sql, |rows| rows == 0);
    }
    assert_eq!(times(&daemon.log(), BACK), 1, "{}", daemon.log());
    assert!(shop.count("daily") > 0, "today stays");
}

#[test]
fn a_start_with_a_clock_years_ahead_lets_go_of_nothing() {
    let shop = Shop::new();
    // History of forty days: the machine was off in between, and catches up.
    shop.set("-40d");
    drop(shop.start());
    shop.set("+0");
    let daemon = shop.start();
    shop.until("caught up", "daily", |rows| rows > 38);
    shop.until("closed", "closings WHERE final_at IS NOT NULL", |rows| rows > 0);
    assert_eq!(times(&daemon.log(), BACK) + times(&daemon.log(), "leapt"), 0, "{}", daemon.log());
    drop(daemon);
    let days = "daily WHERE as_of < unixepoch() * 1000 + 60000";
    let (known, closed) = (shop.count(days), shop.count("closings"));

    shop.set("+2200d");
    let daemon = shop.start();
    shop.until("a day years ahead", AHEAD, |rows| rows > 0);
    assert!(!daemon.log().contains("old history deleted"), "{}", daemon.log());
    drop(daemon);
    // History is filled in meanwhile.
    assert!(shop.count(days) >= known);

    // Right again at the next start: told once, and all is as it was.
    shop.set("+0");
    let daemon = shop.start();
    daemon.until("the word", |_| daemon.log().contains(BACK));
    shop.until("no day to come", AHEAD, |rows| rows == 0);
    assert!(shop.count(days) >= known && shop.count("closings") >= closed);
    drop(daemon);
    assert_eq!(times(&shop.start().log(), BACK), 0);
}

#[test]
fn a_start_with_a_clock_of_1970_undoes_nothing() {
    let shop = Shop::new();
    drop(shop.start());
    let known = shop.count("daily");
    shop.set("@1970-01-02 00:00:00");
    let daemon = shop.start();
    assert_eq!(times(&daemon.log(), BACK), 0, "{}", daemon.log());
    shop.set("+0");
    let now = "daily WHERE as_of > unixepoch() * 1000 - 86400000";
    daemon.until("today", |m| sample(m, END).is_some_and(|end| end > 1.7e9));
    assert!(shop.count(now) >= known);
}
