//! How a server is reached over HTTP: the keys as written, and what they say once validated: plain
//! data. Each kind of source that goes over HTTP has these keys in its own structure, beside keys of its
//! own. Not here: which kind has which URL and login (the kinds), and using any of it (`client`).

pub(in crate::source) mod address;
pub(in crate::source) mod auth;
pub(in crate::source) mod headers;
pub(in crate::source) mod limits;
mod tls;

pub use self::auth::{ApiKeyPlace, Auth, OAuth2};
pub use self::tls::TlsConfig;

use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;

pub(in crate::source) use self::auth::AuthRaw;
pub(in crate::source) use self::tls::TlsRaw;
use crate::reader::entry::Entry;
use crate::reader::files::TextSpan;
use crate::reader::forms::{Parsed, Size};
use crate::reader::report::Report;
use crate::reader::secret_text::{SecretPairs, SecretText};
use crate::reader::spanned::Spanned;
use crate::secret::Secret;
use crate::source::limit::TIMEOUT;

/// How a server is reached.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// `http://` or `https://`, host, port, maybe a path that all requests begin with. May hold a
    /// secret path; holds neither user nor password.
    pub url: SecretString,
    /// How to log in.
    pub auth: Auth,
    /// Sent with every request.
    pub headers: Vec<(String, Secret)>,
    /// Certificates.
    pub tls: TlsConfig,
    /// The way out.
    pub proxy: Proxy,
    /// Redirects followed for one request.
    pub max_redirects: u32,
    /// Fetches at a time.
    pub max_connections: u32,
    /// Requests begun in a second, on average; no limit when `None`.
    pub requests_per_second: Option<f64>,
    /// How often a request that failed for a passing reason is sent again within one fetch.
    pub retries: u32,
    /// Time allowed for one fetch; waiting for a turn under `requests_per_second` is not counted.
    pub timeout: Duration,
    /// Bytes that one answer may have, decompressed.
    pub max_body: u64,
}

impl ClientConfig {
    /// What a configuration with nothing but a URL means.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            auth: Auth::None,
            headers: Vec::new(),
            tls: TlsConfig::default(),
            proxy: Proxy::Environment,
            max_redirects: limits::MAX_REDIRECTS,
            max_connections: limits::MAX_CONNECTIONS,
            requests_per_second: None,
            retries: limits::RETRIES,
            timeout: TIMEOUT,
            max_body: limits::MAX_BODY,
        }
    }
}

/// The way out.
#[derive(Debug, Clone)]
pub enum Proxy {
    /// As `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
    Environment,
    /// Straight.
    Off,
    /// Through this one; may hold user and password.
    Url(SecretString),
}

/// A structure with the keys of [`ClientKeys`] after its own.
macro_rules! with_client_keys {
    ($(#[$about:meta])* pub(crate) struct $name:ident { $($(#[$key_about:meta])* $key:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(serde::Deserialize, Default)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$key_about])* pub(crate) $key: $type,)*
            auth: Option<crate::reader::spanned::Spanned<crate::source::client::settings::AuthRaw>>,
            headers: Option<
                crate::reader::spanned::Spanned<crate::reader::secret_text::SecretPairs>,
            >,
            tls: Option<crate::reader::spanned::Spanned<crate::source::client::settings::TlsRaw>>,
            proxy: Option<crate::reader::secret_text::SecretText>,
            max_redirects: Option<crate::reader::spanned::Spanned<u32>>,
            max_connections: Option<crate::reader::spanned::Spanned<u32>>,
            requests_per_second: Option<crate::reader::spanned::Spanned<f64>>,
            retries: Option<crate::reader::spanned::Spanned<u32>>,
            timeout: Option<crate::reader::forms::Parsed<std::time::Duration>>,
            max_body: Option<
                crate::reader::spanned::Spanned<
                    crate::reader::forms::Parsed<crate::reader::forms::Size>,
                >,
            >,
        }

        impl $name {
            /// The keys that everything over HTTP has.
            pub(crate) fn client(&self) -> crate::source::client::settings::ClientKeys<'_> {
                crate::source::client::settings::ClientKeys {
                    auth: self.auth.as_ref(),
                    headers: self.headers.as_ref(),
                    tls: self.tls.as_ref(),
                    proxy: self.proxy.as_ref(),
                    max_redirects: self.max_redirects.as_ref(),
                    max_connections: self.max_connections.as_ref(),
                    requests_per_second: self.requests_per_second.as_ref(),
                    retries: self.retries.as_ref(),
                    timeout: self.timeout.as_ref(),
                    max_body: self.max_body.as_ref(),
                }
            }
        }
    };
}

