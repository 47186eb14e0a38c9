//! Texts that are instants or local date-times, brought into the one form that compares with the
//! parameters of a query: `2026-11-28 09:00:00`, local, and `2026-11-28 09:00:00+01:00` where the
//! text said which instant it is, so that SQLite's `unixepoch` still knows. Not here: days, and
//! `data_through` (`metric::moment`).

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use crate::metric::moment;

/// A time as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    Instant(DateTime<Utc>),
    Local(NaiveDateTime),
}

/// What a text is to a column of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// A local time, as it is compared.
    Comparable,
    /// A time that compares wrongly as it is.
    Other,
}

/// Whether a text is a time, and in which form.
pub(super) fn form(text: &str) -> Option<TimeForm> {
    // Most texts are not: the dashes tell.
    let bytes = text.as_bytes();
    if bytes.len() < 16 || bytes[4] != b'-' || bytes[7] != b'-' || bytes[13] != b':' {
        return None;
    }
    let time = read(text)?;
    let comparable = matches!(time, Time::Local(_)) && bytes[10] == b' ' && bytes.len() >= 19;
    Some(if comparable { TimeForm::Comparable } else { TimeForm::Other })
}

/// The form that compares; `None` for what is no time.
pub(super) fn comparable(text: &str, zone: Tz) -> Option<String> {
    Some(match read(text)? {
        Time::Instant(instant) => written(instant, zone),
        Time::Local(local) => local.format(format_of(local)).to_string(),
    })
}

/// An instant in the form that compares.
pub(super) fn written(instant: DateTime<Utc>, zone: Tz) -> String {
    let local = instant.with_timezone(&zone);
    format!("{}{}", local.format(format_of(local.naive_local())), local.format("%:z"))
}

fn format_of(local: NaiveDateTime) -> &'static str {
    if local.nanosecond() == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.f" }
}

