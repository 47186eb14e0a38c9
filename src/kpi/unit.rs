//! Units of KPI values: how a number is shown to people. Values themselves are kept in base form
//! (a percent is a ratio, 16 % = 0.16).

use std::fmt;

use serde::{Serialize, Serializer};

/// The unit of a KPI's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// A plain number of things.
    Count,
    /// A ratio shown as percent.
    Percent,
    /// A plain quotient (`3.2x`).
    Ratio,
    /// Points of a score (NPS).
    Points,
    /// Seconds.
    Seconds,
    /// Days.
    Days,
    /// An ISO 4217 currency code.
    Currency(String),
}

impl Unit {
    /// The unit with this name, as in the configuration.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "percent" => Self::Percent,
            "ratio" => Self::Ratio,
            "points" => Self::Points,
            "seconds" => Self::Seconds,
            "days" => Self::Days,
            code if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) => {
                Self::Currency(code.to_owned())
            }
            _ => return None,
        })
    }

    /// The value for people: three or four significant digits, thousands apart, with its unit.
    pub fn format(&self, value: f64) -> String {
        match self {
            Self::Percent => format!("{} %", significant(value * 100.0, 3)),
            Self::Count => significant(value, 0),
            Self::Ratio => format!("{}x", significant(value, 3)),
            Self::Points => format!("{} points", significant(value, 3)),
            Self::Seconds => format!("{} s", significant(value, 3)),
            Self::Days => format!("{} days", significant(value, 3)),
            Self::Currency(code) => format!("{} {code}", significant(value, 0)),
        }
    }

    /// The difference of two values for people, signed; percent differences are points.
    pub fn format_change(&self, change: f64) -> String {
        let sign = if change < 0.0 { "-" } else { "+" };
        match self {
            Self::Percent => format!("{sign}{} points", significant(change.abs() * 100.0, 2)),
            _ => format!("{sign}{}", self.format(change.abs())),
        }
    }
}

/// Digits after the point shrink as the number grows; `small` is how many a number below 10 keeps.
fn significant(value: f64, small: usize) -> String {
    let size = value.abs();
    let decimals = match size {
        s if s >= 100.0 => 0,
        s if s >= 10.0 => 1,
        _ => 2.min(small.max(1)),
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    };
    let text = if text == "-0" { "0".to_owned() } else { text };
    group_thousands(&text)
}

fn group_thousands(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, ""), |(w, f)| (w, f));
    let mut grouped = String::with_capacity(text.len() + whole.len() / 3);
    grouped.push_str(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Percent => "percent",
            Self::Ratio => "ratio",
            Self::Points => "points",
            Self::Seconds => "seconds",
            Self::Days => "days",
            Self::Currency(code) => code,
        })
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_like_a_person_would_write_them() {
        let usd = Unit::Currency("USD".into());
        for (unit, value, text) in [
            (&Unit::Percent, 0.1, "10 %"),
            (&Unit::Percent, 0.133_187, "13.3 %"),
            (&Unit::Percent, 1.166_667, "117 %"),
            (&Unit::Percent, 0.0567, "5.67 %"),
            (&Unit::Count, 125_000.0, "125,000"),
            (&Unit::Count, 109_890.11, "109,890"),
            (&Unit::Count, 0.4, "0.4"),
            (&usd, 36.911, "36.9 USD"),
            (&usd, -1_071_805.47, "-1,071,805 USD"),
            (&Unit::Ratio, 3.2, "3.2x"),
            (&Unit::Days, 12.0, "12 days"),
        ] {
            assert_eq!(unit.format(value), text, "{unit} {value}");
        }
    }

    #[test]
    fn a_change_of_a_percentage_is_in_points() {
        assert_eq!(Unit::Percent.format_change(-0.033_187), "-3.32 points");
        assert_eq!(Unit::Count.format_change(5_000.0), "+5,000");
    }

    #[test]
    fn only_known_names_and_currency_codes_are_units() {
        assert_eq!(Unit::parse("USD"), Some(Unit::Currency("USD".into())));
        assert_eq!(Unit::parse("usd"), None);
        assert_eq!(Unit::parse("percentage"), None);
    }
}
