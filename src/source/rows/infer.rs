//! What type the text of a cell has. Strict on purpose: an id that merely looks like a number
//! (`00012`, `+49`, `1E5`) has to come out as it went in.

/// Types in the order in which a column of both becomes the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::source) enum CellKind {
    Integer,
    Real,
    Text,
}

impl CellKind {
    /// The type of a cell that is not empty.
    pub(in crate::source) fn of(text: &str) -> Self {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(unsigned);
        if whole > 1 && unsigned.starts_with('0') {
            return Self::Text;
        }
        let rest = &unsigned[whole..];
        if rest.is_empty() {
            return if text.parse::<i64>().is_ok() { Self::Integer } else { Self::Text };
        }
        let (point, rest) = match rest.strip_prefix('.') {
            Some(rest) => (true, &rest[digits(rest)..]),
            None => (false, rest),
        };
        let digit_at_end = text.ends_with(|last: char| last.is_ascii_digit());
        let exponent = match rest.strip_prefix(['e', 'E']) {
            Some(power) => match power.strip_prefix(['+', '-']) {
                Some(power) => digits(power) == power.len(),
                // Without a point or a sign it is more likely a code: `12E3`.
                None => point && digits(power) == power.len(),
            },
            None => rest.is_empty(),
        };
        let number = exponent && digit_at_end && (whole > 0 || point);
        match text.parse::<f64>() {
            Ok(value) if number && value.is_finite() => Self::Real,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_survives_the_way_to_a_number_and_back_is_one() {
        for text in ["0", "7", "-7", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(CellKind::of(text), CellKind::Integer, "{text}");
        }
        for text in ["0.5", "-0.5", "11.77", ".5", "1.5e3", "1e-05", "1E+20", "100.0", "2.50"] {
            assert_eq!(CellKind::of(text), CellKind::Real, "{text}");
        }
        for text in [
            "00012",
            "00",
            "-012",
            "+7",
            " 7",
            "7 ",
            "1 000",
            "9223372036854775808",
            "1E5",
            "12e3",
            "1.",
            "-",
            ".",
            "-.",
            "e5",
            "e+5",
            "1e+",
            "1.5e",
            "1.2.3",
            "0x10",
            "NaN",
            "inf",
            "1e+999",
            "1,5",
            "1997-01-01",
            "00.5",
            "é",
        ] {
            assert_eq!(CellKind::of(text), CellKind::Text, "{text}");
        }
    }
}
