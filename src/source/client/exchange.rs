//! One request and its answer. Not here: sending (`mod`).

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use crate::metric::FetchError;

/// One request, complete but for the login.
#[derive(Clone)]
pub(in crate::source) struct Exchange {
    pub(in crate::source) method: Method,
    /// A URL of another origin than the source's is asked without login.
    pub(in crate::source) url: Url,
    /// Those that are marked as sensitive are not shown in traces.
    pub(in crate::source) headers: HeaderMap,
    pub(in crate::source) body: Option<Bytes>,
    /// Whether sending it twice does no harm.
    pub(in crate::source) idempotent: bool,
}

/// An answer of any status.
pub(in crate::source) struct Answer {
    pub(in crate::source) status: StatusCode,
    pub(in crate::source) headers: HeaderMap,
    /// Where it came from, after redirects; without the key that a login may have put into it.
    pub(in crate::source) url: Url,
    /// The whole of it; of an answer that says no, the first 64 KiB.
    pub(in crate::source) body: Bytes,
    /// What is wrong, unless it is a good one.
    pub(super) refusal: Option<Box<FetchError>>,
}

impl Exchange {
    /// A GET.
    pub(in crate::source) fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: None, idempotent: true }
    }

    /// A POST.
    pub(in crate::source) fn post(url: Url, content_type: &'static str, body: Bytes) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
        Self { method: Method::POST, url, headers, body: Some(body), idempotent: false }
    }

    /// Whether it asks exactly the same.
    pub(in crate::source) fn is_same(&self, other: &Self) -> bool {
        self.method == other.method
            && self.url == other.url
            && self.headers == other.headers
            && self.body == other.body
    }

    /// The same with one more header.
    pub(in crate::source) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl Answer {
    /// A good answer; else what is wrong.
    pub(in crate::source) fn success(self) -> Result<Self, FetchError> {
        match self.refusal {
            None => Ok(self),
            Some(refusal) => Err(*refusal),
        }
    }
}
