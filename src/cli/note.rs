//! `note`: writes down what somebody has to say about a KPI, beside a running daemon or without one.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use chrono::TimeDelta;

use super::asked::{AsOf, instant};
use super::{Global, Unusable, wait};
use crate::calendar::parse_date;
use crate::config::{Environment, did_you_mean};
use crate::id::KpiId;
use crate::note::Note;
use crate::store::{Problem, Store, StoreError};

const EXAMPLES: &str = "\
Examples:
  kpi-exporter note trial_to_paid \"New onboarding is live for half of the accounts\"
  kpi-exporter note trial_to_paid --author ada@example.com --at 2026-04-03 \"Onboarding changed\"

Notes are shown on the page of the KPI and in the review. They are kept in `store.path`.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The KPI it is about.
    #[arg(value_name = "KPI")]
    kpi: String,
    /// What there is to say.
    #[arg(value_name = "TEXT")]
    text: String,
    /// Who says it (default: the user who is logged in here).
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// When it was: RFC 3339, or a date for the end of that day (default: now).
    #[arg(long, value_name = "T")]
    at: Option<String>,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = global.load(environment)?;
    let kpis: Vec<&str> = config.definitions.kpis.iter().map(|kpi| kpi.id.as_str()).collect();
    if !kpis.contains(&arguments.kpi.as_str()) {
        let hint = did_you_mean(&arguments.kpi, "the KPIs are", &kpis);
        return Err(Unusable(format!("there is no KPI `{}` (hint: {hint})", arguments.kpi)).into());
    }
    let AsOf { at, .. } = instant("--at", arguments.at.as_deref(), &config.definitions.calendar)?;
    // The end of a day is the first instant of the next one, and a note is of the day.
    let is_day = arguments.at.as_deref().is_some_and(|text| parse_date(text).is_ok());
    let at = if is_day { at - TimeDelta::seconds(1) } else { at };
    let author = arguments.author.as_deref().or_else(|| environment.get("USER"));
    let kpi = KpiId::from(arguments.kpi.as_str());
    let note = Note::new(kpi, at, author, &arguments.text)
        .map_err(|refused| Unusable(refused.to_string()))?;
    let path = config.settings.store.path.filter(|path| path != Path::new(":memory:"));
    let path = path.ok_or_else(|| {
        anyhow!("there is no place for notes (hint: name a file in the configuration, like `store: {{ path: data/kpi-exporter.db }}`)")
    })?;
    wait(add(&path, &note))?.context("the note was not written")?;
    Ok(ExitCode::SUCCESS)
}

/// Beside a daemon that has the store open, else as the one who has it.
async fn add(path: &Path, note: &Note) -> Result<(), StoreError> {
    let store = match Store::open(path).await {
        Err(StoreError { problem: Problem::InUse { .. }, .. }) => Store::open_beside(path).await?,
        opened => opened?,
    };
    let added = store.add_note(note).await;
    store.close().await;
    added
}
