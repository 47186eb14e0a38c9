//! Formulas over metrics: f64 arithmetic, parentheses, `min`, `max`, `abs`.
//!
//! A parser of our own because two things are needed that expression crates do not give: the byte
//! span of every mistake, and the tree (a ratio KPI needs its numerator and denominator). Not here:
//! whether a metric exists (`config`) and how label sets are joined (`assess`).

use std::fmt;
use std::ops::Range;

/// A parsed formula. Equality and display go by its text.
#[derive(Debug, Clone)]
pub struct Formula {
    text: String,
    expr: Expr,
    references: Vec<(MetricRef, Range<usize>)>,
}

/// A column of a metric, or its only value: `orders.revenue`, `sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricRef {
    /// Metric id.
    pub metric: String,
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
    /// `a + b` and the like; the character is the operator.
    Binary(Box<Expr>, char, Box<Expr>),
    /// `min(a, b, ...)` and the like.
    Call(Call, Vec<Expr>),
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

/// Why a text is not a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    /// Lower case, no full stop.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Formula {
    /// Parses a formula.
    ///
    /// # Errors
    /// The first mistake with its place.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        let mut parser = Parser { text, at: 0, depth: 0, references: Vec::new() };
        let expr = parser.sum()?;
        parser.skip_space();
        if parser.at < text.len() {
            return Err(parser.unexpected("an operator"));
        }
        Ok(Self { text: text.to_owned(), expr, references: parser.references })
    }

    /// The tree.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The metrics it names, in order, with their places in the text.
    pub fn references(&self) -> impl Iterator<Item = (&MetricRef, Range<usize>)> {
        self.references.iter().map(|(r, span)| (r, span.clone()))
    }

    /// Numerator and denominator, when the formula is a division as a whole.
    pub fn quotient(&self) -> Option<(&Expr, &Expr)> {
        match &self.expr {
            Expr::Binary(numerator, '/', denominator) => Some((numerator, denominator)),
            _ => None,
        }
    }
}

