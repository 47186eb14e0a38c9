//! `check`: is the configuration usable, and is it a good one? All mistakes at once, or one line of what
//! it holds and what could be better; with `--connect` also what each source answers.

mod past;
mod report;

use std::io::Write;
use std::process::ExitCode;

use clap::ValueEnum;

use self::report::Checked;
use super::answer::plain;
use super::{FAILED, Global, UNUSABLE, connect, counted};
use crate::config::{self, Config, Diagnostics, Environment};
use crate::lint::{self, Lint, Severity};
use crate::word::Word;
use crate::{clock, web_config};

/// What exit codes mean.
const NOTES: &str = "\
Exit code 0: all is well. 1: --connect found a source or metric that fails, or --strict a warning.
2: the configuration cannot be used.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Arguments {
    /// Also ask every source for every metric once, and tell what came.
    #[arg(long)]
    connect: bool,
    /// Warnings of the lint fail the check.
    #[arg(long)]
    strict: bool,
    /// How to write mistakes and warnings: for people, as JSON, for code scanning (SARIF), or as
    /// annotations of GitHub Actions.
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with = "connect")]
    format: Format,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    Sarif,
    Github,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let mut out = anstream::stdout();
    let loaded = config::load(&global.config, environment).and_then(with_web_config);
    let config = match loaded {
        Ok(config) => config,
        Err(mistakes) if arguments.format != Format::Text => {
            report::write(
                &mut out,
                arguments.format,
                &Checked { mistakes: Some(&mistakes), notes: &[], lints: &[] },
            )?;
            return Ok(ExitCode::from(UNUSABLE));
        }
        Err(mistakes) => return Err(mistakes.into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let now = clock::system();
    let past = runtime.block_on(past::read(&config, now, arguments.connect));
    let lints = lint::lint(&config, &past);
    let strict = arguments.strict && lints.iter().any(|lint| lint.severity == Severity::Warning);
    let verdict = ExitCode::from(if strict { FAILED } else { 0 });
    if arguments.format != Format::Text {
        let checked = Checked { mistakes: None, notes: &config.notes, lints: &lints };
        report::write(&mut out, arguments.format, &checked)?;
        return Ok(verdict);
    }
    write_summary(&mut out, global, &config)?;
    out.flush()?;
    if !arguments.connect {
        for (source, remark) in runtime.block_on(connect::file_remarks(&config, now)) {
            writeln!(out, "{:#} source `{source}`: {}", Word::Note, plain(&remark))?;
        }
        write_lints(&mut out, &lints)?;
        return Ok(verdict);
    }
    write_lints(&mut out, &lints)?;
    global.log_as_command(&config.settings.log);
    let tried = runtime.block_on(connect::connect(&config, now));
    let good = connect::write(&mut out, &config, &tried)?;
    Ok(if good { verdict } else { ExitCode::from(FAILED) })
}

/// A configuration whose web configuration file is right, too.
fn with_web_config(config: Config) -> Result<Config, Diagnostics> {
    if let Some(file) = &config.settings.server.web_config_file {
        web_config::load(file)?;
    }
    Ok(config)
}

fn write_summary(out: &mut impl Write, global: &Global, config: &Config) -> std::io::Result<()> {
    let definitions = &config.definitions;
    writeln!(
        out,
        "{}: ok ({}, {}, {}, {})",
        global.config.display(),
        counted(definitions.kpis.len(), "KPI"),
        counted(definitions.metrics.len(), "metric"),
        counted(config.sources.len(), "source"),
        counted(definitions.objectives.len(), "objective"),
    )?;
    for note in &config.notes {
        writeln!(out, "{note:#}")?;
    }
    Ok(())
}

fn write_lints(out: &mut impl Write, lints: &[Lint]) -> std::io::Result<()> {
    for lint in lints {
        writeln!(out, "{}", report::text(lint))?;
    }
    let warnings = lints.iter().filter(|lint| lint.severity == Severity::Warning).count();
    if warnings > 0 {
        writeln!(out, "{}; `allow: [CODE]` on a KPI silences one", counted(warnings, "warning"))?;
    }
    Ok(())
}
