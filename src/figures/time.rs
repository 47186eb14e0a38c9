//! Lengths of time: `3 h 7 min`, `2.4 days`.

use super::number::{fixed, significant};

/// Seconds of the larger units, largest first.
const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")];

/// Seconds in two units that follow each other (`3 h 7 min`, `45.2 s`, `250 ms`), with more digits
/// in more of them.
pub(super) fn seconds(value: f64, digits: usize) -> String {
    let size = value.abs();
    let sign = if value < 0.0 { "−" } else { "" };
    let Some(first) = UNITS.iter().position(|(unit, _)| size >= *unit) else {
        return if size > 0.0 && size < 0.999_5 {
            format!("{sign}{} ms", significant(size * 1_000.0, digits))
        } else {
            format!("{sign}{} s", significant(size, digits))
        };
    };
    if UNITS[first].0 <= 1.0 && size < 59.95 {
        return format!("{sign}{} s", significant(size, digits));
    }
    let last = (first + digits.saturating_sub(2)).min(UNITS.len() - 1);
    // What is left for decimals of a second once all units are used.
    let decimals = (first + digits.saturating_sub(2)).saturating_sub(UNITS.len() - 1);
    let step = UNITS[last].0 / 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
    let mut rest = (size / step).round() * step;
    let mut parts = Vec::new();
    for (i, (unit, name)) in UNITS.iter().enumerate().take(last + 1) {
        let text = if i + 1 == UNITS.len() && decimals > 0 {
            fixed(rest, decimals, 0)
        } else {
            let whole = (rest / unit + 1e-9).floor();
            rest -= whole * unit;
            fixed(whole, 0, 0)
        };
        if text != "0" {
            parts.push(format!("{text} {name}"));
        }
    }
    format!("{sign}{}", parts.join(" "))
}

/// `1 day`, `12 days`, `2.4 days`.
pub(super) fn days(value: f64, digits: usize) -> String {
    let number = significant(value, digits);
    let word = if number == "1" { "day" } else { "days" };
    format!("{number} {word}")
}
