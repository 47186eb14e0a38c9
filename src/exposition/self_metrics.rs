//! What the program says about itself: fetches, evaluations, configuration, process. Kept in a
//! registry of the `prometheus` crate, one per configuration, and read anew for every scrape. What is counted
//! goes on over reloads.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prometheus::core::Collector as _;
use prometheus::proto::{LabelPair, MetricFamily, MetricType};
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGaugeVec, Opts, Registry,
};

use super::encode::{Encoder, ExpositionFormat, push_label};
use super::families::{
    self, Family, FamilyKind, KPI_DIGEST_SENT_TOTAL, KPI_EXPORTER_BUILD_INFO,
    KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS,
    KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL, KPI_EXPORTER_CONFIGURED_KPIS,
    KPI_EXPORTER_EVALUATION_DURATION_SECONDS, KPI_EXPORTER_LAST_EVALUATION_TIMESTAMP_SECONDS,
    KPI_EXPORTER_LOG_ERRORS_TOTAL, KPI_EXPORTER_STORE_ERRORS_TOTAL, KPI_EXPORTER_STORE_SIZE_BYTES,
    KPI_EXPORTER_STORE_WRITE_DURATION_SECONDS, KPI_EXPORTER_TASK_RESTARTS_TOTAL,
    KPI_SOURCE_FETCH_DURATION_SECONDS, KPI_SOURCE_FETCHES_TOTAL,
};
use super::pieces::seconds;
use super::sink::FamilySink;
use crate::logging;

/// Bounds for fetches, in seconds: from a small file to a query at its time limit.
const FETCH_BUCKETS: &[f64] =
    &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Bounds for evaluations, in seconds: no I/O in there.
const EVALUATION_BUCKETS: &[f64] =
    &[0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

/// Bounds for writing to the store, in seconds: from a page to a disk that is slow.
const WRITE_BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Tasks that are started again when they end by a defect.
const TASKS: [&str; 4] = ["catch_up", "digest", "evaluator", "poller"];

/// Outcome of a good fetch; the others are the names of fetch errors.
const SUCCESS: &str = "success";

/// Outcome under which rows without a usable value are counted.
const BAD_ROW: &str = "bad_row";

/// The program's own metrics, for one configuration.
#[derive(Debug)]
pub struct SelfMetrics {
    registry: Registry,
    counters: Counters,
    last_evaluation: Gauge,
    store_size: GaugeVec,
    reload_successful: Gauge,
    reload_timestamp: Gauge,
}

/// What is counted as long as the process lives, whatever the configuration.
#[derive(Debug, Clone)]
struct Counters {
    fetches: IntCounterVec,
    fetch_seconds: HistogramVec,
    evaluation_seconds: Histogram,
    restarts: IntCounterVec,
    digests: IntCounterVec,
    store_errors: IntCounter,
    store_write_seconds: Histogram,
}

impl Counters {
    fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            fetches: IntCounterVec::new(opts(&KPI_SOURCE_FETCHES_TOTAL), &["source", "outcome"])?,
            fetch_seconds: HistogramVec::new(
                histogram_opts(&KPI_SOURCE_FETCH_DURATION_SECONDS, FETCH_BUCKETS),
                &["source"],
            )?,
            evaluation_seconds: Histogram::with_opts(histogram_opts(
                &KPI_EXPORTER_EVALUATION_DURATION_SECONDS,
                EVALUATION_BUCKETS,
            ))?,
            restarts: IntCounterVec::new(opts(&KPI_EXPORTER_TASK_RESTARTS_TOTAL), &["task"])?,
            digests: IntCounterVec::new(opts(&KPI_DIGEST_SENT_TOTAL), &["digest", "outcome"])?,
            store_write_seconds: Histogram::with_opts(histogram_opts(
                &KPI_EXPORTER_STORE_WRITE_DURATION_SECONDS,
                WRITE_BUCKETS,
            ))?,
            store_errors: IntCounter::with_opts(opts(&KPI_EXPORTER_STORE_ERRORS_TOTAL))?,
        })
    }

    /// Forgets sources that are gone. Series that start at zero: a rate sees the first failure.
    fn are_of<'a>(&self, sources: impl IntoIterator<Item = &'a str>) {
        let sources: BTreeSet<&str> = sources.into_iter().collect();
        for metric in self.fetches.collect().iter().flat_map(MetricFamily::get_metric) {
            let label = |name| metric.get_label().iter().find(|label| label.name() == name);
            let (Some(source), Some(outcome)) = (label("source"), label("outcome")) else {
                continue;
            };
            if !sources.contains(source.value()) {
                // Whoever removed it before has done the same.
                let _ = self.fetches.remove_label_values(&[source.value(), outcome.value()]);
                let _ = self.fetch_seconds.remove_label_values(&[source.value()]);
            }
        }
        for source in sources {
            self.fetches.with_label_values(&[source, SUCCESS]);
            self.fetch_seconds.with_label_values(&[source]);
        }
        for task in TASKS {
            self.restarts.with_label_values(&[task]);
        }
    }

    fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.fetches.clone()))?;
        registry.register(Box::new(self.fetch_seconds.clone()))?;
        registry.register(Box::new(self.evaluation_seconds.clone()))?;
        registry.register(Box::new(self.restarts.clone()))?;
        registry.register(Box::new(self.digests.clone()))?;
        registry.register(Box::new(self.store_write_seconds.clone()))?;
        registry.register(Box::new(self.store_errors.clone()))
    }
}

