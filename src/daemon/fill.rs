//! History before the first start: what the sources know of the days before is fetched in the background, so
//! that charts are not empty on day one. The newest days first, a month at a time, one query at a time at
//! each source, with a rest after each day. What a source says it does not know is noted, and not asked again.
//!
//! Not here: days that passed while no daemon ran (`catch_up`).

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tracing::info;

use super::catch_up::Past;
use crate::assess::{Assessment, Status};
use crate::backfill::replay;
use crate::calendar::{Calendar, PeriodKind};
use crate::engine::Sources;
use crate::id::KpiId;
use crate::kpi::{Definitions, Kpi};
use crate::server::Shared;
use crate::snapshot::{Snapshot, Verdict};
use crate::web::Filling;

/// Days that are walked through together; what they share is fetched once.
const TOGETHER: usize = 31;

/// How often it looks whether the first evaluation is complete: verdicts come first.
const LOOK: Duration = Duration::from_millis(200);

/// First and longest pause before sources that were down are asked again.
const PAUSES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(6));

/// Days in a row of which the same KPIs are not known.
#[derive(Debug, Clone)]
struct Stretch {
    /// The oldest first.
    days: Vec<NaiveDate>,
    kpis: Vec<Arc<Kpi>>,
}

/// What is left to do.
#[derive(Debug)]
pub(super) struct Plan {
    /// The newest days last: they come first.
    left: Mutex<Vec<Stretch>>,
    days: usize,
    /// Days without a daemon, which others catch up with before.
    caught_up: usize,
}

impl Plan {
    /// The days before today of which nothing is known, `most` of them at most. `caught_up` are caught
    /// up with before.
    pub(super) fn of(
        definitions: &Definitions,
        known: &BTreeMap<KpiId, BTreeSet<NaiveDate>>,
        now: DateTime<Utc>,
        most: u16,
        caught_up: usize,
    ) -> Self {
        let today = definitions.calendar.day_of(now);
        let nothing = BTreeSet::new();
        let days_of: Vec<_> = definitions
            .kpis
            .iter()
            .map(|kpi| (kpi, known.get(&kpi.id).unwrap_or(&nothing)))
            .collect();
        let mut left: Vec<Stretch> = Vec::new();
        let first = today.checked_sub_days(Days::new(u64::from(most))).unwrap_or(today);
        for day in first.iter_days().take_while(|day| *day < today) {
            let unknown = days_of.iter().filter(|(_, known)| !known.contains(&day));
            let kpis: Vec<Arc<Kpi>> = unknown.map(|(kpi, _)| Arc::clone(kpi)).collect();
            if kpis.is_empty() {
                continue;
            }
            match left.last_mut() {
                Some(last) if last.goes_on_with(day, &kpis) => last.days.push(day),
                _ => left.push(Stretch { days: vec![day], kpis }),
            }
        }
        let days = left.iter().map(|stretch| stretch.days.len()).sum();
        Self { left: Mutex::new(left), days, caught_up }
    }

    /// How many days there are to fill in.
    pub(super) fn days(&self) -> usize {
        self.days
    }

    /// A stretch that is taken is not taken again, even if the task ends by a defect in its middle.
    fn take(&self) -> Option<Stretch> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, stretches: Vec<Stretch>) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.extend(stretches.into_iter().rev());
    }

    pub(super) fn progress(&self) -> Filling {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left: usize = left.iter().map(|stretch| stretch.days.len()).sum();
        let days = self.caught_up + self.days;
        Filling { done: days.saturating_sub(left), days }
    }
}

impl Stretch {
    fn goes_on_with(&self, day: NaiveDate, kpis: &[Arc<Kpi>]) -> bool {
        let same = |(a, b): (&Arc<Kpi>, &Arc<Kpi>)| Arc::ptr_eq(a, b);
        self.days.len() < TOGETHER
            && self.days.last().and_then(NaiveDate::succ_opt) == Some(day)
            && self.kpis.len() == kpis.len()
            && self.kpis.iter().zip(kpis).all(same)
    }
}

/// Fills in history.
#[derive(Clone)]
pub(super) struct Fill {
    pub(super) definitions: Arc<Definitions>,
    pub(super) sources: Sources,
    pub(super) plan: Arc<Plan>,
    pub(super) shared: Arc<Shared>,
    pub(super) past: mpsc::Sender<Past>,
}

impl Fill {
    /// Works until all is done, or the evaluator is gone.
    pub(super) async fn run(self) {
        if self.plan.days > 0 && !self.work().await {
            return;
        }
        // Told as done once it is shown.
        let _ = self.past.send(Past::End).await;
    }

