//! `generate grafana-alerts`: the alerts as a file for Grafana's provisioning.

use std::process::ExitCode;

use super::rules::Wanted;
use crate::artifacts::rules::{GrafanaOptions, grafana_alerts};
use crate::cli::Global;
use crate::config::Environment;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Folder of the rules in Grafana.
    #[arg(long, default_value = "KPIs")]
    folder: String,
    /// Uid of the Prometheus data source in Grafana.
    #[arg(long, value_name = "UID", default_value = "prometheus")]
    datasource_uid: String,
    /// Organisation in Grafana.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    org_id: u32,
    #[command(flatten)]
    wanted: Wanted,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let options = GrafanaOptions {
        folder: arguments.folder.clone(),
        datasource_uid: arguments.datasource_uid.clone(),
        org_id: arguments.org_id,
    };
    arguments.wanted.put(global, environment, |rules| grafana_alerts(rules, &options))
}