/// The order of times; of other texts that of their bytes.
pub(super) fn order(one: &str, other: &str, zone: Tz) -> Ordering {
    // Most pairs are in the order of their texts: a day of another date, or the same offset.
    if let (Some((day, rest)), Some((other_day, other_rest))) =
        (comparable_parts(one), comparable_parts(other))
        && (day != other_day || rest == other_rest)
    {
        return one.cmp(other);
    }
    // A day alone is no time.
    if one.len() < 16 || other.len() < 16 {
        return one.cmp(other);
    }
    let instant = |text: &str| match read(text)? {
        Time::Instant(instant) => Some(instant),
        Time::Local(local) => Some(moment::local(zone, local)),
    };
    match (instant(one), instant(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

/// The day, and what follows the seconds, of a time in the form that compares.
fn comparable_parts(text: &str) -> Option<(&str, &str)> {
    let (day, rest) = (text.get(..10)?, text.get(19..)?);
    (text.as_bytes()[10] == b' ').then_some((day, rest))
}

fn read(text: &str) -> Option<Time> {
    let text = text.trim();
    let (day, time) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
        return None;
    }
    let (time, zone) = split_zone(time);
    let local = NaiveDate::from_ymd_opt(
        digits(day, 0, 4)?.try_into().ok()?,
        digits(day, 5, 2)?,
        digits(day, 8, 2)?,
    )?;
    let separated = day.as_bytes()[4] == b'-' && day.as_bytes()[7] == b'-';
    let local = local.and_time(clock(time)?);
    if !separated || local.year() < 1 {
        return None;
    }
    if zone.is_empty() {
        return Some(Time::Local(local));
    }
    instant(local, zone).map(Time::Instant)
}

/// A clock, and the zone after it as [`instant`] reads it; an empty one where none is said.
pub(super) fn split_zone(time: &str) -> (&str, &str) {
    let without = |time: &str| {
        let at = time.len().checked_sub(3)?;
        let word = time.get(at..)?;
        let is_zone = ["UTC", "GMT"].iter().any(|zone| word.eq_ignore_ascii_case(zone));
        is_zone.then_some(at)
    };
    if let Some(at) = without(time) {
        return (time[..at].trim_end(), "Z");
    }
    let at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = (time[..at].trim_end(), &time[at..]);
    // `GMT+0100`
    let end = without(clock).filter(|_| zone.len() > 1).unwrap_or(clock.len());
    (clock[..end].trim_end(), zone)
}

/// The instant of a local time in a zone like `Z` or `+01:00`.
pub(super) fn instant(local: NaiveDateTime, zone: &str) -> Option<DateTime<Utc>> {
    let seconds = if zone.eq_ignore_ascii_case("z") { 0 } else { offset(zone)? };
    Some(local.checked_sub_signed(TimeDelta::seconds(seconds))?.and_utc())
}

/// `09:30`, `09:30:00` or `09:30:00.25`. A leap second is no second of SQLite's.
fn clock(text: &str) -> Option<NaiveTime> {
    let bytes = text.as_bytes();
    let (hour, minute) = (digits(text, 0, 2)?, digits(text, 3, 2)?);
    if bytes[2] != b':' {
        return None;
    }
    if bytes.len() == 5 {
        return NaiveTime::from_hms_opt(hour, minute, 0);
    }
    let second = digits(text, 6, 2)?;
    let part = text.get(8..)?;
    let nanoseconds = match part.strip_prefix('.') {
        Some(part) if (1..=9).contains(&part.len()) => {
            let scale = 10_u32.pow(9 - u32::try_from(part.len()).ok()?);
            digits(part, 0, part.len())? * scale
        }
        None if part.is_empty() => 0,
        _ => return None,
    };
    (bytes[5] == b':').then_some(())?;
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanoseconds)
}

/// A number of so many digits.
fn digits(text: &str, at: usize, count: usize) -> Option<u32> {
    let part = text.get(at..at + count)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
}

/// `+01:00`, `+0100` or `+01`, in seconds.
fn offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "0"),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (plain && hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;

    use super::*;

    #[test]
    fn an_instant_becomes_local_and_keeps_its_offset() {
        for (text, expected) in [
            ("2026-11-28T08:00:00Z", "2026-11-28 09:00:00+01:00"),
            ("2026-10-31T23:30:00z", "2026-11-01 00:30:00+01:00"),
            ("2026-06-01T08:00:00.250Z", "2026-06-01 10:00:00.250+02:00"),
            ("2026-06-01 08:00:00.000+00", "2026-06-01 10:00:00+02:00"),
            ("2026-06-01 08:00:00-0500", "2026-06-01 15:00:00+02:00"),
            ("2026-06-01T08:00+05:30", "2026-06-01 04:30:00+02:00"),
            ("2026-10-25T00:30:00Z", "2026-10-25 02:30:00+02:00"),
            ("2026-10-25T01:30:00Z", "2026-10-25 02:30:00+01:00"),
            ("2026-06-01 08:00:00 UTC", "2026-06-01 10:00:00+02:00"),
            ("2026-06-01 08:00:00.5 utc", "2026-06-01 10:00:00.500+02:00"),
            ("2026-06-01 08:00 GMT", "2026-06-01 10:00:00+02:00"),
            ("2026-06-01 08:00:00 GMT+0100", "2026-06-01 09:00:00+02:00"),
            ("2026-06-01 08:00:00 +0000", "2026-06-01 10:00:00+02:00"),
            ("2026-06-01T08:00:00", "2026-06-01 08:00:00"),
            ("2026-06-01 08:00", "2026-06-01 08:00:00"),
        ] {
            assert_eq!(form(text), Some(TimeForm::Other), "{text}");
            assert_eq!(comparable(text, Berlin).as_deref(), Some(expected), "{text}");
        }
        for text in ["2026-06-01 08:00:00", "2026-06-01 08:00:00.5"] {
            assert_eq!(form(text), Some(TimeForm::Comparable), "{text}");
        }
        for text in [
            "2026-06-01",
            "2026-06-01T08:00:60Z",
            "2026-06-31T08:00:00Z",
            "2026-06-01T24:00:00Z",
            "2026-06-01 at eight",
            "2026-06-01T08:00:00+1",
            "2026-06-01 08:00:00 CET",
            "2026-06-01 08:00:00 UTC UTC",
            "0000-00-00 00:00:00",
            "1234-567890-1:345",
            "2026-06-0é T08:00:00",
            "08:00:00",
            "",
        ] {
            assert_eq!(form(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_in_order_whatever_their_form() {
        let in_order = [
            "2026-10-25T00:10:00Z",
            "2026-10-25 02:20:00+02:00",
            "2026-10-25 02:30:00",
            "2026-10-25 02:10:00+01:00",
            "2026-10-25T02:20:00+01:00",
            "2026-10-25 03:00:00",
            "2026-10-25 03:00:00.500+01:00",
            "2026-10-25 04:00:00+01:00",
        ];
        for (place, one) in in_order.iter().enumerate() {
            for (other_place, other) in in_order.iter().enumerate() {
                assert_eq!(order(one, other, Berlin), place.cmp(&other_place), "{one} {other}");
            }
        }
        assert_eq!(
            order("2026-11-28 09:00:00+01:00", "2026-11-28 09:00:00", Berlin),
            Ordering::Equal
        );
        assert_eq!(order("2026-11-28 09:00:00+01:00", "2026-11-28", Berlin), Ordering::Greater);
        assert_eq!(order("2026-11-28 09:00:00+01:00", "2026-11-29", Berlin), Ordering::Less);
        assert_eq!(order("a", "b", Berlin), Ordering::Less);
    }
}
