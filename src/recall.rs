//! What the store remembers, in the terms of those who evaluate: the days of each series, what was
//! frozen when periods opened, how they ended, when definitions changed. The same for the daemon and
//! for `eval` beside it.
//!
//! Not here: what is written (`backfill`, `daemon`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Days, Utc};

use crate::engine::{Day, Frozen, History, Openings};
use crate::id::KpiId;
use crate::kpi::{Definitions, SeriesKey};
use crate::note::Notes;
use crate::record::{Changes, PastResult, Remembered};
use crate::snapshot::{ClosedPeriod, GoalChange, Restated};
use crate::store::{
    Change, Closing, Definition, Ended, InForce, PastDay, Store, StoreError, difference,
};

/// Years of daily history that projections and signals work on.
const YEARS: u64 = 5;

/// What a store knows of an instant.
#[derive(Debug, Default)]
pub struct Recalled {
    /// What was frozen.
    pub openings: Openings,
    /// The days of every series.
    pub history: History,
    /// What is shown as it was.
    pub remembered: Remembered,
}

impl Recalled {
    /// Reads a store without changing it, beside the daemon that may write it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn read(
        path: &Path,
        definitions: &Definitions,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let store = Store::open_for_reading(path).await?;
        let current = definitions.kpis.iter();
        let current = current.map(|kpi| (kpi.id.clone(), Definition::of(kpi, definitions)));
        let in_force = store.seen_revisions(&current.collect()).await?;
        let recall = Recall { store: &store, definitions, in_force: &in_force };
        let openings = recall.openings(now).await?;
        let history = recall.history(History::default(), now).await?;
        let mut remembered = recall.remembered(store.last_closings(now).await?.iter());
        remembered.notes = store.notes().await?.until(now);
        remembered.closed = closed_periods(&store, now).await?;
        store.close().await;
        Ok(Self { openings, history, remembered })
    }
}

/// Reads what belongs to the definitions in force.
#[derive(Debug, Clone, Copy)]
pub struct Recall<'a> {
    /// Where it is.
    pub store: &'a Store,
    /// Calendar and KPIs.
    pub definitions: &'a Definitions,
    /// Those of them that the store knows.
    pub in_force: &'a BTreeMap<KpiId, InForce>,
}

impl Recall<'_> {
    /// The days of every series up to an instant, but of KPIs that have some in `known`: those are kept.
    ///
    /// # Errors
    /// What the store says.
    pub async fn history(&self, known: History, now: DateTime<Utc>) -> Result<History, StoreError> {
        let today = self.definitions.calendar.day_of(now);
        let from = today - Days::new(YEARS * 366);
        let missing = self.in_force.iter().filter(|(kpi, _)| !known.knows(kpi));
        let missing = missing.map(|(kpi, now)| (kpi.clone(), now.revision.meaning)).collect();
        let take_in = |history: &mut History, series: &SeriesKey, days: &[PastDay]| {
            let day = |is: &PastDay| {
                let PastDay { day, value, expected, sums, status } = *is;
                (day, Day { value, expected, sums, status: Some(status) })
            };
            history.take_in(series, days.iter().map(day));
        };
        self.store.past_days(missing, (from, today), known, take_in).await
    }

    /// What was frozen for the period that an instant belongs to, under the goal in force, and for
    /// the one before, under the goal of that time.
    ///
    /// # Errors
    /// What the store says.
    pub async fn openings(&self, now: DateTime<Utc>) -> Result<Openings, StoreError> {
        let calendar = &self.definitions.calendar;
        let (mut wanted, mut periods_now) = (Vec::new(), BTreeMap::new());
        for kpi in self.definitions.kpis.iter().filter(|kpi| self.in_force.contains_key(&kpi.id)) {
            let period = calendar.period_at(&kpi.period, now);
            wanted.push((kpi.id.clone(), calendar.previous(&period).id));
            wanted.push((kpi.id.clone(), period.id.clone()));
            periods_now.insert(&kpi.id, period.id);
        }
        let mut openings = Openings::default();
        for opening in self.store.openings(&wanted).await? {
            let Some(definition) = self.in_force.get(&opening.series.kpi) else { continue };
            let (then, now) = (opening.revision, definition.revision);
            let is_of_now = periods_now.get(&opening.series.kpi) == Some(&opening.period);
            // Of the period before, what was frozen last: it comes last.
            if then.meaning == now.meaning && (then.goal == now.goal || !is_of_now) {
                let (at, baseline, target) = (opening.opened_at, opening.baseline, opening.target);
                openings.restore(opening.series, opening.period, Frozen { at, baseline, target });
            }
        }
        Ok(openings)
    }

    /// What is shown as it was.
    pub fn remembered<'c>(&self, closings: impl Iterator<Item = &'c Closing>) -> Remembered {
        let standing = closings.filter(|closing| self.stands(closing));
        Remembered {
            results: standing.map(result).collect(),
            changes: self.in_force.iter().map(|(kpi, now)| (kpi.clone(), changes(now))).collect(),
            notes: Notes::default(),
            closed: BTreeMap::new(),
        }
    }

    /// Whether a result stays as it was told: it is final, or another definition gave it.
    fn stands(&self, closing: &Closing) -> bool {
        let now = self.in_force.get(&closing.series.kpi).map(|definition| definition.revision);
        closing.final_at.is_some() || closing.revision.is_some_and(|then| Some(then) != now)
    }
}

/// How the newest periods of each KPI ended, the newest first.
///
/// # Errors
/// What the store says.
pub async fn closed_periods(
    store: &Store,
    now: DateTime<Utc>,
) -> Result<BTreeMap<KpiId, Arc<[ClosedPeriod]>>, StoreError> {
    let mut by_kpi: BTreeMap<KpiId, Vec<ClosedPeriod>> = BTreeMap::new();
    for Ended { closing, restated } in store.ended(now).await? {
        let Closing { series, period, end, value, target, target_ratio, status, .. } = closing;
        by_kpi.entry(series.kpi).or_default().push(ClosedPeriod {
            labels: series.labels,
            period,
            end,
            value,
            target,
            target_ratio,
            status,
            restated: restated.map(|(at, value)| Restated { at, value }),
        });
    }
    let newest_first = |(kpi, mut periods): (KpiId, Vec<ClosedPeriod>)| {
        periods.sort_by(|a, b| b.end.cmp(&a.end).then_with(|| a.labels.cmp(&b.labels)));
        (kpi, periods.into())
    };
    Ok(by_kpi.into_iter().map(newest_first).collect())
}

fn result(closing: &Closing) -> (SeriesKey, PastResult) {
    let result = PastResult {
        period: closing.period.clone(),
        value: closing.value,
        target: closing.target,
        target_ratio: closing.target_ratio,
        status: closing.status,
    };
    (closing.series.clone(), result)
}

fn changes(definition: &InForce) -> Changes {
    let InForce { meaning, goal, .. } = definition;
    Changes { meaning: meaning.at, goal: goal_change(goal) }
}

fn goal_change(goal: &Change) -> Option<GoalChange> {
    let (before, now) = difference(goal.before.as_deref()?, &goal.now);
    Some(GoalChange { at: goal.at?, before, now })
}
