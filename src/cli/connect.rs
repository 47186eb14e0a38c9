//! `check --connect`: every source and metric once, side by side, and a report like that of a
//! database client. A source that fails hides nothing of the others.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::answer::{aligned, columns, cut, plain};
use super::counted;
use super::probe::{Probe, Questions, probe};
use super::progress::Progress;
use crate::config::Config;
use crate::daemon;
use crate::engine::uses_of;
use crate::id::{MetricId, SourceId};
use crate::metric::{FetchError, Metric, Query, Template};
use crate::schedule::Schedule;
use crate::source::SourceConfig;
use crate::source::files::FilesConfig;
use crate::source::statement::SqlQuery;
use crate::source::trace::Trace;

/// Lines are cut to fit into so many characters; what is wrong is told in full.
const WIDTH: usize = 100;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();

/// What came of each source.
pub(super) struct Tried {
    /// Sources whose settings cannot be used, and why.
    unusable: BTreeMap<SourceId, String>,
    /// By metric id.
    metrics: BTreeMap<MetricId, Summary>,
    /// Sources that no metric uses, and why they cannot be, if so.
    idle: BTreeMap<SourceId, Option<FetchError>>,
}

/// What one metric answered.
struct Summary {
    /// `None` without an answer.
    rows: Option<usize>,
    /// Names and types.
    columns: String,
    duration: Duration,
    failed: bool,
    /// What is wrong, if anything, and what to do about it.
    problem: Option<String>,
    hint: Option<String>,
}

/// Asks each metric for what the first KPI that uses it needs, and a source without metrics whether it
/// answers at all. Each source is asked as much at once as it allows.
pub(super) async fn connect(config: &Config, as_of: DateTime<Utc>) -> Tried {
    let metrics = &config.definitions.metrics;
    let (unusable, idle) = (BTreeMap::new(), BTreeMap::new());
    let mut tried = Tried { unusable, metrics: BTreeMap::new(), idle };
    let mut handles = BTreeMap::new();
    for (id, source) in &config.sources {
        match daemon::open_source(source) {
            Ok(handle) => drop(handles.insert(id, handle)),
            Err(why) => drop(tried.unusable.insert(id.clone(), why.to_string())),
        }
    }
    let asking = metrics.values().filter_map(|metric| {
        let handle = handles.get(&metric.source)?;
        let uses = uses_of(metric, &config.definitions, as_of);
        let span = Questions::of(uses, config, as_of, None).span;
        Some(async move {
            let probe = probe(metric, span, config, handle, Trace::default()).await;
            (metric.id.clone(), Summary::of(&probe))
        })
    });
    let greeting = handles.iter().filter_map(|(id, handle)| {
        let idle = !metrics.values().any(|metric| metric.source == **id);
        let source = config.sources.get(*id).filter(|_| idle)?;
        let metric = stand_in(id, source.greeting())?;
        let span = Questions::of(Vec::new(), config, as_of, None).span;
        Some(async move {
            let probe = probe(&metric, span, config, handle, Trace::default()).await;
            let failed = probe.measured.err().filter(|error| source.is_rebuffed_by(error.kind));
            ((*id).clone(), failed)
        })
    });
    let greeting: FuturesUnordered<_> = greeting.collect();
    let mut asking: FuturesUnordered<_> = asking.collect();
    let mut progress = Progress::new(asking.len(), "metrics");
    let asked = async {
        let mut metrics = BTreeMap::new();
        while let Some((id, summary)) = asking.next().await {
            metrics.insert(id, summary);
            progress.step();
        }
        metrics
    };
    (tried.metrics, tried.idle) = tokio::join!(asked, greeting.collect());
    tried
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
            let metric = stand_in(id, Query::new(all));
            let (Some(metric), Ok(handle)) = (metric, daemon::open_source(&one)) else { continue };
            let span = Questions::of(Vec::new(), config, as_of, None).span;
            let table = probe(&metric, span, config, &handle, Trace::default()).await.table;
            let found = table.map(|table| table.remarks).unwrap_or_default();
            remarks.extend(found.into_iter().map(|remark| (id.to_string(), remark)));
        }
    }
    remarks
}

/// What stands for the metrics of a source that has none.
fn stand_in(id: &SourceId, query: Query) -> Option<Arc<Metric>> {
    let metric = Metric::new(id.as_str(), id.clone(), query, Schedule::parse("@hourly").ok()?);
    Some(Arc::new(Metric { max_label_sets: 1, ..metric }))
}

