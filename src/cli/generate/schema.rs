//! `generate schema`: the JSON Schema of a configuration, for editors.

use std::process::ExitCode;

use super::GenerateTarget;
use crate::config;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    target: GenerateTarget,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    arguments.target.put(&format!("{:#}\n", config::schema()))
}
