//! Numbers with a unit: `250000`, `16%`, and the changes `+10%` and `+1.4pt`.

use super::context::Context;
use crate::kpi::{Unit, hundredth};
use crate::reader::forms::Quantity;
use crate::reader::spanned::Spanned;

/// A plain number above this is no percentage anybody means: it would be more than 150 %, and who
/// does mean that can write `200%`.
const LIKELY_RATIO: f64 = 1.5;

/// What a target text says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// A value.
    Value(f64),
    /// A share of the baseline (`+10%` is 0.1).
    Relative(f64),
    /// Added to the baseline, as written (`+1.4pt` is 1.4).
    Points(f64),
}

/// What a text can be that is no amount.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AmountError {
    NotANumber,
    /// `+500`: a value or a change?
    SignedNumber,
    /// `1.4pt`
    UnsignedPoints,
}

/// Reads a text. A sign makes a percentage or points a change.
pub(super) fn parse(text: &str) -> Result<Amount, AmountError> {
    let text = text.trim();
    let signed = text.starts_with(['+', '-']);
    let number = |digits: &str| -> Result<f64, AmountError> {
        let digits = digits.trim_end();
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        let number = plain.then(|| digits.parse::<f64>().ok()).flatten();
        number.filter(|n| n.is_finite()).ok_or(AmountError::NotANumber)
    };
    if let Some(digits) = text.strip_suffix('%') {
        let ratio = hundredth(number(digits)?);
        return Ok(if signed { Amount::Relative(ratio) } else { Amount::Value(ratio) });
    }
    if let Some(digits) = text.strip_suffix("pt") {
        let points = number(digits)?;
        return if signed { Ok(Amount::Points(points)) } else { Err(AmountError::UnsignedPoints) };
    }
    let value = number(text)?;
    if text.starts_with('+') { Err(AmountError::SignedNumber) } else { Ok(Amount::Value(value)) }
}

/// A value in the KPI's unit (no change): a number or a percentage. `unit` is unknown after a
/// mistake in it.
pub(super) fn value(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<Quantity>,
    unit: Option<&Unit>,
) -> Option<f64> {
    let text = match &given.value {
        Quantity::Number(number) => return plain(context, path, given, *number, unit),
        Quantity::Text(text) => text,
    };
    let found = context.shown(given, text);
    match parse(text) {
        Ok(Amount::Value(value)) if !text.contains('%') => plain(context, path, given, value, unit),
        Ok(Amount::Value(value)) => percentage(context, path, given, value, unit),
        Ok(Amount::Relative(value)) if text.trim_start().starts_with('-') => {
            percentage(context, path, given, value, unit)
        }
        Ok(_) | Err(AmountError::SignedNumber | AmountError::UnsignedPoints) => {
            let message = format!("`{path}`: expected a value, found the change {found}");
            context.problem(given.span, message, "changes belong in `target`".to_owned());
            None
        }
        Err(AmountError::NotANumber) => {
            let message = format!("`{path}`: expected a number like 250000 or 16%, found {found}");
            context.problem(given.span, message, spelled_out(text, given.interpolated));
            None
        }
    }
}

/// A plain number; for a percentage it has to be a ratio.
pub(super) fn plain<T>(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<T>,
    number: f64,
    unit: Option<&Unit>,
) -> Option<f64> {
    if unit != Some(&Unit::Percent) || number.abs() <= LIKELY_RATIO {
        return Some(number);
    }
    let (message, hint) = if given.interpolated {
        ("is no ratio".to_owned(), "write it with a `%`, like 16%".to_owned())
    } else {
        let percent = significant(number * 100.0);
        (format!("is {percent} %"), format!("write `{number}%`, or `{percent}%` if you mean that"))
    };
    let message = format!(
        "`{path}`: as a percentage, {} {message}",
        context.shown(given, &number.to_string())
    );
    context.problem(given.span, message, hint);
    None
}

/// A percentage fits percentages and plain quotients only.
pub(super) fn percentage<T>(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<T>,
    ratio: f64,
    unit: Option<&Unit>,
) -> Option<f64> {
    match unit {
        None | Some(Unit::Percent | Unit::Ratio) => Some(ratio),
        Some(unit) => {
            let message = format!("`{path}`: a percentage is no value of the unit {unit}");
            context.problem(
                given.span,
                message,
                "write a plain number, or `unit: percent`".to_owned(),
            );
            None
        }
    }
}

/// `250K`, `1,000` and `1_000` are numbers to people only.
pub(super) fn spelled_out(text: &str, interpolated: bool) -> Option<String> {
    if interpolated {
        return None;
    }
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\'')).collect();
    let (digits, factor) = match digits.char_indices().last()? {
        (at, 'k' | 'K') => (&digits[..at], 1e3),
        (at, 'm' | 'M') => (&digits[..at], 1e6),
        _ => (&digits[..], 1.0),
    };
    let number = digits.parse::<f64>().ok().filter(|n| n.is_finite())?;
    Some(format!("write `{}`", number * factor))
}

/// Without the noise of floating point.
fn significant(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_makes_percentages_and_points_changes() {
        for (text, expected) in [
            ("16%", Ok(Amount::Value(0.16))),
            ("16 %", Ok(Amount::Value(0.16))),
            // Not 0.9990000000000001.
            ("99.9%", Ok(Amount::Value(0.999))),
            ("1e2%", Ok(Amount::Value(1.0))),
            ("+10%", Ok(Amount::Relative(0.1))),
            ("-20%", Ok(Amount::Relative(-0.2))),
            ("+1.4pt", Ok(Amount::Points(1.4))),
            ("-2pt", Ok(Amount::Points(-2.0))),
            ("250000", Ok(Amount::Value(250_000.0))),
            ("-5", Ok(Amount::Value(-5.0))),
            ("1.4pt", Err(AmountError::UnsignedPoints)),
            ("+500", Err(AmountError::SignedNumber)),
            ("250K", Err(AmountError::NotANumber)),
            ("inf", Err(AmountError::NotANumber)),
            ("1e999", Err(AmountError::NotANumber)),
            ("%", Err(AmountError::NotANumber)),
            ("", Err(AmountError::NotANumber)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_for_people_are_spelled_out() {
        assert_eq!(spelled_out("250K", false).as_deref(), Some("write `250000`"));
        assert_eq!(spelled_out("1,000_000", false).as_deref(), Some("write `1000000`"));
        assert_eq!(spelled_out("many", false), None);
        assert_eq!(spelled_out("250K", true), None);
    }
}
