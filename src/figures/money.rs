//! Amounts of money: `$230 K`, `€36.90`, `2,100 AED`.

use super::number::{self, decimals, fixed, significant};

/// From here on amounts are in thousands, millions and so on.
const SHORT: f64 = 10_000.0;
/// Below this, cents count.
const CENTS: f64 = 1_000.0;

/// What stands for a thousand and its powers, smallest first.
const SCALES: [(f64, &str); 4] = [(1e3, "K"), (1e6, "M"), (1e9, "B"), (1e12, "T")];

/// Symbols that mean one currency to everybody; others are named by their code.
const SYMBOLS: [(&str, &str); 6] =
    [("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥"), ("INR", "₹"), ("KRW", "₩")];

/// Currencies without a smaller unit in use (ISO 4217 exponent 0).
const WHOLE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";

/// Currencies of thousandths (ISO 4217 exponent 3).
const THOUSANDTHS: &str = "BHD IQD JOD KWD LYD OMR TND";

/// An amount with at least so many significant digits.
pub(super) fn text(code: &str, value: f64, digits: usize) -> String {
    let number = amount(value.abs(), digits, minor(code));
    let nothing = !number.bytes().any(|b| b.is_ascii_digit() && b != b'0');
    let sign = if value < 0.0 && !nothing { "−" } else { "" };
    match SYMBOLS.iter().find(|(known, _)| *known == code) {
        Some((_, symbol)) => format!("{sign}{symbol}{number}"),
        None => format!("{sign}{number} {code}"),
    }
}

/// Amounts of one column: all in the thousands of the largest.
pub(super) fn alike(code: &str, values: &[f64], digits: usize) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let fits = |(scale, _): &&(f64, &str)| largest >= SHORT && largest >= *scale;
    let Some((scale, letter)) = SCALES.iter().rev().find(fits) else {
        return values.iter().map(|value| text(code, *value, digits)).collect();
    };
    let numbers: Vec<f64> = values.iter().map(|value| value / scale).collect();
    let signed = |number: String| {
        let (sign, size) = number.strip_prefix('−').map_or(("", number.as_str()), |n| ("−", n));
        match SYMBOLS.iter().find(|(known, _)| *known == code) {
            Some((_, symbol)) => format!("{sign}{symbol}{size} {letter}"),
            None => format!("{sign}{size} {letter} {code}"),
        }
    };
    number::alike(&numbers, digits).into_iter().map(signed).collect()
}

fn amount(size: f64, digits: usize, minor: usize) -> String {
    if size > 0.0 && size < 1e-6 {
        return significant(size, digits);
    }
    let (decimals, keep) = match decimals(size, digits) {
        wanted if size >= CENTS => (wanted, 0),
        wanted => (wanted.max(minor), minor),
    };
    let text = fixed(size, decimals, keep);
    if size >= SHORT || text.starts_with("10,") {
        return scaled(size, digits);
    }
    // `$4`, but `$4.50`.
    match text.split_once('.') {
        Some((whole, cents)) if cents.bytes().all(|b| b == b'0') => whole.to_owned(),
        _ => text,
    }
}

/// `230 K`. What rounds up to a thousand of one scale is one of the next.
fn scaled(size: f64, digits: usize) -> String {
    let mut shown = String::new();
    for (i, (scale, letter)) in SCALES.iter().enumerate() {
        let number = size / scale;
        let rounded = fixed(number, decimals(number, digits), 0);
        shown = format!("{rounded} {letter}");
        let more = i + 1 < SCALES.len();
        if !(more && rounded.contains(',')) {
            break;
        }
    }
    shown
}

/// Decimals of the smaller unit.
fn minor(code: &str) -> usize {
    let among = |codes: &str| codes.split(' ').any(|known| known == code);
    match code {
        _ if among(WHOLE) => 0,
        _ if among(THOUSANDTHS) => 3,
        _ => 2,
    }
}
