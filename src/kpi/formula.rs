//! Formulas over metrics: f64 arithmetic, parentheses, `min`, `max`, `abs`.
//!
//! A parser of our own because two things are needed that expression crates do not give: the byte
//! span of every mistake, and the tree (a ratio KPI needs its numerator and denominator). Not here:
//! whether a metric exists (`config`) and how label sets are joined (`assess`).

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::expr::{Call, Expr, MetricRef, Operator};
use crate::id::MetricId;
use crate::shown;

/// A parsed formula. Equality and display go by its text.
#[derive(Debug, Clone)]
pub struct Formula {
    text: String,
    expr: Expr,
    references: Vec<(MetricRef, Range<usize>)>,
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
    /// Numbers, metrics and calls of a formula, at most: a tree of as many levels fits any stack.
    pub const MAX_TERMS: u32 = 1000;

    /// Parses a formula.
    ///
    /// # Errors
    /// The first mistake with its place.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        Self::parse_within(text, Self::MAX_TERMS)
    }

    /// Parses a formula of at most so many terms, [`Self::MAX_TERMS`] if less.
    ///
    /// # Errors
    /// The first mistake with its place.
    pub fn parse_within(text: &str, most: u32) -> Result<Self, FormulaError> {
        let most = most.min(Self::MAX_TERMS);
        let mut parser = Parser { text, at: 0, depth: 0, terms: 0, most, references: Vec::new() };
        if text.len() > MAX_LENGTH {
            let message = format!("a formula has at most {MAX_LENGTH} bytes");
            return Err(parser.error(&message, 0..0));
        }
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

    /// The metrics it names, each once, by id.
    pub fn metrics(&self) -> BTreeSet<&MetricId> {
        self.references.iter().map(|(reference, _)| &reference.metric).collect()
    }

    /// Whether it names a metric.
    pub fn draws_on(&self, metric: &MetricId) -> bool {
        self.references.iter().any(|(reference, _)| reference.metric == *metric)
    }

    /// Numerator and denominator, when the formula is a division as a whole.
    pub fn quotient(&self) -> Option<(&Expr, &Expr)> {
        match &self.expr {
            Expr::Binary(numerator, Operator::Divide, denominator) => {
                Some((numerator, denominator))
            }
            _ => None,
        }
    }

    /// Whether it divides by a metric as a whole: such values do not add up over time.
    pub fn is_rate(&self) -> bool {
        self.quotient().is_some_and(|(_, denominator)| denominator.names_a_metric())
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

/// Parentheses and signs nest at most this deep, so that no input overflows the stack.
const MAX_DEPTH: usize = 64;
/// Bytes of a formula.
const MAX_LENGTH: usize = 32 * 1024;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    terms: u32,
    most: u32,
    references: Vec<(MetricRef, Range<usize>)>,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<Expr, FormulaError> {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&[Operator::Add, Operator::Subtract]) {
            left = Expr::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, FormulaError> {
        let mut left = self.factor()?;
        while let Some(operator) = self.operator(&[Operator::Multiply, Operator::Divide]) {
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
        self.terms += 1;
        if self.terms > self.most {
            let message = format!("a formula has at most {} terms", self.most);
            let mut error = self.error(&message, start..start + 1);
            error.hint = Some(format!(
                "add up in the query, or raise `limits: {{ max_formula_terms: … }}` up to {}",
                Formula::MAX_TERMS
            ));
            return Err(error);
        }
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
                let reference = MetricRef { metric: name.into(), column };
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
            _ => {
                let shown = shown::cut(&rest[..length], 40);
                Err(self.error(&format!("`{shown}` is not a number"), start..self.at))
            }
        }
    }

    fn call(&mut self, name: &str, start: usize) -> Result<Expr, FormulaError> {
        let span = start..start + name.len();
        let call = match name {
            "min" => Call::Min,
            "max" => Call::Max,
            "abs" => Call::Abs,
            _ => {
                let shown = shown::cut(name, 40);
                let mut error = self.error(&format!("unknown function `{shown}`"), span);
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

    fn operator(&mut self, wanted: &[Operator]) -> Option<Operator> {
        wanted.iter().copied().find(|operator| self.accept(&[operator.sign()]).is_some())
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

    /// The span is one of the text: its end may be where something was expected, and the next thing a
    /// character of several bytes.
    fn error(&self, message: &str, span: Range<usize>) -> FormulaError {
        let start = self.text.floor_char_boundary(span.start);
        let span = start..self.text.ceil_char_boundary(span.end).max(start);
        FormulaError { message: message.to_owned(), span, hint: None }
    }
}

#[cfg(test)]
#[path = "tests/formula.rs"]
mod tests;
