//! What a metric asks its source, known to be right. In which terms is the source's own business:
//! here is what all others need to know of it, without the terms.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// What a metric asks its source.
#[derive(Clone)]
pub struct Query(Arc<dyn QueryTerms>);

/// A query in the terms of one kind of source.
pub trait QueryTerms: Any + fmt::Debug + Send + Sync {
    /// Whether it may look at an instant of that name (`period_`, `as_of`). Says yes rather too
    /// often than too seldom.
    fn mentions(&self, instant: &str) -> bool;

    /// Whether its text is not to be shown.
    fn is_secret(&self) -> bool;

    /// The name of its language, and what it asks: numbers got by another definition are those of
    /// another question. Files in the field hold it, so its form must not change.
    fn definition(&self) -> (&'static str, serde_json::Value);
}

impl Query {
    /// A query in terms that its source understands.
    pub fn new(terms: impl QueryTerms) -> Self {
        Self(Arc::new(terms))
    }

    /// Its terms, if they are of this type.
    pub fn terms<T: QueryTerms>(&self) -> Option<&T> {
        let terms: &dyn Any = &*self.0;
        terms.downcast_ref()
    }

    /// See [`QueryTerms::mentions`].
    pub fn mentions(&self, instant: &str) -> bool {
        self.0.mentions(instant)
    }

    /// See [`QueryTerms::is_secret`].
    pub fn is_secret(&self) -> bool {
        self.0.is_secret()
    }

    /// See [`QueryTerms::definition`].
    pub fn definition(&self) -> (&'static str, serde_json::Value) {
        self.0.definition()
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text with parameters or with placeholders like `{{window_start:%Y-%m-%d}}`. `Debug` hides a
/// secret one.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    /// As it is sent, but for what stands for instants.
    pub text: String,
    /// Some of it is what a `${...}` reference stood for: it must not be shown or stored.
    pub secret: bool,
}

impl Template {
    /// A text without secrets.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), secret: false }
    }
}

/// Stands for what must not be shown.
pub(crate) const HIDDEN: &str = "***";

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secret { HIDDEN } else { &self.text })
    }
}

impl Serialize for Template {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.secret { HIDDEN } else { &self.text })
    }
}
