//! `healthy`: asks a daemon on the same machine whether it is healthy, for containers whose image has
//! neither a shell nor curl. Exit code 0 when it is, 1 when it is not or does not answer.
//!
//! Where it listens is read as the daemon reads it: from the environment and the configuration. A
//! daemon that wants a login, or a certificate of its clients, is asked without one: what it refuses
//! with tells enough (see `ask`).

mod any_certificate;
mod ask;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;

use self::ask::Question;
use super::{FAILED, Global, Unusable};
use crate::calendar::parse_duration;
use crate::config::{self, Environment};
use crate::listen::ListenAddress;
use crate::shown;

/// What people try.
pub(super) const EXAMPLES: &str = "\
Examples:
  kpi-exporter healthy
  kpi-exporter healthy --ready
  kpi-exporter healthy --web.listen-address :8443 --timeout 1s

Exit code 0: healthy (or ready). 1: not, or no answer. 2: it cannot be asked.";

/// Characters of an answer that are shown.
const LONGEST: usize = 200;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the daemon listens, as it was told itself; else the configuration's `server.listen`.
    #[arg(long = "web.listen-address", value_name = "ADDRESS")]
    listen: Option<ListenAddress>,
    /// Ask instead whether it is ready: whether its first evaluation is complete.
    #[arg(long)]
    ready: bool,
    /// How long it may take to answer.
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = parse_duration)]
    timeout: Duration,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    if arguments.timeout.is_zero() {
        bail!(Unusable("--timeout: expected more than 0s".to_owned()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (path, environment) = (global.config.clone(), environment.clone());
    let given = arguments.listen.clone();
    let question = if arguments.ready { Question::Ready } else { Question::Healthy };
    let outcome = runtime.block_on(async {
        let asking = async {
            // A file of the configuration may hang.
            let find = tokio::task::spawn_blocking(move || match given {
                Some(address) => Ok(address),
                None => configured(&path, &environment),
            });
            let address = find.await??;
            let Some(address) = address.to_connect() else {
                bail!(Unusable(format!(
                    "--web.listen-address: {address} is any free port; name the one that it was given"
                )));
            };
            Ok(ask::ask(&address, question).await)
        };
        tokio::time::timeout(arguments.timeout, asking).await
    });
    runtime.shutdown_background();
    let problem = match outcome {
        Ok(Ok(Ok(answer))) => {
            writeln!(anstream::stdout(), "{}", shown::line(&answer, LONGEST))?;
            return Ok(ExitCode::SUCCESS);
        }
        Ok(Ok(Err(problem))) => problem,
        Ok(Err(problem)) => return Err(problem),
        Err(_) => format!("no answer within {:?}", arguments.timeout),
    };
    // Nobody may be there to read it.
    let _ = writeln!(anstream::stderr(), "not {question}: {}", shown::line(&problem, LONGEST));
    Ok(ExitCode::from(FAILED))
}

/// Where a daemon of this configuration listens. One that runs lives on with what it read before, so
/// mistakes that were made since do not matter: then the environment has the say, and the default.
fn configured(path: &Path, environment: &Environment) -> anyhow::Result<ListenAddress> {
    let config = match config::load(path, environment) {
        Ok(config) => config,
        Err(_) => config::load_text("environment", "version: 1\n", Path::new(""), environment)?,
    };
    Ok(config.settings.server.listen)
}
