//! `generate`: writes files that follow from the program, or checks that they still do.

mod dashboards;

use std::process::ExitCode;

use clap::Subcommand;

use super::Global;
use crate::config::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum Artifact {
    /// Grafana dashboards for all KPIs, and one for each KPI if asked for.
    Dashboards(dashboards::Arguments),
}

pub(super) fn run(
    artifact: &Artifact,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    match artifact {
        Artifact::Dashboards(arguments) => dashboards::run(arguments, global, environment),
    }
}
