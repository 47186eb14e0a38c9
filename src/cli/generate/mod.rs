//! `generate`: writes files for other programs, or says that they are not what it would write. Only
//! dashboards per KPI need a configuration; rules take from it where links lead.

mod dashboards;
mod prometheus_rule;
mod rules;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::Global;
use crate::config::Environment;
use crate::limits;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Recording and alerting rules as a Prometheus rule file.
    Rules(rules::Arguments),
    /// The same rules as an object of the Prometheus Operator.
    PrometheusRule(prometheus_rule::Arguments),
    /// Grafana dashboards for all KPIs, and one for each KPI if asked for.
    Dashboards(dashboards::Arguments),
}

/// Where the result goes.
#[derive(Debug, clap::Args)]
struct GenerateTarget {
    /// File to write, instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write nothing: compare with --output, and exit with 1 when it differs.
    #[arg(long, requires = "output")]
    check: bool,
}

pub(super) fn run(
    command: &Command,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    match command {
        Command::Rules(arguments) => rules::run(arguments, global, environment),
        Command::PrometheusRule(arguments) => prometheus_rule::run(arguments, global, environment),
        Command::Dashboards(arguments) => dashboards::run(arguments, global, environment),
    }
}

impl GenerateTarget {
    /// Writes or compares.
    fn put(&self, text: &str) -> anyhow::Result<ExitCode> {
        let Some(file) = &self.output else {
            std::io::stdout().write_all(text.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        };
        if !self.check {
            std::fs::write(file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
            return Ok(ExitCode::SUCCESS);
        }
        let found = limits::read_capped(file, text.len() as u64 + 1);
        if found.ok().as_deref() != Some(text.as_bytes()) {
            bail!(
                "{} is not what these arguments write; run the same command without --check",
                file.display()
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
