//! A daemon whose clock the test sets, across the end of a quarter.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kpi_exporter::config::{self, Environment};
use kpi_exporter::daemon;
use kpi_exporter::store::Store;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::http::{DEADLINE, get, sample};

const SHOP: &str = "
version: 1
calendar: { timezone: America/New_York }
store: { path: history.db }
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1s, period: quarter }
metrics:
  orders:
    source: shop
    query: |
      SELECT coalesce(sum(amount), 0) AS value FROM orders
      WHERE day >= :window_start_date AND day < :window_end_date
kpis:
  flow: { kind: lagging, formula: orders, accumulation: flow, unit: USD, direction: increase, baseline: previous_period, target: +50% }
  level: { kind: leading, formula: orders, accumulation: level, window: 30d, unit: USD, target: { min: 10 } }
";

/// Seconds since the epoch that the daemon's clock shows. One test at a time sets it.
static NOW: AtomicI64 = AtomicI64::new(0);
pub(crate) static CLOCK: Mutex<()> = Mutex::const_new(());

fn clock() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW.load(Ordering::SeqCst), 0).unwrap()
}

pub(crate) fn set(text: &str) {
    NOW.store(text.parse::<DateTime<Utc>>().unwrap().timestamp(), Ordering::SeqCst);
}

pub(crate) struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    reloads: mpsc::Sender<daemon::Reload>,
    task: JoinHandle<anyhow::Result<()>>,
}

