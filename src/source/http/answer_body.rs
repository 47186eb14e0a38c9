//! The body of a good answer before it is read, and the words for it when it cannot be. Not here: what is
//! in it (`json`, `separated`, `samples`).

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::client::Answer;
use crate::source::html::is_html;

/// Characters of an answer that an error shows.
const SHOWN: usize = 60;

/// The body of a good answer, with what its sender says about it.
pub(super) struct AnswerBody {
    status: StatusCode,
    /// The header as it came; empty without.
    content_type: String,
    pub(super) body: Bytes,
}

impl AnswerBody {
    pub(super) fn of(answer: &Answer) -> Self {
        let content_type = answer.headers.get(CONTENT_TYPE);
        let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()));
        Self {
            status: answer.status,
            content_type: content_type.unwrap_or_default().into_owned(),
            body: answer.body.clone(),
        }
    }

    /// Refuses what cannot be in the expected format, whatever that makes of it: HTML pages, and JSON
    /// where separated values were expected.
    pub(super) fn check(&self, expected: &str) -> Result<(), FetchError> {
        if is_html(&self.content_type, &self.body) {
            let message = format!("the answer is an HTML page, not {expected}: {}", self.excerpt());
            return Err(shape(message).with_hint(
                "a login or error page? check the `auth` of the source and the `path`",
            ));
        }
        if expected == "CSV" && self.content_type.to_ascii_lowercase().contains("json") {
            let message = format!("the answer is JSON, not CSV: {}", self.excerpt());
            return Err(shape(message).with_hint("check `format` and the `path`"));
        }
        Ok(())
    }

    /// Whether there is nothing but white space.
    pub(super) fn is_blank(&self) -> bool {
        self.body.strip_prefix(BOM).unwrap_or(&self.body).trim_ascii().is_empty()
    }

    pub(super) fn empty(&self, expected: &str) -> FetchError {
        shape(format!("the answer is empty (status {}), expected {expected}", self.status))
            .with_hint("check `method` and `path`")
    }

    /// The body as UTF-8, without a byte order mark.
    pub(super) fn text(&self) -> Result<&str, FetchError> {
        let body = self.body.strip_prefix(BOM).unwrap_or(&self.body);
        std::str::from_utf8(body).map_err(|error| {
            let before = &body[..error.valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count();
            self.broken(&format!("line {line} is not UTF-8"), "UTF-8 is the only encoding for it")
        })
    }

    /// A failure to read it.
    pub(super) fn broken(&self, what: &str, hint: &str) -> FetchError {
        let kind = match self.content_type.as_str() {
            "" => "has no content type".to_owned(),
            kind => format!("is `{}`", shown::line(kind, SHOWN)),
        };
        let begins = self.excerpt();
        shape(format!("cannot read the answer: {what}; it {kind} and begins with {begins}"))
            .with_hint(hint)
    }

    /// Its beginning, in one line.
    fn excerpt(&self) -> String {
        // Four bytes are the longest character.
        let start = &self.body[..self.body.len().min(4 * SHOWN)];
        let text = String::from_utf8_lossy(start);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let shown = shown::line(text, SHOWN);
        if self.body.len() > start.len() && !shown.ends_with('…') {
            return format!("`{shown}…`");
        }
        format!("`{shown}`")
    }
}

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

pub(super) fn shape(message: String) -> FetchError {
    FetchError::new(FetchErrorKind::Shape, message)
}
