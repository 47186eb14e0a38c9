//! What is known of the past of KPIs, for the lint: from the store if there is one; with `--connect`
//! from the sources, which are asked for the closes of earlier periods.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;

use crate::backfill::replay;
use crate::config::Config;
use crate::daemon;
use crate::kpi::{Definitions, Kpi};
use crate::lint::{Past, Precedent};
use crate::store::{Definition, Store};

/// Definitions that change more often in so long are churned.
const CHURN: TimeDelta = TimeDelta::days(90);
/// Earlier periods to ask sources for.
const PERIODS: usize = 12;
/// Closings older than so many days are of another time.
const DAYS: i64 = 1830;

/// Never an error: without a past there is less to say.
pub(super) async fn read(config: &Config, now: DateTime<Utc>, connect: bool) -> Past {
    let store = config.settings.store.path.as_deref();
    let mut past = match store.filter(|path| *path != Path::new(":memory:") && path.exists()) {
        Some(path) => stored(path, &config.definitions, now).await.unwrap_or_default(),
        None => Past::default(),
    };
    if connect {
        for (kpi, precedent) in asked(config, now).await {
            let known = past.periods.get(&kpi).map_or(0, |known| known.values.len());
            if precedent.values.len() > known {
                past.periods.insert(kpi, precedent);
            }
        }
    }
    past
}

async fn stored(path: &Path, definitions: &Definitions, now: DateTime<Utc>) -> Option<Past> {
    let store = Store::open_for_reading(path).await.ok()?;
    let current = definitions.kpis.iter();
    let current = current.map(|kpi| (kpi.id.clone(), Definition::of(kpi, definitions)));
    let seen = store.seen_revisions(&current.collect()).await.ok()?;
    let mut past =
        Past { changes: store.changes_since(now - CHURN).await.ok()?, ..Past::default() };
    for (kpi, in_force) in seen {
        let closings = store.closings(&kpi, now - TimeDelta::days(DAYS), now).await.ok()?;
        if closings.iter().any(|closing| !closing.series.labels.is_empty()) {
            continue;
        }
        let same = |meaning: u32| meaning == in_force.revision.meaning;
        let values = closings
            .iter()
            .filter(|closing| closing.revision.is_none_or(|revision| same(revision.meaning)))
            .filter_map(|closing| closing.value);
        past.periods.insert(kpi, Precedent { values: values.collect() });
    }
    store.close().await;
    Some(past)
}

/// The closes of the last periods, by what the sources say today.
async fn asked(config: &Config, now: DateTime<Utc>) -> BTreeMap<crate::id::KpiId, Precedent> {
    let calendar = &config.definitions.calendar;
    let ends = |kpi: &Kpi| {
        let mut period = calendar.period_at(&kpi.period, now);
        let mut ends = Vec::new();
        for _ in 0..PERIODS {
            period = calendar.previous(&period);
            ends.push(period.span.end);
        }
        ends
    };
    let kpis = config.definitions.kpis.clone();
    let wanted: BTreeMap<_, BTreeSet<DateTime<Utc>>> =
        kpis.iter().map(|kpi| (kpi.id.clone(), ends(kpi).into_iter().collect())).collect();
    let steps: BTreeSet<DateTime<Utc>> = wanted.values().flatten().copied().collect();
    let definitions = Definitions {
        calendar: calendar.clone(),
        objectives: config.definitions.objectives.clone(),
        metrics: config.definitions.metrics.clone(),
        kpis,
    };
    let sources = daemon::open_sources(&config.sources);
    let mut days =
        std::pin::pin!(replay(Arc::new(definitions), sources, steps.into_iter().collect()));
    let mut past: BTreeMap<_, Precedent> = BTreeMap::new();
    while let Some(snapshot) = days.next().await {
        for state in &snapshot.kpis {
            let [verdict] = &*state.verdicts else { continue };
            let at_close =
                wanted.get(&state.kpi.id).is_some_and(|ends| ends.contains(&snapshot.as_of));
            if let Some(value) =
                verdict.assessment.value.filter(|_| at_close && verdict.labels.is_empty())
            {
                past.entry(state.kpi.id.clone()).or_default().values.push(value);
            }
        }
    }
    past
}
