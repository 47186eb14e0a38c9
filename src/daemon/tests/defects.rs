//! Defects of the program itself, planted: the task that hits one is started again and counted, and the
//! others go on.

use std::cell::Cell as Slot;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::*;
use crate::config::{Environment, load_text};
use crate::exposition::SelfMetrics;
use crate::metric::{Cell, FetchError, Table};
use crate::source::{Request, Source};

thread_local! {
    static BEGAN: Slot<Option<Instant>> = const { Slot::new(None) };
    /// Whether the next look at the clock is a defect.
    static ARMED: Slot<bool> = const { Slot::new(false) };
}

/// Goes with the runtime's paused time, unless it is out of order.
fn clock() -> DateTime<Utc> {
    assert!(!ARMED.replace(false), "the clock is out of order");
    let began = BEGAN.get().unwrap_or_else(|| {
        BEGAN.set(Some(Instant::now()));
        Instant::now()
    });
    let start: DateTime<Utc> = "2026-05-12T10:02:00Z".parse().unwrap();
    start + TimeDelta::from_std(began.elapsed()).unwrap()
}

/// Counts its fetches; the first of `defective` are defects.
struct Planted {
    fetches: AtomicU32,
    defective: u32,
}

impl Source for Planted {
    fn fetch<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        let number = self.fetches.fetch_add(1, Ordering::SeqCst);
        async move {
            assert!(number >= self.defective, "planted defect {number}");
            let (columns, rows) = (vec!["value".into()], vec![vec![Cell::Number(number.into())]]);
            Ok(Table { columns, rows, ..Table::default() })
        }
        .boxed()
    }
}

const KPIS: &str = "
version: 1
sources: { api: { files: { tables: { t: t.csv } } } }
defaults: { schedule: every 5m, period: quarter }
metrics: { m: { source: api, query: SELECT 1 AS value FROM t } }
kpis: { k: { kind: leading, formula: m, accumulation: level, unit: count, target: { min: 1 } } }
";

/// A daemon on one planted source, with what it shows.
async fn daemon(defective: u32) -> (JoinSet<()>, Arc<Shared>, Arc<SelfMetrics>, Arc<Planted>) {
    let config = load_text("defects.yaml", KPIS, Path::new(""), &Environment::default());
    let mut prepared =
        Prepared::of(config.unwrap_or_else(|mistakes| panic!("{mistakes}")), clock, None).unwrap();
    let planted = Arc::new(Planted { fetches: AtomicU32::new(0), defective });
    let source: Arc<dyn Source> = Arc::clone(&planted) as _;
    prepared.sources = Sources::from([("api".into(), SourceHandle::new(source, 1))]);
    let metrics = Arc::clone(&prepared.self_metrics);
    let shared = Arc::new(Shared::new(Arc::clone(&metrics)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (serving, mut tasks) = (Arc::clone(&shared), JoinSet::new());
    tasks.spawn(async move {
        let (_reloads, none) = mpsc::channel(1);
        let outside = Outside::new(none);
        let store = std::future::ready(Ok(None));
        work(prepared, store, serving, vec![listener.into()], outside, std::future::pending())
            .await
            .unwrap();
    });
    (tasks, shared, metrics, planted)
}

#[tokio::test(start_paused = true)]
async fn a_poller_that_hits_a_defect_is_started_again_and_its_values_come() {
    let (_tasks, shared, metrics, planted) = daemon(3).await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(metrics.restarts("poller"), 3);
    assert!(planted.fetches.load(Ordering::SeqCst) > 3);
    let value = |shared: &Shared| shared.snapshot()?.kpis[0].verdicts[0].assessment.value;
    assert_eq!(value(&shared), Some(3.0));
    assert!(shared.is_healthy());
}

#[tokio::test(start_paused = true)]
async fn an_evaluator_that_hits_a_defect_is_started_again_with_what_is_known() {
    let (_tasks, shared, metrics, _) = daemon(0).await;
    sleep(Duration::from_secs(13)).await;
    // It looks at the clock every 10 s; the poller, which sleeps, every 30.
    ARMED.set(true);
    sleep(Duration::from_secs(10)).await;
    assert!(!ARMED.get());
    assert_eq!((metrics.restarts("evaluator"), metrics.restarts("poller")), (1, 0));
    let before = shared.snapshot().unwrap().as_of;
    sleep(Duration::from_secs(30)).await;
    let after = shared.snapshot().unwrap();
    assert!(after.as_of > before && shared.is_healthy());
    assert!(after.kpis[0].verdicts[0].assessment.value.is_some());
}

#[tokio::test(start_paused = true)]
async fn without_a_sign_from_the_evaluator_for_three_intervals_it_is_not_healthy() {
    let (mut tasks, shared, ..) = daemon(0).await;
    // It gives a sign every 10 s, the last at 602 s.
    sleep(Duration::from_secs(603)).await;
    assert!(shared.is_healthy());
    tasks.shutdown().await;
    sleep(Duration::from_secs(28)).await;
    assert!(shared.is_healthy());
    sleep(Duration::from_secs(3)).await;
    assert!(!shared.is_healthy());
}

/// Years of history take their time: whoever asks meanwhile is answered.
#[tokio::test]
async fn the_server_answers_before_there_is_a_store() {
    let config = load_text("defects.yaml", KPIS, Path::new(""), &Environment::default());
    let prepared =
        Prepared::of(config.unwrap_or_else(|mistakes| panic!("{mistakes}")), clock, None).unwrap();
    let shared = Arc::new(Shared::new(Arc::clone(&prepared.self_metrics)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (_reloads, none) = mpsc::channel(1);
        let (outside, listeners) = (Outside::new(none), vec![listener.into()]);
        let (store, stop) = (std::future::pending(), std::future::pending());
        work(prepared, store, shared, listeners, outside, stop).await.unwrap();
    });
    // The server has threads of its own.
    let asking = tokio::task::spawn_blocking(move || {
        let ask = |path: &str| {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        ["/-/healthy", "/metrics", "/-/ready"].map(ask)
    });
    let [healthy, metrics, ready] = asking.await.unwrap();
    assert!(healthy.starts_with("HTTP/1.1 200 "), "{healthy}");
    assert!(metrics.starts_with("HTTP/1.1 200 "), "{metrics}");
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
}
