//! History before the first start: what the sources know of the days before is fetched in the background, so
//! that charts are not empty on day one. The newest days first, a month at a time, one query at a time at
//! each source, with a rest after each day, a longer one when there is much to do. What a source says it does not
//! know is noted, and not asked again.
//!
//! Not here: which days (`fill_plan`), days that passed while no daemon ran (`catch_up`).

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tracing::info;

use super::catch_up::Past;
use super::fill_plan::{Plan, Stretch};
use crate::assess::{Assessment, Status};
use crate::backfill::replay;
use crate::calendar::{Calendar, PeriodKind};
use crate::engine::Sources;
use crate::id::{KpiId, SourceId};
use crate::kpi::{Definitions, Kpi};
use crate::server::Shared;
use crate::snapshot::{Snapshot, Verdict};

/// How often it looks whether the first evaluation is complete: verdicts come first.
const LOOK: Duration = Duration::from_millis(200);

/// Work in all after which it rests longer: small companies have their charts at once, and large ones are not
/// kept busy for hours.
const SOON: Duration = Duration::from_mins(1);

/// How many times as long as at work it rests then.
const LEISURE: u32 = 9;

/// First and longest pause before sources that were down are asked again.
const PAUSES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(6));

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
        if self.plan.days() > 0 && !self.work().await {
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
        info!(days = self.plan.days(), "filling in history from the sources, in the background");
        let mut refused = BTreeSet::new();
        let mut worked = Duration::ZERO;
        let mut pause = PAUSES.0;
        loop {
            let waiting = self.walk(&mut refused, &mut worked).await;
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
    async fn walk(
        &self,
        refused: &mut BTreeSet<KpiId>,
        worked: &mut Duration,
    ) -> Option<Vec<Stretch>> {
        let mut waiting = Vec::new();
        while let Some(stretch) = self.plan.take() {
            let Stretch { days, mut kpis } = stretch;
            kpis.retain(|kpi| !refused.contains(&kpi.id));
            let up = self.sources_up();
            let (kpis, down): (Vec<_>, Vec<_>) =
                kpis.into_iter().partition(|kpi| self.draws_on(&up, kpi));
            if !down.is_empty() {
                waiting.push(Stretch { days: days.clone(), kpis: down });
            }
            if kpis.is_empty() {
                continue;
            }
            let mut failed: BTreeMap<KpiId, usize> = BTreeMap::new();
            for (kpis, days) in self.by_period(&kpis, &days) {
                self.fill(kpis, &days, &mut failed, worked).await?;
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

    fn sources_up(&self) -> BTreeSet<SourceId> {
        let log = self.shared.runs();
        let up = log.sources.iter().filter(|(_, source)| source.up() == Some(true));
        up.map(|(id, _)| id.clone()).collect()
    }

    /// Whether these sources are all that the KPI draws on.
    fn draws_on(&self, sources: &BTreeSet<SourceId>, kpi: &Kpi) -> bool {
        let metrics = &self.definitions.metrics;
        let mut metrics = kpi.metrics().into_iter().filter_map(|id| metrics.get(id));
        metrics.all(|metric| sources.contains(&metric.source))
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
        worked: &mut Duration,
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
            sleep(rest(begun.elapsed(), worked)).await;
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

/// How long it rests after some work, `worked` being all there was.
fn rest(work: Duration, worked: &mut Duration) -> Duration {
    *worked += work;
    if *worked < SOON { work } else { work * LEISURE }
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

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn it_rests_as_long_as_it_works_at_first_and_takes_a_tenth_of_the_time_later() {
        let mut worked = Duration::ZERO;
        let day = Duration::from_secs(1);
        let rests: Vec<_> = (0..100).map(|_| rest(day, &mut worked)).collect();
        assert!(rests[..59].iter().all(|rest| *rest == day));
        assert!(rests[59..].iter().all(|rest| *rest == 9 * day));
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
