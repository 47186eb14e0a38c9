//! `diff OLD NEW`: what a change of configuration means, for the reviewer of a pull request. Files,
//! folders, or revisions of git, for which the configuration is taken out of the repository as it was.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::{FAILED, Global, Unusable};
use crate::changes::{Change, Weight, changes};
use crate::config::{self, Config, Environment};

/// What exit codes mean.
const NOTES: &str = "\
OLD and NEW are files, folders or revisions of git (`main`, `HEAD~1`, `v1.2`); a revision is that of --config.
Exit code 0: nothing harmful. 1: something harmful. 2: one of the two cannot be used.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Arguments {
    /// The configuration before.
    old: String,
    /// The configuration after (default: --config as it is now).
    new: Option<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let old = load(&arguments.old, &global.config, environment)?;
    let new = match &arguments.new {
        Some(new) => load(new, &global.config, environment)?,
        None => config::load(&global.config, environment)?,
    };
    let changes = changes(&old, &new);
    let mut out = anstream::stdout();
    match arguments.format {
        Format::Text => text(&mut out, &changes)?,
        Format::Markdown => markdown(&mut out, &changes)?,
        Format::Json => writeln!(out, "{:#}", as_json(&changes))?,
    }
    let harmful = changes.iter().any(|change| change.weight == Weight::Harmful);
    Ok(if harmful { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// A path, else a revision of the repository that the configuration is in.
fn load(name: &str, config: &Path, environment: &Environment) -> anyhow::Result<Config> {
    if Path::new(name).exists() {
        return Ok(config::load(Path::new(name), environment)?);
    }
    if name.starts_with('-') {
        return Err(Unusable(format!("`{name}` is neither a file nor a revision")).into());
    }
    let beside = if config.is_dir() { config } else { config.parent().unwrap_or(Path::new("")) };
    let texts = texts_of(name, config, beside)?;
    // What it refers to, secrets above all, is not in the repository: it is looked for where it is now.
    Ok(config::load_texts(&texts, beside, environment)?)
}

/// The files of the configuration as of a revision.
fn texts_of(revision: &str, config: &Path, beside: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let within = Path::new(".").join(beside);
    let git = |arguments: &[&str]| -> anyhow::Result<Vec<u8>> {
        let output = Command::new("git").arg("-C").arg(&within).args(arguments).output();
        let output =
            output.context("git cannot be run (hint: name two files or folders instead)")?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let why =
            String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
        Err(Unusable(format!("`{revision}` is no file, no folder and no revision of git: {why}"))
            .into())
    };
    let commit = format!("{revision}^{{commit}}");
    let commit = String::from_utf8_lossy(&git(&[
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &commit,
    ])?)
    .trim()
    .to_owned();
    let prefix = String::from_utf8_lossy(&git(&["rev-parse", "--show-prefix"])?).trim().to_owned();
    let mut arguments = vec!["ls-tree", "-z", "--name-only", "--full-tree", commit.as_str()];
    arguments.extend(Some(prefix.as_str()).filter(|prefix| !prefix.is_empty()));
    let list = git(&arguments)?;
    let mut texts = Vec::new();
    for file in String::from_utf8_lossy(&list).split('\0') {
        let path = Path::new(file);
        let is_meant = if config.is_dir() {
            path.extension().is_some_and(|end| end == "yaml" || end == "yml")
        } else {
            path.file_name() == config.file_name()
        };
        if is_meant {
            let text = git(&["cat-file", "blob", &format!("{commit}:{file}")])?;
            texts.push((format!("{revision}:{file}"), String::from_utf8_lossy(&text).into_owned()));
        }
    }
    if texts.is_empty() {
        return Err(Unusable(format!("`{revision}` has no {}", config.display())).into());
    }
    Ok(texts)
}

fn name(weight: Weight) -> &'static str {
    match weight {
        Weight::Harmful => "harmful",
        Weight::Notable => "notable",
        Weight::Harmless => "harmless",
    }
}

fn text(out: &mut impl Write, changes: &[Change]) -> std::io::Result<()> {
    if changes.is_empty() {
        return writeln!(out, "nothing that means anything changed");
    }
    for Change { weight, subject, what, means } in changes {
        let means = if means.is_empty() { String::new() } else { format!(" ({means})") };
        writeln!(out, "{:8}  {subject}: {what}{means}", name(*weight))?;
    }
    Ok(())
}

/// For a comment of a pull request.
fn markdown(out: &mut impl Write, changes: &[Change]) -> std::io::Result<()> {
    if changes.is_empty() {
        return writeln!(out, "No change of the KPIs.");
    }
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    writeln!(out, "| | where | change | means |\n|---|---|---|---|")?;
    for Change { weight, subject, what, means } in changes {
        let mark = if *weight == Weight::Harmful { "**harmful**" } else { name(*weight) };
        writeln!(out, "| {mark} | `{}` | {} | {} |", cell(subject), cell(what), cell(means))?;
    }
    Ok(())
}

fn as_json(changes: &[Change]) -> Value {
    let list: Vec<Value> = changes
        .iter()
        .map(|change| json!({ "weight": name(change.weight), "subject": change.subject, "what": change.what, "means": change.means }))
        .collect();
    json!({ "harmful": changes.iter().filter(|c| c.weight == Weight::Harmful).count(), "changes": list })
}
