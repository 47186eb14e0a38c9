//! Many metrics on one slow source, in simulated time: schedules are kept, nothing piles up.

use std::cell::Cell as Slot;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::poller::{Current, Poller};
use crate::config::{Environment, load_text};
use crate::engine::{Run, SourceHandle, ask};
use crate::kpi::Definitions;
use crate::metric::{Cell, FetchError, FetchErrorKind, Table};
use crate::source::trace::Trace;
use crate::source::{Request, Source};

const METRICS: usize = 200;
const PLACES: usize = 4;
const INTERVAL: TimeDelta = TimeDelta::minutes(5);

thread_local! {
    /// When the simulation on this thread began.
    static BEGAN: Slot<Option<Instant>> = const { Slot::new(None) };
}

/// Ten in the morning, in the middle of a quarter.
fn start() -> DateTime<Utc> {
    "2026-05-12T10:02:00Z".parse().unwrap()
}

/// A clock that goes with the runtime's paused time.
fn clock() -> DateTime<Utc> {
    let began = BEGAN.get().unwrap_or_else(|| {
        BEGAN.set(Some(Instant::now()));
        Instant::now()
    });
    start() + TimeDelta::from_std(began.elapsed()).unwrap()
}

/// One fetch as the source saw it.
#[derive(Debug, Clone)]
struct Seen {
    metric: String,
    began: DateTime<Utc>,
    ended: DateTime<Utc>,
}

/// An API that takes a second for everything.
#[derive(Default)]
struct Slow {
    running: AtomicUsize,
    most: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
    /// What it answers to a metric of this name instead of a number.
    refuses: Option<(&'static str, FetchError)>,
    /// Metrics before this one hang until their time limit.
    hangs_before: &'static str,
}

/// The time limit of a fetch.
const LIMIT: Duration = Duration::from_secs(30);

impl Slow {
    async fn answer(&self, request: &Request) -> Result<Table, FetchError> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        let began = clock();
        let metric = request.metric.id.to_string();
        let hangs = metric.as_str() < self.hangs_before;
        sleep(if hangs { LIMIT } else { Duration::from_secs(1) }).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        let refused = self.refuses.as_ref().filter(|(refused, _)| *refused == metric);
        self.seen.lock().unwrap().push(Seen { metric, began, ended: clock() });
        match refused {
            Some((_, error)) => Err(error.clone()),
            None if hangs => Err(FetchError::new(FetchErrorKind::Timeout, "no answer")),
            None => {
                let (columns, rows) = (vec!["value".into()], vec![vec![Cell::Number(1.0)]]);
                Ok(Table { columns, rows, ..Table::default() })
            }
        }
    }

    fn by_metric(&self) -> BTreeMap<String, Vec<Seen>> {
        let mut by_metric: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for seen in self.seen.lock().unwrap().iter() {
            by_metric.entry(seen.metric.clone()).or_default().push(seen.clone());
        }
        by_metric
    }
}

impl Source for Slow {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.answer(request).boxed()
    }
}

/// So many metrics, each behind a KPI with a baseline: two spans for the verdict, two for the
/// period before.
fn definitions(metrics: usize) -> Arc<Definitions> {
    const KPI: &str = "kind: leading, accumulation: level, unit: count, direction: increase, \
                       baseline: previous_period, target: +10%";
    let query = "SELECT 1 AS value FROM t WHERE :window_start < :window_end";
    let lines =
        |line: &dyn Fn(usize) -> String| (0..metrics).map(line).collect::<Vec<_>>().concat();
    let text = [
        "version: 1\nsources:\n  api: { files: { tables: { t: t.csv } } }\n".to_owned(),
        "defaults: { schedule: every 5m, period: quarter }\nmetrics:\n".to_owned(),
        lines(&|n| format!("  m{n:03}: {{ source: api, query: '{query}' }}\n")),
        "kpis:\n".to_owned(),
        lines(&|n| format!("  k{n:03}: {{ formula: m{n:03}, {KPI} }}\n")),
    ];
    let text = text.concat();
    let config = load_text("load.yaml", &text, Path::new(""), &Environment::default());
    Arc::new(config.unwrap_or_else(|mistakes| panic!("{mistakes}")).definitions)
}

