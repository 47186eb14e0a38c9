//! The request of a metric, filled in with the instants of one fetch and still open to what asks for
//! the next page. Not here: login and sending (`client`), and which page comes next (`paging`).

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::query::{AnswerFormat, HttpQuery, Method, PageParam, RequestBody};
use crate::metric::{FetchError, FetchErrorKind, Template};
use crate::source::client::{Exchange, form};
use crate::source::{Request, template};

/// A request whose placeholders are filled in.
pub(super) struct PageRequest {
    method: Method,
    url: Url,
    params: Vec<(String, String)>,
    headers: HeaderMap,
    body: Option<Body>,
}

enum Body {
    Json(Value),
    Form(Vec<(String, String)>),
}

impl PageRequest {
    /// Fills in a metric's request. `locate` gives the URL of a path. Without `accept` the format
    /// sets no `Accept` header, because the source has its own.
    ///
    /// A text of the JSON body that is nothing but one `{{..._unix}}` or `{{..._seconds}}` becomes a
    /// JSON number, as most APIs want seconds; `{{window_start:%s}}` gives the same digits as text.
    pub(super) fn new(
        query: &HttpQuery,
        request: &Request,
        locate: impl FnOnce(&str) -> Url,
        accept: bool,
    ) -> Result<Self, FetchError> {
        let path = template::fill(&query.path.text, request, |value| percent_encoded(&value))?;
        let mut headers = HeaderMap::new();
        if accept {
            headers.insert(ACCEPT, HeaderValue::from_static(accepted(&query.format)));
        }
        let body = match &query.body {
            None => None,
            Some(RequestBody::Json(json)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Some(Body::Json(filled_json(&json.value, request)?))
            }
            Some(RequestBody::Form(fields)) => {
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.insert(CONTENT_TYPE, form);
                Some(Body::Form(filled_pairs(fields, request)?))
            }
        };
        for (name, template) in &query.headers {
            let refused = || {
                let message = format!("`{name}` cannot be sent as a header");
                FetchError::new(FetchErrorKind::Query, message)
                    .with_hint("neither its name nor its value may hold line ends or controls")
            };
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
            let text = template::fill(&template.text, request, |value| value)?;
            let mut value = HeaderValue::from_str(&text).map_err(|_| refused())?;
            value.set_sensitive(template.secret);
            headers.insert(key, value);
        }
        let params = filled_pairs(&query.params, request)?;
        Ok(Self { method: query.method, url: locate(&path), params, headers, body })
    }

    /// The request as it is now. Only a GET is known to do no harm when sent twice: a POST that asks
    /// cannot be told from one that does something.
    pub(super) fn exchange(&self) -> Exchange {
        let (method, idempotent) = match self.method {
            Method::Get => (reqwest::Method::GET, true),
            Method::Post => (reqwest::Method::POST, false),
        };
        let body = self.body.as_ref().map(|body| match body {
            Body::Json(value) => Bytes::from(value.to_string()),
            Body::Form(fields) => Bytes::from(form(fields)),
        });
        Exchange { method, url: self.url(), headers: self.headers.clone(), body, idempotent }
    }

    /// Where it goes now.
    pub(super) fn url(&self) -> Url {
        let mut url = self.url.clone();
        if !self.params.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.params);
        }
        url
    }

    /// Goes to the URL of a next page, which has all its parameters in itself.
    pub(super) fn follow(&mut self, url: Url) {
        self.url = url;
        self.params.clear();
    }

    /// Puts a page's number or cursor where it goes. A body parameter that begins with `/` is a
    /// JSON Pointer (RFC 6901), for GraphQL: `/variables/after`.
    pub(super) fn set(&mut self, param: &PageParam, value: &Value) -> Result<(), FetchError> {
        match (param, &mut self.body) {
            (PageParam::Url(name), _) => replace(&mut self.params, name, text(value)),
            (PageParam::Body(name), Some(Body::Form(fields))) => replace(fields, name, text(value)),
            (PageParam::Body(name), body) => {
                let body = body.get_or_insert_with(|| Body::Json(Value::Object(Map::new())));
                let Body::Json(document) = body else { return Err(no_place(name)) };
                let (parent, key) = match name.rsplit_once('/') {
                    Some((parent, key)) if name.starts_with('/') => (parent, key),
                    _ => ("", name.as_str()),
                };
                match document.pointer_mut(parent) {
                    Some(Value::Object(object)) => {
                        object.insert(key.to_owned(), value.clone());
                    }
                    _ => return Err(no_place(name)),
                }
            }
        }
        Ok(())
    }
}

fn no_place(name: &str) -> FetchError {
    let message = format!("the request's body has no place for the page parameter `{name}`");
    FetchError::new(FetchErrorKind::Query, message)
        .with_hint("it goes into an object of the JSON body: `cursor`, or `/variables/after`")
}

fn replace(pairs: &mut Vec<(String, String)>, name: &str, value: String) {
    match pairs.iter_mut().find(|(known, _)| known == name) {
        Some((_, place)) => *place = value,
        None => pairs.push((name.to_owned(), value)),
    }
}

/// A value without the quotes of JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn accepted(format: &AnswerFormat) -> &'static str {
    match format {
        AnswerFormat::Json => "application/json, */*;q=0.5",
        AnswerFormat::Ndjson => "application/x-ndjson, */*;q=0.5",
        AnswerFormat::Csv(_) => "text/csv, */*;q=0.5",
        AnswerFormat::Number => "text/plain, */*;q=0.5",
        AnswerFormat::Prometheus => "text/plain;version=0.0.4, */*;q=0.5",
    }
}

fn filled_pairs(
    pairs: &[(String, Template)],
    request: &Request,
) -> Result<Vec<(String, String)>, FetchError> {
    let filled = pairs.iter().map(|(name, template)| {
        Ok((name.clone(), template::fill(&template.text, request, |value| value)?))
    });
    filled.collect()
}

fn filled_json(value: &Value, request: &Request) -> Result<Value, FetchError> {
    Ok(match value {
        Value::String(text) => {
            let filled = template::fill(text, request, |value| value)?;
            match filled.parse::<i64>() {
                Ok(number) if stands_for_a_number(text) => Value::from(number),
                _ => Value::String(filled),
            }
        }
        Value::Array(items) => Value::Array(
            items.iter().map(|item| filled_json(item, request)).collect::<Result<_, _>>()?,
        ),
        Value::Object(members) => {
            let filled =
                members.iter().map(|(key, value)| Ok((key.clone(), filled_json(value, request)?)));
            Value::Object(filled.collect::<Result<_, FetchError>>()?)
        }
        other => other.clone(),
    })
}

/// Whether a text is one placeholder for a number of seconds, and nothing else.
fn stands_for_a_number(text: &str) -> bool {
    let inner = text.trim().strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
    inner.is_some_and(|inner| {
        let name = inner.trim();
        !name.contains(['{', ':']) && (name.ends_with("_unix") || name.ends_with("_seconds"))
    })
}

/// All but the unreserved characters of RFC 3986, so that a value stays within its path segment.
fn percent_encoded(value: &str) -> String {
    const SEGMENT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(value, SEGMENT).to_string()
}
