//! Periods: which one an instant belongs to, its name, and its neighbours.

use std::fmt;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};

use super::day::shift;
use super::retail::{Part, RetailYear};
use super::{Calendar, CalendarError, Period, PeriodKind, Window, YearName};

impl PeriodKind {
    /// Parses the words of the configuration; explicit dates are not a word.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse(word: &str) -> Result<Self, CalendarError> {
        Ok(match word {
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "half" => Self::Half,
            "year" => Self::Year,
            _ => return Err(CalendarError::NotAPeriod(word.to_owned())),
        })
    }

    /// Days that one of them usually has.
    pub fn usual_days(&self) -> u64 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 91,
            Self::Half => 182,
            Self::Year => 365,
            Self::Dates { start, end } => u64::try_from((*end - *start).num_days()).unwrap_or(0),
        }
    }
}

impl Period {
    /// `30 Oct – 28 Jan 2027`: its first and last day.
    pub fn days(&self) -> String {
        let last = self.end_day.pred_opt().unwrap_or(self.end_day);
        format!("{} – {}", self.first_day.format("%-d %b"), last.format("%-d %b %Y"))
    }

    /// Its id where people say that, else its days.
    pub fn words(&self) -> String {
        if matches!(self.kind, PeriodKind::Dates { .. }) { self.days() } else { self.id.clone() }
    }
}

impl fmt::Display for PeriodKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Week => f.write_str("week"),
            Self::Month => f.write_str("month"),
            Self::Quarter => f.write_str("quarter"),
            Self::Half => f.write_str("half"),
            Self::Year => f.write_str("year"),
            Self::Dates { start, end } => write!(f, "{start}..{end}"),
        }
    }
}

impl Calendar {
    /// The period with `start < as_of <= end`: at the boundary it is the one that just closed.
    /// Explicit dates are one period, whatever the instant.
    pub fn period_at(&self, kind: &PeriodKind, as_of: DateTime<Utc>) -> Period {
        self.period_of(kind, self.day_before(as_of))
    }

    /// The one before. For explicit dates: as many days, just before.
    pub fn previous(&self, period: &Period) -> Period {
        let last = shift(period.first_day, -1);
        match period.kind {
            PeriodKind::Dates { .. } => {
                let days = (period.end_day - period.first_day).num_days();
                let kind = PeriodKind::Dates { start: shift(period.first_day, -days), end: last };
                self.period_of(&kind, last)
            }
            _ => self.period_of(&period.kind, last),
        }
    }

    /// The one before as something to compare with: without a week 53.
    pub fn before(&self, period: &Period) -> Period {
        self.without_extra_week(self.previous(period))
    }

    /// The same period one year earlier, as something to compare with: the week 52 weeks earlier for
    /// weeks, the dates of the year before for explicit dates (28 February for the 29th). In a
    /// retail calendar the weeks of the same numbers, so without a week 53.
    pub fn same_last_year(&self, period: &Period) -> Period {
        match period.kind {
            PeriodKind::Week => self.period_of(&PeriodKind::Week, shift(period.first_day, -364)),
            PeriodKind::Dates { start, end } => {
                let start = add_months(start, -12);
                let kind = PeriodKind::Dates { start, end: add_months(end, -12) };
                self.period_of(&kind, start)
            }
            _ => {
                let before = match self.retail.map(|retail| retail.year_of(period.first_day)) {
                    Some(year) => {
                        let last_year = self.retail_year(shift(year.first_day, -1));
                        last_year.unwrap_or(year).day(year.week_of(period.first_day))
                    }
                    None => add_months(period.first_day, -12),
                };
                self.without_extra_week(self.period_of(&period.kind, before))
            }
        }
    }

    /// What becomes of a week 53 when `period` is compared with `earlier`, for people to be told.
    pub fn extra_week(&self, period: &Period, earlier: &Period) -> Option<ExtraWeek> {
        if matches!(period.kind, PeriodKind::Week | PeriodKind::Dates { .. }) {
            return None;
        }
        let name = |day| self.retail_year(day).map(|year| self.retail_name(&year));
        if self.period_of(&earlier.kind, earlier.first_day).end_day > earlier.end_day {
            return name(earlier.first_day).map(ExtraWeek::LeftOut);
        }
        let extra = self.retail_year(period.first_day)?.extra_week()?;
        let has_it = (period.first_day..period.end_day).contains(&extra);
        has_it.then(|| name(extra)).flatten().map(ExtraWeek::Alone)
    }

    /// Ends a period where its week 53 begins.
    fn without_extra_week(&self, mut period: Period) -> Period {
        let year = self.retail_year(period.first_day);
        let extra = year.and_then(|year| year.extra_week());
        let inside = |day: &NaiveDate| period.first_day < *day && *day < period.end_day;
        if let Some(extra) = extra.filter(inside) {
            period.end_day = extra;
            period.span.end = self.day_start(extra);
        }
        period
    }