impl Summary {
    fn of(probe: &Probe) -> Self {
        let (problem, hint) = match &probe.measured {
            Err(error) => (Some(error.message.clone()), error.hint.clone()),
            Ok(measured) => {
                let problem = measured.first_bad_row.as_ref();
                let problem = problem.map(|bad| format!("bad rows: {}; {bad}", measured.bad_rows));
                let remarks = probe.table.iter().flat_map(|table| &table.remarks);
                let problem =
                    problem.or_else(|| remarks.cloned().reduce(|all, one| format!("{all}; {one}")));
                let empty = measured.series.values().all(|series| series.values.is_empty());
                (problem.or_else(|| empty.then(|| "no value".to_owned())), None)
            }
        };
        let columns = probe.table.as_ref().map(|table| {
            let columns = columns(table);
            let named = columns.iter().map(|column| format!("{} {}", column.name, column.kind));
            named.collect::<Vec<_>>().join(", ")
        });
        Self {
            rows: probe.table.as_ref().map(|table| table.rows.len()),
            columns: columns.unwrap_or_default(),
            duration: probe.duration,
            failed: probe.measured.is_err(),
            problem,
            hint,
        }
    }

    fn style(&self) -> Style {
        match (self.failed, &self.problem) {
            (true, _) => RED,
            (false, Some(_)) => AnsiColor::Yellow.on_default(),
            (false, None) => GREEN,
        }
    }

    fn mark(&self) -> &'static str {
        match (self.failed, &self.problem) {
            (true, _) => "✗",
            (false, Some(_)) => "!",
            (false, None) => "✓",
        }
    }

    fn cells(&self, metric: &str) -> Vec<String> {
        vec![
            self.mark().to_owned(),
            metric.to_owned(),
            self.rows.map_or_else(|| "-".to_owned(), |rows| rows.to_string()),
            format!("{:.3} s", self.duration.as_secs_f64()),
            plain(&self.columns),
        ]
    }
}

/// Writes the report; whether all is well.
pub(super) fn write(out: &mut impl Write, config: &Config, tried: &Tried) -> io::Result<bool> {
    for (id, source) in &config.sources {
        let metrics = config.definitions.metrics.values().filter(|metric| metric.source == *id);
        let metrics: Vec<_> = metrics
            .filter_map(|metric| Some((metric.id.as_str(), tried.metrics.get(&metric.id)?)))
            .collect();
        let failed = metrics.iter().filter(|(_, summary)| summary.failed).count();
        let rebuff = tried.idle.get(id).and_then(Option::as_ref);
        let (style, said) = match (tried.unusable.get(id), metrics.len()) {
            (Some(_), _) => (RED, "failed".to_owned()),
            (None, 0) if rebuff.is_some() => (RED, "failed; no metric uses it".to_owned()),
            (None, 0) => (GREEN, "ok, but no metric uses it".to_owned()),
            (None, all) if failed == 0 => (GREEN, format!("ok, {}", counted(all, "metric"))),
            (None, all) => (RED, format!("failed, {failed} of {}", counted(all, "metric"))),
        };
        let place = cut(&plain(&source.describe()), WIDTH - 40);
        writeln!(out, "\n{id}: {place}: {style}{said}{style:#}")?;
        if let Some(why) = tried.unusable.get(id) {
            writeln!(out, "      {}", plain(why))?;
        }
        if let Some(error) = rebuff {
            writeln!(out, "      {}", plain(&error.message))?;
            if let Some(hint) = &error.hint {
                writeln!(out, "      hint: {}", plain(hint))?;
            }
        }
        write_metrics(out, &metrics)?;
    }
    let failed = tried.metrics.values().filter(|summary| summary.failed).count();
    let idle = tried.idle.values().filter(|failed| failed.is_some()).count();
    let unusable = tried.unusable.len() + idle;
    let good = failed == 0 && unusable == 0;
    if good {
        let remarks = tried.metrics.values().filter(|summary| summary.problem.is_some()).count();
        let remarks = match remarks {
            0 => String::new(),
            some => format!(", {some} with a remark"),
        };
        writeln!(out, "\nnothing failed: {}{remarks}", counted(tried.metrics.len(), "metric"))?;
    } else {
        let all = counted(tried.metrics.len(), "metric");
        let sources = match unusable {
            0 => String::new(),
            some => format!("; sources that cannot be used: {some}"),
        };
        writeln!(out, "\n{failed} of {all} failed{sources}")?;
    }
    Ok(good)
}

fn write_metrics(out: &mut impl Write, metrics: &[(&str, &Summary)]) -> io::Result<()> {
    if metrics.is_empty() {
        return Ok(());
    }
    let headings = ["", "METRIC", "ROWS", "TIME", "COLUMNS"].map(str::to_owned).to_vec();
    let cells = metrics.iter().map(|(id, summary)| summary.cells(id));
    let rows: Vec<_> = std::iter::once(headings).chain(cells).collect();
    let mut lines = aligned(&rows, &[false, false, true, true, false]).into_iter();
    if let Some(headings) = lines.next() {
        writeln!(out, "  {headings}")?;
    }
    for (line, (_, summary)) in lines.zip(metrics) {
        let style = summary.style();
        let line = cut(&line, WIDTH - 2);
        let (mark, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
        writeln!(out, "  {style}{mark}{style:#}{rest}")?;
        if let Some(problem) = &summary.problem {
            writeln!(out, "       {}", plain(problem))?;
        }
        if let Some(hint) = &summary.hint {
            writeln!(out, "       hint: {}", plain(hint))?;
        }
    }
    Ok(())
}
