//! The log of runs: the last few of each metric, and what follows from them about its source. The
//! one owner of whether a source is up: `/metrics`, `/sources`, pages and `eval` all ask here. Not
//! here: numbers of KPIs (`book`) and counters (`exposition`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::book::Book;
use super::collect::{Fetch, Run, SUCCESS};
use super::readers::Readers;
use crate::id::{MetricId, SourceId};
use crate::kpi::Definitions;
use crate::metric::FetchError;
use crate::metric::Metric;
use crate::snapshot::SourceState;

/// Runs kept of each metric.
const KEPT: usize = 10;

/// What the log has to know of a source besides its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceFacts {
    /// `files`, `postgres`, `http` and so on.
    pub kind: &'static str,
    /// Time allowed for one fetch.
    pub time_limit: Duration,
}

/// The last runs of all metrics, by source.
#[derive(Debug, Clone, Default)]
pub struct RunLog {
    /// Zone for showing instants.
    pub timezone: Tz,
    /// When the first run of every metric was begun.
    pub started: DateTime<Utc>,
    /// By id.
    pub sources: BTreeMap<SourceId, SourceLog>,
}

/// The last runs on one source.
#[derive(Debug, Clone, Default)]
pub struct SourceLog {
    /// What it is.
    pub facts: SourceFacts,
    /// Nothing has been heard of it since the start, for longer than a fetch may take.
    pub overdue: bool,
    /// By id.
    pub metrics: BTreeMap<MetricId, Arc<MetricLog>>,
}

/// The last runs of one metric.
#[derive(Debug, Clone, Default)]
pub struct MetricLog {
    /// Its definition.
    pub metric: Option<Arc<Metric>>,
    /// As it was written.
    pub schedule: String,
    /// Whether it is fetched at all: a metric that feeds no KPI is not.
    pub polled: bool,
    /// When it is due again; `None` before the end of the first run.
    pub next_run: Option<DateTime<Utc>>,
    /// Failed runs since the last good one.
    pub failures: u32,
    /// The last good run, maybe one of an earlier process.
    pub last_success: Option<DateTime<Utc>>,
    /// A row without a usable value in what was measured last, some of it maybe earlier in the day.
    pub bad_row: Option<String>,
    /// Newest first.
    pub runs: VecDeque<Arc<RunRecord>>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// When it began.
    pub as_of: DateTime<Utc>,
    /// How long it took, waiting for a free place at the source included.
    pub duration: Duration,
    /// What it asked; spans that were known already are not asked again.
    pub fetches: Vec<Fetch>,
    /// Distinct label sets over all its spans; `None` after a failure.
    pub label_sets: Option<usize>,
    /// Why it failed.
    pub error: Option<FetchError>,
}

impl RunLog {
    /// No runs yet. `facts` has all sources; `book` knows the last success of earlier processes.
    pub fn new(
        definitions: &Definitions,
        facts: &BTreeMap<SourceId, SourceFacts>,
        book: &Book,
        started: DateTime<Utc>,
    ) -> Self {
        let source = |(id, facts): (&SourceId, &SourceFacts)| {
            (id.clone(), SourceLog { facts: *facts, ..SourceLog::default() })
        };
        let mut sources: BTreeMap<_, _> = facts.iter().map(source).collect();
        let readers = Readers::of(definitions);
        for metric in definitions.metrics.values() {
            let Some(source) = sources.get_mut(&metric.source) else { continue };
            let log = MetricLog {
                metric: Some(Arc::clone(metric)),
                schedule: metric.schedule.to_string(),
                polled: !readers.kpis(&metric.id).is_empty(),
                last_success: book.get(&metric.id).map(|entry| entry.as_of),
                ..MetricLog::default()
            };
            source.metrics.insert(metric.id.clone(), Arc::new(log));
        }
        Self { timezone: definitions.calendar.timezone, started, sources }
    }

    /// Forgets all other metrics.
    pub fn keep(&mut self, stays: impl Fn(&MetricId) -> bool) {
        for source in self.sources.values_mut() {
            source.metrics.retain(|metric, _| stays(metric));
        }
    }

    /// Forgets runs of later instants: of a future that did not come.
    pub fn forget_after(&mut self, instant: DateTime<Utc>) {
        for log in self.sources.values_mut().flat_map(|source| source.metrics.values_mut()) {
            let is_later = log.runs.iter().any(|run| run.as_of > instant);
            if is_later || log.last_success > Some(instant) {
                let log = Arc::make_mut(log);
                log.runs.retain(|run| run.as_of <= instant);
                log.last_success = log.last_success.filter(|success| *success <= instant);
            }
        }
    }

