//! Instants from what sources write for them: local date-times and days of a zone.

use chrono::{
    DateTime, Days, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

use super::Cell;

/// The instant of a local date-time. In the hour that occurs twice it is the first; in the hour that
/// does not occur it is as much later as the clock was put forward.
pub(crate) fn local(zone: Tz, time: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&time) {
        MappedLocalTime::Single(found) | MappedLocalTime::Ambiguous(found, _) => found.to_utc(),
        MappedLocalTime::None => {
            let day_before = time.checked_sub_signed(TimeDelta::days(1)).unwrap_or(time);
            let offset = zone.offset_from_utc_datetime(&day_before).fix().local_minus_utc();
            (time - TimeDelta::seconds(offset.into())).and_utc()
        }
    }
}

/// How MySQL writes a day that is none.
pub(crate) const ZERO_DATE: &str = "0000-00-00";

/// Up to when data are complete of which none are.
pub(crate) const NEVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Texts that stand for no time at all: the data never were complete, or always will be.
const NO_TIME: [&str; 3] = [ZERO_DATE, "-infinity", "infinity"];

/// What a cell holds instead of an instant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum NoInstant<'a> {
    #[error("the text `{0}`")]
    Text(&'a str),
    #[error("the number {0}")]
    Number(f64),
    #[error("a value of type {0}")]
    Type(&'a str),
}

/// What a `data_through` cell says: nothing, an instant, or (as an error) what it holds instead.
pub(crate) fn read(cell: &Cell, zone: Tz) -> Result<Option<DateTime<Utc>>, NoInstant<'_>> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Instant(instant) => Ok(Some(*instant)),
        Cell::Text(text) if text.trim().is_empty() => Ok(None),
        Cell::Text(text) if NO_TIME.iter().any(|never| text.trim().starts_with(never)) => Ok(None),
        Cell::Text(text) => parse(text.trim(), zone).map(Some).ok_or(NoInstant::Text(text)),
        Cell::Number(seconds) | Cell::Written(seconds, _) => {
            unix(*seconds).map(Some).ok_or(NoInstant::Number(*seconds))
        }
        Cell::Other(kind) => Err(NoInstant::Type(kind)),
    }
}

/// A day means its end: data through 30 June are complete when July begins.
fn parse(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z"));
    if let Ok(instant) = with_offset {
        return Some(instant.to_utc());
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(local(zone, day.checked_add_days(Days::new(1))?.and_hms_opt(0, 0, 0)?));
    }
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|time| local(zone, time))
        .or_else(|| unix(text.parse().ok()?))
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be far inside the range of i64")]
fn unix(seconds: f64) -> Option<DateTime<Utc>> {
    (seconds.abs() < 1e11).then(|| DateTime::from_timestamp_millis((seconds * 1000.0) as i64))?
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America::New_York, Europe::Berlin};

    use super::*;

    fn text(text: &str) -> Result<Option<String>, String> {
        let cell = Cell::Text(text.into());
        let read = read(&cell, New_York).map_err(|error| error.to_string())?;
        Ok(read.map(|instant| instant.to_rfc3339()))
    }

    #[test]
    fn every_way_to_write_the_close_of_june_in_new_york_is_the_same_instant() {
        for written in [
            "2026-06-30",
            "2026-07-01 00:00:00",
            "2026-07-01T00:00",
            "2026-07-01T04:00:00Z",
            "2026-07-01 00:00:00-04",
            "2026-07-01 06:00:00.000+02:00",
            "1782878400",
        ] {
            let expected = "2026-07-01T04:00:00+00:00".to_owned();
            assert_eq!(text(written), Ok(Some(expected)), "{written}");
        }
        assert_eq!(
            read(&Cell::Number(1_782_878_400.0), Berlin).unwrap(),
            Some("2026-07-01T04:00:00Z".parse().unwrap())
        );
    }

    #[test]
    fn nothing_is_nothing_and_nonsense_is_an_error() {
        for never in [" ", "-infinity", "infinity", "0000-00-00", "0000-00-00 00:00:00"] {
            assert_eq!(text(never), Ok(None), "{never}");
        }
        assert_eq!(read(&Cell::Null, Berlin), Ok(None));
        assert_eq!(text("yesterday"), Err("the text `yesterday`".into()));
        assert!(read(&Cell::Number(1e18), Berlin).is_err());
        assert!(read(&Cell::Other("json".into()), Berlin).is_err());
    }

    #[test]
    fn local_times_survive_the_change_of_clocks() {
        let at = |day: &str, time: &str| {
            let naive = format!("{day}T{time}").parse::<NaiveDateTime>().unwrap();
            local(Berlin, naive).format("%H:%M").to_string()
        };
        assert_eq!(at("2026-03-29", "01:59:59"), "00:59");
        assert_eq!(at("2026-03-29", "02:30:00"), "01:30");
        assert_eq!(at("2026-03-29", "03:30:00"), "01:30");
        assert_eq!(at("2026-10-25", "02:30:00"), "00:30");
        assert_eq!(at("2026-10-25", "03:00:00"), "02:00");
    }
}
