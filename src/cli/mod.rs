//! The command line: arguments, dispatch, exit codes. One file per command; what a command does is
//! in the library, here it is only asked for and printed.

mod backfill;
mod check;
mod demo;
mod eval;
mod generate;
mod output;
mod progress;
mod run;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Parser, Subcommand};

use crate::config::{Config, Diagnostics, Environment};
use crate::logging;

/// Calendar-aware KPIs with targets, pace and early warning, as Prometheus gauges.
#[derive(Debug, Parser)]
#[command(name = "kpi-exporter", version, about)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Arguments of every command.
#[derive(Debug, clap::Args)]
struct Global {
    /// Configuration file, or folder of *.yaml files.
    #[arg(
        long,
        global = true,
        env = "KPI_EXPORTER_CONFIG",
        default_value = "config/kpi-exporter.yaml",
        value_name = "PATH"
    )]
    config: PathBuf,
    /// Least severe level to log: error, warn, info, debug, trace (default: the configuration's).
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<tracing::Level>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Poll the sources on their schedules and serve the KPIs.
    Run(run::ListenArguments),
    /// Run on a built-in example, generated around today: no file, no server needed.
    Demo(demo::Arguments),
    /// Validate the configuration; nothing is fetched.
    Check,
    /// Fetch now and print every KPI once.
    Eval(eval::Arguments),
    /// Recompute past days, with timestamps: for Prometheus, or as lines of JSON.
    Backfill(backfill::Arguments),
    /// Write files for other programs: alert rules and dashboards.
    #[command(subcommand)]
    Generate(generate::Command),
}

/// Exit code of a configuration or an argument that cannot be used.
const UNUSABLE: u8 = 2;

/// Exit code when values are missing that were asked for.
const NO_VALUE: u8 = 3;

/// Runs the program and says how it should exit. Results go to stdout, everything else to stderr.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::from_process();
    let outcome = match &arguments.command {
        Command::Run(command) => run::run(command, &arguments.global, &environment),
        Command::Demo(command) => demo::run(command, &arguments.global, &environment),
        Command::Check => check::run(&arguments.global, &environment),
        Command::Eval(command) => eval::run(command, &arguments.global, &environment),
        Command::Backfill(command) => backfill::run(command, &arguments.global, &environment),
        Command::Generate(command) => generate::run(command, &arguments.global, &environment),
    };
    match outcome {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            logging::report(&error);
            ExitCode::from(if error.is::<Diagnostics>() { UNUSABLE } else { 1 })
        }
    }
}

/// Leaves out the KPIs that were not asked for, so that only their metrics are fetched.
fn keep_only(config: &mut Config, ids: &[String]) -> anyhow::Result<()> {
    let kpis = &mut config.definitions.kpis;
    if let Some(unknown) = ids.iter().find(|id| !kpis.iter().any(|kpi| kpi.id == **id)) {
        let known: Vec<&str> = kpis.iter().map(|kpi| kpi.id.as_str()).collect();
        bail!("--kpi: there is no KPI `{unknown}`; the configuration has {}", known.join(", "));
    }
    if !ids.is_empty() {
        kpis.retain(|kpi| ids.contains(&kpi.id));
    }
    Ok(())
}

/// `kpi-exporter eval | head`: whoever reads has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
