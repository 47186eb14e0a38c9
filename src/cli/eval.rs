//! `eval`: fetches everything once and prints every KPI, for people or for scripts.

use std::io::Write;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::ValueEnum;

use super::asked::{AsOf, Only, When};
use super::evaluate::Evaluation;
use super::{Global, NO_VALUE, table, wait};
use crate::api::{self, Which};
use crate::config::{Config, Environment};
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
    #[command(flatten)]
    when: When,
    #[command(flatten)]
    only: Only,
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
    let mut config = global.load(environment)?;
    arguments.only.keep(&mut config)?;
    let AsOf { at, to_come } = arguments.when.as_of(&config.definitions.calendar)?;
    let snapshot = wait(evaluate(config, at))?;
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