pub(in crate::source) use with_client_keys;

/// The keys that everything over HTTP has, as written.
pub(in crate::source) struct ClientKeys<'r> {
    pub(in crate::source) auth: Option<&'r Spanned<AuthRaw>>,
    pub(in crate::source) headers: Option<&'r Spanned<SecretPairs>>,
    pub(in crate::source) tls: Option<&'r Spanned<TlsRaw>>,
    pub(in crate::source) proxy: Option<&'r SecretText>,
    pub(in crate::source) max_redirects: Option<&'r Spanned<u32>>,
    pub(in crate::source) max_connections: Option<&'r Spanned<u32>>,
    pub(in crate::source) requests_per_second: Option<&'r Spanned<f64>>,
    pub(in crate::source) retries: Option<&'r Spanned<u32>>,
    pub(in crate::source) timeout: Option<&'r Parsed<Duration>>,
    pub(in crate::source) max_body: Option<&'r Spanned<Parsed<Size>>>,
}

impl ClientKeys<'_> {
    /// The settings. `None` after a mistake, also in the URL or the login, which the kind has read.
    pub(in crate::source) fn settings(
        &self,
        report: &mut Report<'_>,
        path: &str,
        url: Option<SecretString>,
        login: Option<Auth>,
    ) -> Option<ClientConfig> {
        let headers =
            headers::headers(report, path, self.headers, login.as_ref().and_then(auth::header));
        let tls = match self.tls {
            Some(given) => tls::tls(report, &format!("{path}.tls"), given),
            None => Some(TlsConfig::default()),
        };
        let proxy = proxy(report, &format!("{path}.proxy"), self.proxy);
        let max_redirects = limits::max_redirects(report, path, self);
        let max_connections = limits::max_connections(report, path, self);
        let requests_per_second = limits::requests_per_second(report, path, self);
        let retries = limits::retries(report, path, self);
        Some(ClientConfig {
            url: url?,
            auth: login?,
            headers: headers?,
            tls: tls?,
            proxy: proxy?,
            max_redirects,
            max_connections,
            requests_per_second,
            retries,
            timeout: limits::timeout(self),
            max_body: limits::max_body(self),
        })
    }
}

/// A key that other kinds of sources have, taken in only to be refused in words.
pub(in crate::source) type Elsewhere = Option<Spanned<IgnoredAny>>;

/// Refuses a key of another kind, if it is given: `why` says whose it is, `hint` what to do.
pub(in crate::source) fn refuse(
    report: &mut Report<'_>,
    path: &str,
    key: &str,
    given: Option<TextSpan>,
    why: &str,
    hint: &str,
) {
    if let Some(span) = given {
        report.problem(span, format!("`{path}.{key}` {why}"), hint.to_owned());
    }
}

/// Refuses `user` and `password` as keys of their own, which are for databases.
pub(in crate::source) fn refuse_login(
    report: &mut Report<'_>,
    path: &str,
    user: &Elsewhere,
    password: &Elsewhere,
) {
    for (key, given) in [("user", user), ("password", password)] {
        let hint = "log in with `auth: { basic: { user: …, password: … } }`";
        let span = given.as_ref().map(|given| given.span);
        refuse(report, path, key, span, "is for `sql` sources", hint);
    }
}

/// A server needs a URL.
pub(in crate::source) fn lacks_url<E, T>(
    report: &mut Report<'_>,
    entry: &Entry<E>,
    path: &str,
) -> Option<T> {
    let hint = "add the URL of the server, like `url: https://api.example.com`".to_owned();
    report.problem(entry.span, format!("`{path}` lacks `url`"), hint);
    None
}

/// Scheme, host and port: the path of a URL may be a secret.
pub(in crate::source) fn origin(url: &SecretString) -> String {
    match Url::parse(url.expose_secret()) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "a url that cannot be read".to_owned(),
    }
}

fn proxy(report: &mut Report<'_>, path: &str, given: Option<&SecretText>) -> Option<Proxy> {
    let Some(given) = given else { return Some(Proxy::Environment) };
    let text = given.value.0.expose_secret();
    match text {
        "environment" => return Some(Proxy::Environment),
        "off" => return Some(Proxy::Off),
        _ => {}
    }
    let url = Url::parse(text).ok();
    let is_proxy = |url: Url| matches!(url.scheme(), "http" | "https") && url.port() != Some(0);
    if url.is_some_and(is_proxy) {
        return Some(Proxy::Url(given.value.0.clone()));
    }
    let hint = "write it like http://proxy.example.com:3128".to_owned();
    let message = format!("`{path}`: expected environment, off or the URL of a proxy");
    report.problem(given.span, message, hint);
    None
}
