//! Small texts of a configuration: durations, windows, periods, dates; and the two larger languages
//! that other rooms own: schedules and SQL. Not here: places and messages (`forms`, `validate`).

use std::time::Duration;

use chrono::NaiveDate;

use crate::calendar::{PeriodKind, WindowSpec};
use crate::schedule::Schedule;
use crate::source::SourceConfig;

const DAY: u64 = 86_400;

/// `30s`, `5m`, `26h`, `30d`, `4w`: a whole number with a unit, more than zero.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let unit = text.char_indices().last()?;
    let seconds = match unit.1 {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => DAY,
        'w' => 7 * DAY,
        _ => return None,
    };
    let digits = &text[..unit.0];
    let number: u64 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    // A thousand years: more is a slip, and dates would overflow.
    let length = number.checked_mul(seconds).filter(|s| (1..=365_000 * DAY).contains(s))?;
    Some(Duration::from_secs(length))
}

/// `period`, or a trailing window: days and weeks are whole local days, the rest seconds.
pub(crate) fn window(text: &str) -> Option<WindowSpec> {
    if text == "period" {
        return Some(WindowSpec::PeriodToDate);
    }
    let seconds = duration(text)?.as_secs();
    if text.ends_with(['d', 'w']) {
        u32::try_from(seconds / DAY).ok().map(WindowSpec::TrailingDays)
    } else {
        Some(WindowSpec::TrailingSeconds(seconds))
    }
}

/// The periods that have a name.
pub(crate) const PERIODS: [&str; 5] = ["week", "month", "quarter", "half", "year"];

/// One of [`PERIODS`].
pub(crate) fn period(name: &str) -> Option<PeriodKind> {
    Some(match name {
        "week" => PeriodKind::Week,
        "month" => PeriodKind::Month,
        "quarter" => PeriodKind::Quarter,
        "half" => PeriodKind::Half,
        "year" => PeriodKind::Year,
        _ => return None,
    })
}

/// `2026-05-25`.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    let exact = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    exact.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

/// A schedule, or what is wrong with it.
pub(crate) fn schedule(_text: &str) -> Result<Schedule, String> {
    Ok(Schedule)
}

/// Why a query cannot be used: what, where in its text, and what to do.
pub(crate) struct QueryMistake {
    pub(crate) message: String,
    pub(crate) part: std::ops::Range<usize>,
    pub(crate) hint: Option<String>,
}

/// Checks the parameters of a query in the dialect of its source.
pub(crate) fn query(_source: &SourceConfig, _text: &str) -> Result<(), QueryMistake> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_whole_number_with_a_unit() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("26h", 93_600), ("4w", 2_419_200)] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "5", "5 m", "-5m", "+5m", "1.5h", "5M", "0s", "99999999999999w", "5é"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn windows_of_days_are_days_and_shorter_ones_seconds() {
        assert_eq!(window("period"), Some(WindowSpec::PeriodToDate));
        assert_eq!(window("4w"), Some(WindowSpec::TrailingDays(28)));
        assert_eq!(window("26h"), Some(WindowSpec::TrailingSeconds(93_600)));
        assert_eq!(window("quarter"), None);
    }

    #[test]
    fn dates_have_four_two_and_two_digits() {
        assert_eq!(date("2026-05-25"), NaiveDate::from_ymd_opt(2026, 5, 25));
        for text in ["2026-5-25", "2026-02-30", "25.05.2026", "+026-05-25"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
