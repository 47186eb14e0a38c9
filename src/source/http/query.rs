//! What a metric asks an `http` source: a request and how to read the answer, as plain data. Not here:
//! filling it in with the instants of a fetch, nor reading it from a configuration (`settings`).

use std::fmt;

use serde::Serialize;
use serde_json::json;

use crate::metric::{HIDDEN, QueryTerms, Template};

/// An HTTP request and how to read the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpQuery {
    /// GET or POST.
    pub method: Method,
    /// What follows the source's URL; begins with `/`, or empty.
    pub path: Template,
    /// Parameters of the URL, in order.
    pub params: Vec<(String, Template)>,
    /// Headers besides those of the source.
    pub headers: Vec<(String, Template)>,
    /// What is sent along.
    pub body: Option<RequestBody>,
    /// How the answer is written.
    pub format: AnswerFormat,
    /// Each a JSONPath and what it has to select in every JSON document, else it is no good answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<(String, serde_json::Value)>,
    /// JSONPath (RFC 9535) of the rows in a JSON document; the document is the only row without it.
    pub rows: Option<String>,
    /// Column names and where they come from: a JSONPath relative to the row (JSON, NDJSON), the
    /// name of a column (CSV) or of a label (Prometheus text). All there are when empty.
    pub columns: Vec<(String, String)>,
    /// How to get the rest of a long answer.
    pub pagination: Option<Pagination>,
    /// SQL over the rows, as table `rows`, in the dialect of SQLite.
    pub sql: Option<Template>,
}

/// HTTP methods that ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Post,
}

/// What is sent along with a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestBody {
    /// JSON with placeholders in its texts.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
}

/// A JSON document with placeholders in its texts. `Debug` hides a secret one.
#[derive(Clone, PartialEq)]
pub struct JsonTemplate {
    /// The document.
    pub value: serde_json::Value,
    /// Some text in it is what a `${...}` reference stood for.
    pub secret: bool,
}

/// How an answer is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Ndjson,
    /// Separated values.
    Csv(CsvFormat),
    /// A plain number and nothing else: one row with the column `value`.
    Number,
    /// Prometheus text: one row per sample, with the columns `name`, `value` and its labels.
    Prometheus,
}

/// How separated values are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CsvFormat {
    /// One ASCII character.
    pub delimiter: u8,
    /// Whether the first line names the columns; otherwise they are `1`, `2` ...
    pub header: bool,
    /// Label of the Encoding Standard, like `utf-8` or `windows-1252`.
    pub encoding: String,
}

/// How to get the rest of a long answer. An answer with more pages than allowed is a failed fetch,
/// never a part taken for the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pagination {
    /// How the next page is found.
    pub next: NextPage,
    /// JSONPath of what is true or not empty as long as there are more pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<String>,
    /// JSONPath of the number of all rows, which the pages have to have together. No part of what is
    /// measured.
    #[serde(skip)]
    pub total: Option<String>,
    /// At most this many pages. No part of what is measured.
    #[serde(skip)]
    pub max_pages: u32,
}

impl Pagination {
    /// Pages that follow each other so, and nothing else is known of them.
    pub fn new(next: NextPage, max_pages: u32) -> Self {
        Self { next, more: None, total: None, max_pages }
    }
}

/// How the next page is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NextPage {
    /// A JSONPath to the next page's URL, absolute or relative; the last page has none.
    Link(String),
    /// `Link: <...>; rel="next"`, RFC 8288.
    LinkHeader,
    /// A value of this page asks for the next one.
    Cursor {
        /// JSONPath of the value; the last page has none.
        from: String,
        /// Where it goes.
        param: PageParam,
        /// JSONPath of a value that is true as long as there are more pages.
        more: Option<String>,
    },
    /// Pages are numbered; the one after the last is empty.
    Page {
        /// Where the number goes.
        param: PageParam,
        /// Number of the first page.
        first: u64,
    },
    /// The rows so far are skipped. The last page is empty, or shorter than `step` after full ones.
    Offset {
        /// Where the number of rows to skip goes.
        param: PageParam,
        /// Rows a page, at most.
        step: u64,
    },
}

/// Where the value that asks for a page goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageParam {
    /// A parameter of the URL.
    Url(String),
    /// A top-level key of the JSON or form body.
    Body(String),
}

impl QueryTerms for HttpQuery {
    fn mentions(&self, instant: &str) -> bool {
        self.texts().any(|text| text.contains(instant))
    }

    fn is_secret(&self) -> bool {
        self.sql.as_ref().is_some_and(|template| template.secret)
    }

    fn definition(&self) -> (&'static str, serde_json::Value) {
        ("http", json!(self))
    }
}

impl HttpQuery {
    /// A GET of a path, whose JSON document is the only row. What is another way is set on it.
    pub fn get(path: Template) -> Self {
        Self {
            method: Method::Get,
            path,
            params: Vec::new(),
            headers: Vec::new(),
            body: None,
            format: AnswerFormat::Json,
            require: Vec::new(),
            rows: None,
            columns: Vec::new(),
            pagination: None,
            sql: None,
        }
    }

    /// Every text that may hold a placeholder or a parameter.
    fn texts(&self) -> impl Iterator<Item = String> {
        let params = self.params.iter().chain(&self.headers);
        let form = match &self.body {
            Some(RequestBody::Form(fields)) => fields.as_slice(),
            _ => &[],
        };
        let json = match &self.body {
            Some(RequestBody::Json(json)) => Some(json.value.to_string()),
            _ => None,
        };
        let sql = self.sql.as_ref().map(|template| template.text.clone());
        let templates = params.chain(form).map(|(_, template)| template.text.clone());
        std::iter::once(self.path.text.clone()).chain(templates).chain(json).chain(sql)
    }
}

impl fmt::Debug for JsonTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { f.write_str(HIDDEN) } else { write!(f, "{}", self.value) }
    }
}

impl Serialize for JsonTemplate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.secret {
            serializer.serialize_str(HIDDEN)
        } else {
            self.value.serialize(serializer)
        }
    }
}
