//! `eval`: fetches everything once and prints every KPI, for people or for scripts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use tokio::time::Instant;
use tracing::warn;

use super::{AsOf, Global, NO_VALUE, as_of, keep_only, table};
use crate::api::{self, Which};
use crate::config::{self, Config, Environment};
use crate::engine::{Book, Engine, Readers, Round, RunLog, slots, spans_of};
use crate::filter::Filter;
use crate::kpi::Definitions;
use crate::recall::Recalled;
use crate::record::finish;
use crate::snapshot::Snapshot;
use crate::{daemon, logging};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Instant to evaluate for: RFC 3339, or a date for the end of that day (default: now).
    #[arg(long, value_name = "T")]
    as_of: Option<String>,
    /// Only this KPI; may be given several times.
    #[arg(long, value_name = "ID")]
    kpi: Vec<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = EvalFormat::Table)]
    format: EvalFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EvalFormat {
    Table,
    Json,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let mut config = config::load(&global.config, environment)?;
    logging::install(global.log_level.unwrap_or(tracing::Level::WARN), config.settings.log.format);
    keep_only(&mut config, &arguments.kpi)?;
    let AsOf { at, to_come } = as_of(arguments.as_of.as_deref(), &config.definitions.calendar)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let snapshot = runtime.block_on(evaluate(config, at))?;
    let mut stdout = anstream::stdout();
    match arguments.format {
        EvalFormat::Table => table::write(&mut stdout, &snapshot, to_come)?,
        EvalFormat::Json => {
            let all = api::kpis_json(&snapshot, Which::Kept(&Filter::default()));
            writeln!(stdout, "{}", serde_json::to_string_pretty(&all)?)?;
        }
    }
    let complete = snapshot.verdicts().all(|(_, verdict)| verdict.assessment.value.is_some());
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::from(NO_VALUE) })
}

/// Fetches every metric once, sources side by side, and evaluates.
pub(super) async fn evaluate(config: Config, as_of: DateTime<Utc>) -> anyhow::Result<Snapshot> {
    let store = config.settings.store.path.filter(|path| path != Path::new(":memory:"));
    let sources = daemon::open_sources(&config.sources);
    let facts = daemon::source_facts(&config.sources);
    let definitions = Arc::new(config.definitions);
    let timezone = definitions.calendar.timezone;
    let (known, asked) = (BTreeMap::new(), Instant::now());
    let readers = Readers::of(&definitions);
    let runs = definitions.metrics.values().filter_map(|metric| {
        let readers = readers.kpis(&metric.id);
        let spans = spans_of(metric, readers, &definitions.calendar, as_of);
        let handle = sources.get(&metric.source).filter(|_| !spans.is_empty())?;
        let known = &known;
        Some(async move {
            let round = Round { metric, source: handle, timezone, as_of, asked };
            (metric, round.collect(slots(&spans, known, as_of)).await)
        })
    });
    let recalled = match &store {
        Some(path) => recalled(path, &definitions, as_of).await,
        None => Recalled::default(),
    };
    let mut book = Book::default();
    let mut log = RunLog::new(&definitions, &facts, &book, as_of);
    for (metric, run) in futures_util::future::join_all(runs).await {
        log.note(&metric.source, &run);
        book.apply(run);
    }
    let mut engine = Engine::instantaneous(Arc::clone(&definitions));
    engine.restore(recalled.openings, recalled.history);
    let found = engine.evaluate(&book, &log, as_of);
    Ok(finish(found, &definitions, &recalled.remembered))
}

/// What the daemon of this configuration wrote down. Without it the sources speak for themselves.
async fn recalled(path: &Path, definitions: &Definitions, as_of: DateTime<Utc>) -> Recalled {
    if !path.exists() {
        return Recalled::default();
    }
    Recalled::read(path, definitions, as_of).await.unwrap_or_else(|problem| {
        warn!("evaluated without history: {problem}");
        Recalled::default()
    })
}
