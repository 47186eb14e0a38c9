//! Sources as written.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::Text;
use crate::reader::forms::{Choice, Named, Pairs, Parsed, Size};
use crate::reader::spanned::Spanned;

/// A text that may be a secret.
pub(crate) type SecretText = Spanned<Parsed<SecretString>>;

/// Names of the user's own with texts that may be secrets.
pub(crate) type SecretPairs = Pairs<String, Parsed<SecretString>>;

/// Externally tagged: the key is the type, and there is one.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SourceRaw {
    pub(crate) files: Option<FilesRaw>,
    pub(crate) sql: Option<RemoteRaw>,
    pub(crate) http: Option<RemoteRaw>,
    pub(crate) prometheus: Option<RemoteRaw>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FilesRaw {
    pub(crate) tables: Option<Spanned<Pairs<String, String>>>,
    pub(crate) timeout: Option<Parsed<Duration>>,
}

/// Everything that is reached over a network. Which keys fit which kind is `validate`'s.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RemoteRaw {
    pub(crate) url: Option<SecretText>,
    pub(crate) user: Option<Text>,
    pub(crate) password: Option<SecretText>,
    pub(crate) auth: Option<Spanned<AuthRaw>>,
    pub(crate) headers: Option<Spanned<SecretPairs>>,
    pub(crate) tls: Option<Spanned<TlsRaw>>,
    pub(crate) proxy: Option<SecretText>,
    pub(crate) max_redirects: Option<Spanned<u32>>,
    pub(crate) max_connections: Option<Spanned<u32>>,
    pub(crate) requests_per_second: Option<Spanned<f64>>,
    pub(crate) retries: Option<Spanned<u32>>,
    pub(crate) timeout: Option<Parsed<Duration>>,
    pub(crate) max_body: Option<Spanned<Parsed<Size>>>,
    pub(crate) tenant: Option<Text>,
}

/// One of them.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuthRaw {
    pub(crate) bearer: Option<SecretText>,
    pub(crate) basic: Option<Spanned<BasicRaw>>,
    pub(crate) api_key: Option<Spanned<ApiKeyRaw>>,
    pub(crate) oauth2: Option<Spanned<OAuth2Raw>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BasicRaw {
    pub(crate) user: Option<Text>,
    pub(crate) password: Option<SecretText>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ApiKeyRaw {
    pub(crate) header: Option<Text>,
    pub(crate) param: Option<Text>,
    pub(crate) key: Option<SecretText>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OAuth2Raw {
    pub(crate) token_url: Option<SecretText>,
    pub(crate) client_id: Option<Text>,
    pub(crate) client_secret: Option<SecretText>,
    pub(crate) refresh_token: Option<SecretText>,
    pub(crate) scopes: Option<Vec<Text>>,
    pub(crate) params: Option<SecretPairs>,
    pub(crate) credentials_in: Option<Choice<CredentialsIn>>,
}

/// Where a client's id and secret go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialsIn {
    Header,
    Body,
}

impl Named for CredentialsIn {
    const NAMES: &'static [&'static str] = &["header", "body"];
    const VALUES: &'static [Self] = &[Self::Header, Self::Body];
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the keys are called so")]
pub(crate) struct TlsRaw {
    pub(crate) ca_file: Option<Text>,
    pub(crate) cert_file: Option<Text>,
    pub(crate) key_file: Option<Text>,
}
