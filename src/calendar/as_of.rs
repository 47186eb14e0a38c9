//! As-of instants and dates as people write them.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::day::{day_start, shift};
use super::{Calendar, CalendarError};

/// Parses `YYYY-MM-DD`.
///
/// # Errors
/// What was expected instead.
pub fn parse_date(text: &str) -> Result<NaiveDate, CalendarError> {
    // chrono alone would also take `2026-6-3`, signs and five-digit years.
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    if !shaped {
        return Err(CalendarError::NotADate(text.to_owned()));
    }
    text.parse().map_err(|_| CalendarError::NoSuchDay(text.to_owned()))
}

/// Parses an as-of instant: RFC 3339, or `YYYY-MM-DD` for the end of that day in the zone.
///
/// # Errors
/// What was expected instead.
pub fn parse_as_of(tz: Tz, text: &str) -> Result<DateTime<Utc>, CalendarError> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    if text.len() <= 10 {
        return parse_date(text).map(|day| day_start(tz, shift(day, 1)));
    }
    let without_offset = DateTime::parse_from_rfc3339(&format!("{text}Z")).is_ok();
    Err(CalendarError::NotAnInstant { text: text.to_owned(), without_offset })
}

impl Calendar {
    /// See [`parse_as_of`].
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse_as_of(&self, text: &str) -> Result<DateTime<Utc>, CalendarError> {
        parse_as_of(self.timezone, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_york(text: &str) -> Result<DateTime<Utc>, CalendarError> {
        parse_as_of(Tz::America__New_York, text)
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_date_means_the_end_of_that_day_in_the_zone() {
        assert_eq!(new_york("2026-06-30"), Ok(at("2026-07-01T04:00:00Z")));
        assert_eq!(parse_as_of(Tz::UTC, "2026-02-28"), Ok(at("2026-03-01T00:00:00Z")));
        // The next day starts at one o'clock.
        let sao_paulo = parse_as_of(Tz::America__Sao_Paulo, "2018-11-03");
        assert_eq!(sao_paulo, Ok(at("2018-11-04T03:00:00Z")));
    }

    #[test]
    fn an_instant_is_taken_as_it_is() {
        assert_eq!(new_york("2026-06-30T23:30:00-04:00"), Ok(at("2026-07-01T03:30:00Z")));
        assert_eq!(new_york("2026-07-01T03:30:00.5Z"), Ok(at("2026-07-01T03:30:00.5Z")));
    }

    #[test]
    fn mistakes_are_refused_with_the_cure() {
        for (text, message) in [
            ("yesterday", "`yesterday` is not a date (hint: YYYY-MM-DD, as in 2026-06-30)"),
            ("2026-6-30", "`2026-6-30` is not a date (hint: YYYY-MM-DD, as in 2026-06-30)"),
            ("2026-06-31", "`2026-06-31` is not a day of the calendar"),
            ("+12026-1-1", "`+12026-1-1` is not a date (hint: YYYY-MM-DD, as in 2026-06-30)"),
            (
                "2026-06-30T12:00:00",
                "`2026-06-30T12:00:00` is not an instant (hint: add the offset from UTC, as in \
                 2026-06-30T18:00:00-04:00)",
            ),
            (
                "2026-06-30T25:00:00Z",
                "`2026-06-30T25:00:00Z` is not an instant (hint: a date, or RFC 3339 as in \
                 2026-06-30T18:00:00-04:00)",
            ),
        ] {
            assert_eq!(new_york(text).unwrap_err().to_string(), message);
        }
    }
}
