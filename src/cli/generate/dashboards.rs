//! `generate dashboards`: one JSON file per dashboard.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use crate::artifacts::dashboards::{self, Dashboard};
use crate::cli::Global;
use crate::cli::destination::Destination;
use crate::config::{self, Environment};
use crate::limits;
use crate::word::{Place, Word};

/// Exit code when a file is not what would be written.
const DRIFT: u8 = 1;

/// More than any dashboard has.
const MAX_BYTES: u64 = 16 << 20;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Also a detail dashboard for each KPI of the configuration, in the unit of that KPI.
    #[arg(long)]
    per_kpi: bool,
    /// Folder to write to.
    #[arg(long, value_name = "DIR", default_value = "grafana/dashboards")]
    output: PathBuf,
    /// Write nothing; fail when a file differs from what would be written.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let mut dashboards = dashboards::shared();
    if arguments.per_kpi {
        let config = config::load(&global.config, environment)?;
        dashboards.extend(dashboards::per_kpi(&config.definitions));
    }
    if arguments.check {
        return check(&arguments.output, &dashboards);
    }
    fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot create {}", arguments.output.display()))?;
    for dashboard in &dashboards {
        let path = arguments.output.join(dashboard.file_name());
        Destination::open(Some(&path))?.put(|out| out.write_all(dashboard.text().as_bytes()))?;
        writeln!(anstream::stdout(), "{}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(folder: &Path, dashboards: &[Dashboard]) -> anyhow::Result<ExitCode> {
    let mut drifted = false;
    for dashboard in dashboards {
        let path = folder.join(dashboard.file_name());
        let problem = match limits::read_capped(&path, MAX_BYTES) {
            Ok(found) if found == dashboard.text().as_bytes() => continue,
            Ok(_) => "differs from what the program generates".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        drifted = true;
        writeln!(
            anstream::stderr(),
            "{:#} {:#} {problem}; run `kpi-exporter generate dashboards` again",
            Place(&path.to_string_lossy(), None),
            Word::Error,
        )?;
    }
    Ok(if drifted { ExitCode::from(DRIFT) } else { ExitCode::SUCCESS })
}