    /// The period that contains a day.
    fn period_of(&self, kind: &PeriodKind, day: NaiveDate) -> Period {
        if let Some((year, part, letter)) = self.retail_part(kind, day) {
            let name = self.retail_name(&year);
            let id = match letter {
                "" => name,
                "Q" | "H" => format!("{name}-{letter}{}", part.number),
                _ => format!("{name}-{letter}{:02}", part.number),
            };
            return self.spanned(kind, id, year.day(part.start), year.day(part.end));
        }
        let (first_day, end_day) = match *kind {
            PeriodKind::Week => {
                let first = shift(day, -i64::from(day.weekday().days_since(self.week_start)));
                (first, shift(first, 7))
            }
            PeriodKind::Dates { start, end } => (start, shift(end, 1)),
            PeriodKind::Month => self.months_around(day, 1),
            PeriodKind::Quarter => self.months_around(day, 3),
            PeriodKind::Half => self.months_around(day, 6),
            PeriodKind::Year => self.months_around(day, 12),
        };
        self.spanned(kind, self.period_id(kind, first_day), first_day, end_day)
    }

    fn spanned(
        &self,
        kind: &PeriodKind,
        id: String,
        first_day: NaiveDate,
        end_day: NaiveDate,
    ) -> Period {
        let span = Window { start: self.day_start(first_day), end: self.day_start(end_day) };
        Period { id, kind: kind.clone(), first_day, end_day, span }
    }

    fn retail_year(&self, day: NaiveDate) -> Option<RetailYear> {
        self.retail.map(|retail| retail.year_of(day))
    }

    /// The part of a retail year that contains a day, with the letter that stands for its kind.
    /// `None` for explicit dates, without such a calendar, and for weeks that begin on another day
    /// than its own.
    fn retail_part(
        &self,
        kind: &PeriodKind,
        day: NaiveDate,
    ) -> Option<(RetailYear, Part, &'static str)> {
        let retail = self.retail?;
        let year = retail.year_of(day);
        let week = year.week_of(day);
        let (part, letter) = match kind {
            PeriodKind::Week if self.week_start == retail.week_start() => {
                (Part { start: week, end: week + 1, number: week + 1 }, "W")
            }
            PeriodKind::Week | PeriodKind::Dates { .. } => return None,
            PeriodKind::Month => (retail.month(&year, week), "M"),
            PeriodKind::Quarter => (year.quarters(1, week), "Q"),
            PeriodKind::Half => (year.quarters(2, week), "H"),
            PeriodKind::Year => (year.quarters(4, week), ""),
        };
        Some((year, part, letter))
    }

    /// `FY2026`. A retail year is of the calendar year of the month at whose end it ends, or of the
    /// one in which it nominally begins.
    fn retail_name(&self, year: &RetailYear) -> String {
        let begins_before = self.retail.is_some_and(|retail| retail.month < 12);
        let started_before = begins_before && self.fiscal_year_name == YearName::Start;
        format!("FY{}", year.year - i32::from(started_before))
    }

    fn period_id(&self, kind: &PeriodKind, first_day: NaiveDate) -> String {
        let number = |months| self.fiscal_month(first_day) / months + 1;
        match kind {
            PeriodKind::Week => {
                // ISO 8601 names a week after the year of its Thursday, the fourth day of a week
                // from Monday; other weeks follow the same rule with their own fourth day.
                let week = shift(first_day, 3).iso_week();
                format!("{}-W{:02}", week.year(), week.week())
            }
            PeriodKind::Month => first_day.format("%Y-%m").to_string(),
            PeriodKind::Quarter => format!("{}-Q{}", self.fiscal_year(first_day), number(3)),
            PeriodKind::Half => format!("{}-H{}", self.fiscal_year(first_day), number(6)),
            PeriodKind::Year => self.fiscal_year(first_day),
            PeriodKind::Dates { .. } => kind.to_string(),
        }
    }

    /// First day, and first day after, of the part of the fiscal year that contains a day, for
    /// parts of so many months.
    fn months_around(&self, day: NaiveDate, months: i32) -> (NaiveDate, NaiveDate) {
        let first_of_month = shift(day, -i64::from(day.day0()));
        let first = add_months(first_of_month, -(self.fiscal_month(day) % months));
        (first, add_months(first, months))
    }

    /// Months since the start of the fiscal year, 0 to 11.
    fn fiscal_month(&self, day: NaiveDate) -> i32 {
        (day.month().cast_signed() - self.fiscal_year_start.cast_signed()).rem_euclid(12)
    }

    /// `2026`, or `FY2027` for a year that does not start in January; named after its first or its
    /// last day.
    fn fiscal_year(&self, day: NaiveDate) -> String {
        if self.fiscal_year_start == 1 {
            return day.year().to_string();
        }
        let month = match self.fiscal_year_name {
            YearName::Start => -self.fiscal_month(day),
            YearName::End => 11 - self.fiscal_month(day),
        };
        format!("FY{}", add_months(day, month).year())
    }
}

/// The week 53 of a retail year in a comparison with an earlier period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtraWeek {
    /// That of the earlier period is left out; the name of its year.
    LeftOut(String),
    /// That of the later one has no week to be compared with; the name of its year.
    Alone(String),
}

/// The same day of the month so many months later (earlier when negative), or the last day of a
/// shorter month.
fn add_months(day: NaiveDate, months: i32) -> NaiveDate {
    let count = Months::new(months.unsigned_abs());
    if months < 0 {
        day.checked_sub_months(count).unwrap_or(NaiveDate::MIN)
    } else {
        day.checked_add_months(count).unwrap_or(NaiveDate::MAX)
    }
}

#[cfg(test)]
#[path = "tests/period.rs"]
mod tests;
