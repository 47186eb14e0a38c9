//! The walk through the days. Days are evaluated strictly in order, with one engine; their
//! measurements are fetched some days ahead, as many at once as each source allows, and each span
//! of a metric once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::future::join_all;
use futures_util::{Stream, StreamExt};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::engine::{Book, Engine, Run, SourceHandle, Sources, demand, fetch};
use crate::id::MetricId;
use crate::kpi::Definitions;
use crate::metric::{Measurement, Metric, Span};
use crate::snapshot::Snapshot;
use crate::source::Request;
use crate::source::trace::Trace;

/// Days that are being fetched at once, at most.
const AHEAD: usize = 32;

/// A measurement that several days may wait for. Only a good one stays in it: after a failure the
/// next day that needs it asks again.
type Cell = Arc<OnceCell<Arc<Measurement>>>;

/// Evaluates the definitions as of each of the `steps`, which ascend, and gives a snapshot of each
/// in that order.
///
/// A fetch that fails leaves its KPIs without a value on that day: what fails now says nothing about
/// what was known then, so no older value is shown in its place.
pub fn replay(
    definitions: Arc<Definitions>,
    sources: Sources,
    steps: Vec<DateTime<Utc>>,
) -> impl Stream<Item = Snapshot> + Send + 'static {
    let mut engine = Engine::new(Arc::clone(&definitions), sources.keys().cloned().collect());
    let mut cache = Cache::planned(&definitions, &steps);
    // One walk through the past belongs together: what one day got may serve another.
    let asked = Instant::now();
    let days = steps.into_iter().map(move |as_of| {
        let runs = cache.cells(&definitions, as_of).into_iter().filter_map(|(id, cells)| {
            let metric = Arc::clone(definitions.metrics.get(id)?);
            let handle = sources.get(&metric.source)?.clone();
            Some(run(metric, handle, definitions.calendar.timezone, cells, as_of, asked))
        });
        let runs = join_all(runs);
        async move { (as_of, runs.await) }
    });
    futures_util::stream::iter(days).buffered(AHEAD).map(move |(as_of, runs)| {
        let mut book = Book::default();
        for run in runs {
            book.apply(run);
        }
        engine.evaluate(&book, as_of)
    })
}

/// All spans of one metric for one day; all or nothing, as the daemon does it.
async fn run(
    metric: Arc<Metric>,
    handle: SourceHandle,
    timezone: Tz,
    cells: Vec<(Span, Cell)>,
    as_of: DateTime<Utc>,
    asked: Instant,
) -> Run {
    let all = async {
        let mut measurements = BTreeMap::new();
        for (span, cell) in cells {
            let request = Request {
                metric: Arc::clone(&metric),
                span,
                timezone,
                asked,
                trace: Trace::default(),
            };
            let measure = async || fetch(&handle, &request).await.0.map(Arc::new);
            let measured = cell.get_or_try_init(measure).await?;
            measurements.insert(span, Arc::clone(measured));
        }
        Ok(measurements)
    };
    let outcome = all.await;
    Run::known(metric.id.clone(), as_of, outcome)
}

/// What was measured and will be needed again: by span, until the last day that needs it.
struct Cache {
    spans: BTreeMap<Span, Kept>,
}

struct Kept {
    last_use: DateTime<Utc>,
    /// By metric id.
    cells: BTreeMap<MetricId, Cell>,
}

impl Cache {
    /// Walks through all days once to see for how long each span is needed. Metrics share most of
    /// their spans, so there are some thousands of them at most.
    fn planned(definitions: &Definitions, steps: &[DateTime<Utc>]) -> Self {
        let mut spans = BTreeMap::new();
        for as_of in steps {
            for span in demand(definitions, *as_of).into_values().flatten().collect::<BTreeSet<_>>()
            {
                let kept = || Kept { last_use: *as_of, cells: BTreeMap::new() };
                spans.entry(span).or_insert_with(kept).last_use = *as_of;
            }
        }
        Self { spans }
    }

    /// The cells that a day needs, by metric; forgets what only days before it did.
    fn cells<'a>(
        &mut self,
        definitions: &'a Definitions,
        as_of: DateTime<Utc>,
    ) -> BTreeMap<&'a MetricId, Vec<(Span, Cell)>> {
        self.spans.retain(|_, kept| kept.last_use >= as_of);
        let mut cell = |metric: &MetricId, span: Span| {
            let kept = self.spans.get_mut(&span);
            let cell = kept.map(|kept| Arc::clone(kept.cells.entry(metric.clone()).or_default()));
            (span, cell.unwrap_or_default())
        };
        let demand = demand(definitions, as_of).into_iter();
        demand
            .map(|(id, spans)| (id, spans.into_iter().map(|span| cell(id, span)).collect()))
            .collect()
    }
}