fn current(definitions: &Definitions) -> Arc<Current> {
    Current::of(definitions)
}

/// The runs of one poller for each metric, until the clock says `until`.
async fn simulate(
    definitions: &Arc<Definitions>,
    handle: &SourceHandle,
    until: DateTime<Utc>,
) -> Vec<Run> {
    let (runs, mut results) = mpsc::channel(256);
    let mut pollers = JoinSet::new();
    let outages = Arc::default();
    let current = Arc::new(ArcSwap::new(current(definitions)));
    for metric in definitions.metrics.values() {
        let poller = Poller {
            metric: Arc::clone(metric),
            current: Arc::clone(&current),
            source: handle.clone(),
            clock,
            runs: runs.clone(),
            outages: Arc::clone(&outages),
        };
        pollers.spawn(poller.run());
    }
    let mut all = Vec::new();
    let left = (until - clock()).to_std().unwrap();
    let _ = tokio::time::timeout(left, async {
        while let Some(run) = results.recv().await {
            all.push(run);
        }
    })
    .await;
    all
}

fn seconds(delta: TimeDelta) -> f64 {
    delta.as_seconds_f64()
}

/// Median and maximum.
fn figures(mut lags: Vec<f64>) -> (f64, f64) {
    lags.sort_by(f64::total_cmp);
    (lags[lags.len() / 2], lags[lags.len() - 1])
}

#[tokio::test(start_paused = true)]
async fn two_hundred_metrics_on_a_slow_source_keep_their_schedules() {
    let definitions = definitions(METRICS);
    let source = Arc::new(Slow::default());
    let handle = SourceHandle::new(Arc::clone(&source) as Arc<dyn Source>, PLACES);
    let began = clock();
    let hours = TimeDelta::hours(2);
    simulate(&definitions, &handle, began + hours).await;

    assert_eq!(source.most.load(Ordering::SeqCst), PLACES);
    let by_metric = source.by_metric();
    assert_eq!(by_metric.len(), METRICS);
    let first = by_metric.values().map(|seen| seen[0].ended).max().unwrap();
    let verdicts = by_metric.values().map(|seen| seen[1].ended).max().unwrap();
    let settled = by_metric.values().map(|seen| seen[3].ended).max().unwrap();

    let mut lags = Vec::new();
    let mut starts = Vec::new();
    for (metric, seen) in &by_metric {
        let overlaps = seen.windows(2).any(|pair| pair[1].began < pair[0].ended);
        assert!(!overlaps, "{metric}: {seen:?}");
        // Four spans at start, then one at each due time: baselines are known for the day.
        let schedule = &definitions.metrics[metric.as_str()].schedule;
        let mut due = schedule.next_run(metric, seen[3].ended, chrono_tz::Tz::UTC).unwrap();
        let regular = &seen[4..];
        for seen in regular {
            let lag = seen.began - due;
            assert!(lag >= TimeDelta::zero() && lag < INTERVAL, "{metric} due {due}: {seen:?}");
            lags.push(seconds(lag));
            starts.push((due, seen.began));
            due += INTERVAL;
        }
        // The one that is due last may have been cut off.
        assert!(due + INTERVAL > began + hours, "{metric} stopped before {due}");
    }
    // First come, first served, to the millisecond that timers can tell apart.
    starts.sort();
    let tick = TimeDelta::milliseconds(2);
    assert!(starts.windows(2).all(|pair| pair[1].0 - pair[0].0 < tick || pair[0].1 <= pair[1].1));
    let (median, most) = figures(lags);
    eprintln!(
        "every metric answered once after {:.0} s, every verdict after {:.0} s, all spans after \
         {:.0} s; lag behind the schedule: median {median:.1} s, most {most:.1} s",
        seconds(first - began),
        seconds(verdicts - began),
        seconds(settled - began),
    );
    assert_eq!(first - began, TimeDelta::seconds(50), "200 s of work in 4 places");
    assert!(most < 30.0, "50 s of work that falls due within 30 s");
}

