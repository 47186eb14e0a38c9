//! Why a node of a document does not fit a structure: what is wrong, in a structured form, and where.
//! Not here: what people are told (`entry`).

use std::fmt;

use serde::de;

use super::files::TextSpan;
use super::node::{Node, NodeKind};

/// Why a node does not fit a structure.
#[derive(Debug)]
pub(crate) struct DeError(Box<Mismatch>);

#[derive(Debug)]
pub(crate) struct Mismatch {
    pub(crate) kind: DeErrorKind,
    /// Positions of keys and list items, the innermost first.
    steps: Vec<usize>,
    pub(crate) span: Option<TextSpan>,
    /// What stands there, in words.
    pub(crate) found: String,
    /// The value is not what the file says and must not be shown.
    pub(crate) interpolated: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum DeErrorKind {
    UnknownKey {
        key: String,
        known: &'static [&'static str],
    },
    UnknownChoice {
        given: String,
        known: &'static [&'static str],
    },
    Expected(String),
    NoValue,
    /// Has been reported before.
    Reported,
    Other(String),
}

impl DeError {
    fn new(kind: DeErrorKind) -> Self {
        Self(Box::new(Mismatch {
            kind,
            steps: Vec::new(),
            span: None,
            found: String::new(),
            interpolated: false,
        }))
    }

    /// What is wrong, and where.
    pub(crate) fn mismatch(&self) -> &Mismatch {
        &self.0
    }

    /// Fills in the place, unless an inner node has done so.
    pub(super) fn located(mut self, node: &Node) -> Self {
        let mismatch = &mut *self.0;
        if mismatch.span.is_none() {
            mismatch.span = Some(node.span);
            mismatch.found = node.describe();
            mismatch.interpolated = node.is_interpolated();
            if matches!(node.kind, NodeKind::Reported) {
                mismatch.kind = DeErrorKind::Reported;
            } else if node.is_null() {
                mismatch.kind = DeErrorKind::NoValue;
            }
        }
        self
    }

    pub(super) fn inside(mut self, step: usize) -> Self {
        self.0.steps.push(step);
        self
    }
}

impl Mismatch {
    /// The position in the entry, from the outside in.
    pub(crate) fn path(&self) -> Vec<usize> {
        self.steps.iter().rev().copied().collect()
    }
}

impl de::Error for DeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(DeErrorKind::Other(message.to_string()))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(DeErrorKind::Expected(in_words(&expected.to_string())))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(given: &str, known: &'static [&'static str]) -> Self {
        Self::new(DeErrorKind::UnknownChoice { given: given.to_owned(), known })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(DeErrorKind::UnknownKey { key: key.to_owned(), known })
    }
}

/// For serde; people see what `entry` makes of it.
impl fmt::Display for DeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.kind)
    }
}

impl std::error::Error for DeError {}

/// Serde's words for types in the words of a configuration.
fn in_words(expected: &str) -> String {
    match expected {
        "a string" => "a text",
        "a sequence" => "a list",
        "f64" => "a number",
        "u32" | "u64" | "usize" => "a whole number of 0 or more",
        "a map" => "a map of keys",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a map of keys",
        other => other,
    }
    .to_owned()
}
