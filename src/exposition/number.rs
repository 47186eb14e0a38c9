//! Numbers as Prometheus prints them. Nothing here knows of metrics.

use std::fmt::Write as _;

/// The shortest digits that read back as the same number, with an exponent below 1e-4 and from 1e6
/// on: what Go's `%g`, and so Prometheus itself, prints.
pub(super) fn push_number(out: &mut String, value: f64) {
    let size = value.abs();
    // Writing to a string does not fail.
    if value == 0.0 {
        out.push('0');
    } else if (1e-4..1e6).contains(&size) {
        let _ = write!(out, "{value}");
    } else {
        let start = out.len();
        let _ = write!(out, "{value:e}");
        pad_exponent(out, start);
    }
}

/// `1e6` to `1e+06`: a sign and at least two digits.
fn pad_exponent(out: &mut String, start: usize) {
    let Some(at) = out[start..].find('e').map(|e| start + e + 1) else { return };
    let digits = if out[at..].starts_with('-') {
        at + 1
    } else {
        out.insert(at, '+');
        at + 1
    };
    if out.len() - digits == 1 {
        out.insert(digits, '0');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(value: f64) -> String {
        let mut out = String::new();
        push_number(&mut out, value);
        out
    }

    #[test]
    fn numbers_look_as_prometheus_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.961_538_461_538_461_6, "0.9615384615384616"),
            (125_000.0, "125000"),
            (999_999.5, "999999.5"),
            (1_000_000.0, "1e+06"),
            (-1_234_567.0, "-1.234567e+06"),
            (1_777_593_600.0, "1.7775936e+09"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    fn finite() -> impl Strategy<Value = f64> {
        use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE
    }

    proptest! {
        #[test]
        fn numbers_read_back_to_the_last_bit(value in finite()) {
            // Adding zero turns -0 into 0.
            let read: f64 = number(value).parse().unwrap();
            prop_assert_eq!(read.to_bits(), (value + 0.0).to_bits());
        }
    }
}
