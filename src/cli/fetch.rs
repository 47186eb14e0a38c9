//! `fetch`: what one fetch of a metric sends and gets, step by step, for whoever looks for a mistake
//! in a query. Nothing is stored.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::answer::{instant, lines, plain};
use super::asked::{AsOf, When};
use super::probe::{Probe, Questions, probe};
use super::{FAILED, Global, NO_VALUE, Unusable};
use crate::config::{Config, Environment, did_you_mean};
use crate::daemon;
use crate::engine::{Use, uses_of};
use crate::id::MetricId;
use crate::metric::{FetchError, Measurement, Metric, moment};
use crate::source::SourceConfig;
use crate::source::trace::{Step, Trace};

/// Rows, label sets and other spans that are listed, at most.
const ROWS: usize = 20;

/// Bytes of a raw answer that are shown.
const RAW: usize = 64 * 1024;

/// What people try.
const EXAMPLES: &str = "\
Examples:
  kpi-exporter fetch trials --as-of 2026-04-30
  kpi-exporter fetch trials --kpi trial_to_paid --raw";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Id of the metric.
    metric: String,
    #[command(flatten)]
    when: When,
    /// Ask as this KPI does (default: the first that uses the metric).
    #[arg(long, value_name = "ID")]
    kpi: Option<String>,
    /// Show answers as they came, too.
    #[arg(long)]
    raw: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = global.load(environment)?;
    let (metric, source) = find(arguments, &config)?;
    let AsOf { at: as_of, to_come } = arguments.when.as_of(&config.definitions.calendar)?;
    let uses = uses_of(metric, &config.definitions, as_of);
    check_kpi(arguments.kpi.as_deref(), metric, &uses)?;
    let questions = Questions::of(uses, &config, as_of, arguments.kpi.as_deref());
    let handle = daemon::open_source(source)
        .map_err(|why| Unusable(format!("source `{}`: {why}", metric.source)))?;
    let mut out = anstream::stdout();
    let timezone = config.definitions.calendar.timezone;
    let show = |at: DateTime<Utc>| instant(at, timezone);
    writeln!(out, "metric   {}", metric.id)?;
    writeln!(out, "source   {}: {}", metric.source, source.describe())?;
    writeln!(out, "for      {}", questions.purpose)?;
    let span = questions.span;
    let still = if to_come { ", still to come" } else { "" };
    writeln!(out, "as of    {} ({timezone}){still}", show(span.as_of))?;
    writeln!(out, "window   {} to {}", show(span.window.start), show(span.window.end))?;
    writeln!(out, "period   {} to {}", show(span.period.start), show(span.period.end))?;
    for other in questions.others.iter().take(ROWS) {
        let window = other.span.window;
        let (start, end) = (show(window.start), show(window.end));
        writeln!(out, "also     {start} to {end}: KPI {}, {}", other.kpi, other.purpose)?;
    }
    more(&mut out, "         ", questions.others.len(), "spans")?;
    writeln!(out)?;
    out.flush()?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let trace = Trace::on();
    let (started, probe, ended) = runtime.block_on(async {
        let started = Instant::now();
        let probe = probe(metric, span, &config, &handle, trace.clone()).await;
        (started, probe, Instant::now())
    });
    for step in trace.steps() {
        write_step(&mut out, &step, started, arguments.raw)?;
    }
    let end = if probe.measured.is_ok() { "done" } else { "failed" };
    writeln!(out, "{:>9.3} s  {end}", (ended - started).as_secs_f64())?;
    write_outcome(&mut out, &probe, timezone)?;
    Ok(match &probe.measured {
        Err(_) => ExitCode::from(FAILED),
        Ok(measured) if !has_value(measured) => ExitCode::from(NO_VALUE),
        Ok(_) => ExitCode::SUCCESS,
    })
}

/// The metric and its source, as the arguments name them.
fn find<'a>(
    arguments: &Arguments,
    config: &'a Config,
) -> Result<(&'a Arc<Metric>, &'a SourceConfig), Unusable> {
    let definitions = &config.definitions;
    let id = &arguments.metric;
    let Some(metric) = definitions.metrics.get(id.as_str()) else {
        let known: Vec<&str> = definitions.metrics.keys().map(MetricId::as_str).collect();
        let kpi = definitions.kpis.iter().find(|kpi| kpi.id == *id);
        let hint = match kpi.and_then(|kpi| kpi.formula.references().next()) {
            Some((reference, _)) => format!("it is a KPI; it uses metric `{}`", reference.metric),
            None => did_you_mean(id, "the metrics are", &known),
        };
        return Err(Unusable(format!("there is no metric `{id}` (hint: {hint})")));
    };
    let source = config.sources.get(&metric.source);
    let source = source.ok_or_else(|| Unusable(format!("there is no source `{}`", metric.source)));
    Ok((metric, source?))
}

