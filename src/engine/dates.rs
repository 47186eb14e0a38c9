//! Dated days of periods as the steps that a projection takes. Months for years, whose days and weeks
//! only add noise, and for longer periods in which hardly a day carries anything; days for the rest.
//! Not here: where the days come from (`history`), what is made of the steps (`forecast`).

use chrono::{Datelike, Days, NaiveDate};

use crate::calendar::{Calendar, PeriodKind};
use crate::forecast::{Season, Seasons, StepKind};

/// Days of a period that is a year rather than a half.
const YEAR: usize = 200;
/// Days of a period that has several months.
const MONTHS: usize = 45;
/// One day in so many carries something: rows by the month, deals.
const SPARSE: usize = 10;
/// A month that runs has not quite begun nor quite ended, whatever the months before say.
const BEGUN: f64 = 0.01;
const UNFINISHED: f64 = 0.999;

/// The days of a period, or of its beginning.
#[derive(Debug)]
pub(super) struct Dated {
    /// Day of the first step.
    pub(super) first: NaiveDate,
    /// One value per day.
    pub(super) steps: Vec<f64>,
}

/// A period in progress and those before it, oldest first.
#[derive(Debug)]
pub(super) struct Dates {
    pub(super) kind: StepKind,
    pub(super) earlier: Vec<Dated>,
    pub(super) current: Dated,
    /// Days of the current period that have passed.
    pub(super) elapsed: f64,
    /// Days the current period has.
    pub(super) length: usize,
    /// First day after it.
    pub(super) end: NaiveDate,
}

impl Dates {
    pub(super) fn are_better_in_months(&self) -> bool {
        let steps = || self.earlier.iter().chain([&self.current]).flat_map(|days| &days.steps);
        let carry = steps().filter(|step| **step != 0.0).count();
        let sparse = self.kind == StepKind::Flow && carry * SPARSE <= steps().count();
        self.length > YEAR || (self.length > MONTHS && sparse)
    }

    pub(super) fn in_days(self) -> Seasons {
        let season = |days: Dated| Season {
            first_weekday: Some(days.first.weekday().num_days_from_monday() as usize),
            steps: days.steps,
        };
        Seasons {
            kind: self.kind,
            earlier: self.earlier.into_iter().map(season).collect(),
            current: season(self.current),
            elapsed: self.elapsed,
            length: self.length,
        }
    }

    pub(super) fn in_months(&self, calendar: &Calendar) -> Seasons {
        let earlier: Vec<Vec<&[f64]>> =
            self.earlier.iter().map(|days| months(calendar, days, None).0).collect();
        let (current, lengths) = months(calendar, &self.current, Some(self.end));
        let complete = current.len().saturating_sub(1);
        let before: usize = lengths.iter().take(complete).sum();
        let passed = self.elapsed - before as f64;
        let running = lengths.get(complete).copied().unwrap_or(1);
        let share = if passed >= running as f64 {
            1.0
        } else {
            let others = earlier.iter().flatten().chain(&current[..complete]).copied();
            self.share(others, passed, running).clamp(BEGUN, UNFINISHED)
        };
        let season = |months: &Vec<&[f64]>| Season {
            steps: months.iter().map(|days| self.total(days)).collect(),
            first_weekday: None,
        };
        Seasons {
            kind: self.kind,
            earlier: earlier.iter().map(season).collect(),
            current: season(&current),
            elapsed: complete as f64 + share,
            length: lengths.len(),
        }
    }

    fn total(&self, days: &[f64]) -> f64 {
        match self.kind {
            StepKind::Flow => days.iter().sum(),
            StepKind::Level => days.last().copied().unwrap_or(0.0),
        }
    }

    /// Share of a month of `length` days that has come when `passed` of them have: what the other
    /// months had by then, counted from the nearer end. Rows on the first or last day of a month
    /// are all of it.
    fn share<'a>(
        &self,
        others: impl Iterator<Item = &'a [f64]>,
        passed: f64,
        length: usize,
    ) -> f64 {
        let even = passed / length as f64;
        if self.kind == StepKind::Level {
            return even;
        }
        let (mut part, mut whole) = (0.0, 0.0);
        for days in others {
            let count = days.len() as f64;
            let position = if even <= 0.5 { passed } else { count - (length as f64 - passed) };
            whole += days.iter().sum::<f64>();
            part += up_to(days, position);
        }
        let share = part / whole;
        if whole > 0.0 && share.is_finite() { share } else { even }
    }
}

