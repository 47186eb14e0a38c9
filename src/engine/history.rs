//! What a KPI was worth on each day so far: the food of projections and signals. Filled by every
//! evaluation, from the store at start, or by a back-fill. Not here: keeping it beyond the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::daily::{Daily, Day};
use super::dates::{Dated, Dates};
use crate::assess::{Status, Sums};
use crate::calendar::{Calendar, Period};
use crate::forecast::{Seasons, StepKind};
use crate::id::KpiId;
use crate::kpi::{Kpi, SeriesKey};
use crate::metric::Labels;

/// Days older than this are forgotten: five years.
const KEEP: usize = 5 * 366;

/// Days of each series that are handed out for drawing, and of all series together.
const DAYS_DRAWN: usize = 400;
const MOST_DRAWN: usize = 400_000;

/// Earlier periods that projections learn from, at most.
const PERIODS: usize = 12;

/// A period in which more days than this are missing in a row is not learned from.
const MAX_GAP: u32 = 7;

/// The days of every series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History(BTreeMap<SeriesKey, Daily>);

/// A day as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartDay {
    /// Local day.
    pub day: NaiveDate,
    /// The value at its end.
    pub value: f64,
    /// Where it should have been.
    pub expected: Option<f64>,
    /// Numerator and denominator of the value, when the formula is a quotient.
    pub sums: Option<Sums>,
    /// The verdict at its end, where it is known.
    pub status: Option<Status>,
}

/// The last complete days of every series, for those who draw them.
#[derive(Debug, Clone, Default)]
pub struct RecentDays(BTreeMap<SeriesKey, Recent>);

/// Those of one series: in few bytes until somebody draws them, which nobody does with all of thousands.
#[derive(Debug, Clone)]
struct Recent {
    days: Daily,
    drawn: OnceLock<Box<[ChartDay]>>,
}

impl Recent {
    fn drawn(&self) -> &[ChartDay] {
        let draw = |(day, is): (NaiveDate, Day)| ChartDay {
            day,
            value: is.value,
            expected: is.expected,
            sums: is.sums,
            status: is.status,
        };
        self.drawn.get_or_init(|| self.days.iter().map(draw).collect())
    }
}

impl RecentDays {
    /// The days of a series, the oldest first.
    pub fn of(&self, key: &SeriesKey) -> &[ChartDay] {
        self.0.get(key).map_or(&[], Recent::drawn)
    }
}

impl FromIterator<(SeriesKey, Vec<ChartDay>)> for RecentDays {
    fn from_iter<I: IntoIterator<Item = (SeriesKey, Vec<ChartDay>)>>(days: I) -> Self {
        let recent = |days: Vec<ChartDay>| Recent {
            days: Daily::new(),
            drawn: OnceLock::from(days.into_boxed_slice()),
        };
        Self(days.into_iter().map(|(key, days)| (key, recent(days))).collect())
    }
}

impl History {
    /// The days before `today`: 400 of each series, fewer where there are very many series.
    pub fn recent(&self, today: NaiveDate) -> RecentDays {
        self.last(today, DAYS_DRAWN)
    }

    /// The same with another number of days.
    pub fn last(&self, today: NaiveDate, most: usize) -> RecentDays {
        let most = (MOST_DRAWN / self.0.len().max(1)).min(most);
        let of_one = |(key, daily): (&SeriesKey, &Daily)| {
            (key.clone(), Recent { days: daily.last(today, most), drawn: OnceLock::new() })
        };
        RecentDays(self.0.iter().map(of_one).collect())
    }

    /// Takes in a day, in place of what was known of it.
    pub fn note(&mut self, key: &SeriesKey, day: NaiveDate, is: Day) {
        self.take_in(key, [(day, is)]);
    }

    /// Takes in days of a series, in place of what was known of them.
    pub fn take_in(&mut self, key: &SeriesKey, days: impl IntoIterator<Item = (NaiveDate, Day)>) {
        let daily = match self.0.get_mut(key) {
            Some(daily) => daily,
            None => self.0.entry(key.clone()).or_default(),
        };
        let days = days.into_iter();
        daily.make_room(days.size_hint().0.min(KEEP));
        for (day, is) in days {
            daily.insert(day, is);
            if daily.len() > KEEP {
                daily.pop_first();
            }
        }
    }

