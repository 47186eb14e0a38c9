//! `store`: looking after the file that holds history. `check` and `export` work beside a daemon.

use std::cell::Cell;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::destination::Destination;
use super::{Global, Unusable, counted};
use crate::config::{self, Environment};
use crate::store::{self, Store};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Examine every row, and say what there is; a daemon may be running.
    Check,
    /// Write the file anew without the room that nothing takes; the daemon has to be stopped.
    Compact,
    /// Write every daily value as a line of JSON; a daemon may be running.
    Export {
        /// File to write; - is standard output.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

pub(super) fn run(
    command: &Command,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = config::load(&global.config, environment)?;
    let path = config.settings.store.path.filter(|path| path != Path::new(":memory:"));
    let path = path.ok_or_else(|| {
        let cure = "there is no store: write `store: { path: FILE }`";
        Unusable(format!("{cure} into {}", global.config.display()))
    })?;
    let mut out = anstream::stdout();
    match command {
        Command::Check => {
            let store::Contents { version, series, days, span, changes, closings, bytes, free } =
                store::examine(&path)?;
            writeln!(out, "{}: ok (schema version {version})", path.display())?;
            let span = span.map(|(first, last)| format!(", {first} to {last}"));
            let many = |number: i64, noun| counted(usize::try_from(number).unwrap_or(0), noun);
            let (series, days) = (many(series, "label set"), many(days, "day"));
            writeln!(out, "{series}, {days}{}", span.unwrap_or_default())?;
            let (changes, closings) = (many(changes, "change"), many(closings, "closed period"));
            writeln!(out, "{changes} within days, {closings}")?;
            writeln!(out, "{}, of which nothing takes {}", size(bytes), size(free))?;
        }
        Command::Compact => {
            let length = || std::fs::metadata(&path).map_or(0, |found| found.len());
            let before = length();
            // What is not there is not made, and what is of somebody else not written.
            store::examine(&path)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let store = Store::open(&path).await?;
                store.compact().await?;
                store.close().await;
                anyhow::Ok(())
            })?;
            writeln!(out, "{}: {} before, {} now", path.display(), size(before), size(length()))?;
        }
        Command::Export { output } => {
            let path = std::path::absolute(&path).context("store.path")?;
            let written = Cell::new(0);
            Destination::open(output.as_deref())?.put(|out| {
                written.set(store::export(&path, out)?);
                Ok(())
            })?;
            if output.as_deref().is_some_and(|output| output != Path::new("-")) {
                let days = usize::try_from(written.get()).unwrap_or(usize::MAX);
                writeln!(out, "{} written", counted(days, "day"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `3.4 MiB`.
fn size(bytes: u64) -> String {
    if bytes < 1 << 20 {
        format!("{} KiB", bytes.div_ceil(1024))
    } else {
        format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
    }
}
