//! `check`: is the configuration usable? All mistakes at once, or one line of what it holds; with
//! `--connect` also what each source answers.

use std::io::Write;
use std::process::ExitCode;

use super::answer::plain;
use super::{FAILED, Global, connect, counted};
use crate::config::{self, Environment};
use crate::{clock, logging};

/// What exit codes mean.
const NOTES: &str = "\
Exit code 0: all is well. 1: --connect found a source or metric that fails. 2: the configuration
cannot be used.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Arguments {
    /// Also ask every source for every metric once, and tell what came.
    #[arg(long)]
    connect: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = config::load(&global.config, environment)?;
    let definitions = &config.definitions;
    let mut out = anstream::stdout();
    writeln!(
        out,
        "{}: ok ({}, {}, {}, {})",
        global.config.display(),
        counted(definitions.kpis.len(), "KPI"),
        counted(definitions.metrics.len(), "metric"),
        counted(config.sources.len(), "source"),
        counted(definitions.objectives.len(), "objective"),
    )?;
    for note in &config.notes {
        writeln!(out, "note: {note}")?;
    }
    out.flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if !arguments.connect {
        for (source, remark) in runtime.block_on(connect::file_remarks(&config, clock::system())) {
            writeln!(out, "note: source `{source}`: {}", plain(&remark))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    logging::install(global.log_level.unwrap_or(tracing::Level::WARN), config.settings.log.format);
    let tried = runtime.block_on(connect::connect(&config, clock::system()));
    let good = connect::write(&mut out, &config, &tried)?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
