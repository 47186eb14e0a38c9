//! `check`: is the configuration usable? All mistakes at once, or one line of what it holds.

use std::io::Write;
use std::process::ExitCode;

use super::Global;
use crate::config::{self, Environment};

pub(super) fn run(global: &Global, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = config::load(&global.config, environment)?;
    let definitions = &config.definitions;
    writeln!(
        anstream::stdout(),
        "{}: ok ({} KPIs, {} metrics, {} sources, {} objectives)",
        global.config.display(),
        definitions.kpis.len(),
        definitions.metrics.len(),
        config.sources.len(),
        definitions.objectives.len(),
    )?;
    Ok(ExitCode::SUCCESS)
}