/// A KPI that was asked for has to use the metric.
fn check_kpi(kpi: Option<&str>, metric: &Metric, uses: &[Use]) -> Result<(), Unusable> {
    let Some(kpi) = kpi.filter(|kpi| !uses.iter().any(|one| one.kpi == *kpi)) else {
        return Ok(());
    };
    let mut known: Vec<&str> = uses.iter().map(|one| one.kpi.as_str()).collect();
    known.dedup();
    let hint = did_you_mean(kpi, "it is used by", &known);
    Err(Unusable(format!("--kpi: no KPI `{kpi}` uses metric `{}` (hint: {hint})", metric.id)))
}

fn has_value(measured: &Measurement) -> bool {
    measured.series.values().any(|series| !series.values.is_empty())
}

fn write_step(out: &mut impl Write, step: &Step, started: Instant, raw: bool) -> io::Result<()> {
    let elapsed = step.at.saturating_duration_since(started).as_secs_f64();
    writeln!(out, "{elapsed:>9.3} s  {}", plain(&step.what))?;
    for line in step.details.iter().flat_map(|detail| detail.lines()) {
        writeln!(out, "             {}", plain(line))?;
    }
    let Some(bytes) = step.raw.as_ref().filter(|_| raw) else { return Ok(()) };
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(RAW)]);
    for line in shown.lines() {
        writeln!(out, "           | {}", plain(line))?;
    }
    if bytes.len() > RAW {
        let rest = bytes.len() - RAW;
        writeln!(out, "           … {rest} more bytes of {}", bytes.len())?;
    }
    Ok(())
}

fn write_outcome(out: &mut impl Write, probe: &Probe, timezone: chrono_tz::Tz) -> io::Result<()> {
    if let Some(table) = &probe.table {
        writeln!(out, "\nanswer   {}", count(table.rows.len(), "row"))?;
        for line in lines(table, ROWS, timezone) {
            writeln!(out, "  {line}")?;
        }
        more(out, "  ", table.rows.len(), "rows")?;
    }
    match &probe.measured {
        Ok(measured) => {
            let remarks = probe.table.as_ref().map_or(&[][..], |table| &table.remarks);
            write_measured(out, measured, remarks, timezone)
        }
        Err(error) => write_failure(out, error),
    }
}

fn write_measured(
    out: &mut impl Write,
    measured: &Measurement,
    remarks: &[String],
    timezone: chrono_tz::Tz,
) -> io::Result<()> {
    writeln!(out, "\nvalues   {}", count(measured.series.len(), "label set"))?;
    for (labels, series) in measured.series.iter().take(ROWS) {
        let values = series.values.iter().map(|(name, value)| format!("{name} = {value}"));
        let mut parts: Vec<String> = values.collect();
        if parts.is_empty() {
            parts.push("no value".to_owned());
        }
        match series.data_through {
            Some(through) if through == moment::NEVER => {
                parts.push("`data_through` is empty: no data".to_owned());
            }
            Some(through) => parts.push(format!("data through {}", instant(through, timezone))),
            None => {}
        }
        let labels = plain(&labels.to_string());
        let space = if labels.is_empty() { "" } else { "  " };
        writeln!(out, "  {labels}{space}{}", parts.join(", "))?;
    }
    more(out, "  ", measured.series.len(), "label sets")?;
    if let Some(bad) = &measured.first_bad_row {
        let rows = count(usize::try_from(measured.bad_rows).unwrap_or(usize::MAX), "bad row");
        writeln!(out, "  {rows}, the first: {}", plain(bad))?;
    }
    for remark in remarks {
        writeln!(out, "  {}", plain(remark))?;
    }
    if measured.series.is_empty() {
        writeln!(out, "  a good answer without rows is no value: not 0")?;
    }
    Ok(())
}

fn write_failure(out: &mut impl Write, error: &FetchError) -> io::Result<()> {
    writeln!(out, "\nfailed   {} ({})", plain(&error.message), error.kind.as_str())?;
    if let Some(hint) = &error.hint {
        writeln!(out, "  hint: {}", plain(hint))?;
    }
    if let Some(wait) = error.retry_after {
        writeln!(out, "  the source asks not to be asked again for {} s", wait.as_secs())?;
    }
    Ok(())
}

/// How many were not listed, if any.
fn more(out: &mut impl Write, indent: &str, total: usize, what: &str) -> io::Result<()> {
    match total.checked_sub(ROWS) {
        None | Some(0) => Ok(()),
        Some(rest) => writeln!(out, "{indent}… {rest} more {what}"),
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_answers_are_shown_on_demand_harmlessly_and_not_beyond_the_limit() {
        let started = Instant::now();
        let raw = [b"{\x1b[2J\xff}\nend\n".as_slice(), &vec![b'x'; RAW]].concat();
        let step = Step { at: started, ..Step::now("GET /v1") }
            .with_details(["200 OK".to_owned()])
            .with_raw(raw.clone().into());
        let shown = |with_raw: bool| {
            let mut out = Vec::new();
            write_step(&mut out, &step, started, with_raw).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(false), "    0.000 s  GET /v1\n             200 OK\n");
        let text = shown(true);
        assert!(text.contains("| {\\u{1b}[2J\u{fffd}}\n           | end\n"), "{}", &text[..200]);
        let note = format!("… {} more bytes of {}\n", raw.len() - RAW, raw.len());
        assert!(text.ends_with(&note), "{}", &text[text.len() - 100..]);
    }
}
