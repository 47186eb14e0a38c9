//! Why a text is no query. Not here: finding it out (`rewrite`, `guard`).

/// Why a text cannot be used as a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// Lower case, no full stop.
    pub message: String,
    /// Where, in bytes of the text.
    pub offset: usize,
    /// How many bytes.
    pub len: usize,
    /// What to do about it.
    pub hint: Option<String>,
}

impl SqlError {
    /// One without advice.
    pub(super) fn new(message: impl Into<String>, offset: usize, len: usize) -> Self {
        Self { message: message.into(), offset, len, hint: None }
    }
}
