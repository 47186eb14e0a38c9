//! `digest`: shows what a digest would say now, or as of an instant. The daemon sends them.

use std::io::Write as _;
use std::process::ExitCode;

use super::asked::{AsOf, When};
use super::evaluate::with_days;
use super::{Global, Unusable, wait};
use crate::config::{Environment, did_you_mean};
use crate::digest::Digest;
use crate::review::{Cadence, Known};

const EXAMPLES: &str = "\
Examples:
  kpi-exporter digest --dry-run
  kpi-exporter digest weekly --dry-run --as-of 2026-04-30

`kpi-exporter run` sends them when they are due.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Which one; all of them without it.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print it instead of sending it.
    #[arg(long, required = true)]
    dry_run: bool,
    #[command(flatten)]
    when: When,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = global.load(environment)?;
    let AsOf { at, .. } = arguments.when.as_of(&config.definitions.calendar)?;
    let names: Vec<&str> = config.digests.iter().map(|digest| digest.name.as_str()).collect();
    if names.is_empty() {
        let hint =
            "write `digest: { weekly: { schedule: \"Monday 8:00, last week\", to: stdout } }`";
        return Err(Unusable(format!("the configuration has no digest (hint: {hint})")).into());
    }
    if let Some(name) = arguments.name.as_deref().filter(|name| !names.contains(name)) {
        let hint = did_you_mean(name, "the digests are", &names);
        return Err(Unusable(format!("there is no digest `{name}` (hint: {hint})")).into());
    }
    let chosen = |digest: &&Digest| arguments.name.as_ref().is_none_or(|name| *name == digest.name);
    let digests: Vec<Digest> = config.digests.iter().filter(chosen).cloned().collect();
    let external_url = config.settings.server.external_url.clone();
    let (snapshot, days) = wait(with_days(config, at, Cadence::Weekly))?;
    let known = Known { snapshot: &snapshot, days: &days };
    let mut stdout = anstream::stdout();
    for digest in digests {
        let message = digest.message(known, external_url.as_deref());
        writeln!(stdout, "# {} to {}, {}", digest.name, digest.to.name(), digest.schedule)?;
        if digest.quiet_when_fine && message.is_fine {
            writeln!(stdout, "Nothing would be sent: all is well.\n")?;
        } else {
            writeln!(stdout, "{}", message.text())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
