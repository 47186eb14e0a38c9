//! Logins over HTTP: as written, as validated. Nothing secret gets into a message. Not here: logging in
//! (`client::auth`, `client::oauth`).

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::address::http_url;
use super::headers::{header_name, header_value};
use crate::reader::forms::{Choice, named};
use crate::reader::report::Report;
use crate::reader::secret_text::{SecretPairs, SecretText, secret};
use crate::reader::spanned::{Spanned, Text};
use crate::reader::suggest::listed;
use crate::secret::Secret;

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

named!(CredentialsIn: "header" => Self::Header, "body" => Self::Body);

/// The login of a source; `None` after a mistake.
pub(in crate::source) fn auth(
    report: &mut Report<'_>,
    path: &str,
    given: Option<&Spanned<AuthRaw>>,
) -> Option<Auth> {
    let Some(given) = given else { return Some(Auth::None) };
    let path = format!("{path}.auth");
    let raw = &given.value;
    let kinds = [
        raw.bearer.as_ref().map(|_| "bearer"),
        raw.basic.as_ref().map(|_| "basic"),
        raw.api_key.as_ref().map(|_| "api_key"),
        raw.oauth2.as_ref().map(|_| "oauth2"),
    ];
    let kinds: Vec<&str> = kinds.into_iter().flatten().collect();
    if kinds.len() != 1 {
        let message = match kinds[..] {
            [] => format!("`{path}` names no way to log in"),
            _ => format!("`{path}` names more than one way to log in: {}", listed(&kinds, "and")),
        };
        let hint = "write one of bearer, basic, api_key and oauth2".to_owned();
        report.problem(given.span, message, hint);
        return None;
    }
    if let Some(token) = &raw.bearer {
        return sendable(report, &format!("{path}.bearer"), token).map(Auth::Bearer);
    }
    if let Some(raw) = &raw.basic {
        return basic(report, &format!("{path}.basic"), raw);
    }
    if let Some(raw) = &raw.api_key {
        return api_key(report, &format!("{path}.api_key"), raw);
    }
    let raw = raw.oauth2.as_ref()?;
    let oauth2 = oauth2(report, &format!("{path}.oauth2"), raw)?;
    Some(Auth::OAuth2(Box::new(oauth2)))
}

/// The header that a login sets.
pub(super) fn header(login: &Auth) -> Option<&str> {
    match login {
        Auth::None | Auth::ApiKey { place: ApiKeyPlace::Query(_), .. } => None,
        Auth::ApiKey { place: ApiKeyPlace::Header(name), .. } => Some(name),
        Auth::Bearer(_) | Auth::Basic { .. } | Auth::OAuth2(_) => Some("authorization"),
    }
}

fn basic(report: &mut Report<'_>, path: &str, given: &Spanned<BasicRaw>) -> Option<Auth> {
    let raw = &given.value;
    let user = required(report, path, given, "user", raw.user.as_ref());
    let password = required(report, path, given, "password", raw.password.as_ref());
    let user = user?;
    filled(report, &format!("{path}.user"), user, &user.value)?;
    Some(Auth::Basic { user: user.value.clone(), password: secret(password?) })
}

fn api_key(report: &mut Report<'_>, path: &str, given: &Spanned<ApiKeyRaw>) -> Option<Auth> {
    let raw = &given.value;
    let key = required(report, path, given, "key", raw.key.as_ref());
    let key_path = format!("{path}.key");
    let (place, key) = match (&raw.header, &raw.param) {
        (Some(name), None) => {
            let named = header_name(report, &format!("{path}.header"), name, std::iter::empty());
            let key = sendable(report, &key_path, key?)?;
            named?;
            (ApiKeyPlace::Header(name.value.clone()), key)
        }
        (None, Some(name)) => {
            filled(report, &format!("{path}.param"), name, &name.value)?;
            let key = key?;
            filled(report, &key_path, key, key.value.0.expose_secret())?;
            (ApiKeyPlace::Query(name.value.clone()), secret(key))
        }
        _ => {
            let message = format!("`{path}` needs either `header` or `param`");
            let hint = "say where the key goes, like `header: X-Api-Key`".to_owned();
            report.problem(given.span, message, hint);
            return None;
        }
    };
    Some(Auth::ApiKey { place, key })
}

fn oauth2(report: &mut Report<'_>, path: &str, given: &Spanned<OAuth2Raw>) -> Option<OAuth2> {
    let raw = &given.value;
    let token_url = required(report, path, given, "token_url", raw.token_url.as_ref());
    let client_id = required(report, path, given, "client_id", raw.client_id.as_ref());
    let mut good = true;
    if raw.client_secret.is_none() && raw.refresh_token.is_none() {
        let message = format!("`{path}` lacks `client_secret`");
        let hint = "add it; only a client with a `refresh_token` may do without".to_owned();
        report.problem(given.span, message, hint);
        good = false;
    }
    for (key, value) in
        [("client_secret", &raw.client_secret), ("refresh_token", &raw.refresh_token)]
    {
        let Some(value) = value else { continue };
        let exposed = value.value.0.expose_secret();
        good &= filled(report, &format!("{path}.{key}"), value, exposed).is_some();
    }
    let mut scopes = Vec::new();
    for scope in raw.scopes.iter().flatten() {
        if scope.value.is_empty() || scope.value.contains(char::is_whitespace) {
            let found = report.shown(scope, &scope.value);
            let message = format!("`{path}.scopes`: {found} is no scope");
            report.problem(scope.span, message, "write a list: `[first, second]`".to_owned());
            good = false;
        }
        scopes.push(scope.value.clone());
    }
    let client_id = client_id?;
    filled(report, &format!("{path}.client_id"), client_id, &client_id.value)?;
    let token_url = token_url?;
    let login = "write `client_id` and `client_secret`";
    http_url(report, &format!("{path}.token_url"), token_url, login)?;
    let params = raw.params.iter().flat_map(|params| &params.0);
    // A client without a secret has nothing to put into a header.
    let in_body = raw.client_secret.is_none()
        || raw.credentials_in.is_some_and(|place| place.0 == CredentialsIn::Body);
    good.then(|| OAuth2 {
        token_url: token_url.value.0.clone(),
        client_id: client_id.value.clone(),
        client_secret: raw.client_secret.as_ref().map(secret),
        refresh_token: raw.refresh_token.as_ref().map(secret),
        scopes,
        params: params.map(|(name, value)| (name.value.clone(), secret(value))).collect(),
        in_body,
    })
}

/// A key that has to be there.
fn required<'t, E, T>(
    report: &mut Report<'_>,
    path: &str,
    entry: &Spanned<E>,
    key: &str,
    given: Option<&'t T>,
) -> Option<&'t T> {
    if given.is_none() {
        let hint = format!("add `{key}: …` to it");
        report.problem(entry.span, format!("`{path}` lacks `{key}`"), hint);
    }
    given
}

/// A secret that goes into a header: neither empty nor of several lines.
fn sendable(report: &mut Report<'_>, path: &str, given: &SecretText) -> Option<Secret> {
    filled(report, path, given, given.value.0.expose_secret())?;
    header_value(report, path, given, given.value.0.expose_secret())?;
    Some(secret(given))
}

fn filled<T>(report: &mut Report<'_>, path: &str, given: &Spanned<T>, text: &str) -> Option<()> {
    if text.is_empty() {
        let hint = if given.interpolated {
            "the reference stands for an empty text"
        } else {
            "write a value, or a reference like `${file:/run/secrets/crm}`"
        };
        report.problem(given.span, format!("`{path}` is empty"), hint.to_owned());
        return None;
    }
    Some(())
}
