//! `check --connect`: every source and metric once, side by side, and a report like that of a
//! database client. A source that fails hides nothing of the others. Not here: what came of a metric
//! (`summary`), what it means to the KPIs (`meaning`), and printing (`report`).

mod meaning;
mod report;
mod summary;

pub(super) use self::report::write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use self::summary::Summary;
use super::probe::{Questions, probe, stand_in};
use super::progress::Progress;
use crate::config::Config;
use crate::daemon;
use crate::engine::{SourceHandle, uses_of};
use crate::id::{MetricId, SourceId};
use crate::metric::{FetchError, FetchErrorKind, Measurement, Metric, Query, Template};
use crate::source::files::FilesConfig;
use crate::source::statement::SqlQuery;
use crate::source::trace::Trace;
use crate::source::{Aside, OpenError, Remark, SourceConfig};

/// What came of each source.
pub(super) struct Tried {
    /// Sources whose settings cannot be used, and why.
    unusable: BTreeMap<SourceId, OpenError>,
    /// By metric id.
    metrics: BTreeMap<MetricId, Summary>,
    /// Sources that no metric uses, and why they cannot be, if so.
    idle: BTreeMap<SourceId, Option<FetchError>>,
    /// What the logins of sources may do besides reading.
    logins: BTreeMap<SourceId, Remark>,
}

/// Asks each metric for what the first KPI that uses it needs, and a source without metrics whether it
/// answers at all. Each source is asked as much at once as it allows.
pub(super) async fn connect(config: &Config, as_of: DateTime<Utc>) -> Tried {
    let metrics = &config.definitions.metrics;
    let mut unusable = BTreeMap::new();
    let mut handles = BTreeMap::new();
    for (id, source) in &config.sources {
        match daemon::open_source(source) {
            Ok(handle) => drop(handles.insert(id, handle)),
            Err(why) => drop(unusable.insert(id.clone(), why)),
        }
    }
    let asking = metrics.values().filter_map(|metric| {
        let (handle, source) = (handles.get(&metric.source)?, config.sources.get(&metric.source)?);
        Some(ask_metric(metric, source, handle, config, as_of))
    });
    let greeting = handles.iter().filter_map(|(id, handle)| {
        let idle = !metrics.values().any(|metric| metric.source == **id);
        let source = config.sources.get(*id).filter(|_| idle)?;
        let metric = stand_in(id, source.greeting(), 1)?;
        let span = Questions::of(Vec::new(), config, as_of, None).span;
        Some(async move {
            let probe = probe(&metric, span, config, handle, Trace::default()).await;
            let failed = probe.measured.err().filter(|error| source.is_rebuffed_by(error.kind));
            ((*id).clone(), failed)
        })
    });
    let greeting: FuturesUnordered<_> = greeting.collect();
    let mut asking: FuturesUnordered<_> = asking.collect();
    let progress = Progress::new(asking.len(), "metrics");
    let asked = async {
        let (mut summaries, mut measured) = (BTreeMap::new(), BTreeMap::new());
        while let Some((id, summary, numbers)) = asking.next().await {
            measured.extend(numbers.map(|numbers| (id.clone(), numbers)));
            summaries.insert(id, summary);
            progress.step();
        }
        (summaries, measured)
    };
    let ((mut metrics, measured), idle) = tokio::join!(asked, greeting.collect());
    for (metric, remark) in meaning::of_percents(&config.definitions, &measured) {
        if let Some(summary) = metrics.get_mut(&metric) {
            summary.remark(remark);
        }
    }
    let mut tried = Tried { unusable, metrics, idle, logins: BTreeMap::new() };
    for (&id, handle) in &handles {
        let Some(source) = config.sources.get(id).filter(|_| tried.answers(config, id)) else {
            continue;
        };
        if let Some(aside) = source.login_aside()
            && let Some(remark) = ask_aside(id, aside, (config, handle, as_of)).await
        {
            tried.logins.insert(id.clone(), remark);
        }
    }
    tried
}

impl Tried {
    /// Whether a source answered anything at all.
    fn answers(&self, config: &Config, source: &SourceId) -> bool {
        let metrics = config.definitions.metrics.values().filter(|one| one.source == *source);
        let greeted = self.idle.get(source).is_some_and(Option::is_none);
        greeted || metrics.filter_map(|one| self.metrics.get(&one.id)).any(|one| !one.is_away())
    }
}

async fn ask_metric(
    metric: &Arc<Metric>,
    source: &SourceConfig,
    handle: &SourceHandle,
    config: &Config,
    as_of: DateTime<Utc>,
) -> (MetricId, Summary, Option<Measurement>) {
    let uses = uses_of(metric, &config.definitions, as_of);
    let span = Questions::of(uses, config, as_of, None).span;
    let probe = probe(metric, span, config, handle, Trace::default()).await;
    let mut summary = Summary::of(&probe, config.definitions.calendar.timezone);
    if probe.measured.is_ok() {
        if let Some(aside) = source.times_aside(&metric.query)
            && let Some(remark) = ask_aside(&metric.source, aside, (config, handle, as_of)).await
        {
            summary.remark(remark);
        }
        for remark in meaning::of_durations(metric, &config.definitions, &probe) {
            summary.remark(remark);
        }
    }
    (metric.id.clone(), summary, probe.measured.ok())
}

/// What a question beside those of metrics is asked with.
type With<'a> = (&'a Config, &'a SourceHandle, DateTime<Utc>);

/// A server that does not know what is asked has nothing to be remarked on.
async fn ask_aside(
    id: &SourceId,
    aside: Aside,
    (config, handle, as_of): With<'_>,
) -> Option<Remark> {
    const ROWS: usize = 10_000;
    let metric = stand_in(id, aside.query, ROWS)?;
    let span = Questions::of(Vec::new(), config, as_of, None).span;
    let probe = probe(&metric, span, config, handle, Trace::default()).await;
    (aside.read)(&probe.table?)
}

/// What is worth knowing of the tables of `files` sources, by source: files are at hand even where
/// nothing else is. One that is missing or slow to read is nothing that a configuration is to blame for.
pub(super) async fn file_remarks(config: &Config, as_of: DateTime<Utc>) -> Vec<(String, String)> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let mut remarks = Vec::new();
    for (id, source) in &config.sources {
        let SourceConfig::Files(files) = source else { continue };
        for (table, file) in &files.tables {
            let tables = [(table.clone(), file.clone())].into();
            let one = SourceConfig::Files(FilesConfig { tables, timeout: PATIENCE });
            let all = SqlQuery(Template::plain(format!("SELECT * FROM \"{table}\" LIMIT 1")));
            let metric = stand_in(id, Query::new(all), 1);
            let (Some(metric), Ok(handle)) = (metric, daemon::open_source(&one)) else { continue };
            let span = Questions::of(Vec::new(), config, as_of, None).span;
            let table = probe(&metric, span, config, &handle, Trace::default()).await.table;
            let found = table.map(|table| table.remarks).unwrap_or_default();
            remarks.extend(found.into_iter().map(|remark| (id.to_string(), remark)));
        }
    }
    remarks
}

/// Whether nothing was heard of a source.
fn is_away(kind: FetchErrorKind) -> bool {
    matches!(kind, FetchErrorKind::Unreachable | FetchErrorKind::Timeout)
}
