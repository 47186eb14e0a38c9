//! Cells from the kinds of values that only databases with a server have. Not here: what they share with
//! all others (`sql::cells`).

use chrono::NaiveDate;

use crate::metric::Cell;

/// As people read it: 0.1 in four bytes is 0.1, not 0.10000000149011612.
pub(in crate::source::sql) fn single(value: f32) -> Cell {
    Cell::Number(value.to_string().parse().unwrap_or(f64::NAN))
}

/// A time of day, or of more than a day, that may be negative: seconds, and `09:30:00.5`.
#[expect(clippy::cast_precision_loss, reason = "no time of a database reaches 2^53 microseconds")]
pub(in crate::source::sql) fn clock(microseconds: i64) -> Cell {
    const SECOND: u64 = 1_000_000;
    let sign = if microseconds < 0 { "-" } else { "" };
    let size = microseconds.unsigned_abs();
    let (seconds, rest) = (size / SECOND, size % SECOND);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
    let decimals = format!(".{rest:06}");
    let text = format!("{text}{}", decimals.trim_end_matches('0').trim_end_matches('.'));
    Cell::Written(microseconds as f64 / 1e6, text)
}

/// A day stays a day: what it means as an instant depends on the column.
pub(in crate::source::sql) fn day(day: NaiveDate) -> Cell {
    Cell::Text(day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_the_way_in_which_people_write_them() {
        let written = |number, text: &str| Cell::Written(number, text.into());
        assert_eq!(single(0.1), Cell::Number(0.1));
        assert_eq!(clock(34_200_000_000), written(34_200.0, "09:30:00"));
        assert_eq!(clock(-360_001_500_000), written(-360_001.5, "-100:00:01.5"));
    }
}
