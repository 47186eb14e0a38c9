//! `demo`: the daemon on the built-in example, moved so that 30 days of its period are complete. The
//! files are written to a folder of their own, to be looked at and broken; it goes when the demo
//! ends, unless `--write` names one to keep.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use chrono::{Days, NaiveDate};
use tempfile::TempDir;
use tracing::info;

use super::{Global, run};
use crate::config::{self, Environment};
use crate::{clock, demo};

/// So many days of the period are complete when the demo shows its story.
const DAYS: u64 = 30;

/// What people try.
const EXAMPLES: &str = "\
Examples:
  kpi-exporter demo                        serves http://localhost:9877/
  kpi-exporter demo --write example && kpi-exporter eval --config example";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    serve: run::ListenArguments,
    /// Write configuration and data to this folder and stop: a start for an example of your own.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let today = clock::system().date_naive();
    if let Some(folder) = &arguments.write {
        write(folder, today)?;
        return Ok(ExitCode::SUCCESS);
    }
    let signals = run::Signals::take()?;
    let folder = TempDir::with_prefix("kpi-exporter-demo-").context("no folder for the demo")?;
    let file = write(folder.path(), today)?;
    let config = config::load(&file, environment)?;
    global.log_as_daemon(&config.settings.log);
    info!(
        "the example lies in {}: change it and see; it goes when the demo ends",
        folder.path().display()
    );
    let environment = environment.clone();
    let outside = run::AroundIt::of(&environment);
    let load = move || config::load_watched(&file, &environment);
    run::serve(signals, &arguments.serve, global, outside, load)
}

/// Writes the example as of `today` and gives the path of its configuration.
fn write(folder: &Path, today: NaiveDate) -> anyhow::Result<PathBuf> {
    let story = demo::Story {
        period_start: today.checked_sub_days(Days::new(DAYS)).unwrap_or(today),
        last_day: today.pred_opt().unwrap_or(today),
    };
    demo::write(folder, &story)
        .with_context(|| format!("cannot write the demo to {}", folder.display()))?;
    Ok(folder.join("kpi-exporter.yaml"))
}
