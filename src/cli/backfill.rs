//! `backfill`: recomputes past days and writes them, for Prometheus or for scripts. What a day's
//! verdict is comes from the library; here are arguments, Ctrl-C and the last words.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::asked::Only;
use super::output::{BackfillFormat, Output};
use super::progress::Progress;
use super::{Global, NO_VALUE, counted, wait};
use crate::artifacts::rules::JOB;
use crate::backfill::{Gaps, Recorder, parse_step, replay, steps, warm_up};
use crate::calendar::Calendar;
use crate::config::Environment;
use crate::engine::Sources;
use crate::exposition::check_scrape_label;
use crate::kpi::Definitions;
use crate::store::Store;
use crate::{clock, daemon, figures};

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// What to know before feeding it to Prometheus.
const NOTES: &str = "\
A sample bears the last second of its day, so that queries by days find it on the day it is about.
Prometheus looks back five minutes only: ask for last_over_time(...[1d]).
Into blocks, of a month each (by default they are two hours long and one day takes one each):
  promtool tsdb create-blocks-from openmetrics --max-block-duration=744h FILE DATA_DIRECTORY
Prometheus drops blocks that are older than its --storage.tsdb.retention.time, 15 days by default.

Examples:
  kpi-exporter backfill --from 2024-07-01 --to 2026-06-30 --output history.om
  kpi-exporter backfill --from 2026-04-01 --to 2026-06-30 --format jsonl | jq .status";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Arguments {
    /// First instant: a date for the end of that day, or RFC 3339.
    #[arg(long, value_name = "D")]
    from: String,
    /// Last instant.
    #[arg(long, value_name = "D")]
    to: String,
    /// Whole days or weeks from one to the next.
    #[arg(long, value_name = "STEP", default_value = "1d")]
    step: String,
    /// `openmetrics` for `promtool tsdb create-blocks-from openmetrics`; `jsonl` for one line of
    /// JSON a day, KPI and label set.
    #[arg(long, value_enum, default_value_t = BackfillFormat::Openmetrics)]
    format: BackfillFormat,
    /// File to write instead of standard output, which `-` names too. With `jsonl`, days that it
    /// already holds are not written again, so a run that was stopped goes on; with `openmetrics` it
    /// appears, or is replaced, as a whole at the end. Links are followed; devices and pipes are
    /// written to as they are.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    only: Only,
    /// A label that a scrape would add, with `openmetrics`; may be given several times. Rules and
    /// dashboards choose by `job`, which is `kpi-exporter` unless `job=` says otherwise or nothing.
    #[arg(long, value_name = "NAME=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let mut config = global.load(environment)?;
    arguments.only.keep(&mut config)?;
    let steps = arguments.steps(&config.definitions.calendar)?;
    let store_path = config.settings.store.path;
    let definitions = Arc::new(config.definitions);
    let output = Output::open(
        arguments.format,
        arguments.output.as_deref(),
        &steps,
        &definitions,
        &arguments.labels(),
    )?;
    wait(async {
        let sources = daemon::open_sources(&config.sources);
        let recorder = recorder(store_path.as_deref(), &definitions).await?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let exit = tokio::select! {
            done = write(&definitions, &sources, &steps, output, recorder.as_ref()) => done.or_else(quiet_at_closed_pipe),
            _ = interrupt.recv() => Ok(arguments.interrupted()),
            _ = terminate.recv() => Ok(arguments.interrupted()),
        };
        if let Some(recorder) = recorder {
            recorder.close().await;
        }
        exit
    })?
}

/// `NAME=VALUE`.
fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    check_scrape_label(name)?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Arguments {
    /// Those of the command line beside the job of the rules.
    fn labels(&self) -> BTreeMap<String, String> {
        let job = [("job".to_owned(), JOB.to_owned())];
        job.into_iter().chain(self.label.iter().cloned()).collect()
    }

    fn steps(&self, calendar: &Calendar) -> anyhow::Result<Vec<DateTime<Utc>>> {
        let instant =
            |name, text| calendar.parse_as_of(text).map_err(|message| anyhow!("{name}: {message}"));
        let from = instant("--from", &self.from)?;
        let to = instant("--to", &self.to)?;
        let step = parse_step(&self.step).map_err(|message| anyhow!("--step: {message}"))?;
        steps(calendar, from, to, step, clock::system())
            .map_err(|message| anyhow!("--from, --to: {message}"))
    }

    fn interrupted(&self) -> ExitCode {
        let goes_on = match &self.output {
            Some(path) if self.format == BackfillFormat::Jsonl && path.is_file() => {
                format!("; the same command goes on where {} ends", path.display())
            }
            _ => String::new(),
        };
        say(&format!("stopped{goes_on}"));
        ExitCode::from(INTERRUPTED)
    }
}

/// Evaluates and writes all days that the output has not got yet.
async fn write(
    definitions: &Arc<Definitions>,
    sources: &Sources,
    steps: &[DateTime<Utc>],
    mut output: Output,
    recorder: Option<&Recorder>,
) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let next = output.next();
    let start = warm_up(definitions, steps, next);
    let mut gaps = Gaps::new(Arc::clone(definitions));
    let progress = Progress::new(steps.len() - start, "days");
    let walk = replay(Arc::clone(definitions), sources.clone(), steps[start..].to_vec());
    let mut walk = pin!(walk);
    while let Some(snapshot) = walk.next().await {
        if snapshot.as_of >= steps[next] {
            gaps.add(&snapshot);
            output.add(&snapshot)?;
            if let Some(recorder) = recorder {
                recorder.write_past(&snapshot, clock::system(), true).await?;
            }
        }
        progress.step();
    }
    drop(progress);
    output.finish()?;
    let days = steps.len() - next;
    let day = |at: &DateTime<Utc>| definitions.calendar.day_before(*at);
    // In a script, silence is golden.
    if let (Some(first), Some(last)) = (steps.get(next), steps.last())
        && io::stderr().is_terminal()
    {
        let took = figures::duration(begun.elapsed().as_secs_f64());
        let (first, last) = (day(first), day(last));
        let store = if recorder.is_some() { ", and into the store" } else { "" };
        let (days, kpis) = (counted(days, "day"), counted(definitions.kpis.len(), "KPI"));
        say(&format!("wrote {days} of {kpis}, {first} to {last}, in {took}{store}"));
    }
    gaps.found().iter().for_each(|gap| say(&gap.to_string()));
    Ok(if gaps.any_value() { ExitCode::SUCCESS } else { ExitCode::from(NO_VALUE) })
}

/// Writes to the store of the configuration as well, where it has one.
async fn recorder(
    path: Option<&Path>,
    definitions: &Arc<Definitions>,
) -> anyhow::Result<Option<Recorder>> {
    let Some(path) = path else { return Ok(None) };
    let store = Arc::new(Store::open(path).await?);
    Ok(Some(Recorder::new(store, Arc::clone(definitions), clock::system()).await?))
}

/// `backfill ... | head` has what it wants.
fn quiet_at_closed_pipe(error: anyhow::Error) -> anyhow::Result<ExitCode> {
    match error.downcast_ref::<io::Error>() {
        Some(io) if io.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        _ => Err(error),
    }
}

/// A line on standard error; where that is closed, nobody wants it.
fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}
