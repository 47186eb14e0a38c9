//! The HTTP client that all sources behind HTTP share: sends one request and gives the answer within
//! limits of time and size. Not here: what the answer means (`http`, `prometheus`, `engines`).

pub mod config;

use bytes::{Bytes, BytesMut};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};

use self::config::ClientConfig;
use super::trace::{Step, Trace};
use super::{FetchError, FetchErrorKind};

/// Sends requests to one server.
pub(in crate::source) struct Client {
    http: reqwest::Client,
    base: Url,
    config: ClientConfig,
}

/// One request, complete but for the login.
#[derive(Clone)]
pub(in crate::source) struct Exchange {
    pub(in crate::source) method: reqwest::Method,
    pub(in crate::source) url: Url,
    pub(in crate::source) headers: HeaderMap,
    pub(in crate::source) body: Option<Bytes>,
    /// Whether sending it twice does no harm.
    pub(in crate::source) idempotent: bool,
}

/// An answer of any status.
pub(in crate::source) struct Answer {
    pub(in crate::source) status: reqwest::StatusCode,
    pub(in crate::source) headers: HeaderMap,
    /// Where it came from, after redirects.
    pub(in crate::source) url: Url,
    pub(in crate::source) body: Bytes,
}

/// The time that one fetch has left.
pub(in crate::source) struct Deadline(Instant);

impl Client {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with them, without secrets.
    pub(in crate::source) fn new(config: &ClientConfig) -> Result<Self, String> {
        // Fails when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = Url::parse(config.url.expose_secret()).map_err(|error| error.to_string())?;
        let http = reqwest::Client::builder().build().map_err(|error| error.to_string())?;
        Ok(Self { http, base, config: config.clone() })
    }

    /// The time for one fetch.
    pub(in crate::source) fn deadline(&self) -> Deadline {
        Deadline(Instant::now() + self.config.timeout)
    }

    /// The URL of a path below the source's URL.
    pub(in crate::source) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// Sends a request. Gives an answer of any status, after such retries as are allowed.
    pub(in crate::source) async fn send(
        &self,
        exchange: &Exchange,
        deadline: &mut Deadline,
        trace: &Trace,
    ) -> Result<Answer, FetchError> {
        trace.note(|| Step::now(format!("{} {}", exchange.method, exchange.url)));
        let failed = |error: reqwest::Error| {
            FetchError::new(FetchErrorKind::Unreachable, error.without_url().to_string())
        };
        let mut request = self.http.request(exchange.method.clone(), exchange.url.clone());
        request = request.headers(exchange.headers.clone());
        if let Some(body) = &exchange.body {
            request = request.body(body.clone());
        }
        let sending = async {
            let mut response = request.send().await.map_err(failed)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(failed)? {
                body.extend_from_slice(&chunk);
            }
            Ok(Answer {
                status: response.status(),
                headers: response.headers().clone(),
                url: response.url().clone(),
                body: body.freeze(),
            })
        };
        timeout_at(deadline.0, sending)
            .await
            .unwrap_or_else(|_| Err(FetchError::new(FetchErrorKind::Timeout, "no answer in time")))
    }
}

impl Exchange {
    /// A GET.
    pub(in crate::source) fn get(url: Url) -> Self {
        let method = reqwest::Method::GET;
        Self { method, url, headers: HeaderMap::new(), body: None, idempotent: true }
    }

    /// A POST.
    pub(in crate::source) fn post(url: Url, content_type: &'static str, body: Bytes) -> Self {
        let method = reqwest::Method::POST;
        let content_type = HeaderValue::from_static(content_type);
        let headers = HeaderMap::from_iter([(reqwest::header::CONTENT_TYPE, content_type)]);
        Self { method, url, headers, body: Some(body), idempotent: false }
    }

    /// The same with one more header.
    pub(in crate::source) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl Answer {
    /// The body of a good answer; else what is wrong.
    pub(in crate::source) fn success(self) -> Result<Self, FetchError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let message = format!("the server answered {}", self.status);
        Err(FetchError::new(FetchErrorKind::Query, message))
    }
}