    /// Takes in the runs of another log, of the metrics that are in this one.
    pub fn take_in(&mut self, other: Self) {
        for (id, source) in other.sources {
            let Some(mine) = self.sources.get_mut(&id) else { continue };
            for (id, log) in source.metrics {
                let Some(mine) = mine.metrics.get_mut(&id) else { continue };
                let mut log = Arc::unwrap_or_clone(log);
                log.metric.clone_from(&mine.metric);
                log.schedule.clone_from(&mine.schedule);
                log.polled = mine.polled;
                *mine = Arc::new(log);
            }
        }
    }

    /// Notes a run of a metric.
    pub fn note(&mut self, source: &SourceId, run: &Run) {
        let Some(source) = self.sources.get_mut(source) else { return };
        let Some(log) = source.metrics.get_mut(&run.metric) else { return };
        let log = Arc::make_mut(log);
        source.overdue = false;
        if let Ok(measured) = &run.outcome {
            log.failures = 0;
            log.last_success = Some(run.as_of);
            log.bad_row = measured.values().find_map(|measured| measured.first_bad_row.clone());
        } else {
            log.failures += 1;
        }
        log.next_run = run.next.or(log.next_run);
        log.runs.push_front(Arc::new(RunRecord::of(run)));
        log.runs.truncate(KEPT);
    }
}

impl RunLog {
    /// Notes how late it is: a source that has not answered at all since the start is down once its
    /// time limit is over.
    pub fn look_at_the_clock(&mut self, now: DateTime<Utc>) {
        for source in self.sources.values_mut() {
            let since = (now - self.started).to_std().unwrap_or_default();
            let time_is_up = since >= source.facts.time_limit;
            let mut polled = source.metrics.values().filter(|metric| metric.polled).peekable();
            source.overdue = time_is_up
                && polled.peek().is_some()
                && polled.all(|metric| metric.runs.is_empty());
        }
    }

    /// What is known of a metric.
    pub fn of(&self, metric: &Metric) -> Option<&MetricLog> {
        self.sources.get(&metric.source)?.metrics.get(&metric.id).map(Arc::as_ref)
    }

    /// The sources as they are shown.
    pub fn states(&self) -> BTreeMap<SourceId, SourceState> {
        self.sources.iter().map(|(id, source)| (id.clone(), source.state())).collect()
    }
}

impl MetricLog {
    /// Why the last run failed, if it did.
    pub fn error(&self) -> Option<&FetchError> {
        self.runs.front().and_then(|run| run.error.as_ref())
    }

    /// Whether there was a run, in this process or a good one in an earlier.
    pub fn is_tried(&self) -> bool {
        self.last_success.is_some() || !self.runs.is_empty()
    }
}

impl SourceLog {
    /// Whether the last run of every metric was good. A source that has not answered since the start
    /// is neither up nor down, until its time limit is over.
    pub fn up(&self) -> Option<bool> {
        let newest = self.metrics.values().filter_map(|metric| metric.runs.front());
        let up = newest.map(|run| run.error.is_none()).reduce(|all, one| all && one);
        up.or_else(|| self.overdue.then_some(false))
    }

    fn state(&self) -> SourceState {
        let problem = |(id, metric): (&MetricId, &Arc<MetricLog>)| {
            let error = metric.error().map(ToString::to_string);
            let silent = self.overdue && metric.polled;
            let silent = silent.then(|| {
                let limit = self.facts.time_limit.as_secs();
                format!("no answer since the start, and a fetch may take {limit} s")
            });
            let problem = error.or_else(|| metric.bad_row.clone()).or(silent)?;
            Some((id.clone(), problem))
        };
        SourceState {
            up: self.up(),
            last_success: self.last_success(),
            problems: self.metrics.iter().filter_map(problem).collect(),
        }
    }

    /// The last good run of any metric.
    pub fn last_success(&self) -> Option<DateTime<Utc>> {
        self.metrics.values().filter_map(|metric| metric.last_success).max()
    }
}

impl RunRecord {
    fn of(run: &Run) -> Self {
        let none = BTreeMap::new();
        let measured = run.outcome.as_ref().unwrap_or(&none);
        let sets = measured.values().flat_map(|measured| measured.series.keys());
        let sets = sets.collect::<BTreeSet<_>>().len();
        Self {
            as_of: run.as_of,
            duration: run.duration,
            fetches: run.fetches.clone(),
            label_sets: run.outcome.is_ok().then_some(sets),
            error: run.outcome.as_ref().err().cloned(),
        }
    }

