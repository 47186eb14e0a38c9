//! `generate prometheus-rule`: the rules as a Kubernetes object.

use std::process::ExitCode;

use super::rules::Wanted;
use crate::artifacts::rules::{ObjectMeta, groups, prometheus_rule};
use crate::cli::Global;
use crate::config::Environment;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Name of the object.
    #[arg(long, default_value = "kpi-exporter")]
    name: String,
    /// Namespace of the object.
    #[arg(long)]
    namespace: Option<String>,
    /// Label of the object; may be given several times. Operators select rules by labels.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    wanted: Wanted,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let meta = ObjectMeta {
        name: arguments.name.clone(),
        namespace: arguments.namespace.clone(),
        labels: arguments.labels.iter().cloned().collect(),
    };
    arguments.wanted.put(global, environment, |options| prometheus_rule(&groups(options), &meta))
}

fn label(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected KEY=VALUE, such as release=prometheus".to_owned())
}
