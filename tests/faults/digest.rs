//! Digests over kills, and channels that fail: each slot arrives once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter, sample};

/// How often the daemon is killed.
const KILLS: u32 = 200;
/// A kill may come between the note that a digest is let go and its last byte, a fraction of a
/// millisecond where nothing else is busy: so many kills may hit it here.
const MOST_LOST: usize = 4;
/// Slots that pass meanwhile, at least.
const SLOTS: usize = 30;
/// Between two slots.
const EVERY: i64 = 2;

/// Takes posts as a channel does: those that came as a whole, by their key.
pub(crate) struct Catcher {
    pub(crate) url: String,
    pub(crate) caught: Arc<Mutex<Vec<(String, String)>>>,
    pub(crate) status: Arc<AtomicU16>,
}

impl Catcher {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook/s3cr3t", listener.local_addr().unwrap());
        let caught = Arc::<Mutex<Vec<(String, String)>>>::default();
        let status = Arc::new(AtomicU16::new(200));
        let (into, says) = (Arc::clone(&caught), Arc::clone(&status));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (into, says) = (Arc::clone(&into), Arc::clone(&says));
                thread::spawn(move || answer(stream, &into, &says));
            }
        });
        Self { url, caught, status }
    }

    pub(crate) fn by_key(&self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for (key, _) in self.caught.lock().unwrap().iter() {
            *counted.entry(key.clone()).or_default() += 1;
        }
        counted
    }

    pub(crate) fn until(&self, what: &str, satisfied: impl Fn(&BTreeMap<String, usize>) -> bool) {
        let started = Instant::now();
        while !satisfied(&self.by_key()) {
            assert!(started.elapsed() < DEADLINE, "never {what}: {:?}", self.by_key());
            thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// Requests of one connection; one that is cut off counts for nothing.
fn answer(stream: TcpStream, into: &Mutex<Vec<(String, String)>>, says: &AtomicU16) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut key, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(read) if read > 0 => {}
                _ => return,
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            match name.to_lowercase().as_str() {
                "idempotency-key" => value.trim().clone_into(&mut key),
                "content-length" => length = value.trim().parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let status = says.load(Ordering::SeqCst);
        if status == 200 {
            into.lock().unwrap().push((key, String::from_utf8(body).unwrap()));
        }
        // A channel takes its time, and may find nobody to answer to.
        thread::park_timeout(Duration::from_millis(15));
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn shop(folder: &TempDir, to: &str) -> PathBuf {
    let config = folder.path().join("kpis.yaml");
    let text = format!(
        "
version: 1
server: {{ external_url: https://kpis.example.com }}
store: {{ path: history.db }}
sources: {{ shop: {{ files: {{ tables: {{ orders: orders.csv }} }} }} }}
defaults: {{ schedule: every 1s, period: year, max_age: 26h }}
metrics: {{ orders: {{ source: shop, query: SELECT sum(n) AS value FROM orders }} }}
kpis:
  orders: {{ title: Orders, kind: lagging, formula: orders, accumulation: level, unit: count, target: {{ min: 5 }} }}
digest:
  all: {{ schedule: every {EVERY}s, to: {to} }}
"
    );
    fs::write(&config, text).unwrap();
    fs::write(folder.path().join("orders.csv"), "n\n1\n").unwrap();
    config
}

/// Numbers that look like chance and are the same in every run.
fn random(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

#[test]
fn over_200_kills_no_digest_comes_twice_and_none_is_lost_untold() {
    let (folder, catcher) = (tempfile::tempdir().unwrap(), Catcher::start());
    let config = shop(&folder, &format!("{{ webhook: \"{}\" }}", catcher.url));
    let first = Exporter::run(&config);
    catcher.until("the first digest", |caught| !caught.is_empty());
    drop(first);
    let mut state = 7;
    for _ in 0..KILLS {
        let daemon = Exporter::run(&config);
        thread::park_timeout(Duration::from_millis(random(&mut state, 700)));
        daemon.signal("KILL");
        drop(daemon);
    }
    // Nothing is open any more, and everything arrived that is not told as doubtful.
    let daemon = Exporter::run(&config);
    let started = Instant::now();
    let rows = loop {
        let mut rows = became(&folder);
        // The newest may be on its way.
        rows.pop();
        if rows.len() > SLOTS && rows.iter().all(|(_, state, _)| state == "sent") {
            break rows;
        }
        assert!(started.elapsed() < DEADLINE, "still open: {rows:?}");
        thread::park_timeout(Duration::from_millis(20));
    };
    drop(daemon);
    let caught = catcher.by_key();
    let twice: Vec<_> = caught.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let sent: Vec<i64> = rows.iter().map(|(slot, ..)| *slot).collect();
    let doubtful = rows.iter().filter(|(.., problem)| problem.is_some());
    let unsure: Vec<i64> = doubtful.map(|(slot, ..)| *slot).collect();
    let gaps: Vec<_> = sent.windows(2).filter(|pair| pair[1] - pair[0] != EVERY).collect();
    assert!(gaps.is_empty(), "{} slots, gaps {gaps:?}", sent.len());
    let arrived: Vec<i64> = caught.keys().map(|key| slot(key)).collect();
    let lost: Vec<_> = sent.iter().filter(|slot| !arrived.contains(slot)).collect();
    assert!(lost.iter().all(|slot| unsure.contains(slot)), "{lost:?}, told: {unsure:?}");
    eprintln!("{} slots, {} doubtful, {} of them lost", sent.len(), unsure.len(), lost.len());
    assert!(lost.len() <= MOST_LOST, "{lost:?}");
}

/// Slots as seconds, with what became of them, as the store has it.
fn became(folder: &TempDir) -> Vec<(i64, String, Option<String>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(folder.path().join("history.db"));
        let mut store = options.read_only(true).connect().await.unwrap();
        let query =
            "SELECT slot / 1000, state, problem FROM digests WHERE state <> 'start' ORDER BY slot";
        sqlx::query_as(query).fetch_all(&mut store).await.unwrap()
    })
}

/// The instant in `kpi-exporter-all-20261129T095500Z`.
fn slot(key: &str) -> i64 {
    let text = key.rsplit('-').next().unwrap();
    chrono::NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").unwrap().and_utc().timestamp()
}

#[test]
fn a_channel_that_fails_is_tried_again_and_its_address_is_told_nowhere() {
    let (folder, catcher) = (tempfile::tempdir().unwrap(), Catcher::start());
    let config = shop(&folder, &format!("{{ slack: \"{}\" }}", catcher.url));
    catcher.status.store(503, Ordering::SeqCst);
    let daemon = Exporter::run(&config);
    let failed = r#"kpi_digest_sent_total{digest="all",outcome="failed"}"#;
    let metrics = daemon.until("an attempt", |m| sample(m, failed).is_some_and(|n| n > 0.0));
    daemon.until("it is on the page", |_| daemon.get("/sources").1.contains("503"));
    let (_, page) = daemon.get("/sources");
    catcher.status.store(200, Ordering::SeqCst);
    catcher.until("the digest", |caught| !caught.is_empty());
    let said = r#"kpi_digest_sent_total{digest="all",outcome="sent"}"#;
    daemon.until("it counted", |m| sample(m, said).is_some_and(|n| n > 0.0));
    let body = catcher.caught.lock().unwrap()[0].1.clone();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["blocks"][0]["type"], "header", "{body:#}");
    assert!(body.to_string().contains("https://kpis.example.com/kpi/orders"), "{body:#}");
    assert!(page.contains("Digests") && page.contains("503"), "{page}");
    for text in [metrics, page, daemon.log(), daemon.get("/api/v1/sources").1] {
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}
