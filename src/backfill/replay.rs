//! The walk through the days. Days are evaluated strictly in order, with one engine; their
//! measurements are fetched some days ahead, as many at once as each source allows, and each span
//! of a metric once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use tokio::time::Instant;

use crate::engine::{Book, Engine, Round, RunLog, Slot, SourceFacts, Sources, demand};
use crate::id::MetricId;
use crate::kpi::Definitions;
use crate::metric::Span;
use crate::record::{Remembered, finish};
use crate::snapshot::Snapshot;

/// Days that are being fetched at once, at most.
const AHEAD: usize = 32;

/// Runs that are waited for at once, of all these days together: each takes memory, and sources answer a few at
/// a time only.
const RUNS: usize = 1_000;

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
    let ahead = RUNS.checked_div(definitions.metrics.len()).unwrap_or(AHEAD).clamp(1, AHEAD);
    let mut engine = Engine::new(Arc::clone(&definitions));
    let mut cache = ReplayCache::planned(&definitions, &steps);
    let shown = Arc::clone(&definitions);
    let facts = sources.keys().map(|id| (id.clone(), SourceFacts::default())).collect();
    let log = RunLog::new(&definitions, &facts, &Book::default(), DateTime::UNIX_EPOCH);
    // One walk through the past belongs together: what one day got may serve another.
    let asked = Instant::now();
    let days = steps.into_iter().map(move |as_of| {
        let slots = cache.slots(&definitions, as_of).into_iter();
        let rounds = slots.filter_map(|(id, slots)| {
            let metric = Arc::clone(definitions.metrics.get(id)?);
            let source = sources.get(&metric.source)?.clone();
            Some((metric, source, slots))
        });
        let rounds: Vec<_> = rounds.collect();
        let timezone = definitions.calendar.timezone;
        let runs = rounds.into_iter().map(move |(metric, source, slots)| async move {
            let round = Round { metric: &metric, source: &source, timezone, as_of, asked };
            let run = round.collect(slots).await;
            (metric.source.clone(), run)
        });
        let runs = futures_util::stream::iter(runs).buffer_unordered(RUNS);
        async move { (as_of, runs.collect::<Vec<_>>().await) }
    });
    futures_util::stream::iter(days).buffered(ahead).map(move |(as_of, runs)| {
        let mut book = Book::default();
        let mut log = log.clone();
        for (source, run) in runs {
            log.note(&source, &run);
            book.apply(run);
        }
        finish(engine.evaluate(&book, &log, as_of), &shown, &Remembered::default())
    })
}

/// What was measured and will be needed again: by span, until the last day that needs it.
struct ReplayCache {
    spans: BTreeMap<Span, Kept>,
}

struct Kept {
    last_use: DateTime<Utc>,
    /// By metric id.
    slots: BTreeMap<MetricId, Slot>,
}

impl ReplayCache {
    /// Walks through all days once to see for how long each span is needed. Metrics share most of
    /// their spans, so there are some thousands of them at most.
    fn planned(definitions: &Definitions, steps: &[DateTime<Utc>]) -> Self {
        let mut spans = BTreeMap::new();
        for as_of in steps {
            for span in demand(definitions, *as_of).into_values().flatten().collect::<BTreeSet<_>>()
            {
                let kept = || Kept { last_use: *as_of, slots: BTreeMap::new() };
                spans.entry(span).or_insert_with(kept).last_use = *as_of;
            }
        }
        Self { spans }
    }

    /// The slots that a day needs, by metric; forgets what only days before it did.
    fn slots<'a>(
        &mut self,
        definitions: &'a Definitions,
        as_of: DateTime<Utc>,
    ) -> BTreeMap<&'a MetricId, Vec<(Span, Slot)>> {
        self.spans.retain(|_, kept| kept.last_use >= as_of);
        let mut slot = |metric: &MetricId, span: Span| {
            let kept = self.spans.get_mut(&span);
            let slot = kept.map(|kept| Arc::clone(kept.slots.entry(metric.clone()).or_default()));
            (span, slot.unwrap_or_default())
        };
        let demand = demand(definitions, as_of).into_iter();
        demand
            .map(|(id, spans)| (id, spans.into_iter().map(|span| slot(id, span)).collect()))
            .collect()
    }
}
