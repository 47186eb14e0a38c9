//! Numbers as text: significant digits, thousands apart, a true minus. Not here: units (`unit`).

/// Fewer than this many characters stand before an exponent: 0.000001 is still written out.
const SMALLEST: f64 = 1e-6;
/// Nobody counts the digits of a larger one.
const LARGEST: f64 = 1e15;

/// A number with at least so many significant digits, without the zeros at its end. The whole part is
/// never cut: 109,890.11 in three digits is 109,890.
pub(super) fn significant(value: f64, digits: usize) -> String {
    let rounded = format!("{value:.*e}", digits.saturating_sub(1));
    let size = rounded.parse().map_or(value.abs(), f64::abs);
    if size > 0.0 && !(SMALLEST..LARGEST).contains(&size) {
        return trimmed(&rounded);
    }
    fixed(value, decimals(size, digits), 0)
}

/// A number with so many decimals, without zeros at its end beyond the first `keep`.
pub(super) fn fixed(value: f64, decimals: usize, keep: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, mut fraction) = text.split_once('.').unwrap_or((&text, ""));
    while fraction.len() > keep && fraction.ends_with('0') {
        fraction = &fraction[..fraction.len() - 1];
    }
    signed(&grouped(whole, fraction))
}

/// Numbers with the same decimals: those of the largest in so many significant digits, but no zeros at the
/// end of all of them.
pub(super) fn alike(values: &[f64], digits: usize) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    if largest > 0.0 && !(SMALLEST..LARGEST).contains(&largest) {
        return values.iter().map(|value| significant(*value, digits)).collect();
    }
    let most = decimals(largest, digits);
    let shown = |places: usize| values.iter().map(|value| fixed(*value, places, places)).collect();
    let needed = |value: &f64| {
        let text = format!("{value:.most$}");
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        fraction.trim_end_matches('0').len()
    };
    shown(values.iter().map(needed).max().unwrap_or(0))
}

/// Decimals that give a number of this size so many significant digits.
pub(super) fn decimals(size: f64, digits: usize) -> usize {
    let exponent = exponent(size);
    let wanted = i32::try_from(digits).unwrap_or(i32::MAX).saturating_sub(1 + exponent);
    usize::try_from(wanted).unwrap_or(0)
}

/// The power of ten of the first digit.
pub(super) fn exponent(size: f64) -> i32 {
    if size == 0.0 {
        return 0;
    }
    format!("{size:e}").split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// `1.50e-9` is `1.5e-9`.
fn trimmed(text: &str) -> String {
    let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
    let digits = match digits.split_once('.') {
        Some(_) => digits.trim_end_matches('0').trim_end_matches('.'),
        None => digits,
    };
    signed(&format!("{digits}e{power}"))
}

/// With a true minus, and none before nothing.
fn signed(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|b| matches!(b, b'0' | b'.')) => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text.to_owned(),
    }
}

fn grouped(whole: &str, fraction: &str) -> String {
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = String::with_capacity(whole.len() * 4 / 3 + fraction.len() + 1);
    text.push_str(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_say_what_a_number_is() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (125_000.0, "125,000"),
            (109_890.11, "109,890"),
            (-1_071_805.47, "−1,071,805"),
            (36.911, "36.9"),
            (9.996, "10"),
            (99.96, "100"),
            (0.4, "0.4"),
            (0.001_234, "0.00123"),
            (0.000_001_234, "0.00000123"),
            (1.25e-9, "1.25e-9"),
            (-1.5e20, "−1.5e20"),
            (1e14, "100,000,000,000,000"),
        ] {
            assert_eq!(significant(value, 3), text);
        }
    }

    #[test]
    fn a_negative_number_that_rounds_to_nothing_has_no_sign() {
        assert_eq!(fixed(-0.001, 1, 1), "0.0");
        assert_eq!(fixed(-0.001, 0, 0), "0");
    }
}
