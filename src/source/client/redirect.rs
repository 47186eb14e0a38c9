//! Where a request goes: below the source's own origin with everything it has, elsewhere with
//! nothing that could be a secret. Redirects are followed here rather than by the HTTP library, which
//! does not know what is secret. Not here: how often (`mod`).

use bytes::Bytes;
use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION,
};
use reqwest::{Method, StatusCode, Url};

use super::Exchange;
use super::urls::{host, origin, strip_param};
use crate::metric::{FetchError, FetchErrorKind};

/// What other origins may know of a request.
const HARMLESS: [HeaderName; 3] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE];

/// A request on its way.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    /// It never left the source's origin: it may be given the login.
    pub(super) home: bool,
    /// Redirects so far.
    pub(super) redirects: u32,
}

impl Hop {
    /// A request as it was asked for. A link to another origin gets no more than a redirect would.
    pub(super) fn first(exchange: &Exchange, base: &Url) -> Result<Self, FetchError> {
        let hop = Self {
            method: exchange.method.clone(),
            url: base.clone(),
            headers: exchange.headers.clone(),
            body: exchange.body.clone(),
            home: true,
            redirects: 0,
        };
        hop.moved(exchange.url.clone(), None, "a link leads to")
    }

    /// The request that an answer asks for; `None` when it is no redirect.
    pub(super) fn next(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        key_param: Option<&str>,
    ) -> Result<Option<Self>, FetchError> {
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let Some(url) = location.and_then(|location| self.url.join(location).ok()) else {
            return Ok(None);
        };
        let mut next = self.clone();
        next.redirects += 1;
        let see_other = status == StatusCode::SEE_OTHER;
        if see_other || (matches!(status.as_u16(), 301 | 302) && next.method == Method::POST) {
            next.method = Method::GET;
            next.body = None;
            next.headers.remove(CONTENT_TYPE);
            next.headers.remove(CONTENT_LENGTH);
        }
        let what = format!("{} redirects to", host(&self.url));
        next.moved(url, key_param, &what).map(Some)
    }

    /// The same at another URL.
    fn moved(
        mut self,
        mut url: Url,
        key_param: Option<&str>,
        what: &str,
    ) -> Result<Self, FetchError> {
        let to = origin(&url);
        let refused = |why: &str| {
            let message = format!("{what} {to}, {why}");
            Err(FetchError::new(FetchErrorKind::Query, message))
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refused("which is not HTTP");
        }
        if self.url.scheme() == "https" && url.scheme() == "http" {
            return refused("which is not encrypted: not followed");
        }
        // Neither name nor password come from a link. Both can be set on any HTTP URL.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if url.origin() != self.url.origin() {
            if self.body.is_some() {
                return refused("another server, which would get what was sent to this one");
            }
            self.headers = harmless(&self.headers);
            self.home = false;
        }
        if let (false, Some(key_param)) = (self.home, key_param) {
            strip_param(&mut url, key_param);
        }
        self.url = url;
        Ok(self)
    }
}

fn harmless(headers: &HeaderMap) -> HeaderMap {
    let kept = HARMLESS.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone())));
    kept.filter(|(_, value)| !value.is_sensitive()).collect()
}
