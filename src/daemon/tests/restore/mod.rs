//! A start whose history takes long to read: what is shown meanwhile is true, nothing is written, and what
//! comes afterwards is what comes of a start in one go.

mod ahead;
mod unsettled;

use std::cell::Cell as Slot;
use std::path::Path;
use std::sync::Mutex as Locked;
use std::sync::mpsc as blocking;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rusqlite::Connection;
use tokio::task::{JoinHandle, spawn_blocking};

use super::*;
use crate::assess::{Number, Status};
use crate::config::{Environment, load_text};
use crate::engine::RunLog;
use crate::kpi::SeriesKey;
use crate::metric::{Cell, FetchError, Table};
use crate::signals::Signal;
use crate::snapshot::Snapshot;
use crate::source::{Request, Source};

thread_local! {
    static NOW: Slot<i64> = const { Slot::new(0) };
}

fn clock() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW.get(), 0).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn set(now: &str) {
    NOW.set(at(now).timestamp());
}

/// What each of two customers is worth, whenever it is asked for.
struct Shop(Locked<[f64; 2]>);

impl Source for Shop {
    fn fetch<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        let values = *self.0.lock().unwrap();
        let rows = ["a", "b"].into_iter().zip(values);
        let rows = rows.map(|(who, value)| vec![Cell::Number(value), Cell::Text(who.into())]);
        let columns = vec!["value".into(), "customer".into()];
        let table = Table { columns, rows: rows.collect(), ..Table::default() };
        async move { Ok(table) }.boxed()
    }
}

/// Known days: as many as are asked for before the first start.
const DAYS: u32 = 60;

const KPIS: &str = "
version: 1
store: { path: history.db, backfill: 60d }
sources: { shop: { files: { tables: { t: t.csv } } } }
defaults: { schedule: every 1m, period: week }
metrics: { m: { source: shop, labels: [customer], query: 'SELECT 1 AS value, customer FROM t WHERE d < :window_end' } }
kpis:
  k: { kind: leading, formula: m, accumulation: level, unit: count, direction: increase, baseline: 0, target: 100, path: flat, status: { confirm: 3, confirm_for: 6h } }
";

/// A daemon on a store, in a runtime with one thread for what blocks.
struct Daemon {
    shared: Arc<Shared>,
    reloads: mpsc::Sender<Reload>,
    stop: oneshot::Sender<()>,
    work: JoinHandle<()>,
    /// History is read once this is gone.
    gate: Option<blocking::Sender<()>>,
}

fn config() -> Config {
    config_of(KPIS)
}

