//! What the sources are asked while days are replayed.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use kpi_exporter::backfill::{Gaps, replay, steps};
use kpi_exporter::config::{Config, Environment, load_text};
use kpi_exporter::engine::SourceHandle;
use kpi_exporter::metric::{FetchError, FetchErrorKind, Span, Table};
use kpi_exporter::source::{Request, Source};

/// Every kind of span: to date, trailing, the period before, a year before, seasons.
const CONFIG: &str = r#"
version: 1
calendar: { timezone: America/New_York }
sources:
  business: { files: { tables: { arr: data/arr.csv, trials: data/trials.csv } } }
metrics:
  arr: { source: business, query: "SELECT sum(amount) AS value FROM arr WHERE day >= :window_start_date AND day < :window_end_date" }
  trials: { source: business, query: "SELECT sum(trials_ended) AS value FROM trials WHERE day >= :window_start_date AND day < :window_end_date" }
defaults: { period: month }
kpis:
  arr: { kind: lagging, formula: arr, accumulation: flow, unit: USD, direction: increase, baseline: previous_period, target: 1000, path: seasonal }
  again: { kind: lagging, formula: arr, accumulation: flow, unit: USD, direction: increase, baseline: same_period_last_year, target: 1000 }
  trials: { kind: leading, formula: trials, accumulation: level, window: 30d, unit: count, direction: increase, baseline: previous_period, target: 1000 }
"#;

/// A source that keeps what it was asked, and may fail a few times.
struct Watched {
    inner: Arc<dyn Source>,
    asked: Mutex<Vec<(String, Span)>>,
    running: AtomicUsize,
    most: AtomicUsize,
    failures: AtomicUsize,
}

impl Source for Watched {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        async move {
            self.asked.lock().unwrap().push((request.metric.id.to_string(), request.span));
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            let failing = |left: usize| left.checked_sub(1);
            let answer = if self
                .failures
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, failing)
                .is_ok()
            {
                Err(FetchError::new(FetchErrorKind::Unreachable, "not just now"))
            } else {
                self.inner.fetch(request).await
            };
            self.running.fetch_sub(1, Ordering::SeqCst);
            answer
        }
        .boxed()
    }
}

struct Replayed {
    watched: Arc<Watched>,
    gaps: Gaps,
    /// By day and KPI.
    values: BTreeMap<(DateTime<Utc>, String), Option<f64>>,
}

async fn replayed(from: &str, to: &str, concurrency: usize, failures: usize) -> Replayed {
    let environment = Environment::default();
    let loaded = load_text("test.yaml", CONFIG, Path::new("config"), &environment);
    let Config { definitions, sources, .. } = loaded.unwrap();
    let watched = Arc::new(Watched {
        inner: sources["business"].open().unwrap(),
        asked: Mutex::default(),
        running: AtomicUsize::default(),
        most: AtomicUsize::default(),
        failures: AtomicUsize::new(failures),
    });
    let source = Arc::clone(&watched) as Arc<dyn Source>;
    let sources = BTreeMap::from([("business".into(), SourceHandle::new(source, concurrency))]);
    let calendar = definitions.calendar.clone();
    let at = |text| calendar.parse_as_of(text).unwrap();
    let steps = steps(&calendar, at(from), at(to), 1, at("2026-06-30")).unwrap();
    let definitions = Arc::new(definitions);
    let mut gaps = Gaps::new(Arc::clone(&definitions));
    let mut values = BTreeMap::new();
    let mut days = pin!(replay(Arc::clone(&definitions), sources, steps));
    while let Some(snapshot) = days.next().await {
        gaps.add(&snapshot);
        for (state, verdict) in snapshot.verdicts() {
            values.insert((snapshot.as_of, state.kpi.id.to_string()), verdict.assessment.value);
        }
    }
    Replayed { watched, gaps, values }
}

#[tokio::test]
async fn each_span_of_a_metric_is_asked_for_once_and_no_more_at_once_than_allowed() {
    let replayed = replayed("2025-01-01", "2026-06-30", 3, 0).await;
    let mut asked = replayed.watched.asked.lock().unwrap().clone();
    let total = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), total, "some were asked for twice");
    // Hardly more than one a day and metric, and each day of the seasonal one by itself, once: what
    // earlier periods did is weighed by weekday.
    assert!(total < 3 * 546 + 200, "{total} fetches");
    assert_eq!(replayed.watched.most.load(Ordering::SeqCst), 3);
    assert_eq!(replayed.gaps.found(), []);
}

#[tokio::test]
async fn a_fetch_that_fails_costs_its_day_and_no_other() {
    let good = replayed("2026-03-25", "2026-04-10", 2, 0).await;
    let bad = replayed("2026-03-25", "2026-04-10", 2, 1).await;
    let differing: Vec<_> =
        bad.values.iter().filter(|(key, value)| good.values[*key] != **value).collect();
    assert!(!differing.is_empty() && differing.iter().all(|(_, value)| value.is_none()));
    let days: Vec<_> = differing.iter().map(|((day, _), _)| *day).collect();
    assert_eq!(
        days.iter().max().unwrap().signed_duration_since(*days.iter().min().unwrap()),
        TimeDelta::zero()
    );
    let found = bad.gaps.found();
    assert!(found.iter().all(|gap| gap.missing == 1 && gap.reason.contains("not just now")));
}