    /// The days of which something is known, by KPI.
    pub fn known_days(&self) -> BTreeMap<KpiId, BTreeSet<NaiveDate>> {
        let mut known: BTreeMap<KpiId, BTreeSet<NaiveDate>> = BTreeMap::new();
        for (series, daily) in &self.0 {
            known.entry(series.kpi.clone()).or_default().extend(daily.days());
        }
        known
    }

    /// Whether days of a KPI are known.
    pub fn knows(&self, kpi: &KpiId) -> bool {
        let first = SeriesKey::new(kpi, &Labels::default());
        self.0.range(first..).next().is_some_and(|(key, _)| key.kpi == *kpi)
    }

    /// Forgets all other series.
    pub fn keep(&mut self, stays: impl Fn(&SeriesKey) -> bool) {
        self.0.retain(|key, _| stays(key));
    }

    /// What is known of a series.
    pub fn of(&self, key: &SeriesKey) -> Option<&Daily> {
        self.0.get(key)
    }

    /// Whether anything is known of a day.
    pub fn knows_day(&self, day: NaiveDate) -> bool {
        self.0.values().any(|daily| daily.get(day).is_some())
    }

    /// The days before `today`, since history begins but not more than `most` of them, of which
    /// nothing is known of any series.
    pub fn missing(&self, today: NaiveDate, most: u64) -> Vec<NaiveDate> {
        let known: BTreeSet<NaiveDate> = self.0.values().flat_map(Daily::days).collect();
        let Some(first) = known.first() else { return Vec::new() };
        let from = today.checked_sub_days(Days::new(most)).unwrap_or(today).max(*first);
        from.iter_days().take_while(|day| *day < today).filter(|day| !known.contains(day)).collect()
    }
}

/// `period` up to `through` and the periods before it, as steps: days, or months where those say more.
/// `None` when the current period has gaps at its end, or nothing has passed of it.
pub(super) fn seasons(
    kpi: &Kpi,
    calendar: &Calendar,
    period: &Period,
    through: DateTime<Utc>,
    daily: &Daily,
    kind: StepKind,
    value: impl Fn(&Day) -> Option<f64>,
) -> Option<Seasons> {
    debug_assert_eq!(kpi.period, period.kind, "a period of the KPI");
    let known = |day: NaiveDate| daily.range(..day).any(|(_, is)| value(&is).is_some());
    let days = |first: NaiveDate, last: NaiveDate| {
        let steps = days(first, last, known(first), daily, kind, &value)?;
        Some(Dated { first, steps })
    };
    let last = calendar.day_before(through.min(period.span.end));
    let current = days(period.first_day, last)?;
    let mut earlier = Vec::new();
    let mut before = period.clone();
    for _ in 0..PERIODS {
        before = calendar.previous(&before);
        let last = before.end_day.checked_sub_days(Days::new(1))?;
        let Some(steps) = days(before.first_day, last) else { break };
        earlier.push(steps);
    }
    earlier.reverse();
    let length = usize::try_from((period.end_day - period.first_day).num_days()).ok()?;
    // A share times a length may be off in the last digit; the steps counted are not.
    let passed = current.steps.len() as f64;
    let elapsed = (calendar.elapsed_ratio(period, through) * length as f64).min(passed);
    let all = Dates { kind, earlier, current, elapsed, length, end: period.end_day };
    Some(if all.are_better_in_months() { all.in_months(calendar) } else { all.in_days() })
}