fn config_of(text: &str) -> Config {
    let config = load_text("restore.yaml", text, Path::new(""), &Environment::default());
    config.unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

impl Daemon {
    /// With a store that is small, or not.
    async fn start(path: &Path, source: &Arc<Shop>, is_small: bool) -> Self {
        let mut prepared = Prepared::of(config(), clock, None).unwrap();
        let handle = SourceHandle::new(Arc::clone(source) as Arc<dyn Source>, 1);
        prepared.sources = Sources::from([("shop".into(), handle)]);
        prepared.small = if is_small { u64::MAX } else { 0 };
        let shared = Arc::new(Shared::new(Arc::clone(&prepared.self_metrics)));
        let store = Arc::new(Store::open(path).await.unwrap());
        let gate = (!is_small).then(|| {
            let (gate, closed) = blocking::channel();
            drop(spawn_blocking(move || closed.recv()));
            gate
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (reloads, outside) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let work = tokio::spawn(async move {
            let (outside, store) = (Outside::new(outside), std::future::ready(Ok(Some(store))));
            let stop = stopped.map(drop);
            work(prepared, store, serving, vec![listener.into()], outside, stop).await.unwrap();
        });
        Self { shared, reloads, stop, work, gate }
    }

    async fn until(&self, what: &str, is: impl Fn(&Shared) -> bool) {
        let waiting = async {
            while !is(&self.shared) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_mins(2), waiting).await;
        assert!(waited.is_ok(), "never {what}: {:#?}", self.shared.snapshot());
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot().unwrap()
    }

    /// Whether a run of the source came in.
    fn has_asked(&self) -> bool {
        let metric = |log: &RunLog| Some(log.sources.get("shop")?.metrics.get("m")?.next_run);
        metric(&self.shared.runs()).flatten().is_some()
    }

    /// Days that charts have of the first series.
    fn days_drawn(&self) -> usize {
        let snapshot = self.snapshot();
        let (state, verdict) = snapshot.verdicts().next().unwrap();
        self.shared.days().of(&SeriesKey::new(&state.kpi.id, &verdict.labels)).len()
    }

    /// Ends it as TERM does.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        let ended = tokio::time::timeout(Duration::from_mins(1), self.work).await;
        ended.expect("it ends while history is being read").unwrap();
    }
}

/// Everything that a restart must not change.
fn rows(path: &Path) -> Vec<String> {
    let store = Connection::open(path).unwrap();
    let mut all = Vec::new();
    for table in ["daily", "statuses", "raw", "openings", "closings", "measurements", "changes"] {
        let mut query = store.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells =
                (0..columns).map(|cell| row.get::<_, rusqlite::types::Value>(cell).unwrap());
            all.push(format!("{table}: {:?}", cells.collect::<Vec<_>>()));
        }
    }
    all
}

/// The statuses that are remembered.
fn statuses(path: &Path) -> Vec<String> {
    rows(path).into_iter().filter(|row| row.starts_with("statuses")).collect()
}

/// A store with days of history, in which a status waits to be confirmed; and what was shown last.
async fn stored(path: &Path, source: &Arc<Shop>) -> Arc<Snapshot> {
    set("2026-05-13T10:00:00Z");
    let daemon = Daemon::start(path, source, true).await;
    daemon.until("ready", Shared::is_ready).await;
    daemon.stop().await;
    let store = Connection::open(path).unwrap();
    let days = format!(
        "WITH RECURSIVE back(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM back WHERE n < {DAYS})
         INSERT INTO daily SELECT series, date(day, '-' || n || ' days'), meaning, goal, as_of, period,
         elapsed_ratio, value + (n * 7) % 20 - n / 2, numerator, denominator, baseline, target,
         target_ratio, progress_ratio, pace_ratio, expected, status, data_through FROM daily, back"
    );
    store.execute(&days, []).unwrap();
    drop(store);
    // The second customer falls: off track is said once of three times.
    *source.0.lock().unwrap() = [96.0, 30.0];
    set("2026-05-13T10:05:00Z");
    let daemon = Daemon::start(path, source, true).await;
    daemon
        .until("fallen", |shared| {
            let snapshot = shared.snapshot().filter(|_| shared.is_ready());
            snapshot.is_some_and(|it| it.kpis[0].verdicts[1].assessment.value == Some(30.0))
        })
        .await;
    let shown = daemon.snapshot();
    assert!(daemon.shared.filling().is_none(), "all days are known");
    daemon.stop().await;
    let verdicts = &shown.kpis[0].verdicts;
    assert_eq!(verdicts[1].assessment.status, Status::OnTrack, "{verdicts:#?}");
    assert!(statuses(path)[1].contains("off_track"), "{:?}", statuses(path));
    assert!(verdicts[0].assessment.projected_method.is_some_and(|method| method != "path"));
    shown
}

/// What is asked of a world of its own: folder, source and what was shown.
fn in_a_world<F: Future>(test: impl FnOnce(PathBuf, Arc<Shop>) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
    let shop = Arc::new(Shop(Locked::new([96.0, 95.0])));
    runtime.block_on(test(folder.path().join("history.db"), shop));
}

fn copied(path: &Path) -> PathBuf {
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).unwrap();
    copy
}

/// What two snapshots say, but for the instant.
fn assert_same(one: &Snapshot, other: &Snapshot) {
    let (one, other) = (&one.kpis[0], &other.kpis[0]);
    assert_eq!(*one.verdicts, *other.verdicts);
    assert_eq!((&one.last_period, &one.leads), (&other.last_period, &other.leads));
    assert_eq!(one.awaits_history, other.awaits_history);
}

#[test]
fn values_come_at_once_with_the_statuses_of_before_and_the_rest_as_in_one_go() {
    in_a_world(|path, shop| async move {
        let shown = stored(&path, &shop).await;
        set("2026-05-13T10:10:00Z");
        let in_one_go = Daemon::start(&copied(&path), &shop, true).await;
        in_one_go.until("ready", Shared::is_ready).await;
        in_one_go.until("a run", |_| in_one_go.has_asked()).await;
        let before = rows(&path);
        let mut daemon = Daemon::start(&path, &shop, false).await;
        daemon.until("at once", |shared| shared.published().is_some()).await;
        daemon.until("a run", |_| daemon.has_asked()).await;
        let at_once = daemon.snapshot();
        assert!(!daemon.shared.is_ready() && at_once.kpis[0].awaits_history);
        let both = at_once.kpis[0].verdicts.iter().zip(shown.kpis[0].verdicts.iter());
        for (now, then) in both {
            let (is, was) = (&now.assessment, &then.assessment);
            assert_eq!((is.value, is.status), (was.value, was.status));
            assert_eq!((is.projected_value, now.signal), (None, Signal::None));
            for number in Number::ALL.iter().filter(|number| (number.read)(is).is_some()) {
                assert_eq!((number.read)(is), (number.read)(was), "{}", number.key);
            }
        }
        assert!(daemon.shared.filling().is_none() && daemon.shared.is_healthy());
        assert_eq!(rows(&path), before, "nothing is written by what is not known");

        daemon.gate = None;
        daemon.until("ready", Shared::is_ready).await;
        assert_same(&daemon.snapshot(), &in_one_go.snapshot());
        assert!(daemon.shared.filling().is_none(), "all days are known");
        assert_eq!(daemon.days_drawn(), DAYS as usize);
        let copy = path.with_extension("copy");
        daemon.stop().await;
        in_one_go.stop().await;
        assert_eq!(statuses(&path), statuses(&copy), "as often confirmed");
    });
}