#[tokio::test(start_paused = true)]
async fn queries_that_hang_delay_the_others_by_their_turns_only() {
    let definitions = definitions(20);
    let source = Arc::new(Slow { hangs_before: "m008", ..Slow::default() });
    let handle = SourceHandle::new(Arc::clone(&source) as Arc<dyn Source>, PLACES);
    let began = clock();
    simulate(&definitions, &handle, began + TimeDelta::hours(2)).await;
    let mut lags = Vec::new();
    for (metric, seen) in source.by_metric() {
        assert!(!seen.windows(2).any(|pair| pair[1].began < pair[0].ended), "{metric}");
        if metric.as_str() < "m008" {
            // 30 s each, and up to five minutes between them.
            assert!((15..40).contains(&seen.len()), "{metric}: {}", seen.len());
            continue;
        }
        let schedule = &definitions.metrics[metric.as_str()].schedule;
        let mut due = schedule.next_run(&metric, seen[3].ended, chrono_tz::Tz::UTC).unwrap();
        for seen in &seen[4..] {
            lags.push(seconds(seen.began - due));
            due += INTERVAL;
        }
    }
    let (median, most) = figures(lags);
    eprintln!("beside 8 that hang: lag median {median:.1} s, most {most:.1} s");
    // Eight in four places: two rounds.
    assert!((0.0..2.0 * LIMIT.as_secs_f64()).contains(&most), "{most}");
}

#[tokio::test(start_paused = true)]
async fn work_in_the_background_holds_nobody_up() {
    let definitions = definitions(20);
    let source = Arc::new(Slow::default());
    let handle = SourceHandle::new(Arc::clone(&source) as Arc<dyn Source>, PLACES);
    let request = Request {
        metric: Arc::clone(&definitions.metrics["m000"]),
        span: current(&definitions)
            .spans(&definitions.metrics["m000"], clock())
            .pop_first()
            .unwrap(),
        timezone: chrono_tz::Tz::UTC,
        asked: Instant::now(),
        trace: Trace::default(),
    };
    let background = handle.in_background();
    let mut later = JoinSet::new();
    for _ in 0..1000 {
        let (background, request) = (background.clone(), request.clone());
        later.spawn(async move { ask(&background, &request).await.duration });
    }
    tokio::task::yield_now().await;
    let began = Instant::now();
    for _ in 0..10 {
        ask(&handle, &request).await;
    }
    assert!(began.elapsed() <= Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(source.most.load(Ordering::SeqCst), 3, "two places are left");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_asks_to_be_left_alone_is_until_then_but_not_for_ever() {
    for (asked, expected) in [(600, 600), (90_000, 3600)] {
        BEGAN.set(None);
        let mut refused = FetchError::new(FetchErrorKind::Unreachable, "too many requests");
        refused.retry_after = Some(Duration::from_secs(asked));
        let source = Slow { refuses: Some(("m000", refused)), ..Slow::default() };
        let source = Arc::new(source);
        let handle = SourceHandle::new(Arc::clone(&source) as Arc<dyn Source>, PLACES);
        let runs = simulate(&definitions(2), &handle, clock() + TimeDelta::hours(3)).await;
        let tries = &source.by_metric()["m000"];
        for pair in tries.windows(2) {
            let rest = (pair[1].began - pair[0].ended).num_seconds();
            assert_eq!(rest, expected, "asked for {asked} s");
        }
        assert!(tries.len() > 1);
        let next = runs.iter().find(|run| run.metric == "m000").unwrap().next.unwrap();
        assert_eq!((next - tries[0].ended).num_seconds(), expected, "and says so");
        assert!(source.by_metric()["m001"].len() > 30, "the other metric goes on");
    }
}
