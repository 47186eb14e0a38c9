//! The small languages that values of any YAML may be written in: durations, dates, sizes. Not here:
//! what is said when a text is none of them (`forms`).

use std::time::Duration;

use chrono::NaiveDate;

use crate::calendar::{parse_date, parse_duration};

/// `30s`, `5m`, `26h`, `30d`, `4w`: more than zero, for a configuration has no use for none.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    parse_duration(text).ok().filter(|duration| !duration.is_zero())
}

/// Units of sizes, in bytes.
const SIZES: [(&str, u64); 6] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// `500KiB`, `32MiB`, `1GiB`, or with KB, MB and GB: bytes, more than zero.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (number, bytes) = SIZES
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?.trim_end(), *bytes)))?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.then(|| number.parse().ok())??;
    number.checked_mul(bytes).filter(|size| *size > 0)
}

/// `2026-05-25`.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    parse_date(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_of_nothing_is_none() {
        assert_eq!(duration("26h"), Some(Duration::from_hours(26)));
        assert_eq!(duration("0s"), None);
    }

    #[test]
    fn sizes_have_a_unit_and_are_more_than_nothing() {
        for (text, expected) in [
            ("500KiB", Some(500 << 10)),
            ("32 MiB", Some(32 << 20)),
            ("1GiB", Some(1 << 30)),
            ("64KB", Some(64_000)),
            ("5MB", Some(5_000_000)),
            ("2GB", Some(2_000_000_000)),
            ("0MiB", None),
            ("32", None),
            ("32M", None),
            ("-1MB", None),
            ("+1MB", None),
            ("MiB", None),
            ("99999999999999999999GB", None),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
    }
}
