//! Durations as people write them: `30s 5m 26h 30d 4w`.

use std::time::Duration;

use super::CalendarError;

/// A century: longer durations are mistakes, and none can overflow date arithmetic.
const MAX_SECONDS: u64 = 36_525 * 86_400;

/// Parses a whole number with a unit: `s`, `m` (minutes), `h`, `d` or `w`. A day has 24 hours here.
/// Zero is a duration; where it makes no sense the caller refuses it.
///
/// # Errors
/// What was expected instead.
pub fn parse_duration(text: &str) -> Result<Duration, CalendarError> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => 604_800,
    };
    match number.checked_mul(seconds) {
        Some(seconds) if seconds <= MAX_SECONDS => Ok(Duration::from_secs(seconds)),
        _ => Err(CalendarError::TooLong(text.to_owned())),
    }
}

/// Number and unit of a duration, the unit being one of `smhdw`.
pub(super) fn split(text: &str) -> Result<(u64, char), CalendarError> {
    let number = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let mut unit = text[number.len()..].chars();
    match (number.parse(), unit.next(), unit.next()) {
        (Ok(count), Some(unit), None)
            if "smhdw".contains(unit) && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Ok((count, unit))
        }
        _ => Err(CalendarError::NotADuration(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_counts_its_seconds() {
        for (text, seconds) in
            [("30s", 30), ("5m", 300), ("26h", 93_600), ("30d", 2_592_000), ("4w", 2_419_200)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_duration("0d"), Ok(Duration::ZERO));
        assert_eq!(parse_duration("36525d"), Ok(Duration::from_secs(MAX_SECONDS)));
    }

    #[test]
    fn anything_else_is_refused_with_the_forms_that_are_not() {
        for text in ["", "5", "m", "5 m", "1h30m", "1.5h", "-5m", "+5m", "5M", "5min", "5ü", "٣d"]
        {
            let error = parse_duration(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is not a duration (hint: ")), "{error}");
        }
        for text in ["36526d", "99999999999999999w"] {
            assert!(matches!(parse_duration(text), Err(CalendarError::TooLong(_))), "{text}");
        }
    }
}
