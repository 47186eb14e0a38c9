//! How a server is reached over HTTP: address, login, limits. Plain data, validated by `config`.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::secret::Secret;

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

/// How to log in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer ...`
    Bearer(Secret),
    /// `Authorization: Basic ...`
    Basic {
        /// User name.
        user: String,
        /// Its password, maybe empty.
        password: Secret,
    },
    /// A key in a header or in the URL's parameters.
    ApiKey {
        /// Where it goes.
        place: ApiKeyPlace,
        /// The key.
        key: Secret,
    },
    /// An access token fetched with other credentials, RFC 6749.
    OAuth2(Box<OAuth2>),
}

/// Where an API key goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeyPlace {
    /// A header of this name.
    Header(String),
    /// A URL parameter of this name.
    Query(String),
}

/// How to get an access token.
#[derive(Debug, Clone)]
pub struct OAuth2 {
    /// Where tokens are given out.
    pub token_url: SecretString,
    /// Of this program.
    pub client_id: String,
    /// Of this program; a public client has none.
    pub client_secret: Option<Secret>,
    /// What the token is given for: the refresh token grant, or client credentials when `None`.
    pub refresh_token: Option<Secret>,
    /// Asked for, if any.
    pub scopes: Vec<String>,
    /// More fields of the token request, like `audience`.
    pub params: Vec<(String, Secret)>,
    /// Whether the client's id and secret go into the body rather than into a Basic header.
    pub in_body: bool,
}

/// Certificates, as PEM files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// Authorities to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// This program's certificate and, if it is not in the same file, its key.
    pub cert_file: Option<PathBuf>,
    /// The key.
    pub key_file: Option<PathBuf>,
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
