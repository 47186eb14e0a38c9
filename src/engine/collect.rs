//! One run of one metric: fetches every span that is needed and not known yet. All or nothing: a
//! run of which one fetch fails is a failed run, so that value and baseline always belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::openings::GRACE;
use crate::calendar::Window;
use crate::id::{MetricId, SourceId};
use crate::metric::{FetchError, Measurement, Metric, Span, Table};
use crate::source::trace::Trace;
use crate::source::{Request, Source};

/// An opened source with its limit of concurrent fetches.
#[derive(Clone)]
pub struct SourceHandle {
    source: Arc<dyn Source>,
    concurrency: usize,
    permits: Arc<Semaphore>,
    /// A second limit, for work that can wait.
    background: Option<Arc<Semaphore>>,
}

/// The outcome of a fetch that did not fail.
pub(super) const SUCCESS: &str = "success";

/// Opened sources by id.
pub type Sources = BTreeMap<SourceId, SourceHandle>;

/// Measurements by span, or the first failure.
pub type Outcome = Result<BTreeMap<Span, Arc<Measurement>>, FetchError>;

/// What came of one run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Metric id.
    pub metric: MetricId,
    /// The instant it was made for, which is when it began.
    pub as_of: DateTime<Utc>,
    /// What came of it.
    pub outcome: Outcome,
    /// Every fetch made.
    pub fetches: Vec<Fetch>,
    /// How long all of it took, waiting for a free place included.
    pub duration: Duration,
    /// When the metric will be asked for again, as far as is known.
    pub next: Option<DateTime<Utc>>,
}

/// One fetch, for counters and for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// What was measured.
    pub window: Window,
    /// `success` or the kind of failure.
    pub outcome: &'static str,
    /// How long the source took; waiting for a free place is not counted.
    pub duration: Duration,
    /// Rows of the answer; `None` without one.
    pub rows: Option<usize>,
    /// Rows without a usable value.
    pub bad_rows: u64,
    /// The first of them, for people.
    pub bad_row: Option<String>,
}

/// An answer as the source gave it.
#[derive(Debug)]
pub struct Answer {
    /// What came.
    pub table: Result<Table, FetchError>,
    /// How long the source took; waiting for a free place is not counted.
    pub duration: Duration,
}

impl SourceHandle {
    /// At most `concurrency` fetches at once.
    pub fn new(source: Arc<dyn Source>, concurrency: usize) -> Self {
        let concurrency = concurrency.max(1);
        Self {
            source,
            concurrency,
            permits: Arc::new(Semaphore::new(concurrency)),
            background: None,
        }
    }

    /// The same source for work that can wait: it takes at most half of the places, so that
    /// however much of it there is, a fetch that is due waits behind a few others only.
    #[must_use]
    pub fn in_background(&self) -> Self {
        let places = (self.concurrency / 2).max(1);
        Self { background: Some(Arc::new(Semaphore::new(places))), ..self.clone() }
    }
}

impl Run {
    /// A run that made no fetch: its outcome is known already.
    pub fn known(metric: MetricId, as_of: DateTime<Utc>, outcome: Outcome) -> Self {
        Self { metric, as_of, outcome, fetches: Vec::new(), duration: Duration::ZERO, next: None }
    }
}

/// Fetches the `spans` of a metric. Spans in `known` are not fetched again, unless they came out
/// empty or ended so lately that late data may still arrive. What sources have got since `asked` may
/// serve any of them.
pub async fn collect(
    metric: &Arc<Metric>,
    spans: &BTreeSet<Span>,
    known: &BTreeMap<Span, Arc<Measurement>>,
    handle: &SourceHandle,
    timezone: Tz,
    as_of: DateTime<Utc>,
    asked: Instant,
) -> Run {
    let started = Instant::now();
    let mut fetches = Vec::new();
    let mut measurements = BTreeMap::new();
    let mut failure = None;
    for span in spans {
        let settled = span.window.end + GRACE <= as_of || span.window.end > as_of;
        let known = known.get(span).filter(|measured| settled && !measured.series.is_empty());
        if let Some(measured) = known {
            measurements.insert(*span, Arc::clone(measured));
            continue;
        }
        let request = Request {
            metric: Arc::clone(metric),
            span: *span,
            timezone,
            asked,
            trace: Trace::default(),
        };
        let (result, fetch) = fetch(handle, &request).await;
        fetches.push(fetch);
        match result {
            Ok(measured) => drop(measurements.insert(*span, Arc::new(measured))),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let outcome = failure.map_or(Ok(measurements), Err);
    let duration = started.elapsed();
    Run { metric: metric.id.clone(), as_of, outcome, fetches, duration, next: None }
}

/// One fetch, once the source has a free place for it.
pub async fn fetch(
    handle: &SourceHandle,
    request: &Request,
) -> (Result<Measurement, FetchError>, Fetch) {
    let Answer { table, duration } = ask(handle, request).await;
    let rows = table.as_ref().ok().map(|table| table.rows.len());
    let result =
        table.and_then(|table| Measurement::from_table(&request.metric, request.timezone, &table));
    let (outcome, bad_rows, bad_row) = match &result {
        Ok(measured) => (SUCCESS, measured.bad_rows, measured.first_bad_row.clone()),
        Err(error) => (error.kind.as_str(), 0, None),
    };
    let window = request.span.window;
    (result, Fetch { window, outcome, duration, rows, bad_rows, bad_row })
}

/// The same without reading numbers from the answer.
pub async fn ask(handle: &SourceHandle, request: &Request) -> Answer {
    // A closed semaphore would mean a dropped handle; nobody closes it. Both are first come, first
    // served.
    let place = match &handle.background {
        Some(places) => places.acquire().await.ok(),
        None => None,
    };
    let permit = handle.permits.acquire().await;
    let started = Instant::now();
    let table = handle.source.fetch(request).await;
    let duration = started.elapsed();
    drop((permit, place));
    Answer { table, duration }
}
