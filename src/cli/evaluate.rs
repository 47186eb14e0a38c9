//! One evaluation of everything, for the commands that need no daemon: what the store remembers, one fetch
//! of every metric, and the days before where they are asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use chrono::{DateTime, Days, Utc};
use futures_util::StreamExt as _;
use tokio::time::Instant;
use tracing::warn;

use super::progress::Progress;
use crate::backfill::replay;
use crate::config::Config;
use crate::daemon;
use crate::engine::{
    Book, Engine, Readers, RecentDays, Round, RunLog, SourceFacts, Sources, slots, spans_of,
};
use crate::id::SourceId;
use crate::kpi::Definitions;
use crate::recall::Recalled;
use crate::record::{Remembered, finish};
use crate::review::{Cadence, days_needed};
use crate::snapshot::Snapshot;

/// Days that a review looks back at most.
const DAYS_BEFORE: usize = 600;

/// Sources of a configuration, opened for one evaluation.
pub(super) struct Evaluation {
    definitions: Arc<Definitions>,
    sources: Sources,
    facts: BTreeMap<SourceId, SourceFacts>,
    as_of: DateTime<Utc>,
    engine: Engine,
    remembered: Remembered,
}

impl Evaluation {
    /// Opens sources and reads what the daemon of this configuration wrote down. Without it the sources
    /// speak for themselves.
    pub(super) async fn begin(config: Config, as_of: DateTime<Utc>) -> Self {
        let store = config.settings.store.path.filter(|path| path != Path::new(":memory:"));
        let sources = daemon::open_sources(&config.sources);
        let facts = daemon::source_facts(&config.sources);
        let definitions = Arc::new(config.definitions);
        let recalled = match &store {
            Some(path) => recalled(path, &definitions, as_of).await,
            None => Recalled::default(),
        };
        let mut engine = Engine::instantaneous(Arc::clone(&definitions));
        engine.restore(recalled.openings, recalled.history);
        let remembered = recalled.remembered;
        Self { definitions, sources, facts, as_of, engine, remembered }
    }

    /// Fetches every metric once, sources side by side, and evaluates.
    pub(super) async fn snapshot(&mut self) -> Snapshot {
        let (as_of, asked) = (self.as_of, Instant::now());
        let definitions = &self.definitions;
        let timezone = definitions.calendar.timezone;
        let known = BTreeMap::new();
        let readers = Readers::of(definitions);
        let runs = definitions.metrics.values().filter_map(|metric| {
            let readers = readers.kpis(&metric.id);
            let spans = spans_of(metric, readers, &definitions.calendar, as_of);
            let handle = self.sources.get(&metric.source).filter(|_| !spans.is_empty())?;
            let known = &known;
            Some(async move {
                let round = Round { metric, source: handle, timezone, as_of, asked };
                (metric, round.collect(slots(&spans, known, as_of)).await)
            })
        });
        let mut book = Book::default();
        let mut log = RunLog::new(definitions, &self.facts, &book, as_of);
        for (metric, run) in futures_util::future::join_all(runs).await {
            log.note(&metric.source, &run);
            book.apply(run);
        }
        let found = self.engine.evaluate(&book, &log, as_of);
        finish(found, &self.definitions, &self.remembered)
    }

    /// The days before, for a review: those that the store knows, and the others from the sources.
    /// After [`Self::snapshot`], which does not depend on them.
    pub(super) async fn days(&mut self, cadence: Cadence) -> RecentDays {
        let calendar = self.definitions.calendar.clone();
        let history = self.engine.history();
        let lacks = |at: &DateTime<Utc>| !history.knows_day(calendar.day_before(*at));
        let needed = days_needed(&self.definitions, cadence, self.as_of);
        let steps: Vec<DateTime<Utc>> = needed.into_iter().filter(lacks).collect();
        let progress = Progress::new(steps.len(), "days");
        let days = replay(Arc::clone(&self.definitions), self.sources.clone(), steps);
        let mut days = pin!(days);
        while let Some(day) = days.next().await {
            self.engine.note_past(&day);
            progress.step();
        }
        let today = calendar.day_of(self.as_of);
        // Inside a day, what is known of it is the end of the line.
        let until =
            if calendar.day_start(today) == self.as_of { today } else { today + Days::new(1) };
        self.engine.history().last(until, DAYS_BEFORE)
    }
}

/// What is now, and the days before it.
pub(super) async fn with_days(
    config: Config,
    as_of: DateTime<Utc>,
    cadence: Cadence,
) -> (Snapshot, RecentDays) {
    let mut evaluation = Evaluation::begin(config, as_of).await;
    let snapshot = evaluation.snapshot().await;
    let days = evaluation.days(cadence).await;
    (snapshot, days)
}

async fn recalled(path: &Path, definitions: &Definitions, as_of: DateTime<Utc>) -> Recalled {
    if !path.exists() {
        return Recalled::default();
    }
    Recalled::read(path, definitions, as_of).await.unwrap_or_else(|problem| {
        warn!("evaluated without history: {problem}");
        Recalled::default()
    })
}
