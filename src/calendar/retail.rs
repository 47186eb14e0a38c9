//! Retail calendars: years of whole weeks, quarters of 13 weeks, months of 4 and 5. The years end on
//! a weekday near the end of a month, so every fifth or sixth has a week 53: it belongs to the last
//! month, quarter and half. Not here: calendar months (`period`).

use chrono::{Datelike, NaiveDate, Weekday};

use super::day::shift;

/// Weeks of a quarter.
const QUARTER: i64 = 13;
/// Weeks of a year without its extra week.
const YEAR: i64 = 4 * QUARTER;

/// How the 13 weeks of a quarter are dealt to its months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeekPattern {
    /// 4-4-5.
    W445,
    /// 4-5-4.
    W454,
    /// 5-4-4.
    W544,
}

impl WeekPattern {
    /// As in the configuration: `4-4-5`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::W445 => "4-4-5",
            Self::W454 => "4-5-4",
            Self::W544 => "5-4-4",
        }
    }

    /// The weeks of a quarter at which its months begin.
    fn starts(self) -> [i64; 3] {
        match self {
            Self::W445 => [0, 4, 8],
            Self::W454 => [0, 4, 9],
            Self::W544 => [0, 5, 9],
        }
    }
}

/// Which of the weekdays around the end of a month ends a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearEnd {
    /// The last one in the month.
    Last,
    /// The one nearest to the last day of the month: up to three days before or after it.
    Nearest,
}

/// The rules of a retail calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retail {
    /// Weeks of the months.
    pub weeks: WeekPattern,
    /// The weekday on which weeks and years end.
    pub ends_on: Weekday,
    /// Which of them ends a year.
    pub year_end: YearEnd,
    /// The month at whose end years end, 1 to 12.
    pub month: u32,
}

/// A year of a retail calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetailYear {
    /// The calendar year of the month at whose end it ends. A year that ends on 2 January because
    /// that is nearest to 31 December is of the old year.
    pub(super) year: i32,
    pub(super) first_day: NaiveDate,
    /// 52 or 53.
    pub(super) weeks: i64,
}

/// A part of a retail year, in weeks of it: half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: i64,
    pub(super) end: i64,
    /// The how-manieth of its kind in the year, from 1.
    pub(super) number: i64,
}

impl Retail {
    /// The first day of every week.
    pub fn week_start(self) -> Weekday {
        self.ends_on.succ()
    }

    /// The year that contains a day.
    pub(super) fn year_of(self, day: NaiveDate) -> RetailYear {
        // A year ends at most three days after its calendar year, and starts less than one before.
        let candidates = [day.year() - 1, day.year(), day.year() + 1];
        let year = candidates.into_iter().find(|year| self.last_day(*year) >= day);
        let year = year.unwrap_or(day.year());
        let first_day = shift(self.last_day(year - 1), 1);
        let weeks = ((self.last_day(year) - first_day).num_days() + 1) / 7;
        RetailYear { year, first_day, weeks }
    }

    /// The day on which the year of this number ends.
    fn last_day(self, year: i32) -> NaiveDate {
        let next = if self.month == 12 { (year + 1, 1) } else { (year, self.month + 1) };
        let Some(end) = NaiveDate::from_ymd_opt(next.0, next.1, 1) else {
            return if year < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
        };
        let end = shift(end, -1);
        let back = i64::from(end.weekday().days_since(self.ends_on));
        match self.year_end {
            YearEnd::Nearest if back > 3 => shift(end, 7 - back),
            YearEnd::Nearest | YearEnd::Last => shift(end, -back),
        }
    }

    /// The month that a week of the year (from 0) belongs to.
    pub(super) fn month(self, year: &RetailYear, week: i64) -> Part {
        let quarter = (week / QUARTER).min(3);
        let [first, second, third] = self.weeks.starts();
        let (in_quarter, start, end) = match week - quarter * QUARTER {
            week if week >= third => (3, third, QUARTER),
            week if week >= second => (2, second, third),
            _ => (1, first, second),
        };
        let number = quarter * 3 + in_quarter;
        let end = if number == 12 { year.weeks } else { quarter * QUARTER + end };
        Part { start: quarter * QUARTER + start, end, number }
    }
}

impl RetailYear {
    /// The week of the year, from 0, that contains a day.
    pub(super) fn week_of(&self, day: NaiveDate) -> i64 {
        (day - self.first_day).num_days().div_euclid(7)
    }

    /// The part of so many quarters that a week belongs to; week 53 belongs to the last.
    pub(super) fn quarters(&self, quarters: i64, week: i64) -> Part {
        let length = quarters * QUARTER;
        let number = (week / length).min(YEAR / length - 1) + 1;
        let end = if number * length == YEAR { self.weeks } else { number * length };
        Part { start: (number - 1) * length, end, number }
    }

    /// The first day of a week, from 0.
    pub(super) fn day(&self, week: i64) -> NaiveDate {
        shift(self.first_day, 7 * week)
    }

    /// The first day of week 53, when there is one.
    pub(super) fn extra_week(&self) -> Option<NaiveDate> {
        (self.weeks > YEAR).then(|| self.day(YEAR))
    }
}