pub(crate) async fn start(folder: &Path) -> Running {
    let config = config::load(&folder.join("kpis.yaml"), &Environment::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let (reloads, receiver) = mpsc::channel(1);
    let outside = daemon::Outside::new(receiver);
    let stopped = async move { drop(stopped.await) };
    let task = tokio::spawn(daemon::run(config, vec![listener.into()], clock, outside, stopped));
    Running { address, stop, reloads, task }
}

impl Running {
    /// Every page on the way has to satisfy `always`; the one that satisfies `then` is given.
    pub(crate) async fn until(
        &self,
        what: &str,
        always: impl Fn(&str),
        then: impl Fn(&str) -> bool,
    ) -> String {
        let started = Instant::now();
        loop {
            let address = self.address;
            let page = tokio::task::spawn_blocking(move || get(address, "/metrics").1);
            let metrics = page.await.unwrap();
            always(&metrics);
            if then(&metrics) {
                return metrics;
            }
            assert!(started.elapsed() < DEADLINE, "never {what}:\n{metrics}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What SIGHUP does.
    pub(crate) async fn reload(&self, folder: &Path) {
        let config = config::load(&folder.join("kpis.yaml"), &Environment::default());
        let config: anyhow::Result<_> = config.map_err(Into::into);
        self.reloads.send(config.into()).await.unwrap();
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap().unwrap();
    }
}

pub(crate) fn kpi(family: &str, kpi: &str) -> String {
    format!("{family}{{kpi=\"{kpi}\"}}")
}

fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kpis.yaml"), SHOP).unwrap();
    orders(&folder, &["2025-11-02,100", "2026-02-01,60", "2026-03-31,40", "2026-04-01,7"]);
    folder
}

fn orders(folder: &tempfile::TempDir, rows: &[&str]) {
    let new = folder.path().join("orders.new");
    fs::write(&new, format!("day,amount\n{}\n", rows.join("\n"))).unwrap();
    fs::rename(new, folder.path().join("orders.csv")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_ends_in_one_snapshot_and_is_final_after_the_grace() {
    let _clock = CLOCK.lock().await;
    let folder = shop();
    // 23:59 of the last day in New York.
    set("2026-04-01T03:59:00Z");
    let daemon = start(folder.path()).await;
    let (flow, level) = (kpi("kpi_value", "flow"), kpi("kpi_value", "level"));
    let (end, last) =
        (kpi("kpi_period_end_timestamp_seconds", "flow"), kpi("kpi_last_period_value", "flow"));
    let first = daemon.until("a value", |_| (), |m| sample(m, &flow).is_some()).await;
    assert_eq!((sample(&first, &flow), sample(&first, &last)), (Some(100.0), Some(100.0)));
    // The running day is not in a window of complete days.
    assert_eq!(sample(&first, &level), Some(0.0));
    let old_end = sample(&first, &end);
    assert_eq!(sample(&first, &kpi("kpi_target_value", "flow")), Some(150.0));

    set("2026-04-01T04:01:00Z");
    let together = |metrics: &str| {
        // Of 100 in the first quarter nothing is left in the second, and the baseline moves along.
        let new = sample(metrics, &end) != old_end;
        assert_eq!(sample(metrics, &flow), Some(if new { 7.0 } else { 100.0 }), "{metrics}");
        let target = sample(metrics, &kpi("kpi_target_value", "flow"));
        assert_eq!(target, Some(150.0), "{metrics}");
    };
    let second = daemon.until("roll-over", together, |m| sample(m, &end) != old_end).await;
    assert_eq!(sample(&second, &last), Some(100.0));
    assert_eq!(sample(&second, &kpi("kpi_last_period_target_ratio", "flow")), Some(100.0 / 150.0));
    let second = daemon.until("the level", |_| (), |m| sample(m, &level) == Some(40.0)).await;
    assert_eq!(sample(&second, &kpi("kpi_last_period_value", "level")), Some(40.0));

    // Late data within the grace counts, for the result and for the baseline that follows from it.
    orders(&folder, &["2025-11-02,100", "2026-02-01,60", "2026-03-31,50", "2026-04-01,7"]);
    set("2026-04-02T12:00:00Z");
    let late = daemon.until("late data", |_| (), |m| sample(m, &last) == Some(110.0)).await;
    assert_eq!(sample(&late, &kpi("kpi_target_value", "flow")), Some(165.0));

    // After it neither moves any more.
    set("2026-04-05T12:00:00Z");
    let data = kpi("kpi_data_timestamp_seconds", "flow");
    let seen = |at: &str| Some(at.parse::<DateTime<Utc>>().unwrap().timestamp() as f64);
    daemon.until("the fifth", |_| (), |m| sample(m, &data) == seen("2026-04-05T12:00:00Z")).await;
    orders(&folder, &["2025-11-02,100", "2026-02-01,60", "2026-03-31,90", "2026-04-01,8"]);
    set("2026-04-06T12:00:00Z");
    let restated = daemon.until("the sixth", |_| (), |m| sample(m, &flow) == Some(8.0)).await;
    assert_eq!(sample(&restated, &last), Some(110.0));
    assert_eq!(sample(&restated, &kpi("kpi_target_value", "flow")), Some(165.0));
    let address = daemon.address;
    let page = tokio::task::spawn_blocking(move || get(address, "/kpi/flow").1).await.unwrap();
    for told in ["Closed periods", "2026-Q1", "the source says $150 since 6 Apr 2026"] {
        assert!(page.contains(told), "{told} is not in {page}");
    }
    daemon.stop().await;
    let store = Store::open(folder.path().join("history.db")).await.unwrap();
    let restatements = store.restatements("flow").await.unwrap();
    let (old, new) = (restatements[0].old_value, restatements[0].new_value);
    assert_eq!((restatements.len(), old, new), (1, Some(110.0), Some(150.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn periods_that_ended_without_a_daemon_are_closed_when_it_is_back() {
    let _clock = CLOCK.lock().await;
    let folder = shop();
    set("2025-11-05T12:00:00Z");
    let daemon = start(folder.path()).await;
    let flow = kpi("kpi_value", "flow");
    daemon.until("a value", |_| (), |m| sample(m, &flow) == Some(100.0)).await;
    daemon.stop().await;
    // Two quarters end meanwhile.
    set("2026-04-10T12:00:00Z");
    let daemon = start(folder.path()).await;
    let last = kpi("kpi_last_period_value", "flow");
    daemon.until("the new quarter", |_| (), |m| sample(m, &flow) == Some(7.0)).await;
    daemon.until("its last one", |_| (), |m| sample(m, &last) == Some(100.0)).await;
    // Catching up goes on in the background; the file may be read meanwhile.
    let started = Instant::now();
    let expected = [("2025-Q3", 0.0), ("2025-Q4", 100.0), ("2026-Q1", 100.0)];
    let expected = expected.map(|(period, value)| (period.to_owned(), value));
    while closings(folder.path()).await != expected {
        assert!(started.elapsed() < DEADLINE, "{:?}", closings(folder.path()).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    daemon.stop().await;
}

/// A source that says up to when its data are complete.
const BEHIND: &str = "
version: 1
store: { path: history.db }
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1s, period: quarter, max_age: 9999d }
metrics:
  orders:
    source: shop
    query: |
      SELECT coalesce(sum(amount), 0) AS value, (SELECT max(day) FROM orders) AS data_through FROM orders
      WHERE day >= :window_start_date AND day < :window_end_date
kpis:
  flow: { kind: lagging, formula: orders, accumulation: flow, unit: USD, direction: increase, target: 200 }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_not_final_before_its_data_reach_the_end() {
    let _clock = CLOCK.lock().await;
    let folder = shop();
    fs::write(folder.path().join("kpis.yaml"), BEHIND).unwrap();
    orders(&folder, &["2026-02-01,60"]);
    set("2026-03-31T12:00:00Z");
    let daemon = start(folder.path()).await;
    let (flow, last) = (kpi("kpi_value", "flow"), kpi("kpi_last_period_value", "flow"));
    daemon.until("a value", |_| (), |m| sample(m, &flow) == Some(60.0)).await;
    // The grace is over, but the data are of February: March is on its way.
    set("2026-04-06T12:00:00Z");
    daemon.until("the close", |_| (), |m| sample(m, &last) == Some(60.0)).await;
    let is_final = async || closings(folder.path()).await.iter().any(|(id, _)| id == "2026-Q1");
    assert!(!is_final().await);
    orders(&folder, &["2026-02-01,60", "2026-03-30,40", "2026-04-03,1"]);
    // What ended is asked for again once a day.
    set("2026-04-07T12:00:00Z");
    daemon.until("March", |_| (), |m| sample(m, &last) == Some(100.0)).await;
    let started = Instant::now();
    while !is_final().await {
        assert!(started.elapsed() < DEADLINE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    daemon.stop().await;
}

/// A newcomer's charts are not empty, and a source is not asked twice for what it does not know.
#[tokio::test(flavor = "multi_thread")]
async fn the_days_before_the_first_start_are_filled_in_once() {
    let _clock = CLOCK.lock().await;
    let folder = shop();
    set("2026-04-02T12:00:00Z");
    let daemon = start(folder.path()).await;
    let until = async |daemon: &Running, what: &str, then: &dyn Fn(&str) -> bool| {
        let started = Instant::now();
        loop {
            let address = daemon.address;
            let page = tokio::task::spawn_blocking(move || get(address, "/kpi/flow").1);
            let page = page.await.unwrap();
            if then(&page) {
                return page;
            }
            assert!(started.elapsed() < DEADLINE, "never {what}:\n{page}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let filling = "History is being filled in";
    until(&daemon, "progress", &|page| page.contains(filling)).await;
    let done = |page: &str| !page.contains(filling) && page.contains("31 Mar 2026");
    let page = until(&daemon, "done", &done).await;
    assert!(page.contains("class=\"before\""), "the chart shows the quarter before: {page}");
    daemon.stop().await;
    let days = |closed: Vec<(String, f64)>| {
        closed.into_iter().map(|(period, _)| period).collect::<Vec<_>>()
    };
    let quarters = ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"];
    let closed = days(closings(folder.path()).await);
    assert!(quarters.iter().all(|quarter| closed.contains(&(*quarter).to_owned())), "{closed:?}");

    // All is known now: nothing is left to ask for.
    let daemon = start(folder.path()).await;
    let flow = kpi("kpi_value", "flow");
    daemon.until("a value", |_| (), |m| sample(m, &flow).is_some()).await;
    let page = until(&daemon, "history", &|page| page.contains("class=\"before\"")).await;
    assert!(!page.contains(filling), "{page}");
    daemon.stop().await;

    let with = |text: &str| {
        let config = SHOP.replace("path: history.db", &format!("path: other.db, backfill: {text}"));
        fs::write(folder.path().join("kpis.yaml"), config).unwrap();
    };
    with("off");
    let daemon = start(folder.path()).await;
    let metrics = daemon.until("a value", |_| (), |m| sample(m, &flow).is_some()).await;
    assert!(!metrics.is_empty());
    let page = until(&daemon, "the page", &|page| page.contains("As a table")).await;
    assert!(!page.contains(filling) && !page.contains("class=\"before\""), "{page}");
    daemon.stop().await;
}

/// The final results of the flow in the store.
async fn closings(folder: &Path) -> Vec<(String, f64)> {
    let options = SqliteConnectOptions::new().filename(folder.join("history.db")).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let query = "SELECT period, value FROM closings JOIN series ON id = series
                 WHERE kpi = 'flow' AND final_at IS NOT NULL ORDER BY period";
    sqlx::query_as(query).fetch_all(&mut connection).await.unwrap()
}
