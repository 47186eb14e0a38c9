//! Windows: the span that one value of a KPI covers.

use chrono::{DateTime, TimeDelta, Utc};

use super::day::shift;
use super::duration::split;
use super::{Calendar, CalendarError, Period, Window, WindowSpec, parse_duration};

impl WindowSpec {
    /// Parses `period`, `30d`, `4w` (trailing local days), `26h`, `90m` or `30s` (trailing time).
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        if text == "period" {
            return Ok(Self::PeriodToDate);
        }
        let wrong = || CalendarError::NotAWindow(text.to_owned());
        let (_, unit) = split(text).map_err(|_| wrong())?;
        let seconds = parse_duration(text)?.as_secs();
        if seconds == 0 {
            return Err(wrong());
        }
        match unit {
            'd' | 'w' => {
                u32::try_from(seconds / 86_400).map(Self::TrailingDays).map_err(|_| wrong())
            }
            _ => Ok(Self::TrailingSeconds(seconds)),
        }
    }
}

impl Calendar {
    /// Up to when a value as of an instant is asked for: trailing days do not take in a running day.
    pub fn asked_until(&self, spec: WindowSpec, as_of: DateTime<Utc>) -> DateTime<Utc> {
        match spec {
            WindowSpec::TrailingDays(_) => self.day_start(self.day_of(as_of)),
            WindowSpec::PeriodToDate | WindowSpec::TrailingSeconds(_) => as_of,
        }
    }

    /// The window that ends at the as-of instant. Period to date: from the start of the period,
    /// and not beyond its end. Trailing days: complete ones, so that inside a day it ends where that
    /// day began.
    pub fn window(&self, spec: WindowSpec, period: &Period, as_of: DateTime<Utc>) -> Window {
        match spec {
            WindowSpec::PeriodToDate => {
                let Window { start, end } = period.span;
                // Explicit dates may not have begun: then the window is empty.
                Window { start, end: as_of.min(end).max(start) }
            }
            WindowSpec::TrailingDays(days) => {
                let end = self.asked_until(spec, as_of);
                let first = shift(self.day_of(end), -i64::from(days.max(1)));
                Window { start: self.day_start(first), end }
            }
            WindowSpec::TrailingSeconds(seconds) => {
                let start = i64::try_from(seconds)
                    .ok()
                    .and_then(TimeDelta::try_seconds)
                    .and_then(|length| as_of.checked_sub_signed(length));
                Window { start: start.unwrap_or(DateTime::<Utc>::MIN_UTC), end: as_of }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::PeriodKind;
    use chrono_tz::Tz;

    fn new_york() -> Calendar {
        Calendar { timezone: Tz::America__New_York, ..Calendar::default() }
    }

    fn window(spec: &str, as_of: &str) -> (String, String) {
        let calendar = new_york();
        let as_of = calendar.parse_as_of(as_of).unwrap();
        let period = calendar.period_at(&PeriodKind::Quarter, as_of);
        let window = calendar.window(WindowSpec::parse(spec).unwrap(), &period, as_of);
        let show = |at: DateTime<Utc>| at.with_timezone(&calendar.timezone).to_rfc3339();
        (show(window.start), show(window.end))
    }

    fn pair(start: &str, end: &str) -> (String, String) {
        (start.to_owned(), end.to_owned())
    }

    #[test]
    fn windows_are_read_from_the_words_of_the_configuration() {
        for (text, spec) in [
            ("period", WindowSpec::PeriodToDate),
            ("30d", WindowSpec::TrailingDays(30)),
            ("4w", WindowSpec::TrailingDays(28)),
            ("26h", WindowSpec::TrailingSeconds(93_600)),
            ("90m", WindowSpec::TrailingSeconds(5_400)),
        ] {
            assert_eq!(WindowSpec::parse(text), Ok(spec));
        }
        for text in ["0d", "quarter", "30", "1.5d", ""] {
            let expected = CalendarError::NotAWindow(text.to_owned());
            assert_eq!(WindowSpec::parse(text), Err(expected));
        }
        assert!(matches!(WindowSpec::parse("99999w"), Err(CalendarError::TooLong(_))));
    }

    #[test]
    fn the_period_so_far_ends_at_the_as_of_instant() {
        assert_eq!(
            window("period", "2026-04-30"),
            pair("2026-04-01T00:00:00-04:00", "2026-05-01T00:00:00-04:00")
        );
    }

    #[test]
    fn the_period_so_far_neither_leaves_its_period_nor_turns_around() {
        let calendar = Calendar::default();
        let dates = PeriodKind::Dates {
            start: "2026-04-01".parse().unwrap(),
            end: "2026-06-30".parse().unwrap(),
        };
        let period = calendar.period_at(&dates, "2026-05-01T00:00:00Z".parse().unwrap());
        let at =
            |text: &str| calendar.window(WindowSpec::PeriodToDate, &period, text.parse().unwrap());
        assert_eq!(at("2027-01-01T00:00:00Z"), period.span);
        let before = at("2026-01-01T00:00:00Z");
        assert_eq!((before.start, before.end), (period.span.start, period.span.start));
    }

    #[test]
    fn thirty_days_are_the_as_of_day_and_the_29_before_it_once_it_is_over() {
        assert_eq!(
            window("30d", "2026-04-30"),
            pair("2026-04-01T00:00:00-04:00", "2026-05-01T00:00:00-04:00")
        );
        assert_eq!(
            window("30d", "2026-04-30T09:00:00-04:00"),
            pair("2026-03-31T00:00:00-04:00", "2026-04-30T00:00:00-04:00")
        );
        assert_eq!(
            window("1d", "2026-04-30T00:00:01-04:00"),
            pair("2026-04-29T00:00:00-04:00", "2026-04-30T00:00:00-04:00")
        );
        // Local days, not 24 hours: the clocks went forward on 8 March.
        assert_eq!(
            window("4w", "2026-03-20"),
            pair("2026-02-21T00:00:00-05:00", "2026-03-21T00:00:00-04:00")
        );
    }

    #[test]
    fn hours_are_hours_even_across_a_change_of_clocks() {
        assert_eq!(
            window("26h", "2026-03-08"),
            pair("2026-03-07T21:00:00-05:00", "2026-03-09T00:00:00-04:00")
        );
    }

    #[test]
    fn absurd_lengths_do_not_overflow() {
        let calendar = new_york();
        let as_of = calendar.parse_as_of("2026-04-30").unwrap();
        let period = calendar.period_at(&PeriodKind::Week, as_of);
        for spec in [
            WindowSpec::TrailingDays(u32::MAX),
            WindowSpec::TrailingDays(0),
            WindowSpec::TrailingSeconds(u64::MAX),
        ] {
            assert!(calendar.window(spec, &period, as_of).start < as_of);
        }
    }
}