impl Expr {
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
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    _ => left / right,
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
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
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

/// Parentheses and signs nest at most this deep, so that no input overflows the stack.
const MAX_DEPTH: usize = 64;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    references: Vec<(MetricRef, Range<usize>)>,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<Expr, FormulaError> {
        let mut left = self.product()?;
        while let Some(operator) = self.accept(&['+', '-']) {
            left = Expr::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, FormulaError> {
        let mut left = self.factor()?;
        while let Some(operator) = self.accept(&['*', '/']) {
            left = Expr::Binary(Box::new(left), operator, Box::new(self.factor()?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Expr, FormulaError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("formula nests too deeply", self.at..self.at + 1));
        }
        let factor = if self.accept(&['-']).is_some() {
            Expr::Negate(Box::new(self.factor()?))
        } else if self.accept(&['(']).is_some() {
            let inner = self.sum()?;
            self.expect(')')?;
            inner
        } else {
            self.atom()?
        };
        self.depth -= 1;
        Ok(factor)
    }

    fn atom(&mut self) -> Result<Expr, FormulaError> {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.word();
                if self.accept(&['(']).is_some() {
                    return self.call(&name, start);
                }
                let column = (self.peek() == Some('.')).then(|| {
                    self.at += 1;
                    self.word()
                });
                let span = start..self.at;
                if column.as_ref().is_some_and(String::is_empty) {
                    return Err(self.error("expected a column name after the dot", span));
                }
                let reference = MetricRef { metric: name, column };
                self.references.push((reference.clone(), span));
                Ok(Expr::Metric(reference))
            }
            _ => Err(self.unexpected("a metric, a number or `(`")),
        }
    }

    fn number(&mut self) -> Result<Expr, FormulaError> {
        let start = self.at;
        let rest = &self.text[start..];
        let mut length = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
            let sign = usize::from(exponent.starts_with(['+', '-']));
            let digits = exponent[sign..].bytes().take_while(u8::is_ascii_digit).count();
            length += if digits > 0 { 1 + sign + digits } else { 0 };
        }
        self.at += length;
        match rest[..length].parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Expr::Number(number)),
            _ => Err(self.error(&format!("`{}` is not a number", &rest[..length]), start..self.at)),
        }
    }

    fn call(&mut self, name: &str, start: usize) -> Result<Expr, FormulaError> {
        let span = start..start + name.len();
        let call = match name {
            "min" => Call::Min,
            "max" => Call::Max,
            "abs" => Call::Abs,
            _ => {
                let mut error = self.error(&format!("unknown function `{name}`"), span);
                error.hint = Some("the functions are min, max and abs".to_owned());
                return Err(error);
            }
        };
        let mut arguments = vec![self.sum()?];
        while self.accept(&[',']).is_some() {
            arguments.push(self.sum()?);
        }
        self.expect(')')?;
        if call == Call::Abs && arguments.len() != 1 {
            return Err(self.error("`abs` takes one argument", span));
        }
        Ok(Expr::Call(call, arguments))
    }

    fn word(&mut self) -> String {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        self.at += length;
        rest[..length].to_owned()
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn accept(&mut self, wanted: &[char]) -> Option<char> {
        self.skip_space();
        let next = self.peek().filter(|c| wanted.contains(c))?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn expect(&mut self, wanted: char) -> Result<(), FormulaError> {
        match self.accept(&[wanted]) {
            Some(_) => Ok(()),
            None => Err(self.unexpected(&format!("`{wanted}`"))),
        }
    }

    fn unexpected(&mut self, wanted: &str) -> FormulaError {
        self.skip_space();
        match self.peek() {
            Some(c) => self
                .error(&format!("expected {wanted}, found `{c}`"), self.at..self.at + c.len_utf8()),
            None => self
                .error(&format!("expected {wanted}, but the formula ends here"), self.at..self.at),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as the other constructors of errors do")]
    fn error(&self, message: &str, span: Range<usize>) -> FormulaError {
        FormulaError { message: message.to_owned(), span, hint: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exmex::{Express, FlatEx};
    use proptest::prelude::*;

    fn eval(text: &str) -> Option<f64> {
        let value_of = |reference: &MetricRef| match reference.to_string().as_str() {
            "orders.revenue" => Some(1200.0),
            "orders.count" => Some(40.0),
            "sessions" => Some(0.0),
            _ => None,
        };
        Formula::parse(text).unwrap().expr().eval(&value_of)
    }

    #[test]
    fn arithmetic_binds_as_people_expect() {
        for (text, value) in [
            ("orders.revenue / orders.count", 30.0),
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("10 - 4 - 3", 3.0),
            ("12 / 3 / 2", 2.0),
            ("-2 * -3", 6.0),
            ("2 - -1", 3.0),
            ("min(3, orders.count, 5)", 3.0),
            ("max(1, 2) + abs(-4)", 6.0),
            ("1.5e3 + .5", 1500.5),
        ] {
            assert_eq!(eval(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_has_none_and_is_never_zero() {
        for text in ["orders.revenue / sessions", "0 / sessions", "missing + 1", "max(1, missing)"]
        {
            assert_eq!(eval(text), None, "{text}");
        }
    }

    #[test]
    fn mistakes_name_their_place() {
        for (text, at, message) in [
            ("", 0..0, "expected a metric, a number or `(`, but the formula ends here"),
            ("a +", 3..3, "expected a metric, a number or `(`, but the formula ends here"),
            ("a b", 2..3, "expected an operator, found `b`"),
            ("(a", 2..2, "expected `)`, but the formula ends here"),
            ("a ^ 2", 2..3, "expected an operator, found `^`"),
            ("sum(a)", 0..3, "unknown function `sum`"),
            ("a. + 1", 0..2, "expected a column name after the dot"),
            ("1.2.3", 0..5, "`1.2.3` is not a number"),
            ("abs(1, 2)", 0..3, "`abs` takes one argument"),
            ("a / é", 4..6, "expected a metric, a number or `(`, found `é`"),
        ] {
            let error = Formula::parse(text).unwrap_err();
            assert_eq!((error.span, error.message.as_str()), (at, message), "{text}");
        }
    }

    #[test]
    fn references_come_with_their_places_and_a_quotient_with_its_parts() {
        let formula = Formula::parse("ads.spend / (crm.won + 1)").unwrap();
        let seen: Vec<_> = formula.references().map(|(r, at)| (r.to_string(), at)).collect();
        assert_eq!(seen, [("ads.spend".to_owned(), 0..9), ("crm.won".to_owned(), 13..20)]);
        assert!(formula.quotient().is_some());
        assert!(Formula::parse("a / b - 1").unwrap().quotient().is_none());
    }

    #[test]
    fn nesting_without_end_is_an_error_and_not_a_crash() {
        let error = Formula::parse(&"(".repeat(100_000)).unwrap_err();
        assert_eq!(error.message, "formula nests too deeply");
        assert!(Formula::parse(&"-".repeat(100_000)).is_err());
    }

    fn expression() -> impl Strategy<Value = String> {
        let number = (0_u32..1000).prop_map(|n| format!("{}", f64::from(n) / 8.0));
        number.prop_recursive(5, 40, 2, |inner| {
            prop_oneof![
                (inner.clone(), "[-+*/]", inner.clone())
                    .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
                inner.clone().prop_map(|a| format!("({a})")),
                inner.prop_map(|a| format!("(-{a})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_an_independent_evaluator(text in expression()) {
            let theirs = FlatEx::<f64>::parse(&text).unwrap().eval(&[]).unwrap();
            let ours = eval(&text);
            if theirs.is_finite() {
                if let Some(ours) = ours {
                    prop_assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0));
                }
            } else {
                prop_assert_eq!(ours, None);
            }
        }

        #[test]
        fn any_text_parses_or_says_where_it_does_not(text in ".{0,60}") {
            if let Err(error) = Formula::parse(&text) {
                prop_assert!(text.get(error.span).is_some());
            }
        }
    }
}