    /// Whether all is done, and somebody listens still.
    async fn work(&self) -> bool {
        while !self.shared.is_ready() {
            sleep(LOOK).await;
        }
        info!(days = self.plan.days, "filling in history from the sources, in the background");
        let mut refused = BTreeSet::new();
        let mut pause = PAUSES.0;
        loop {
            let waiting = self.walk(&mut refused).await;
            let Some(waiting) = waiting else { return false };
            if waiting.is_empty() {
                return true;
            }
            self.shared.publish_filling(None);
            // Sources that are down are the pollers' to ask.
            self.plan.put_back(waiting);
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Goes through all that is left; gives what has to wait for its sources, `None` when nobody listens.
    async fn walk(&self, refused: &mut BTreeSet<KpiId>) -> Option<Vec<Stretch>> {
        let mut waiting = Vec::new();
        while let Some(stretch) = self.plan.take() {
            let Stretch { days, mut kpis } = stretch;
            kpis.retain(|kpi| !refused.contains(&kpi.id));
            let (kpis, down): (Vec<_>, Vec<_>) =
                kpis.into_iter().partition(|kpi| self.sources_are_up(kpi));
            if !down.is_empty() {
                waiting.push(Stretch { days: days.clone(), kpis: down });
            }
            if kpis.is_empty() {
                continue;
            }
            let mut failed: BTreeMap<KpiId, usize> = BTreeMap::new();
            for (kpis, days) in self.by_period(&kpis, &days) {
                self.fill(kpis, &days, &mut failed).await?;
            }
            for (kpi, _) in failed.into_iter().filter(|(_, times)| *times >= days.len()) {
                info!(%kpi, through = %days[days.len() - 1], "its source refuses to tell these days: older ones are not asked for");
                refused.insert(kpi);
            }
            self.shared.publish_filling(Some(self.plan.progress()));
            let _ = self.past.send(Past::Pause).await;
        }
        Some(waiting)
    }

    fn sources_are_up(&self, kpi: &Kpi) -> bool {
        let log = self.shared.runs();
        let metrics = &self.definitions.metrics;
        kpi.metrics().into_iter().filter_map(|id| metrics.get(id)).all(|metric| {
            log.sources.get(&metric.source).is_some_and(|source| source.up() == Some(true))
        })
    }

    /// A period of explicit dates has none before it. Days before it are measured as days of equal
    /// periods before, so that a sum begins anew where it would have begun.
    fn by_period(
        &self,
        kpis: &[Arc<Kpi>],
        days: &[NaiveDate],
    ) -> Vec<(Vec<Arc<Kpi>>, Vec<NaiveDate>)> {
        let calendar = &self.definitions.calendar;
        let mut parts: Vec<(Vec<Arc<Kpi>>, Vec<NaiveDate>)> = Vec::new();
        for day in days {
            let kpis: Vec<_> = kpis.iter().map(|kpi| shifted(kpi, calendar, *day)).collect();
            let same = |known: &[Arc<Kpi>]| {
                known.iter().zip(&kpis).all(|(known, kpi)| known.period == kpi.period)
            };
            match parts.last_mut() {
                Some((known, days)) if same(known) => days.push(*day),
                _ => parts.push((kpis, vec![*day])),
            }
        }
        parts
    }

    /// Days of some KPIs, in order. `None` when nobody listens any more.
    async fn fill(
        &self,
        kpis: Vec<Arc<Kpi>>,
        days: &[NaiveDate],
        failed: &mut BTreeMap<KpiId, usize>,
    ) -> Option<()> {
        let calendar = self.definitions.calendar.clone();
        let closes = days.iter().map(|day| calendar.day_start(*day + Days::new(1))).collect();
        let (objectives, metrics) = (BTreeMap::new(), self.definitions.metrics.clone());
        let definitions = Definitions { calendar, objectives, metrics, kpis };
        let mut snapshots = pin!(replay(Arc::new(definitions), self.sources.clone(), closes));
        let mut begun = Instant::now();
        for day in days {
            let snapshot = snapshots.next().await?;
            let (silent, failing) = self.silent(&snapshot, *day);
            for kpi in failing {
                *failed.entry(kpi).or_default() += 1;
            }
            let snapshot = self.without_verdicts_before_dates(snapshot);
            self.past.send(Past::Filled { day: *day, snapshot, silent }).await.ok()?;
            // As long at rest as at work.
            sleep(begun.elapsed()).await;
            begun = Instant::now();
        }
        Some(())
    }

    /// The KPIs of which the sources know nothing on a day, and those of which one did not answer.
    fn silent(&self, snapshot: &Snapshot, day: NaiveDate) -> (Vec<KpiId>, Vec<KpiId>) {
        let calendar = &self.definitions.calendar;
        let problems: BTreeSet<_> =
            snapshot.sources.values().flat_map(|source| source.problems.keys()).collect();
        let told = |a: &Assessment| {
            a.value.is_some() && a.data_through.map(|at| calendar.day_before(at)) == Some(day)
        };
        let untold = snapshot
            .kpis
            .iter()
            .filter(|state| !state.verdicts.iter().any(|verdict| told(&verdict.assessment)));
        let (failing, silent): (Vec<_>, Vec<_>) = untold.partition(|state| {
            state.kpi.metrics().into_iter().any(|metric| problems.contains(metric))
        });
        let ids = |states: Vec<&Arc<crate::snapshot::KpiState>>| {
            states.into_iter().map(|state| state.kpi.id.clone()).collect()
        };
        (ids(silent), ids(failing))
    }

    /// Before explicit dates there was no target: values remain, and no verdict.
    fn without_verdicts_before_dates(&self, mut snapshot: Snapshot) -> Snapshot {
        let moved = |kpi: &Kpi| {
            let original = self.definitions.kpis.iter().find(|known| known.id == kpi.id);
            original.is_none_or(|original| original.period != kpi.period)
        };
        for state in &mut snapshot.kpis {
            let state = Arc::make_mut(state);
            if !matches!(state.kpi.period, PeriodKind::Dates { .. }) || !moved(&state.kpi) {
                continue;
            }
            let without = |verdict: &Verdict| {
                let is = &verdict.assessment;
                let assessment = Assessment {
                    value: is.value,
                    sums: is.sums,
                    data_through: is.data_through,
                    status: Status::TooEarly,
                    ..Assessment::nothing(is.period.clone(), is.elapsed_ratio)
                };
                Verdict { assessment, ..verdict.clone() }
            };
            state.verdicts = state.verdicts.iter().map(without).collect();
        }
        snapshot
    }
}

/// The KPI with the dates moved back by their length until they hold the day.
fn shifted(kpi: &Arc<Kpi>, calendar: &Calendar, day: NaiveDate) -> Arc<Kpi> {
    let PeriodKind::Dates { start, .. } = kpi.period else { return Arc::clone(kpi) };
    if day >= start {
        return Arc::clone(kpi);
    }
    let close = calendar.day_start(day + Days::new(1));
    let mut period = calendar.period_at(&kpi.period, close);
    // As many as there are days before, at most.
    while period.first_day > day {
        period = calendar.previous(&period);
    }
    Arc::new(Kpi { period: period.kind, ..Kpi::clone(kpi) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::kpi;

    fn definitions(kpis: Vec<Kpi>) -> Definitions {
        Definitions {
            calendar: Calendar::default(),
            objectives: BTreeMap::new(),
            metrics: BTreeMap::new(),
            kpis: kpis.into_iter().map(Arc::new).collect(),
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_newest_days_come_first_a_month_at_a_time_and_what_is_known_is_not_asked_again() {
        let two =
            definitions(vec![Kpi { id: "a".into(), ..kpi() }, Kpi { id: "b".into(), ..kpi() }]);
        let now = "2026-04-11T08:00:00Z".parse().unwrap();
        let known: BTreeSet<NaiveDate> = day("2026-01-01").iter_days().take(91).collect();
        let known = BTreeMap::from([("a".into(), known)]);
        let plan = Plan::of(&two, &known, now, 100, 0);
        assert_eq!((plan.days, plan.progress()), (100, Filling { done: 0, days: 100 }));
        let newest = plan.take().unwrap();
        assert_eq!((newest.days.len(), newest.kpis.len()), (9, 2));
        assert_eq!((newest.days[0], newest.days[8]), (day("2026-04-02"), day("2026-04-10")));
        // Of the days before them only the other KPI is asked.
        let stretches: Vec<_> = std::iter::from_fn(|| plan.take()).collect();
        assert!(stretches.iter().all(|stretch| stretch.kpis.len() == 1), "{stretches:?}");
        let asked: Vec<usize> = stretches.iter().map(|stretch| stretch.days.len()).collect();
        assert_eq!(asked, [29, 31, 31], "{asked:?}");
        assert_eq!(plan.progress(), Filling { done: 100, days: 100 });
        let all = |kpi: &str| (kpi.into(), day("2026-01-01").iter_days().take(100).collect());
        let days = |known: &BTreeMap<KpiId, BTreeSet<NaiveDate>>, most| {
            Plan::of(&two, known, now, most, 0).days()
        };
        assert_eq!(days(&BTreeMap::from([all("a"), all("b")]), 100), 0);
        assert_eq!(days(&BTreeMap::new(), 0), 0);
        let after_others = Plan::of(&two, &known, now, 100, 7);
        assert_eq!(after_others.progress(), Filling { done: 7, days: 107 });
    }

    #[test]
    fn days_before_explicit_dates_belong_to_equal_periods_before_them() {
        let (start, end) = (day("2026-10-30"), day("2027-01-28"));
        let dated = Arc::new(Kpi { period: PeriodKind::Dates { start, end }, ..kpi() });
        let calendar = Calendar::default();
        let of = |text: &str| shifted(&dated, &calendar, day(text)).period.clone();
        assert_eq!(of("2026-11-03"), dated.period);
        let before = PeriodKind::Dates { start: day("2026-07-31"), end: day("2026-10-29") };
        assert_eq!((of("2026-10-29"), of("2026-07-31")), (before.clone(), before));
        let earlier = PeriodKind::Dates { start: day("2026-05-01"), end: day("2026-07-30") };
        assert_eq!(of("2026-07-30"), earlier);
    }
}
