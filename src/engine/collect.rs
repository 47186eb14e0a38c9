//! One run of one metric: fetches every span that is needed and not known yet. The same for the
//! daemon, `eval` and back-fills, which differ in what they know already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;
use tracing::{Instrument as _, debug, info_span};

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
pub type Fetched = Result<BTreeMap<Span, Arc<Measurement>>, FetchError>;

/// What came of one run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Metric id.
    pub metric: MetricId,
    /// The instant it was made for, which is when it began.
    pub as_of: DateTime<Utc>,
    /// What came of it.
    pub outcome: Fetched,
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
    /// What the source noticed about the data.
    pub remarks: Vec<String>,
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
        self.with_places((self.concurrency / 2).max(1))
    }

    /// The same source for work that nobody waits for: one fetch at a time.
    #[must_use]
    pub fn one_by_one(&self) -> Self {
        self.with_places(1)
    }

    fn with_places(&self, places: usize) -> Self {
        Self { background: Some(Arc::new(Semaphore::new(places))), ..self.clone() }
    }
}

impl Run {
    /// A run that made no fetch: its outcome is known already.
    pub fn known(metric: MetricId, as_of: DateTime<Utc>, outcome: Fetched) -> Self {
        Self { metric, as_of, outcome, fetches: Vec::new(), duration: Duration::ZERO, next: None }
    }
}

/// A measurement that several runs may wait for. Only a good one stays in it: after a failure the
/// next run that needs it asks again.
pub type Slot = Arc<OnceCell<Arc<Measurement>>>;

/// One metric asked at one instant.
#[derive(Clone)]
pub struct Round<'a> {
    /// The metric.
    pub metric: &'a Arc<Metric>,
    /// Its source.
    pub source: &'a SourceHandle,
    /// Zone in which days begin and end.
    pub timezone: Tz,
    /// The instant the run is made for.
    pub as_of: DateTime<Utc>,
    /// When it was asked. What the source got since then may serve any span.
    pub asked: Instant,
}

impl Round<'_> {
    /// Fetches the spans whose slots are empty. All or nothing: a run of which one fetch fails is a
    /// failed run, so that value and baseline always belong together.
    pub async fn collect(&self, spans: impl IntoIterator<Item = (Span, Slot)>) -> Run {
        let started = Instant::now();
        let mut fetches = Vec::new();
        let outcome = self.measure(spans, &mut fetches).await;
        let duration = started.elapsed();
        let (metric, as_of) = (self.metric.id.clone(), self.as_of);
        Run { metric, as_of, outcome, fetches, duration, next: None }
    }

    async fn measure(
        &self,
        spans: impl IntoIterator<Item = (Span, Slot)>,
        fetches: &mut Vec<Fetch>,
    ) -> Fetched {
        let mut measurements = BTreeMap::new();
        for (span, slot) in spans {
            let request = Request {
                metric: Arc::clone(self.metric),
                span,
                timezone: self.timezone,
                asked: self.asked,
                trace: Trace::default(),
            };
            let ask = async || {
                let (answer, made) = fetch(self.source, &request).await;
                fetches.push(made);
                let mut measured = answer?;
                if let Some(total) = &self.metric.total {
                    let request = Request { metric: Arc::clone(total), ..request };
                    let (answer, made) = fetch(self.source, &request).await;
                    fetches.push(made);
                    measured.totals = Some(answer?.series);
                }
                Ok(Arc::new(measured))
            };
            measurements.insert(span, Arc::clone(slot.get_or_try_init(ask).await?));
        }
        Ok(measurements)
    }
}

/// A slot for each span. One that is known is not fetched again, unless it came out empty or had ended
/// so lately that late data could still arrive when it was asked for, at `known_at`.
pub fn slots(
    spans: &BTreeSet<Span>,
    known: &BTreeMap<Span, Arc<Measurement>>,
    known_at: DateTime<Utc>,
) -> Vec<(Span, Slot)> {
    let slot = |span: &Span| {
        // What is still to come may change: a plan gets a new region in the middle of its month.
        let settled = span.window.end + GRACE <= known_at;
        let known = known.get(span).filter(|measured| settled && !measured.series.is_empty());
        (*span, Arc::new(OnceCell::new_with(known.cloned())))
    };
    spans.iter().map(slot).collect()
}

/// One fetch, once the source has a free place for it.
pub async fn fetch(
    handle: &SourceHandle,
    request: &Request,
) -> (Result<Measurement, FetchError>, Fetch) {
    let Request { metric, span: Span { window, .. }, .. } = request;
    let (metric, source) = (&metric.id, &metric.source);
    let at = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (from, to) = (at(window.start), at(window.end));
    let span = info_span!("fetch", %metric, %source, from, to);
    fetch_and_read(handle, request).instrument(span).await
}

async fn fetch_and_read(
    handle: &SourceHandle,
    request: &Request,
) -> (Result<Measurement, FetchError>, Fetch) {
    let Answer { table, duration } = ask(handle, request).await;
    let rows = table.as_ref().ok().map(|table| table.rows.len());
    let remarks = table.as_ref().map_or_else(|_| Vec::new(), |table| table.remarks.clone());
    let result =
        table.and_then(|table| Measurement::from_table(&request.metric, request.timezone, &table));
    let (outcome, bad_rows, bad_row) = match &result {
        Ok(measured) => (SUCCESS, measured.bad_rows, measured.first_bad_row.clone()),
        Err(error) => (error.kind.as_str(), 0, None),
    };
    debug!(outcome, rows, bad_rows, ?duration, "fetched");
    let window = request.span.window;
    (result, Fetch { window, outcome, duration, rows, bad_rows, bad_row, remarks })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Window;
    use crate::metric::Labels;

    fn is_asked(known_at: &str, measured: &Measurement) -> bool {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let window = Window { start: at("2026-10-19T00:00:00Z"), end: at("2026-10-26T00:00:00Z") };
        let span = Span { window, period: window, as_of: window.end };
        let known = BTreeMap::from([(span, Arc::new(measured.clone()))]);
        let slots = slots(&BTreeSet::from([span]), &known, at(known_at));
        slots[0].1.get().is_none()
    }

    #[test]
    fn an_answer_serves_again_if_it_was_asked_for_when_late_data_had_come() {
        let series = BTreeMap::from([(Labels::default(), crate::metric::Series::default())]);
        let something = Measurement { series, ..Measurement::default() };
        for (known_at, expected) in [
            ("2026-10-26T00:00:05Z", true),
            // However long the source was down since.
            ("2026-10-28T23:59:59Z", true),
            ("2026-10-29T00:00:00Z", false),
            ("2026-11-20T00:00:00Z", false),
        ] {
            assert_eq!(is_asked(known_at, &something), expected, "{known_at}");
            assert!(is_asked(known_at, &Measurement::default()), "nothing is asked for again");
        }
    }
}
