//! The command line: arguments, dispatch, exit codes. One file per command; what a command does is
//! in the library, here it is only asked for and printed.

mod answer;
mod asked;
mod backfill;
mod catalog;
mod check;
mod connect;
mod demo;
mod destination;
mod diff;
mod digest;
mod eval;
mod evaluate;
mod fetch;
mod generate;
mod healthy;
mod init;
mod note;
mod output;
mod probe;
mod progress;
mod reloading;
mod report;
mod run;
mod store;
mod table;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{self, Config, Diagnostics, Environment, LogFormat, LogSettings};
use crate::logging;

/// What people try first.
const EXAMPLES: &str = "\
Examples:
  kpi-exporter demo                           the built-in example on http://localhost:9877/
  kpi-exporter demo --write example           the same as files to start from
  kpi-exporter check --config example         what is wrong with a configuration
  kpi-exporter eval --as-of 2026-06-30        every KPI as of the end of a day
  kpi-exporter report --period quarterly      what changed, and what to do about it
  kpi-exporter run                            poll on schedule, serve metrics and pages";

/// Calendar-aware KPIs with targets, pace and early warning, as Prometheus gauges.
#[derive(Debug, Parser)]
#[command(name = "kpi-exporter", version, about, after_help = EXAMPLES)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Above the flags that every command takes, apart from its own.
const EVERYWHERE: &str = "Flags of every command";

/// Arguments of every command.
#[derive(Debug, clap::Args)]
struct Global {
    /// Configuration file, or folder of *.yaml files.
    #[arg(
        long = "config.file",
        visible_alias = "config",
        global = true,
        env = "KPI_EXPORTER_CONFIG",
        default_value = "config/kpi-exporter.yaml",
        value_name = "PATH",
        help_heading = EVERYWHERE
    )]
    config: PathBuf,
    /// Least severe level to log: error, warn, info, debug, trace (default: the configuration's).
    #[arg(
        long = "log.level",
        visible_alias = "log-level",
        global = true,
        value_name = "LEVEL",
        help_heading = EVERYWHERE
    )]
    log_level: Option<tracing::Level>,
    /// Form of log lines: text, json (default: the configuration's); logfmt is text.
    #[arg(
        long = "log.format",
        visible_alias = "log-format",
        global = true,
        value_name = "FORMAT",
        value_parser = log_format,
        help_heading = EVERYWHERE
    )]
    log_format: Option<LogFormat>,
}

impl Global {
    /// How a daemon logs: by its configuration, unless flags say otherwise.
    fn log_as_daemon(&self, configured: &LogSettings) {
        let level = self.log_level.unwrap_or(configured.level);
        logging::install_for_daemon(level, self.log_format.unwrap_or(configured.format));
    }

    /// The configuration for a command that ends, which logs as such from here on.
    fn load(&self, environment: &Environment) -> anyhow::Result<Config> {
        let config = config::load(&self.config, environment)?;
        self.log_as_command(&config.settings.log);
        Ok(config)
    }

    /// How a command that ends logs: warnings, unless flags say otherwise.
    fn log_as_command(&self, configured: &LogSettings) {
        let level = self.log_level.unwrap_or(tracing::Level::WARN);
        logging::install_for_command(level, self.log_format.unwrap_or(configured.format));
    }
}

/// `logfmt` is what other exporters call lines for people.
fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" | "logfmt" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("expected text, json or logfmt".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Poll the sources on their schedules and serve the KPIs.
    #[command(after_help = run::EXAMPLES)]
    Run(run::ListenArguments),
    /// Run on a built-in example, generated around today: no file, no server needed.
    Demo(demo::Arguments),
    /// Validate the configuration; nothing is fetched unless asked for.
    Check(check::Arguments),
    /// List, find and explain the built-in templates of KPIs.
    Catalog(catalog::Arguments),
    /// Write a commented configuration to start from: a framework of the catalogue.
    Init(init::Arguments),
    /// Run your own tests of your definitions, on given rows.
    Test(test::Arguments),
    /// Say what a change of the configuration means, the harmful first.
    Diff(diff::Arguments),
    /// Show what one fetch of a metric sends and gets, step by step.
    Fetch(fetch::Arguments),
    /// Fetch now and print every KPI once.
    Eval(eval::Arguments),
    /// Write the review: what changed, what follows, every KPI in a row.
    Report(report::Arguments),
    /// Write down what there is to say about a KPI.
    Note(note::Arguments),
    /// Show what a digest would say.
    Digest(digest::Arguments),
    /// Recompute past days, with timestamps: for Prometheus, or as lines of JSON.
    Backfill(backfill::Arguments),
    /// Look after the file that holds history.
    #[command(subcommand)]
    Store(store::Command),
    /// Ask a running daemon whether it is healthy: for containers, which have no shell.
    #[command(after_help = healthy::EXAMPLES)]
    Healthy(healthy::Arguments),
    /// Write files for other programs: alert rules and dashboards.
    #[command(subcommand)]
    Generate(generate::Command),
}

/// Exit code when something was tried and failed.
const FAILED: u8 = 1;

/// Exit code of a configuration or an argument that cannot be used.
const UNUSABLE: u8 = 2;

/// Exit code when values are missing that were asked for.
const NO_VALUE: u8 = 3;

/// Runs the program and says how it should exit. Results go to stdout, everything else to stderr.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::from_process();
    if let Err(error) = outlive_limits() {
        logging::report(&error.into());
        return ExitCode::from(FAILED);
    }
    let outcome = match &arguments.command {
        Command::Run(command) => run::run(command, &arguments.global, &environment),
        Command::Demo(command) => demo::run(command, &arguments.global, &environment),
        Command::Check(command) => check::run(command, &arguments.global, &environment),
        Command::Init(command) => init::run(command, &environment),
        Command::Test(command) => test::run(command, &arguments.global, &environment),
        Command::Diff(command) => diff::run(command, &arguments.global, &environment),
        Command::Catalog(command) => catalog::run(command),
        Command::Fetch(command) => fetch::run(command, &arguments.global, &environment),
        Command::Eval(command) => eval::run(command, &arguments.global, &environment),
        Command::Report(command) => report::run(command, &arguments.global, &environment),
        Command::Note(command) => note::run(command, &arguments.global, &environment),
        Command::Digest(command) => digest::run(command, &arguments.global, &environment),
        Command::Backfill(command) => backfill::run(command, &arguments.global, &environment),
        Command::Store(command) => store::run(command, &arguments.global, &environment),
        Command::Healthy(command) => healthy::run(command, &arguments.global, &environment),
        Command::Generate(command) => generate::run(command, &arguments.global, &environment),
    };
    let code = match outcome {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            logging::report(&error);
            let unusable = error.is::<Diagnostics>() || error.is::<Unusable>();
            ExitCode::from(if unusable { UNUSABLE } else { FAILED })
        }
    };
    logging::finish();
    code
}

/// A file that would become larger than a limit allows is an error to be told, as when the disk is
/// full, and not the end of the process: SIGXFSZ is taken for all the time that follows.
fn outlive_limits() -> std::io::Result<()> {
    const SIGXFSZ: i32 = 25;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

/// An argument that makes no sense with the configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unusable(String);

/// `1 metric`, `2 metrics`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Waits for what a command asks others.
fn wait<T>(what: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(what))
}

/// `kpi-exporter eval | head`: whoever reads has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
