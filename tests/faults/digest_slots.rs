//! Slots of digests over restarts and clocks that are set: what is sent, what is not, and that it is told.

use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use kpi_exporter::store::Store;
use tempfile::TempDir;

use crate::clock::{Daemon, instant};
use crate::digest::Catcher;
use crate::http::sample;

/// A clock of its own for each test.
macro_rules! clock {
    ($now:ident, $clock:ident) => {
        static $now: AtomicI64 = AtomicI64::new(0);
        fn $clock() -> DateTime<Utc> {
            DateTime::from_timestamp($now.load(Ordering::SeqCst), 0).unwrap()
        }
    };
}

fn shop(to: &Catcher) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        r#"
version: 1
calendar: {{ timezone: UTC }}
store: {{ path: history.db, backfill: off }}
sources: {{ shop: {{ files: {{ tables: {{ orders: orders.csv }} }} }} }}
defaults: {{ schedule: every 1s, period: year, max_age: 26h }}
metrics: {{ orders: {{ source: shop, query: SELECT sum(n) AS value FROM orders }} }}
kpis:
  orders: {{ title: Orders, kind: lagging, formula: orders, accumulation: level, unit: count, target: {{ min: 5 }} }}
digest:
  all: {{ schedule: "{MONDAYS}", to: {{ webhook: "{}" }} }}
"#,
        to.url
    );
    fs::write(folder.path().join("kpis.yaml"), text).unwrap();
    fs::write(folder.path().join("orders.csv"), "n\n1\n").unwrap();
    folder
}

/// A clock that can be set, and a shop whose digest of Mondays arrives somewhere.
struct Slots {
    now: &'static AtomicI64,
    clock: fn() -> DateTime<Utc>,
    catcher: Catcher,
    folder: TempDir,
}

impl Slots {
    /// The digest is known since then.
    async fn since(now: &'static AtomicI64, clock: fn() -> DateTime<Utc>, at: &str) -> Self {
        let catcher = Catcher::start();
        let folder = shop(&catcher);
        known_since(&folder, at).await;
        Self { now, clock, catcher, folder }
    }

    fn set(&self, text: &str) {
        self.now.store(instant(text), Ordering::SeqCst);
    }

    /// A daemon that starts at an instant.
    async fn daemon(&self, at: &str) -> Daemon {
        self.set(at);
        Daemon::start(self.folder.path(), self.clock).await
    }

    /// The slots that arrived, such as `20260504T080000Z`, each with how often.
    fn arrived(&self) -> Vec<(String, usize)> {
        let slot =
            |(key, count): (String, usize)| (key.rsplit('-').next().unwrap().to_owned(), count);
        self.catcher.by_key().into_iter().map(slot).collect()
    }
}

/// An earlier daemon has noted then that there is such a digest.
async fn known_since(folder: &TempDir, at: &str) {
    let store = Store::open(&folder.path().join("history.db")).await.unwrap();
    store.digest_start("all", at.parse().unwrap()).await.unwrap();
    store.close().await;
}

fn outcome(metrics: &str, outcome: &str) -> f64 {
    let series = format!(r#"kpi_digest_sent_total{{digest="all",outcome="{outcome}"}}"#);
    sample(metrics, &series).unwrap_or(0.0)
}

fn once(slots: &[&str]) -> Vec<(String, usize)> {
    slots.iter().map(|slot| ((*slot).to_owned(), 1)).collect()
}

/// Mondays at eight, in May 2026: the 4th, 11th, 18th, 25th.
const MONDAYS: &str = "0 8 * * 1";

#[tokio::test(flavor = "multi_thread")]
async fn after_weeks_off_the_slot_of_today_is_sent_and_the_older_ones_are_told_as_skipped() {
    clock!(NOW, clock);
    let slots = Slots::since(&NOW, clock, "2026-05-01T12:00:00Z").await;
    // Three Mondays later, at noon.
    let daemon = slots.daemon("2026-05-18T12:00:00Z").await;
    let metrics = daemon.until("the digest", |m| outcome(m, "sent") > 0.0).await;
    assert_eq!((outcome(&metrics, "sent"), outcome(&metrics, "skipped")), (1.0, 2.0), "{metrics}");
    daemon.stop().await;
    assert_eq!(slots.arrived(), once(&["20260518T080000Z"]));

    // On a Wednesday there is none to send any more; told once, not at each start.
    for skipped in [1.0, 0.0] {
        let daemon = slots.daemon("2026-05-27T12:00:00Z").await;
        let done = |m: &str| outcome(m, "skipped") >= skipped && m.contains("kpi_value{");
        let metrics = daemon.until("it is told", done).await;
        assert_eq!((outcome(&metrics, "sent"), outcome(&metrics, "skipped")), (0.0, skipped));
        daemon.stop().await;
    }
    assert_eq!(slots.arrived(), once(&["20260518T080000Z"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_and_forth_sends_each_slot_once() {
    clock!(NOW, clock);
    let slots = Slots::since(&NOW, clock, "2026-05-01T12:00:00Z").await;
    let daemon = slots.daemon("2026-05-04T07:59:58Z").await;
    daemon.until("a value", |m| m.contains("kpi_value{")).await;
    slots.set("2026-05-04T08:00:01Z");
    daemon.until("the first", |m| outcome(m, "sent") >= 1.0).await;
    // Back by an hour, then over the same slot again, a week on, and back by a year.
    for moved in ["2026-05-04T07:00:00Z", "2026-05-04T08:30:00Z"] {
        slots.set(moved);
        daemon.until("it goes on", |m| m.contains("kpi_value{")).await;
    }
    slots.set("2026-05-11T08:00:01Z");
    daemon.until("the second", |m| outcome(m, "sent") >= 2.0).await;
    daemon.stop().await;
    for again in ["2025-05-05T08:30:00Z", "2026-05-11T07:00:00Z", "2026-05-11T09:00:00Z"] {
        let daemon = slots.daemon(again).await;
        let metrics = daemon.until("a value", |m| m.contains("kpi_value{")).await;
        assert!(outcome(&metrics, "sent") < 2.0, "{again}: {metrics}");
        daemon.stop().await;
    }
    let arrived = slots.arrived();
    let twice: Vec<_> = arrived.iter().filter(|(_, count)| *count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(
        arrived.starts_with(&once(&["20260504T080000Z", "20260511T080000Z"])[..]),
        "{arrived:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_years_ahead_at_first_delays_nothing_for_years() {
    clock!(NOW, clock);
    // New while the clock is wrong, and a first attempt that fails by the wrong clock.
    let slots = Slots::since(&NOW, clock, "2031-05-05T07:00:00Z").await;
    slots.catcher.status.store(503, Ordering::SeqCst);
    let daemon = slots.daemon("2031-05-05T08:00:05Z").await;
    daemon.until("an attempt", |m| outcome(m, "failed") >= 1.0).await;
    daemon.stop().await;
    // The clock is right again, and so is the channel.
    slots.catcher.status.store(200, Ordering::SeqCst);
    for (at, what) in
        [("2026-05-04T07:00:00Z", "what was open"), ("2026-05-04T08:00:05Z", "the slot of today")]
    {
        let daemon = slots.daemon(at).await;
        daemon.until(what, |m| outcome(m, "sent") >= 1.0).await;
        daemon.stop().await;
    }
    assert_eq!(slots.arrived(), once(&["20260504T080000Z", "20310505T080000Z"]));
}
