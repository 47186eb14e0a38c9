//! `generate`: writes files for other programs, or says that they are not what it would write. Only
//! dashboards per KPI need a configuration; rules take from it where links lead.

mod dashboards;
mod grafana_alerts;
mod prometheus_rule;
mod rules;
mod schema;
mod shell;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use super::Global;
use super::destination::Destination;
use crate::config::Environment;
use crate::limits;

/// What people try.
const EXAMPLES: &str = "\
Examples:
  kpi-exporter generate rules --output kpi-exporter.rules.yml
  kpi-exporter generate dashboards --help
  kpi-exporter generate completions bash > /etc/bash_completion.d/kpi-exporter
  kpi-exporter generate man --folder /usr/local/share/man/man1";

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum Command {
    /// Recording and alerting rules as a Prometheus rule file.
    Rules(rules::Arguments),
    /// The same rules as an object of the Prometheus Operator.
    PrometheusRule(prometheus_rule::Arguments),
    /// Grafana dashboards for all KPIs, and one for each KPI if asked for.
    Dashboards(dashboards::Arguments),
    /// The alerts for a Grafana that evaluates them itself, as a file for its provisioning.
    GrafanaAlerts(grafana_alerts::Arguments),
    /// The JSON Schema of the configuration: completion and hover texts in editors.
    Schema(schema::Arguments),
    /// What a shell needs to complete commands and options.
    Completions(shell::Completions),
    /// Manual pages.
    Man(shell::Man),
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
        Command::GrafanaAlerts(arguments) => grafana_alerts::run(arguments, global, environment),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Dashboards(arguments) => dashboards::run(arguments, global, environment),
        Command::Completions(arguments) => shell::completions(arguments),
        Command::Man(arguments) => shell::man(arguments),
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
