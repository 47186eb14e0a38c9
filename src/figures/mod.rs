//! Numbers as people write them, everywhere people read them: page, sentence, table, report.
//!
//! A number has as many significant digits as it takes to tell it from what it is compared with, and
//! three otherwise: what missed its target never reads as the target. Values come in base form (a
//! percent is a ratio, 16 % = 0.16). Not here: exact numbers for machines (`exposition`, `api`).

mod money;
mod number;
mod time;

#[cfg(test)]
mod tests;

use crate::kpi::{Unit, same};

/// Significant digits where nothing asks for more.
const DIGITS: usize = 3;
/// A binary number has no more.
const MOST: usize = 17;

impl Unit {
    /// A value with its unit.
    pub fn show(&self, value: f64) -> String {
        self.text(value, DIGITS)
    }

    /// A value and what it is compared with, told apart unless they are the same.
    pub fn show_pair(&self, value: f64, other: f64) -> (String, String) {
        let [value, other] = self.show_apart([value, other]);
        (value, other)
    }

    /// Several values of one sentence: the first is told apart from each of the others.
    pub fn show_apart<const N: usize>(&self, values: [f64; N]) -> [String; N] {
        let first = values.first().copied().unwrap_or(0.0);
        // What is the same reads the same.
        let values = values.map(|value| if same(value, first) { first } else { value });
        let shown = |digits| values.map(|value| self.text(value, digits));
        (DIGITS..MOST)
            .map(shown)
            .find(|texts| {
                let others = values.iter().zip(texts).skip(1);
                let mut mixed = others.filter(|(value, _)| !same(**value, first));
                texts.first().is_none_or(|shown| mixed.all(|(_, text)| text != shown))
            })
            .unwrap_or_else(|| shown(MOST))
    }

    /// Numbers of one column: the same decimals and the same thousand. Lengths of time are each in their
    /// own units.
    pub fn show_column(&self, values: &[f64]) -> Vec<String> {
        self.alike(values, DIGITS)
    }

    /// The same with as many decimals as it takes to tell apart what is not the same.
    pub fn show_alike(&self, values: &[f64]) -> Vec<String> {
        let apart = |texts: &Vec<String>| {
            let all = || values.iter().zip(texts);
            all().all(|(a, shown)| all().all(|(b, other)| shown != other || same(*a, *b)))
        };
        let shown = |digits| self.alike(values, digits);
        (DIGITS..DIGITS + 4).map(shown).find(apart).unwrap_or_else(|| shown(DIGITS))
    }

    fn alike(&self, values: &[f64], digits: usize) -> Vec<String> {
        let numbers = |scale: f64| {
            let scaled: Vec<f64> = values.iter().map(|value| value * scale).collect();
            number::alike(&scaled, digits)
        };
        let (texts, unit) = match self {
            Self::Percent => (numbers(100.0), " %".to_owned()),
            Self::Count => (numbers(1.0), String::new()),
            Self::Ratio => (numbers(1.0), "x".to_owned()),
            Self::Points => (numbers(1.0), " points".to_owned()),
            Self::Other(name) => (numbers(1.0), format!(" {name}")),
            Self::Currency(code) => return money::alike(code, values, digits),
            Self::Seconds | Self::Days => {
                return values.iter().map(|value| self.text(*value, digits)).collect();
            }
        };
        texts.into_iter().map(|text| format!("{text}{unit}")).collect()
    }

    /// The difference of two values, signed; that of percentages is in points.
    pub fn show_change(&self, change: f64) -> String {
        let size = change.abs();
        let text = match self {
            Self::Percent => points(size * 100.0),
            Self::Points => points(size),
            _ => self.show(size),
        };
        let nothing = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
        match change < 0.0 {
            _ if nothing => text,
            true => format!("−{text}"),
            false => format!("+{text}"),
        }
    }

    fn text(&self, value: f64, digits: usize) -> String {
        let number = |value| number::significant(value, digits);
        match self {
            Self::Percent => format!("{} %", number(value * 100.0)),
            Self::Count => number(value),
            Self::Ratio => format!("{}x", number(value)),
            Self::Points => format!("{} points", number(value)),
            Self::Seconds => time::seconds(value, digits),
            Self::Days => time::days(value, digits),
            Self::Currency(code) => money::text(code, value, digits),
            Self::Other(name) => format!("{} {name}", number(value)),
        }
    }
}

/// An attainment: 100 % when the target is met and not before.
pub fn attainment(ratio: f64) -> String {
    Unit::Percent.show_pair(ratio, 1.0).0
}

/// A change as a share of what was, signed: `+4.2 %`.
pub fn growth(share: f64) -> String {
    let text = if share.abs() < 0.095 {
        format!("{} %", number::fixed(share.abs() * 100.0, 1, 1))
    } else {
        Unit::Percent.show(share.abs())
    };
    let nothing = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    match share < 0.0 {
        _ if nothing => text,
        true => format!("−{text}"),
        false => format!("+{text}"),
    }
}

/// A share of time in whole percents, 0 % and 100 % only when it is that.
pub fn share(ratio: f64) -> String {
    let rounded = (ratio * 100.0).round() / 100.0;
    let edge = |edge: f64| same(rounded, edge) && !same(ratio, edge);
    if edge(0.0) || edge(1.0) { attainment(ratio) } else { Unit::Percent.show(rounded) }
}

/// How many days are left: `61 days`, `2.4 days`, `5 business days`. Of many, the one that has begun counts.
pub fn days(count: f64, kind: &str) -> String {
    let count = if count < 10.0 { count } else { (count - 1e-6).ceil() };
    let text = time::days(count, if count < 10.0 { 2 } else { 3 });
    if kind.is_empty() {
        return text;
    }
    match text.split_once(' ') {
        Some((number, word)) => format!("{number} {kind} {word}"),
        None => text,
    }
}

/// As many days as [`days`] tells of them: what is told alike is alike.
pub fn told_days(count: f64) -> f64 {
    match count {
        10.0.. => (count - 1e-6).ceil(),
        1.0.. => (count * 10.0).round() / 10.0,
        0.1.. => (count * 100.0).round() / 100.0,
        _ => count,
    }
}

/// A length of time in at most two units.
pub fn duration(seconds: f64) -> String {
    time::seconds(seconds, DIGITS)
}

/// Percentage points: one decimal, or what it takes to be more than nothing.
fn points(size: f64) -> String {
    let text = if size >= 0.95 || size == 0.0 {
        number::fixed(size, 1, 1)
    } else {
        number::significant(size, 2)
    };
    format!("{text} pt")
}
