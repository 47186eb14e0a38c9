//! A clock that is set while the daemon runs, by an operator or because it was wrong at start.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kpi_exporter::config::{self, Environment};
use kpi_exporter::daemon;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::http::{DEADLINE, get, sample};

const SHOP: &str = "
version: 1
store: { path: history.db }
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1s, period: month, max_age: 26h }
metrics:
  orders: { source: shop, query: SELECT sum(n) AS value FROM orders WHERE :window_start < :window_end }
kpis:
  orders: { kind: lagging, formula: orders, accumulation: flow, unit: count, target: { min: 9 } }
";

const VALUE: &str = r#"kpi_value{kpi="orders"}"#;
const SUCCESS: &str = r#"kpi_last_success_timestamp_seconds{kpi="orders"}"#;
const END: &str = r#"kpi_period_end_timestamp_seconds{kpi="orders"}"#;

/// Seconds since the epoch that the daemon's clock shows.
static NOW: AtomicI64 = AtomicI64::new(0);

fn clock() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW.load(Ordering::SeqCst), 0).unwrap()
}

pub(crate) fn instant(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().unwrap().timestamp()
}

/// The daemon within the test, with a clock that the test sets.
pub(crate) struct Daemon {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    _reloads: mpsc::Sender<daemon::Reload>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Daemon {
    pub(crate) async fn start(folder: &Path, clock: fn() -> DateTime<Utc>) -> Self {
        let config = config::load(&folder.join("kpis.yaml"), &Environment::default()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (reloads, receiver) = mpsc::channel(1);
        let outside = daemon::Outside::new(receiver);
        let stopped = async move { drop(stopped.await) };
        let task =
            tokio::spawn(daemon::run(config, vec![listener.into()], clock, outside, stopped));
        Self { address, stop, _reloads: reloads, task }
    }

    pub(crate) async fn until(&self, what: &str, satisfied: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let address = self.address;
            let page = tokio::task::spawn_blocking(move || get(address, "/metrics").1);
            let metrics = page.await.unwrap();
            if satisfied(&metrics) {
                return metrics;
            }
            assert!(started.elapsed() < DEADLINE, "never {what}:\n{metrics}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_forward_and_far_back_stops_nothing_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let orders = |n: u32| {
        let new = folder.path().join("new");
        fs::write(&new, format!("n\n{n}\n")).unwrap();
        fs::rename(new, folder.path().join("orders.csv")).unwrap();
    };
    fs::write(folder.path().join("kpis.yaml"), SHOP).unwrap();
    orders(10);
    NOW.store(instant("2026-05-12T12:00:00Z"), Ordering::SeqCst);
    let daemon = Daemon::start(folder.path(), clock).await;
    daemon.until("a value", |m| sample(m, VALUE) == Some(10.0)).await;

    // Forward by years, past any maximum age, and back again by more: both at the first look.
    for (now, n, end) in [
        ("2031-01-15T08:00:00Z", 20, "2031-02-01T00:00:00Z"),
        ("2026-05-10T06:00:00Z", 30, "2026-06-01T00:00:00Z"),
    ] {
        orders(n);
        NOW.store(instant(now), Ordering::SeqCst);
        let metrics =
            daemon.until("the new value", |m| sample(m, VALUE) == Some(f64::from(n))).await;
        assert_eq!(sample(&metrics, SUCCESS), Some(instant(now) as f64), "{metrics}");
        assert_eq!(sample(&metrics, END), Some(instant(end) as f64), "{metrics}");
    }
    daemon.stop().await;

    // What is stored is what came last, whatever the clock said.
    fs::remove_file(folder.path().join("orders.csv")).unwrap();
    let daemon = Daemon::start(folder.path(), clock).await;
    let up = r#"kpi_source_up{source="shop"}"#;
    let metrics = daemon.until("the failure", |m| sample(m, up) == Some(0.0)).await;
    assert_eq!(sample(&metrics, VALUE), Some(30.0), "{metrics}");
    daemon.stop().await;
}
