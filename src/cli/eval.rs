//! `eval`: fetches everything once and prints every KPI, for people or for scripts.

use std::io::Write;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::ValueEnum;

use super::evaluate::Evaluation;
use super::{AsOf, Global, NO_VALUE, as_of, keep_only, table};
use crate::api::{self, Which};
use crate::config::{self, Config, Environment};
use crate::filter::Filter;
use crate::snapshot::Snapshot;

/// What people try.
const EXAMPLES: &str = "\
Examples:
  kpi-exporter eval --as-of 2026-04-30
  kpi-exporter eval --kpi net_new_arr --format json | jq '.kpis[0].status'

The exit code is 3 when a KPI has no value.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Instant to evaluate for: RFC 3339, or a date for the end of that day (default: now).
    #[arg(long, value_name = "T")]
    as_of: Option<String>,
    /// Only this KPI; may be given several times.
    #[arg(long, value_name = "ID")]
    kpi: Vec<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = EvalFormat::Table)]
    format: EvalFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EvalFormat {
    Table,
    Json,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let mut config = config::load(&global.config, environment)?;
    global.log_as_command(&config.settings.log);
    keep_only(&mut config, &arguments.kpi)?;
    let AsOf { at, to_come } = as_of(arguments.as_of.as_deref(), &config.definitions.calendar)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let snapshot = runtime.block_on(evaluate(config, at));
    let mut stdout = anstream::stdout();
    match arguments.format {
        EvalFormat::Table => table::write(&mut stdout, &snapshot, to_come)?,
        EvalFormat::Json => {
            let all = api::kpis_json(&snapshot, Which::Kept(&Filter::default()));
            writeln!(stdout, "{}", serde_json::to_string_pretty(&all)?)?;
        }
    }
    let complete = snapshot.verdicts().all(|(_, verdict)| verdict.assessment.value.is_some());
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::from(NO_VALUE) })
}

/// Fetches every metric once, and evaluates.
pub(super) async fn evaluate(config: Config, as_of: DateTime<Utc>) -> Snapshot {
    Evaluation::begin(config, as_of).await.snapshot().await
}
