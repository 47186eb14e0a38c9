//! Cells from the kinds of values that all databases have. One rule throughout: a number that a
//! double cannot hold exactly stays text, so that a long id is still right when it is a label.

use chrono::{Datelike, NaiveDateTime};
use chrono_tz::Tz;

use crate::metric::{Cell, moment};

/// Longer texts are of no use as label or number, and not kept.
const LONGEST_TEXT: usize = 4096;

/// Doubles hold all integers up to this.
const EXACT: i128 = 1 << 53;

/// A whole number.
#[expect(clippy::cast_precision_loss, reason = "checked")]
pub(in crate::source) fn integer(value: impl Into<i128>) -> Cell {
    let value = value.into();
    if value.abs() <= EXACT { Cell::Number(value as f64) } else { Cell::Text(value.to_string()) }
}

/// A decimal number in digits, or a word for one that is none.
pub(in crate::source) fn decimal(digits: &str) -> Cell {
    const EXACT_DIGITS: usize = 15;
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match digits.parse() {
        Ok(number) if !whole || digits.len() <= EXACT_DIGITS => written(number, digits.to_owned()),
        Ok(_) | Err(_) => Cell::Text(digits.to_owned()),
    }
}

/// A number, with its text if that says more.
pub(in crate::source) fn written(number: f64, text: String) -> Cell {
    if number.to_string() == text { Cell::Number(number) } else { Cell::Written(number, text) }
}

/// `true` or `false`.
pub(in crate::source) fn boolean(value: bool) -> Cell {
    Cell::Written(f64::from(u8::from(value)), value.to_string())
}

/// Text, unless it is too long or not UTF-8; `kind` is its type, for people.
pub(in crate::source) fn text(bytes: &[u8], kind: &str) -> Cell {
    match std::str::from_utf8(bytes) {
        Ok(_) if bytes.len() > LONGEST_TEXT => {
            Cell::Other(format!("{kind} of more than {LONGEST_TEXT} bytes"))
        }
        Ok(text) => Cell::Text(text.to_owned()),
        Err(_) => Cell::Other(kind.to_owned()),
    }
}

pub(in crate::source) fn local_time(time: NaiveDateTime, zone: Tz) -> Cell {
    // Outside of these years an offset could leave the range of the type.
    if (1..=9999).contains(&time.year()) {
        Cell::Instant(moment::local(zone, time))
    } else {
        Cell::Other("timestamp out of range".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_double_cannot_hold_stay_exact_text() {
        assert_eq!(integer(42), Cell::Number(42.0));
        assert_eq!(integer(1_i64 << 53), Cell::Number(9_007_199_254_740_992.0));
        assert_eq!(integer((1_i64 << 53) + 1), Cell::Text("9007199254740993".into()));
        assert_eq!(integer(u64::MAX), Cell::Text("18446744073709551615".into()));
        assert_eq!(decimal("12345678901234567890"), Cell::Text("12345678901234567890".into()));
        assert_eq!(decimal("1071805.47"), Cell::Number(1_071_805.47));
        let long = "0.1000000000000000000000001";
        assert_eq!(decimal(long), Cell::Written(0.1, long.into()));
    }

    #[test]
    fn what_is_written_in_a_way_of_its_own_keeps_it() {
        let written = |number, text: &str| Cell::Written(number, text.into());
        assert_eq!(decimal("1.50"), written(1.5, "1.50"));
        assert_eq!(decimal("-0.00"), written(-0.0, "-0.00"));
        assert_eq!(decimal("007"), written(7.0, "007"));
        assert_eq!(boolean(true), written(1.0, "true"));
    }

    #[test]
    fn text_that_is_too_long_or_not_utf8_is_not_kept() {
        assert_eq!(text(b"EU", "TEXT"), Cell::Text("EU".into()));
        assert_eq!(text(b"\xff", "VARBINARY"), Cell::Other("VARBINARY".into()));
        let long = text(&[b'x'; 5000], "TEXT");
        assert_eq!(long, Cell::Other("TEXT of more than 4096 bytes".into()));
    }
}
