//! The web configuration file as written.

use serde::Deserialize;

use super::forms::{Flag, GoDuration};
use crate::reader::forms::{Pairs, Parsed};
use crate::reader::secret_text::SecretText;
use crate::reader::spanned::{Spanned, Text};

/// `tls_server_config`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TlsRaw {
    pub cert: Option<Text>,
    pub key: Option<SecretText>,
    pub client_ca: Option<Text>,
    pub cert_file: Option<Text>,
    pub key_file: Option<Text>,
    pub client_ca_file: Option<Text>,
    pub client_auth_type: Option<Text>,
    pub client_allowed_sans: Option<Spanned<Vec<String>>>,
    pub min_version: Option<Text>,
    pub max_version: Option<Text>,
    pub cipher_suites: Option<Vec<Text>>,
    pub prefer_server_cipher_suites: Option<Flag>,
    pub curve_preferences: Option<Vec<Text>>,
}

/// `http_server_config`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HttpRaw {
    pub http2: Option<Flag>,
    pub headers: Option<Pairs<String, String>>,
}

/// `rate_limit`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RateRaw {
    pub interval: Option<GoDuration>,
    pub burst: Option<i64>,
}

/// `basic_auth_users`.
pub(super) type UsersRaw = Pairs<String, Parsed<secrecy::SecretString>>;
