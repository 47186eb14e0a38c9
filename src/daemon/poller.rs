//! One poller for each metric: fetch at start, then on schedule; after a failure with back-off until
//! it works again. One run at a time by construction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{Instrument as _, debug, info, info_span, warn};

use super::outages::Outages;
use super::sleep_until;
use crate::calendar::Calendar;
use crate::clock::Clock;
use crate::engine::{
    Readers, Round, Run, Slot, SourceHandle, running_spans_of, share_unchanged, slots, spans_of,
};
use crate::kpi::Definitions;
use crate::metric::{FetchError, Measurement, Metric, Span};
use crate::schedule::backoff;

/// A source may ask to be left alone for this long at most: what it says may be a mistake.
const LONGEST_REST: Duration = Duration::from_hours(1);

/// What all pollers work on, swapped under their hands by a reload.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) calendar: Calendar,
    pub(super) readers: Readers,
}

impl Current {
    pub(super) fn of(definitions: &Definitions) -> Arc<Self> {
        let (calendar, readers) = (definitions.calendar.clone(), Readers::of(definitions));
        Arc::new(Self { calendar, readers })
    }

    /// All that a metric is asked for.
    pub(super) fn spans(&self, metric: &Metric, as_of: DateTime<Utc>) -> BTreeSet<Span> {
        spans_of(metric, self.readers.kpis(&metric.id), &self.calendar, as_of)
    }

    /// What verdicts need of it.
    pub(super) fn running_spans(&self, metric: &Metric, as_of: DateTime<Utc>) -> BTreeSet<Span> {
        running_spans_of(metric, self.readers.kpis(&metric.id), &self.calendar, as_of)
    }
}

#[derive(Clone)]
pub(super) struct Poller {
    pub(super) metric: Arc<Metric>,
    /// What a reload may swap.
    pub(super) current: Arc<ArcSwap<Current>>,
    pub(super) source: SourceHandle,
    pub(super) clock: Clock,
    pub(super) runs: mpsc::Sender<Run>,
    /// Shared by all.
    pub(super) outages: Arc<Outages>,
}

impl Poller {
    /// Polls until the evaluator is gone. All that is logged meanwhile names the metric, its source and
    /// the KPIs behind which it stands.
    pub(super) async fn run(self) {
        let metric = &self.metric;
        let current = self.current.load_full();
        let kpis = current.readers.kpis(&metric.id).iter();
        let kpis = kpis.map(|kpi| kpi.id.as_str()).collect::<Vec<_>>().join(",");
        let span = info_span!("poll", metric = %metric.id, source = %metric.source, kpis);
        self.poll().instrument(span).await;
    }

    async fn poll(self) {
        let mut known = BTreeMap::new();
        let mut known_at = DateTime::<Utc>::MIN_UTC;
        let mut failures = 0;
        let mut bad = BTreeSet::new();
        let mut today = None;
        let mut first = true;
        loop {
            let as_of = (self.clock)();
            // Once a day everything is asked for again: even a final period may be restated.
            let current = self.current.load_full();
            let day = Some(current.calendar.day_of(as_of));
            if std::mem::replace(&mut today, day) != day {
                known.clear();
            }
            let mut run = if std::mem::take(&mut first) {
                self.first(&current, as_of).await
            } else {
                let spans = current.spans(&self.metric, as_of);
                let slots = slots(&spans, &known, known_at);
                self.collect(&current, slots, as_of, Instant::now()).await
            };
            match &mut run.outcome {
                Ok(measurements) => {
                    share_unchanged(measurements, &known);
                    let (metric, source) = (&self.metric.id, &self.metric.source);
                    if failures > 0 && self.outages.worked(source, metric) {
                        info!("recovered");
                    }
                    tell_bad_rows(measurements, &mut bad);
                    known.clone_from(measurements);
                    known_at = as_of;
                    failures = 0;
                }
                Err(_) => failures += 1,
            }
            let due = self.next(failures, run.outcome.as_ref().err());
            run.next = Some(due);
            if let Err(error) = &run.outcome {
                self.tell(error, due);
            }
            if self.runs.send(run).await.is_err() {
                return;
            }
            sleep_until(due, self.clock).await;
        }
    }

    async fn collect(
        &self,
        current: &Current,
        slots: Vec<(Span, Slot)>,
        as_of: DateTime<Utc>,
        asked: Instant,
    ) -> Run {
        let round = Round {
            metric: &self.metric,
            source: &self.source,
            timezone: current.calendar.timezone,
            as_of,
            asked,
        };
        round.collect(slots).await
    }

    /// One line for each failure of a source, not one for each metric and try.
    fn tell(&self, error: &FetchError, due: DateTime<Utc>) {
        let zone = self.current.load().calendar.timezone;
        let retry = due.with_timezone(&zone).format("%H:%M:%S").to_string();
        let (metric, source) = (&self.metric.id, &self.metric.source);
        match self.outages.failed(source, metric, error) {
            Some(1) => warn!(retry, "fetch failed: {error}"),
            Some(metrics) => warn!(retry, metrics, "fetch failed: {error}"),
            None => debug!(retry, "fetch failed: {error}"),
        }
    }

    /// At start verdicts come first: what the running periods need is handed over before the results
    /// of the periods before are asked for. Gives the run with both.
    async fn first(&self, current: &Current, as_of: DateTime<Utc>) -> Run {
        let asked = Instant::now();
        let running = current.running_spans(&self.metric, as_of);
        let all = current.spans(&self.metric, as_of);
        let unknown = |spans| slots(spans, &BTreeMap::new(), as_of);
        let run = self.collect(current, unknown(&running), as_of, asked).await;
        let Ok(verdicts) = &run.outcome else { return run };
        if all.is_subset(&running) {
            return run;
        }
        let verdicts = verdicts.clone();
        // Should the evaluator be gone, the caller finds out next.
        let _ = self.runs.send(run).await;
        let rest = &all - &running;
        let mut run = self.collect(current, unknown(&rest), as_of, asked).await;
        if let Ok(measurements) = &mut run.outcome {
            measurements.extend(verdicts);
        }
        run
    }

    /// The next time by schedule, or sooner after a failure; but never while the source has asked
    /// to be left alone.
    fn next(&self, failures: u32, error: Option<&FetchError>) -> DateTime<Utc> {
        let now = (self.clock)();
        let zone = self.current.load().calendar.timezone;
        let scheduled = self.metric.schedule.next_run(&self.metric.id, now, zone);
        let retry = (failures > 0).then(|| now + backoff(failures, &self.metric.id));
        // Without either there is nothing to wait for but the end of time.
        let due = scheduled.into_iter().chain(retry).min().unwrap_or(DateTime::<Utc>::MAX_UTC);
        let wait = error.and_then(|error| error.retry_after).unwrap_or_default();
        due.max(now + wait.min(LONGEST_REST))
    }
}

/// Bad rows are told when they begin, when others come and when they end, as outages are.
fn tell_bad_rows(
    measured: &BTreeMap<Span, Arc<Measurement>>,
    told: &mut BTreeSet<(String, String)>,
) {
    let kinds = measured.values().flat_map(|one| one.bad_kinds());
    let kinds: BTreeSet<_> =
        kinds.map(|(column, what)| (column.to_owned(), what.to_owned())).collect();
    if kinds == *told {
        return;
    }
    let first = measured.values().find_map(|one| one.first_bad_row.as_deref());
    if let Some(first) = first {
        let rows: u64 = measured.values().map(|one| one.bad_rows).sum();
        warn!(rows, "rows without a usable value: {first}");
    } else {
        info!("no rows without a usable value any more");
    }
    *told = kinds;
}