#[test]
fn an_end_and_a_reload_while_history_is_read_lose_nothing() {
    in_a_world(|path, shop| async move {
        let shown = stored(&path, &shop).await;
        let before = rows(&path);
        let mut daemon = Daemon::start(&path, &shop, false).await;
        daemon.until("at once", |shared| shared.published().is_some()).await;
        // The gate is closed still: nobody waits for what is not wanted any more.
        let gate = daemon.gate.take();
        daemon.stop().await;
        assert_eq!(rows(&path), before);
        drop(gate);

        let mut daemon = Daemon::start(&path, &shop, false).await;
        daemon.until("at once", |shared| shared.published().is_some()).await;
        daemon.until("a run", |_| daemon.has_asked()).await;
        for _ in 0..3 {
            let (answer, answered) = oneshot::channel();
            let reload = Reload { config: Ok(config()), answers: vec![answer] };
            daemon.reloads.send(reload).await.unwrap();
            answered.await.unwrap().unwrap();
        }
        assert!(!daemon.shared.is_ready() && daemon.shared.is_healthy());
        assert_eq!(daemon.snapshot().kpis[0].verdicts[1].assessment.status, Status::OnTrack);
        assert_eq!(rows(&path), before);
        daemon.gate = None;
        daemon.until("ready", Shared::is_ready).await;
        let verdicts = &daemon.snapshot().kpis[0].verdicts;
        for (is, was) in verdicts.iter().zip(shown.kpis[0].verdicts.iter()) {
            assert_eq!(is.assessment.projected_value, was.assessment.projected_value);
        }
        assert!(daemon.shared.filling().is_none(), "all days are known");
        assert_eq!(daemon.days_drawn(), DAYS as usize);
        daemon.stop().await;
    });
}

#[test]
fn days_that_are_missing_are_asked_for_once_history_is_read_and_no_others() {
    in_a_world(|path, shop| async move {
        stored(&path, &shop).await;
        let store = Connection::open(&path).unwrap();
        let (first, gap) = ("2026-03-14", "2026-05-01");
        let gone = store.execute("DELETE FROM daily WHERE day IN (?1, ?2)", [first, gap]).unwrap();
        assert_eq!(gone, 4);
        drop(store);
        let mut daemon = Daemon::start(&path, &shop, false).await;
        daemon.until("at once", |shared| shared.published().is_some()).await;
        assert!(daemon.shared.filling().is_none(), "nobody knows yet");
        daemon.gate = None;
        daemon.until("a plan", |shared| shared.filling().is_some()).await;
        assert_eq!(daemon.shared.filling().unwrap().days, 2);
        daemon.until("the end of it", |shared| shared.filling().is_none()).await;
        daemon.stop().await;
        let store = Connection::open(&path).unwrap();
        let count = "SELECT count(*) FROM daily WHERE day IN (?1, ?2)";
        let count: i64 = store.query_row(count, [first, gap], |row| row.get(0)).unwrap();
        assert_eq!(count, 4);
    });
}

#[test]
fn history_that_cannot_be_read_is_gone_without_and_nothing_is_written() {
    in_a_world(|path, shop| async move {
        stored(&path, &shop).await;
        let store = Connection::open(&path).unwrap();
        store
            .execute("UPDATE daily SET status = 'none such' WHERE day = '2026-05-01'", [])
            .unwrap();
        drop(store);
        let before = rows(&path);
        let mut daemon = Daemon::start(&path, &shop, false).await;
        daemon.until("at once", |shared| shared.published().is_some()).await;
        daemon.gate = None;
        daemon.until("ready", Shared::is_ready).await;
        let state = Arc::clone(&daemon.snapshot().kpis[0]);
        assert!(!state.awaits_history && state.verdicts[0].assessment.value.is_some());
        daemon.stop().await;
        assert_eq!(rows(&path), before);
    });
}