/// The steps from one day to another, both included. A missing day keeps the value before it. A flow
/// that is `known` before these days begins with nothing until its first row; what begins to be
/// known in their middle says nothing about their beginning.
fn days(
    first: NaiveDate,
    last: NaiveDate,
    known: bool,
    daily: &Daily,
    kind: StepKind,
    value: &impl Fn(&Day) -> Option<f64>,
) -> Option<Vec<f64>> {
    let mut steps = Vec::new();
    let (mut before, mut missing) = (None, 0);
    let from_nothing = known && kind == StepKind::Flow;
    for day in first.iter_days().take_while(|day| *day <= last) {
        let now = daily.get(day).as_ref().and_then(value);
        let excused = from_nothing && before.is_none();
        missing = if now.is_some() || excused { 0 } else { missing + 1 };
        if missing > MAX_GAP {
            return None;
        }
        let now = now.or(before);
        match kind {
            StepKind::Flow => steps.push(now.unwrap_or(0.0) - before.unwrap_or(0.0)),
            StepKind::Level => steps.push(now?),
        }
        before = now;
    }
    before.map(|_| steps)
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;
    use crate::assess::tests::kpi;

    #[test]
    fn the_close_of_every_day_is_a_whole_number_of_steps() {
        let kpi = kpi();
        let calendar = Calendar { timezone: chrono_tz::America::New_York, ..Calendar::default() };
        let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let days: Vec<NaiveDate> = first.iter_days().take(730).collect();
        let day = |day: &NaiveDate| {
            (
                *day,
                Day { value: f64::from(day.ordinal0()), expected: None, sums: None, status: None },
            )
        };
        let daily: Daily = days.iter().map(day).collect();
        for day in &days {
            let close = calendar.day_start(*day + Days::new(1));
            let period = calendar.period_at(&kpi.period, close);
            let value = |day: &Day| Some(day.value);
            let seasons =
                seasons(&kpi, &calendar, &period, close, &daily, StepKind::Flow, value).unwrap();
            let passed = period.first_day.iter_days().take_while(|d| d <= day).count();
            assert_eq!(seasons.current.steps.len(), passed);
            assert!(crate::forecast::forecast(&seasons).is_some(), "no projection on {day}");
        }
    }

    #[test]
    fn days_that_nothing_is_known_of_are_missing_and_others_are_not() {
        let mut history = History::default();
        let key = SeriesKey { kpi: "a".into(), labels: crate::metric::Labels::default() };
        let day = |d| NaiveDate::from_ymd_opt(2026, 4, d).unwrap();
        let is = Day { value: 1.0, expected: None, sums: None, status: None };
        assert_eq!(history.missing(day(9), 400), []);
        for d in [2, 3, 6] {
            history.note(&key, day(d), is);
        }
        assert_eq!(history.missing(day(9), 400), [day(4), day(5), day(7), day(8)]);
        assert_eq!(history.missing(day(9), 3), [day(7), day(8)]);
    }

    #[test]
    fn recent_days_are_complete_bounded_and_in_order() {
        let mut history = History::default();
        let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let key = |n: usize| SeriesKey {
            kpi: "a".into(),
            labels: [("n", n.to_string())].into_iter().collect(),
        };
        let is = Day { value: 1.0, expected: Some(2.0), sums: None, status: None };
        for day in first.iter_days().take(500) {
            history.note(&key(0), day, is);
        }
        let today = first + Days::new(499);
        let recent = history.recent(today);
        let days = recent.of(&key(0));
        assert_eq!((days.len(), days[399].day), (400, today - Days::new(1)));
        assert!(days.is_sorted_by_key(|day| day.day));
        assert_eq!(recent.of(&key(1)), []);
        (1..40_000).for_each(|n| history.note(&key(n), first, is));
        assert_eq!(history.recent(today).of(&key(0)).len(), 10);
    }

    #[test]
    fn a_period_with_a_long_gap_is_not_learned_from_and_a_short_one_is_bridged() {
        let first = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
        let without = |gap: std::ops::Range<usize>| -> Daily {
            let day = |(i, day): (usize, NaiveDate)| {
                let is = Day { value: i as f64 + 1.0, expected: None, sums: None, status: None };
                (!gap.contains(&i)).then_some((day, is))
            };
            first.iter_days().take(30).enumerate().filter_map(day).collect()
        };
        let last = first + Days::new(29);
        let steps =
            |daily: &Daily| days(first, last, true, daily, StepKind::Flow, &|d| Some(d.value));
        let bridged = steps(&without(10..14)).unwrap();
        assert_eq!(bridged[9..16], [1.0, 0.0, 0.0, 0.0, 0.0, 5.0, 1.0]);
        assert!(steps(&without(10..18)).is_none());
    }

    #[test]
    fn a_late_first_row_is_a_quiet_start_unless_nothing_was_known_before() {
        let first = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
        let rows = |from: usize| -> Daily {
            let is = Day { value: 7.0, expected: None, sums: None, status: None };
            first.iter_days().take(30).skip(from).map(|day| (day, is)).collect()
        };
        let last = first + Days::new(29);
        let steps = |known, kind| days(first, last, known, &rows(12), kind, &|d| Some(d.value));
        let quiet = steps(true, StepKind::Flow).unwrap();
        assert_eq!((quiet[11], quiet[12], quiet.iter().sum::<f64>()), (0.0, 7.0, 7.0));
        assert_eq!(steps(false, StepKind::Flow), None);
        assert_eq!(steps(true, StepKind::Level), None);
    }
}
