//! The instants of a back-fill: whole local days apart, so that each closes its day in the
//! calendar's zone, whatever the clocks did in between.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};

use crate::calendar::{Calendar, CalendarError, instant_of, parse_duration};

/// More days than this are a mistake (54 years).
pub const MAX_STEPS: usize = 20_000;

/// Why there are no steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepsError {
    /// The step is no duration.
    #[error("{0}")]
    NoDuration(CalendarError),
    /// The step is a duration, but not of whole days.
    #[error("`{0}` is not a step (hint: whole days or weeks, as in `1d`, `1w`)")]
    NotWholeDays(String),
    /// The end is before the start.
    #[error("the back-fill would start at {from}, after its end at {to}")]
    Backwards {
        /// The start.
        from: String,
        /// The end.
        to: String,
    },
    /// The end is yet to come.
    #[error("{to} has not come to its end yet (hint: the last full day is {last_full_day})")]
    InTheFuture {
        /// The end.
        to: String,
        /// The last day that is over.
        last_full_day: NaiveDate,
    },
    /// More than [`MAX_STEPS`].
    #[error(
        "from {from} to {to} there are more than {MAX_STEPS} steps (hint: a shorter span, or a \
         longer step)"
    )]
    TooMany {
        /// The start.
        from: String,
        /// The end.
        to: String,
    },
}

/// Parses a step: whole days or weeks, as a number of days.
///
/// # Errors
/// What was expected instead.
pub fn parse_step(text: &str) -> Result<u32, StepsError> {
    const DAY: u64 = 86_400;
    let seconds = parse_duration(text).map_err(StepsError::NoDuration)?.as_secs();
    match u32::try_from(seconds / DAY) {
        Ok(days) if days > 0 && text.ends_with(['d', 'w']) => Ok(days),
        _ => Err(StepsError::NotWholeDays(text.to_owned())),
    }
}

/// The as-of instants from `from` to `to`, both inclusive, `days` local days apart. An instant that
/// closes a day stays one on every day; any other keeps its local time of day.
///
/// # Errors
/// `from` after `to`, `to` after `now`, or more than [`MAX_STEPS`] instants.
pub fn steps(
    calendar: &Calendar,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    days: u32,
    now: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, StepsError> {
    if from > to {
        let (from, to) = (shown(calendar, from), shown(calendar, to));
        return Err(StepsError::Backwards { from, to });
    }
    if to > now {
        let last_full_day = calendar.day_of(now).pred_opt().unwrap_or_default();
        return Err(StepsError::InTheFuture { to: shown(calendar, to), last_full_day });
    }
    let first = calendar.day_of(from);
    let midnight = from == calendar.day_start(first);
    let time = from.with_timezone(&calendar.timezone).time();
    let mut steps = vec![from];
    for count in 1_i64.. {
        let Some(day) = TimeDelta::try_days(count * i64::from(days))
            .and_then(|delta| first.checked_add_signed(delta))
        else {
            break;
        };
        let at = if midnight {
            calendar.day_start(day)
        } else {
            instant_of(calendar.timezone, day.and_time(time))
        };
        if at > to {
            break;
        }
        if steps.len() == MAX_STEPS {
            let (from, to) = (shown(calendar, from), shown(calendar, to));
            return Err(StepsError::TooMany { from, to });
        }
        // A day that the zone skipped ends together with the day before.
        if steps.last().is_some_and(|last| *last < at) {
            steps.push(at);
        }
    }
    Ok(steps)
}

/// The day that an instant closes, or the instant.
fn shown(calendar: &Calendar, at: DateTime<Utc>) -> String {
    if at == calendar.day_start(calendar.day_of(at)) {
        return calendar.day_before(at).to_string();
    }
    at.with_timezone(&calendar.timezone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use proptest::prelude::*;

    use super::*;

    fn new_york() -> Calendar {
        Calendar { timezone: Tz::America__New_York, ..Calendar::default() }
    }

    fn walk(from: &str, to: &str, days: u32) -> Result<Vec<DateTime<Utc>>, StepsError> {
        let calendar = new_york();
        let at = |text| calendar.parse_as_of(text).unwrap();
        steps(&calendar, at(from), at(to), days, at("2026-07-15"))
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn days_close_at_local_midnight_across_both_changes_of_the_clocks() {
        let spring = walk("2026-03-07", "2026-03-09", 1).unwrap();
        let ends = ["2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", "2026-03-10T04:00:00Z"];
        assert_eq!(spring, ends.map(at));
        let autumn = walk("2025-11-01", "2025-11-02", 1).unwrap();
        assert_eq!(autumn, ["2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"].map(at));
    }

    #[test]
    fn an_instant_inside_a_day_keeps_its_local_time() {
        let noon = walk("2026-03-07T12:00:00-05:00", "2026-03-09T12:00:00-04:00", 1).unwrap();
        let noons = ["2026-03-07T17:00:00Z", "2026-03-08T16:00:00Z", "2026-03-09T16:00:00Z"];
        assert_eq!(noon, noons.map(at));
    }

    #[test]
    fn a_day_that_the_zone_skipped_is_no_step_of_its_own() {
        let calendar = Calendar { timezone: Tz::Pacific__Apia, ..Calendar::default() };
        let day = |text| calendar.parse_as_of(text).unwrap();
        let steps = steps(&calendar, day("2011-12-28"), day("2011-12-31"), 1, day("2026-01-01"));
        assert_eq!(steps.unwrap(), ["2011-12-28", "2011-12-29", "2011-12-31"].map(day));
    }

    #[test]
    fn both_ends_belong_to_it_where_the_step_meets_them() {
        assert_eq!(walk("2026-06-30", "2026-06-30", 1).unwrap().len(), 1);
        assert_eq!(walk("2024-07-01", "2026-06-30", 1).unwrap().len(), 730);
        let weeks = walk("2026-06-01", "2026-06-30", 7).unwrap();
        assert_eq!(weeks.last(), Some(&at("2026-06-30T04:00:00Z")));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        let error = |from, to| walk(from, to, 1).unwrap_err().to_string();
        assert_eq!(
            error("2026-05-01", "2026-04-30"),
            "the back-fill would start at 2026-05-01, after its end at 2026-04-30"
        );
        assert_eq!(
            error("2026-05-01", "2026-07-16"),
            "2026-07-16 has not come to its end yet (hint: the last full day is 2026-07-15)"
        );
        assert_eq!(
            error("1970-01-01", "2026-04-30"),
            "from 1970-01-01 to 2026-04-30 there are more than 20000 steps (hint: a shorter span, \
             or a longer step)"
        );
    }

    #[test]
    fn steps_are_whole_days() {
        assert_eq!((parse_step("1d"), parse_step("2w")), (Ok(1), Ok(14)));
        for text in ["0d", "12h", "24h", "1"] {
            assert!(parse_step(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_step_closes_the_day_it_should(first in 0_i64..20_000, count in 0_i64..400, days in 1_u32..20) {
            let calendar = new_york();
            let day = |n| chrono::NaiveDate::default() + TimeDelta::days(n);
            let close = |n| calendar.day_start(day(n + 1));
            let steps = steps(&calendar, close(first), close(first + count), days, DateTime::<Utc>::MAX_UTC);
            let closed: Vec<_> = steps.unwrap().into_iter().map(|at| calendar.day_before(at)).collect();
            let expected: Vec<_> = (first..=first + count).step_by(days as usize).map(day).collect();
            prop_assert_eq!(closed, expected);
        }
    }
}
