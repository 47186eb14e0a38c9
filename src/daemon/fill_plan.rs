//! Which days of which KPIs are to be filled in, and how far that is. Not here: doing it (`fill`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::id::KpiId;
use crate::kpi::{Definitions, Kpi};
use crate::web::Filling;

/// Days that are walked through together; what they share is fetched once.
const TOGETHER: usize = 31;

/// Days in a row of which the same KPIs are not known.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// The oldest first.
    pub(super) days: Vec<NaiveDate>,
    pub(super) kpis: Vec<Arc<Kpi>>,
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
    pub(super) fn take(&self) -> Option<Stretch> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    pub(super) fn put_back(&self, stretches: Vec<Stretch>) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::kpi;
    use crate::calendar::Calendar;

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
}