    /// `success` or the kind of failure.
    pub fn outcome(&self) -> &'static str {
        self.error.as_ref().map_or(SUCCESS, |error| error.kind.as_str())
    }

    /// Rows of all its answers.
    pub fn rows(&self) -> usize {
        self.fetches.iter().filter_map(|fetch| fetch.rows).sum()
    }

    /// Rows without a usable value.
    pub fn bad_rows(&self) -> u64 {
        self.fetches.iter().map(|fetch| fetch.bad_rows).sum()
    }

    /// The first of them.
    pub fn bad_row(&self) -> Option<&str> {
        self.fetches.iter().find_map(|fetch| fetch.bad_row.as_deref())
    }

    /// What the source noticed about the data, each once.
    pub fn remarks(&self) -> BTreeSet<&str> {
        self.fetches.iter().flat_map(|fetch| &fetch.remarks).map(String::as_str).collect()
    }
}

/// Metrics that some KPI needs and that have not been tried.
pub fn untried(definitions: &Definitions, log: &RunLog) -> BTreeSet<MetricId> {
    let tried = |id: &MetricId| {
        let metric = definitions.metrics.get(id);
        metric.and_then(|metric| log.of(metric)).is_some_and(MetricLog::is_tried)
    };
    let needed = definitions.kpis.iter().flat_map(|kpi| kpi.metrics());
    needed.filter(|id| !tried(id)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::metric::FetchErrorKind;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn run(minute: i64, good: bool) -> Run {
        let refused = FetchError::new(FetchErrorKind::Query, "no such column");
        let outcome = if good { Ok(BTreeMap::new()) } else { Err(refused) };
        Run { next: Some(at(minute + 5)), ..Run::known("m".into(), at(minute), outcome) }
    }

    fn log() -> RunLog {
        let metrics = ["m", "other"].map(|id| (id.into(), Arc::default()));
        let source = SourceLog { metrics: metrics.into(), ..SourceLog::default() };
        RunLog { sources: [("s".into(), source)].into(), ..RunLog::default() }
    }

    #[test]
    fn the_last_ten_runs_are_kept_newest_first() {
        let mut log = log();
        (0..25).for_each(|minute| log.note(&"s".into(), &run(minute, true)));
        let metric = &log.sources["s"].metrics["m"];
        let begun: Vec<_> = metric.runs.iter().map(|run| run.as_of).collect();
        assert_eq!(begun, (15..25).rev().map(at).collect::<Vec<_>>());
        assert_eq!(metric.next_run, Some(at(29)));
    }

    #[test]
    fn a_source_is_up_when_the_last_run_of_every_metric_was_good() {
        let mut log = log();
        assert_eq!(log.sources["s"].up(), None);
        for (minute, good, failures) in [(1, true, 0), (2, false, 1), (3, false, 2), (4, true, 0)] {
            log.note(&"s".into(), &run(minute, good));
            let source = &log.sources["s"];
            assert_eq!((source.up(), source.metrics["m"].failures), (Some(good), failures));
            assert_eq!(source.last_success(), Some(at(if good { minute } else { 1 })));
        }
        let failed = Run { metric: "other".into(), ..run(5, false) };
        log.note(&"s".into(), &failed);
        assert_eq!(log.sources["s"].up(), Some(false));
        assert_eq!(log.sources["s"].metrics["other"].runs[0].outcome(), "query_error");
    }

    #[test]
    fn a_source_that_says_nothing_is_down_when_its_time_limit_is_over_and_not_before() {
        let mut log = log();
        log.started = at(0);
        let source = log.sources.get_mut("s").unwrap();
        source.facts.time_limit = Duration::from_secs(30);
        let up = |log: &mut RunLog, seconds| {
            log.look_at_the_clock(at(0) + TimeDelta::seconds(seconds));
            log.states()["s"].up
        };
        assert_eq!(up(&mut log, 3_600), None, "nobody asks it for anything");
        let source = log.sources.get_mut("s").unwrap();
        source.metrics.values_mut().for_each(|metric| Arc::make_mut(metric).polled = true);
        assert_eq!(up(&mut log, 29), None);
        assert_eq!(up(&mut log, 30), Some(false));
        assert_eq!(log.states()["s"].problems.len(), 2);
        log.note(&"s".into(), &run(1, true));
        assert_eq!(log.states()["s"].up, Some(true));
        assert_eq!(up(&mut log, 90), Some(true), "another metric may wait for its place");
    }
}
