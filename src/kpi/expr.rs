//! The tree of a formula and its value. Not here: its text (`formula`).

use std::fmt;

use crate::id::MetricId;

/// A column of a metric, or its only value: `orders.revenue`, `sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricRef {
    /// Metric id.
    pub metric: MetricId,
    /// Column; `None` means `value` or the only one.
    pub column: Option<String>,
}

/// One node of a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A literal.
    Number(f64),
    /// A metric.
    Metric(MetricRef),
    /// `-x`
    Negate(Box<Expr>),
    /// `a + b` and the like.
    Binary(Box<Expr>, Operator, Box<Expr>),
    /// `min(a, b, ...)` and the like.
    Call(Call, Vec<Expr>),
}

/// What stands between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// The functions of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Smallest of one or more.
    Min,
    /// Largest of one or more.
    Max,
    /// Magnitude of one.
    Abs,
}

impl Operator {
    /// As it is written.
    pub(super) fn sign(self) -> char {
        match self {
            Self::Add => '+',
            Self::Subtract => '-',
            Self::Multiply => '*',
            Self::Divide => '/',
        }
    }
}

impl Expr {
    /// Whether it names a metric.
    pub(super) fn names_a_metric(&self) -> bool {
        match self {
            Self::Number(_) => false,
            Self::Metric(_) => true,
            Self::Negate(of) => of.names_a_metric(),
            Self::Binary(a, _, b) => a.names_a_metric() || b.names_a_metric(),
            Self::Call(_, of) => of.iter().any(Self::names_a_metric),
        }
    }

    /// The value, given the metrics' values. `None` when an operand is missing, a denominator is
    /// zero or the result is not finite: such a KPI has no value, never 0, NaN or infinity.
    pub fn eval(&self, value_of: &impl Fn(&MetricRef) -> Option<f64>) -> Option<f64> {
        let result = match self {
            Self::Number(number) => *number,
            Self::Metric(reference) => value_of(reference)?,
            Self::Negate(inner) => -inner.eval(value_of)?,
            Self::Binary(left, operator, right) => {
                let (left, right) = (left.eval(value_of)?, right.eval(value_of)?);
                match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                }
            }
            Self::Call(call, arguments) => {
                let values: Option<Vec<f64>> =
                    arguments.iter().map(|argument| argument.eval(value_of)).collect();
                let values = values?.into_iter();
                match call {
                    Call::Min => values.reduce(f64::min)?,
                    Call::Max => values.reduce(f64::max)?,
                    Call::Abs => values.map(f64::abs).next()?,
                }
            }
        };
        result.is_finite().then_some(result)
    }

    /// The first denominator that is 0, given the metrics' values.
    pub fn zero_denominator(&self, value_of: &impl Fn(&MetricRef) -> Option<f64>) -> Option<&Self> {
        match self {
            Self::Number(_) | Self::Metric(_) => None,
            Self::Negate(inner) => inner.zero_denominator(value_of),
            Self::Binary(left, operator, right) => {
                let inside =
                    || left.zero_denominator(value_of).or_else(|| right.zero_denominator(value_of));
                let zero = *operator == Operator::Divide && right.eval(value_of) == Some(0.0);
                if zero { Some(right) } else { inside() }
            }
            Self::Call(_, of) => of.iter().find_map(|one| one.zero_denominator(value_of)),
        }
    }
}

impl fmt::Display for MetricRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "{}.{column}", self.metric),
            None => f.write_str(&self.metric),
        }
    }
}