impl SelfMetrics {
    /// Metrics of a configuration with these sources and so many KPIs, loaded at `loaded_at`.
    /// `revision` is the commit that the program was built from, or empty.
    ///
    /// # Errors
    /// What the registry says; it has no reason to.
    pub fn new<'a>(
        sources: impl IntoIterator<Item = &'a str>,
        configured_kpis: usize,
        revision: &str,
        loaded_at: DateTime<Utc>,
    ) -> Result<Self, prometheus::Error> {
        Self::with(Counters::new()?, sources, configured_kpis, revision, loaded_at)
    }

    /// Metrics of the configuration that comes after this one: what was counted goes on.
    ///
    /// # Errors
    /// What the registry says; it has no reason to.
    pub fn followed_by<'a>(
        &self,
        sources: impl IntoIterator<Item = &'a str>,
        configured_kpis: usize,
        revision: &str,
        loaded_at: DateTime<Utc>,
    ) -> Result<Self, prometheus::Error> {
        Self::with(self.counters.clone(), sources, configured_kpis, revision, loaded_at)
    }

    fn with<'a>(
        counters: Counters,
        sources: impl IntoIterator<Item = &'a str>,
        configured_kpis: usize,
        revision: &str,
        loaded_at: DateTime<Utc>,
    ) -> Result<Self, prometheus::Error> {
        let build = IntGaugeVec::new(opts(&KPI_EXPORTER_BUILD_INFO), &["version", "revision"])?;
        let kpis = gauge(&KPI_EXPORTER_CONFIGURED_KPIS)?;
        let metrics = Self {
            registry: Registry::new(),
            counters,
            // Without a label, and absent where there is no file.
            store_size: GaugeVec::new(opts(&KPI_EXPORTER_STORE_SIZE_BYTES), &[])?,
            last_evaluation: gauge(&KPI_EXPORTER_LAST_EVALUATION_TIMESTAMP_SECONDS)?,
            reload_successful: gauge(&KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL)?,
            reload_timestamp: gauge(&KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS)?,
        };
        build.with_label_values(&[env!("CARGO_PKG_VERSION"), revision]).set(1);
        kpis.set(configured_kpis as f64);
        metrics.reload_successful.set(1.0);
        metrics.reload_timestamp.set(seconds(loaded_at));
        metrics.counters.are_of(sources);

        metrics.registry.register(Box::new(build))?;
        metrics.registry.register(Box::new(kpis))?;
        metrics.counters.register(&metrics.registry)?;
        metrics.registry.register(Box::new(metrics.last_evaluation.clone()))?;
        metrics.registry.register(Box::new(metrics.store_size.clone()))?;
        metrics.registry.register(Box::new(metrics.reload_successful.clone()))?;
        metrics.registry.register(Box::new(metrics.reload_timestamp.clone()))?;
        #[cfg(target_os = "linux")]
        metrics
            .registry
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(metrics)
    }

    /// Counts a fetch: `outcome` is `success` or the name of an error kind.
    pub fn observe_fetch(&self, source: &str, outcome: &str, seconds: f64) {
        self.counters.fetches.with_label_values(&[source, outcome]).inc();
        self.counters.fetch_seconds.with_label_values(&[source]).observe(seconds);
    }

    /// Counts rows of a good fetch that had no usable value.
    pub fn count_bad_rows(&self, source: &str, rows: u64) {
        self.counters.fetches.with_label_values(&[source, BAD_ROW]).inc_by(rows);
    }

    /// Counts an evaluation as of an instant.
    pub fn observe_evaluation(&self, as_of: DateTime<Utc>, duration: f64) {
        self.counters.evaluation_seconds.observe(duration);
        self.last_evaluation.set(seconds(as_of));
    }

    /// Counts a task that ended by a defect.
    pub fn count_restart(&self, task: &str) {
        self.counters.restarts.with_label_values(&[task]).inc();
    }

    /// Counts what became of a digest: `sent`, `failed`, `quiet`, `given_up`, `skipped`.
    pub fn count_digest(&self, digest: &str, outcome: &str) {
        self.count_digests(digest, outcome, 1);
    }

    /// The same for several of them.
    pub fn count_digests(&self, digest: &str, outcome: &str, number: u64) {
        self.counters.digests.with_label_values(&[digest, outcome]).inc_by(number);
    }

    /// How often a task ended by a defect.
    pub fn restarts(&self, task: &str) -> u64 {
        self.counters.restarts.with_label_values(&[task]).get()
    }

    /// Notes how large the store is, and failures to write it.
    pub fn observe_store(&self, bytes: Option<u64>, errors: u64) {
        if let Some(bytes) = bytes {
            self.store_size.with_label_values::<&str>(&[]).set(bytes as f64);
        }
        self.counters.store_errors.inc_by(errors);
    }

    /// Notes how long writing to the store took.
    pub fn observe_store_write(&self, seconds: f64) {
        self.counters.store_write_seconds.observe(seconds);
    }

    /// Notes that a newer configuration was refused and this one is still at work.
    pub fn reload_refused(&self) {
        self.reload_successful.set(0.0);
    }

    /// The last part of a body, with the end mark of the format.
    pub(super) fn render(&self, format: ExpositionFormat) -> String {
        let mut encoder = Encoder::new(format, 8 * 1024);
        for family in self.registry.gather() {
            write_family(&mut encoder, &family);
        }
        // Of the process, not of a configuration.
        let Family { name, kind, help } = KPI_EXPORTER_LOG_ERRORS_TOTAL;
        encoder.foreign(name, kind, help).sample("", logging::lost() as f64);
        encoder.finish()
    }
}

