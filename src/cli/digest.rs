//! `digest`: shows what a digest would say now, or as of an instant. The daemon sends them.

use std::io::Write as _;
use std::process::ExitCode;

use super::evaluate::Evaluation;
use super::{AsOf, Global, Unusable, as_of};
use crate::config::{self, Environment, did_you_mean};
use crate::digest::{Digest, compose};
use crate::filter::Filter;
use crate::review::{Cadence, Known, review};

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
    /// Instant to write it for: RFC 3339, or a date for the end of that day (default: now).
    #[arg(long, value_name = "T")]
    as_of: Option<String>,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = config::load(&global.config, environment)?;
    global.log_as_command(&config.settings.log);
    let AsOf { at, .. } = as_of(arguments.as_of.as_deref(), &config.definitions.calendar)?;
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (snapshot, days) = runtime.block_on(async {
        let mut evaluation = Evaluation::begin(config, at).await;
        let snapshot = evaluation.snapshot().await;
        let days = evaluation.days(Cadence::Weekly).await;
        (snapshot, days)
    });
    let mut stdout = anstream::stdout();
    for digest in digests {
        let chosen = [("team", &digest.team), ("objective", &digest.objective)];
        let chosen = chosen.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
        let filter = Filter::parse(chosen, &snapshot)?;
        let review = review(Known { snapshot: &snapshot, days: &days }, &filter, Cadence::Weekly);
        let message = compose(&review, digest.span, external_url.as_deref());
        writeln!(stdout, "# {} to {}, {}", digest.name, digest.to.name(), digest.schedule)?;
        if digest.quiet_when_fine && message.is_fine {
            writeln!(stdout, "Nothing would be sent: all is well.\n")?;
        } else {
            writeln!(stdout, "{}", message.text())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
