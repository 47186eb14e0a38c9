//! What a value can be by its definition: a share lies in 0 to 1, a count is not below 0. Not here:
//! what is said when a value is something else (`assess`).

use super::expr::{Expr, Operator};
use super::{Formula, Unit, at_least, at_most};

/// Limits of what a value can be, in its base form (a percent is a ratio).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Range {
    /// Not less.
    pub min: Option<f64>,
    /// Not more.
    pub max: Option<f64>,
}

/// The side of a [`Range`] that a value lies beyond, with the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Beyond {
    /// Below the least.
    Below(f64),
    /// Above the most.
    Above(f64),
}

impl Range {
    /// Where a value lies that cannot be. The noise of floating point is none.
    pub fn beyond(&self, value: f64) -> Option<Beyond> {
        let below = self.min.filter(|min| !at_least(value, *min)).map(Beyond::Below);
        below.or_else(|| self.max.filter(|max| !at_most(value, *max)).map(Beyond::Above))
    }

    /// What unit and formula say by themselves, and no more than is sure: a count from which nothing is
    /// taken away is not below 0, and `a / (a + b)` is a share.
    pub fn implied(unit: &Unit, formula: &Formula) -> Self {
        let whole = is_count(unit);
        let share = is_part(formula.expr()) && matches!(unit, Unit::Percent | Unit::Ratio);
        match (whole && !takes_away(formula.expr()), share) {
            (_, true) => Self { min: Some(0.0), max: Some(1.0) },
            (true, false) => Self { min: Some(0.0), max: None },
            (false, false) => Self::default(),
        }
    }
}

fn is_count(unit: &Unit) -> bool {
    matches!(unit, Unit::Count)
}

/// Whether anything in it may make positive numbers negative.
fn takes_away(expr: &Expr) -> bool {
    match expr {
        Expr::Number(number) => *number < 0.0,
        Expr::Metric(_) => false,
        Expr::Negate(_) | Expr::Binary(_, Operator::Subtract, _) => true,
        Expr::Binary(a, _, b) => takes_away(a) || takes_away(b),
        Expr::Call(_, of) => of.iter().any(takes_away),
    }
}

/// `a / (a + b)`: the numerator is among what the denominator adds up.
fn is_part(expr: &Expr) -> bool {
    let Expr::Binary(part, Operator::Divide, whole) = expr else { return false };
    let sum = matches!(&**whole, Expr::Binary(_, Operator::Add, _));
    sum && matches!(&**part, Expr::Metric(_)) && terms(whole).contains(&&**part)
}

/// What a sum adds up.
fn terms(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Binary(a, Operator::Add, b) => terms(a).into_iter().chain(terms(b)).collect(),
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn implied(unit: &str, formula: &str) -> Range {
        Range::implied(&Unit::parse(unit).unwrap(), &Formula::parse(formula).unwrap())
    }

    #[test]
    fn only_what_is_sure_is_implied() {
        let share = Range { min: Some(0.0), max: Some(1.0) };
        assert_eq!(implied("percent", "won / (won + lost)"), share);
        assert_eq!(implied("percent", "t.won / (t.lost + t.open + t.won)"), share);
        assert_eq!(implied("percent", "won / lost"), Range::default());
        assert_eq!(implied("percent", "won / (lost + open)"), Range::default());
        let count = Range { min: Some(0.0), max: None };
        assert_eq!(implied("count", "signups"), count);
        assert_eq!(implied("count", "a + b"), count);
        assert_eq!(implied("count", "won - lost"), Range::default());
        assert_eq!(implied("USD", "amount"), Range::default());
    }

    #[test]
    fn noise_of_floating_point_is_inside() {
        let share = Range { min: Some(0.0), max: Some(1.0) };
        assert_eq!(share.beyond(1.0 + 1e-15), None);
        assert_eq!(share.beyond(1.01), Some(Beyond::Above(1.0)));
        assert_eq!(share.beyond(-0.5), Some(Beyond::Below(0.0)));
        assert_eq!(Range::default().beyond(-5.0), None);
    }
}
