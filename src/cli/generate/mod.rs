//! `generate`: writes files for other programs, or says that they are not what it would write. Only
//! dashboards per KPI need a configuration; rules take from it where links lead.

mod dashboards;
mod prometheus_rule;
mod rules;
mod schema;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use super::Global;
use super::destination::Destination;
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
    /// The JSON Schema of the configuration: completion and hover texts in editors.
    Schema(schema::Arguments),
}

/// Where the result goes.
#[derive(Debug, clap::Args)]
struct GenerateTarget {
    /// File to write; without it, or with `-`, standard output.
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
        Command::Schema(arguments) => schema::run(arguments),
        Command::Dashboards(arguments) => dashboards::run(arguments, global, environment),
    }
}

impl GenerateTarget {
    /// Writes or compares.
    fn put(&self, text: &str) -> anyhow::Result<ExitCode> {
        let path = self.output.as_deref();
        let Some(file) = path.filter(|_| self.check) else {
            Destination::open(path)?.put(|out| out.write_all(text.as_bytes()))?;
            return Ok(ExitCode::SUCCESS);
        };
        if !file.is_file() {
            bail!("--check compares with a file, and {} is none", file.display());
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
