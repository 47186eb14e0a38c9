//! How often there is a review, and what that means for what it compares.

use std::fmt;

use chrono::{Days, Months, NaiveDate};
use clap::ValueEnum;
use serde::Serialize;

use crate::calendar::PeriodKind;

/// How often there is a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// Once a week.
    #[default]
    Weekly,
    /// Once a month.
    Monthly,
    /// Once a quarter.
    Quarterly,
}

impl Cadence {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Weekly, Self::Monthly, Self::Quarterly];

    /// The one with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cadence| cadence.to_string() == name)
    }

    /// The spans that its rows have numbers of.
    pub const fn kind(self) -> &'static PeriodKind {
        match self {
            Self::Weekly => &PeriodKind::Week,
            Self::Monthly => &PeriodKind::Month,
            Self::Quarterly => &PeriodKind::Quarter,
        }
    }

    /// The day of the review before one on this day.
    pub fn before(self, day: NaiveDate) -> NaiveDate {
        let before = match self {
            Self::Weekly => day.checked_sub_days(Days::new(7)),
            Self::Monthly => months_before(day, 1),
            Self::Quarterly => months_before(day, 3),
        };
        before.unwrap_or(day)
    }

    /// A period that ends within so many days is announced.
    pub(super) const fn ahead(self) -> i64 {
        match self {
            Self::Weekly => 14,
            Self::Monthly | Self::Quarterly => 31,
        }
    }

    /// `week`, `month`, `quarter`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Weekly => "week",
            Self::Monthly => "month",
            Self::Quarterly => "quarter",
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
        })
    }
}

/// The last day of a month stays one.
fn months_before(day: NaiveDate, months: u32) -> Option<NaiveDate> {
    let next = day.succ_opt()?;
    next.checked_sub_months(Months::new(months))?.pred_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_review_before_the_one_at_the_end_of_a_month_was_at_the_end_of_one() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(Cadence::Quarterly.before(day(2026, 6, 30)), day(2026, 3, 31));
        assert_eq!(Cadence::Monthly.before(day(2026, 3, 31)), day(2026, 2, 28));
        assert_eq!(Cadence::Monthly.before(day(2026, 3, 14)), day(2026, 2, 14));
        assert_eq!(Cadence::Weekly.before(day(2026, 3, 3)), day(2026, 2, 24));
        for cadence in Cadence::ALL {
            assert_eq!(Cadence::parse(&cadence.to_string()), Some(cadence));
        }
    }
}
