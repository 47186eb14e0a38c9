//! `report`: the review as a document. What is in it comes from the library; here it is asked for and
//! written where it should go.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use super::asked::{AsOf, Only, When};
use super::destination::Destination;
use super::evaluate::with_days;
use super::{Global, NO_VALUE, wait};
use crate::config::Environment;
use crate::filter::Filter;
use crate::review::{Cadence, Known, review};
use crate::{api, report};

/// What people try.
const EXAMPLES: &str = "\
Examples:
  kpi-exporter report --as-of 2026-06-30 --period quarterly
  kpi-exporter report --format html --output review.html
  kpi-exporter report --format json | jq .headline

What the store of the configuration does not know is fetched: the days since the last review, and of
the year before it the ends of weeks and months.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    when: When,
    /// How often there is such a review: what it compares with, and what a column is.
    #[arg(long, value_enum, default_value_t = Cadence::Weekly)]
    period: Cadence,
    #[command(flatten)]
    only: Only,
    /// How to write it. HTML is one file, made for two pages of paper.
    #[arg(long, value_enum, default_value_t = ReportFormat::Markdown)]
    format: ReportFormat,
    /// File to write; without it, or with `-`, standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReportFormat {
    Markdown,
    Html,
    Json,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let mut config = global.load(environment)?;
    arguments.only.keep(&mut config)?;
    let AsOf { at, .. } = arguments.when.as_of(&config.definitions.calendar)?;
    let destination = Destination::open(arguments.output.as_deref())?;
    let external_url = config.settings.server.external_url.clone();
    let (snapshot, days) = wait(with_days(config, at, arguments.period))?;
    let known = Known { snapshot: &snapshot, days: &days };
    let review = review(known, &Filter::default(), arguments.period);
    let text = match arguments.format {
        ReportFormat::Markdown => report::markdown(&review),
        ReportFormat::Html => report::html(&review, external_url.as_deref()),
        ReportFormat::Json => {
            let mut text = serde_json::to_string_pretty(&api::review_json(&review))?;
            text.push('\n');
            text
        }
    };
    destination.put(|out| out.write_all(text.as_bytes()))?;
    let any = snapshot.verdicts().any(|(_, verdict)| verdict.assessment.value.is_some());
    Ok(if any { ExitCode::SUCCESS } else { ExitCode::from(NO_VALUE) })
}
