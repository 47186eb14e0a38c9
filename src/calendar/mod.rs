//! Calendar: time zone, periods, windows, fiscal years, business days.
//!
//! Pure functions of their arguments. Not here: the clock (the caller says what instant it is) and
//! schedules (`schedule`).
//!
//! Days tile time: each instant belongs to exactly one local day, and every span is half-open. An
//! as-of instant *closes* a span, so an as-of of local midnight belongs to the day that just ended.

mod as_of;
mod day;
mod duration;
mod elapsed;
mod error;
mod period;
mod retail;
mod same_point;
mod window;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;

pub use as_of::{parse_as_of, parse_date};
pub use day::{ceil_day, day_before, day_of, day_start, instant_of};
pub use duration::parse_duration;
pub use error::CalendarError;
pub use period::ExtraWeek;
pub use retail::{Retail, WeekPattern, YearEnd};

/// The rules by which a company divides time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// IANA zone in which days begin and end.
    pub timezone: Tz,
    /// First month of the fiscal year, 1 to 12; means nothing in a retail calendar.
    pub fiscal_year_start: u32,
    /// Which of its days a fiscal year is named after.
    pub fiscal_year_name: YearName,
    /// Months, quarters, halves and years of whole weeks instead of calendar months.
    pub retail: Option<Retail>,
    /// First day of a week.
    pub week_start: Weekday,
    /// Days of the week on which business is done: `Weekday::num_days_from_monday`, 0 to 6.
    pub business_days: BTreeSet<u8>,
    /// Days off.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Default for Calendar {
    /// UTC, fiscal years from January, weeks from Monday, business from Monday to Friday.
    fn default() -> Self {
        Self {
            timezone: Tz::UTC,
            fiscal_year_start: 1,
            fiscal_year_name: YearName::End,
            retail: None,
            week_start: Weekday::Mon,
            business_days: (0..5).collect(),
            holidays: BTreeSet::new(),
        }
    }
}

/// What a fiscal year that touches two calendar years is named after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearName {
    /// The year of its first day, as in Japan and India.
    Start,
    /// The year of its last day.
    End,
}

/// The time-bound part of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeriodKind {
    /// Seven days from the calendar's `week_start`.
    Week,
    /// A calendar month, or one of a retail calendar.
    Month,
    /// Three months of the fiscal year.
    Quarter,
    /// Six months of the fiscal year.
    Half,
    /// The fiscal year.
    Year,
    /// Explicit dates, both inclusive.
    Dates {
        /// First day.
        start: NaiveDate,
        /// Last day.
        end: NaiveDate,
    },
}

/// The span one value of a KPI covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSpec {
    /// From the start of the period to the as-of instant.
    PeriodToDate,
    /// So many complete local days (`30d`, `4w`).
    TrailingDays(u32),
    /// So many seconds up to the as-of instant (`26h`).
    TrailingSeconds(u64),
}

/// A half-open span of time `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    /// First instant.
    pub start: DateTime<Utc>,
    /// First instant after.
    pub end: DateTime<Utc>,
}

/// One concrete period of a [`PeriodKind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// `2026-06`, `2026-Q2`, `2026-W14`, `FY2027-Q1`, `2026-04-01..2026-06-30`; of a retail calendar
    /// `FY2026-M05`, `FY2026-Q2`, `FY2026-W14`.
    pub id: String,
    /// What kind it is one of.
    pub kind: PeriodKind,
    /// First local day.
    pub first_day: NaiveDate,
    /// First local day after it.
    pub end_day: NaiveDate,
    /// The same as instants.
    pub span: Window,
}
