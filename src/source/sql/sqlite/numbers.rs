//! What a text has to be to count as a number in arithmetic. SQLite takes as much of a text as looks
//! like a number and zero if nothing does: `1.234,56` is 1.234 to it, `n/a` is 0. Here a text is a
//! number as a whole or none at all.

/// A number as SQLite would have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Real(f64),
}

/// The number that a text is, white space around it aside; `None` if it is none.
pub(super) fn read(text: &str) -> Option<Number> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, Some(power)),
        None => (unsigned, None),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let power_is_one = power.is_none_or(|power| {
        let power = power.strip_prefix(['+', '-']).unwrap_or(power);
        !power.is_empty() && digits(power)
    });
    if !digits(whole) || !digits(part) || whole.len() + part.len() == 0 || !power_is_one {
        return None;
    }
    if mantissa.len() == whole.len()
        && power.is_none()
        && let Ok(number) = text.parse()
    {
        return Some(Number::Integer(number));
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(Number::Real(number))
}

/// Whether a text is a number in the one way in which programs write it: an id that merely looks
/// like one (`00012`, `+49`) is not.
pub(super) fn is_canonical(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = unsigned.starts_with('0') && unsigned[1..].starts_with(|c: char| c != '.');
    !leading_zero
        && unsigned.starts_with(|c: char| c.is_ascii_digit())
        && unsigned.ends_with(|c: char| c.is_ascii_digit())
        && read(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_number_as_a_whole_or_not_at_all() {
        for (text, expected) in [
            ("7", Number::Integer(7)),
            (" -7\n", Number::Integer(-7)),
            ("+7", Number::Integer(7)),
            ("00012", Number::Integer(12)),
            ("9223372036854775807", Number::Integer(i64::MAX)),
            ("9223372036854775808", Number::Real(9_223_372_036_854_775_808.0)),
            ("1.5", Number::Real(1.5)),
            ("1.", Number::Real(1.0)),
            (".5", Number::Real(0.5)),
            ("1e3", Number::Real(1000.0)),
            ("-1.5E-1", Number::Real(-0.15)),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "",
            " ",
            "n/a",
            "1,5",
            "1.234,56",
            "1,234.56",
            "1 234",
            "1'234",
            "5 %",
            "5%",
            "€5",
            "5 €",
            "$5",
            "(123)",
            "12-",
            "--5",
            "1e",
            "1e3x",
            "e3",
            ".",
            "-",
            "0x10",
            "1_000",
            "NaN",
            "inf",
            "1e999",
            "846:17:56",
            "2026-11-01",
            "１２",
            "١٢",
            "5\u{a0}",
            "\u{a0}5",
            "−5",
            "1.2.3",
            "5\0",
            "½",
            "TRUE",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn codes_are_numbers_but_not_written_as_one() {
        for (text, expected) in [
            ("0", true),
            ("-0.5", true),
            ("199.00", true),
            ("12", true),
            ("00012", false),
            ("+49", false),
            ("1.", false),
            (".5", false),
            (" 5", false),
            ("", false),
            ("-", false),
            ("A1", false),
        ] {
            assert_eq!(is_canonical(text), expected, "{text}");
        }
    }
}