fn opts(family: &Family) -> Opts {
    Opts::new(family.name, family.help)
}

fn histogram_opts(family: &Family, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::new(family.name, family.help).buckets(buckets.to_vec())
}

fn gauge(family: &Family) -> Result<Gauge, prometheus::Error> {
    Gauge::with_opts(opts(family))
}

fn write_family(encoder: &mut Encoder, family: &MetricFamily) {
    let Some(kind) = kind_of(family) else { return };
    let mut writer = encoder.foreign(family.name(), kind, family.help());
    for metric in family.get_metric() {
        let labels = label_set(metric.get_label());
        match kind {
            FamilyKind::Counter => writer.sample(&labels, metric.get_counter().get_value()),
            FamilyKind::Histogram => {
                let histogram = metric.get_histogram();
                let buckets = histogram.get_bucket().iter();
                writer.histogram(
                    &labels,
                    buckets.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count())),
                    histogram.get_sample_sum(),
                    histogram.get_sample_count(),
                );
            }
            FamilyKind::Gauge | FamilyKind::Info | FamilyKind::StateSet => {
                writer.sample(&labels, metric.get_gauge().get_value());
            }
        }
    }
}

/// The registry knows no info type: ours are looked up by name. Summaries and untyped metrics are
/// never registered.
fn kind_of(family: &MetricFamily) -> Option<FamilyKind> {
    let ours = families::ALL.iter().find(|ours| ours.name == family.name());
    match (ours, family.get_field_type()) {
        (Some(ours), _) => Some(ours.kind),
        (None, MetricType::GAUGE) => Some(FamilyKind::Gauge),
        (None, MetricType::COUNTER) => Some(FamilyKind::Counter),
        (None, MetricType::HISTOGRAM) => Some(FamilyKind::Histogram),
        (None, MetricType::SUMMARY | MetricType::UNTYPED) => None,
    }
}

fn label_set(labels: &[LabelPair]) -> String {
    let mut set = String::new();
    for label in labels {
        push_label(&mut set, label.name(), label.value());
    }
    set
}

#[cfg(test)]
#[path = "tests/self_metrics.rs"]
mod tests;