/// Sum of the first `position` days, the last of them by its share.
fn up_to(days: &[f64], position: f64) -> f64 {
    let shares = days.iter().enumerate();
    shares.map(|(index, value)| value * (position - index as f64).clamp(0.0, 1.0)).sum()
}

/// The days of a period cut into months, and how many days each month of it has, up to `end` when
/// the days do not reach that far.
fn months<'a>(
    calendar: &Calendar,
    days: &'a Dated,
    end: Option<NaiveDate>,
) -> (Vec<&'a [f64]>, Vec<usize>) {
    let last = end.unwrap_or(days.first + Days::new(days.steps.len() as u64));
    let (mut first, mut rest) = (days.first, days.steps.as_slice());
    let (mut cut, mut lengths) = (Vec::new(), Vec::new());
    while first < last {
        let close = calendar.day_start(first + Days::new(1));
        let month = calendar.period_at(&PeriodKind::Month, close).end_day.min(last);
        let length = usize::try_from((month - first).num_days()).unwrap_or(0).max(1);
        lengths.push(length);
        if !rest.is_empty() {
            let (now, later) = rest.split_at(length.min(rest.len()));
            cut.push(now);
            rest = later;
        }
        first = month.max(first + Days::new(1));
    }
    (cut, lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    /// Years whose days carry what `value` says.
    fn years(count: i32, elapsed: f64, value: impl Fn(NaiveDate) -> f64) -> Dates {
        let dated = |year: i32, most: usize| {
            let first = day(year, 1, 1);
            let days = first.iter_days().take_while(|d| d.year() == year).take(most);
            Dated { first, steps: days.map(&value).collect() }
        };
        let whole = |elapsed: f64| (1..=365).find(|n| f64::from(*n) >= elapsed).unwrap();
        Dates {
            kind: StepKind::Flow,
            earlier: (2026 - count..2026).map(|year| dated(year, 366)).collect(),
            current: dated(2026, usize::try_from(whole(elapsed)).unwrap()),
            elapsed,
            length: 365,
            end: day(2027, 1, 1),
        }
    }

    #[test]
    fn a_year_is_projected_in_months_and_a_quarter_of_daily_rows_in_days() {
        let year = years(2, 59.0, |_| 1.0);
        assert!(year.are_better_in_months());
        let months = year.in_months(&Calendar::default());
        assert_eq!(months.earlier[0].steps[..3], [31.0, 29.0, 31.0]);
        assert_eq!((months.current.steps.len(), months.elapsed, months.length), (2, 2.0, 12));
        let quarter = Dates { length: 90, earlier: vec![], ..years(0, 59.0, |_| 1.0) };
        assert!(!quarter.are_better_in_months());
        let rows = Dates { length: 90, ..years(0, 59.0, |d| f64::from(u8::from(d.day() == 1))) };
        assert!(rows.are_better_in_months());
    }

    #[test]
    fn a_running_month_has_what_the_months_before_had_by_the_same_day() {
        let passed = |elapsed, value: fn(NaiveDate) -> f64| {
            years(2, elapsed, value).in_months(&Calendar::default()).elapsed
        };
        let even = passed(31.0 + 14.0, |_| 1.0);
        assert!((even - (1.0 + 14.0 / 30.4)).abs() < 0.02, "{even}");
        let first_of_month = |d: NaiveDate| if d.day() == 1 { 100.0 } else { 0.0 };
        let last_of_month =
            |d: NaiveDate| if d.succ_opt().unwrap().day() == 1 { 100.0 } else { 0.0 };
        for within in [1.0, 10.0, 27.0] {
            assert!((passed(31.0 + within, first_of_month) - 1.0 - UNFINISHED).abs() < 1e-9);
            assert!((passed(31.0 + within, last_of_month) - 1.0 - BEGUN).abs() < 1e-9);
        }
    }
}
