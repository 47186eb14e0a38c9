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
use crate::kpi::Metric;
use crate::source::measurement::Measurement;
use crate::source::trace::Trace;
use crate::source::{FetchError, Request, Source, Span};

/// An opened source with its limit of concurrent fetches.
#[derive(Clone)]
pub struct SourceHandle {
    source: Arc<dyn Source>,
    permits: Arc<Semaphore>,
}

/// Opened sources by id.
pub type Sources = BTreeMap<String, SourceHandle>;

/// What came of one run.
#[derive(Debug)]
pub struct Run {
    /// Metric id.
    pub metric: String,
    /// The instant it was made for.
    pub as_of: DateTime<Utc>,
    /// Measurements by span, or the first failure.
    pub outcome: Result<BTreeMap<Span, Arc<Measurement>>, FetchError>,
    /// Every fetch made, for counters.
    pub fetches: Vec<Fetch>,
}

/// One fetch, for counters.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// `success` or the kind of failure.
    pub outcome: &'static str,
    /// How long the source took; waiting for a free place is not counted.
    pub duration: Duration,
    /// Rows without a usable value.
    pub bad_rows: u64,
}

impl SourceHandle {
    /// At most `concurrency` fetches at once.
    pub fn new(source: Arc<dyn Source>, concurrency: usize) -> Self {
        Self { source, permits: Arc::new(Semaphore::new(concurrency.max(1))) }
    }
}

/// Fetches the `spans` of a metric. Spans in `known` are not fetched again, unless they came out
/// empty or ended so lately that late data may still arrive.
pub async fn collect(
    metric: &Arc<Metric>,
    spans: &BTreeSet<Span>,
    known: &BTreeMap<Span, Arc<Measurement>>,
    handle: &SourceHandle,
    timezone: Tz,
    as_of: DateTime<Utc>,
) -> Run {
    let mut run =
        Run { metric: metric.id.clone(), as_of, outcome: Ok(BTreeMap::new()), fetches: Vec::new() };
    let mut measurements = BTreeMap::new();
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
            asked: Instant::now(),
            trace: Trace::default(),
        };
        let (result, fetch) = fetch(handle, &request).await;
        run.fetches.push(fetch);
        match result {
            Ok(measured) => measurements.insert(*span, Arc::new(measured)),
            Err(error) => {
                run.outcome = Err(error);
                return run;
            }
        };
    }
    run.outcome = Ok(measurements);
    run
}

/// One fetch, once the source has a free place for it.
pub async fn fetch(
    handle: &SourceHandle,
    request: &Request,
) -> (Result<Measurement, FetchError>, Fetch) {
    // A closed semaphore would mean a dropped handle; nobody closes it.
    let permit = handle.permits.acquire().await;
    let started = Instant::now();
    let answer = handle.source.fetch(request).await;
    let duration = started.elapsed();
    drop(permit);
    let result = answer.and_then(|table| Measurement::from_table(request, &table));
    let (outcome, bad_rows) = match &result {
        Ok(measured) => ("success", measured.bad_rows),
        Err(error) => (error.kind.as_str(), 0),
    };
    (result, Fetch { outcome, duration, bad_rows })
}
