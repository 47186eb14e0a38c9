//! Logins over HTTP. Nothing secret gets into a message.

use secrecy::ExposeSecret;

use super::address::http_url;
use super::context::Context;
use super::text::{header_name, header_value, secret};
use crate::config::raw::{ApiKeyRaw, BasicRaw, CredentialsIn, OAuth2Raw, RemoteRaw, SecretText};
use crate::reader::spanned::Spanned;
use crate::reader::suggest::listed;
use crate::secret::Secret;
use crate::source::client::config::{ApiKeyPlace, Auth, OAuth2};

/// The login of a source; `None` after a mistake.
pub(super) fn auth(context: &mut Context<'_>, path: &str, raw: &RemoteRaw) -> Option<Auth> {
    let Some(given) = &raw.auth else { return Some(Auth::None) };
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
        context.problem(given.span, message, hint);
        return None;
    }
    if let Some(token) = &raw.bearer {
        return sendable(context, &format!("{path}.bearer"), token).map(Auth::Bearer);
    }
    if let Some(raw) = &raw.basic {
        return basic(context, &format!("{path}.basic"), raw);
    }
    if let Some(raw) = &raw.api_key {
        return api_key(context, &format!("{path}.api_key"), raw);
    }
    let raw = raw.oauth2.as_ref()?;
    let oauth2 = oauth2(context, &format!("{path}.oauth2"), raw)?;
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

fn basic(context: &mut Context<'_>, path: &str, given: &Spanned<BasicRaw>) -> Option<Auth> {
    let raw = &given.value;
    let user = required(context, path, given, "user", raw.user.as_ref());
    let password = required(context, path, given, "password", raw.password.as_ref());
    let user = user?;
    filled(context, &format!("{path}.user"), user, &user.value)?;
    Some(Auth::Basic { user: user.value.clone(), password: secret(password?) })
}

fn api_key(context: &mut Context<'_>, path: &str, given: &Spanned<ApiKeyRaw>) -> Option<Auth> {
    let raw = &given.value;
    let key = required(context, path, given, "key", raw.key.as_ref());
    let key_path = format!("{path}.key");
    let (place, key) = match (&raw.header, &raw.param) {
        (Some(name), None) => {
            let named = header_name(context, &format!("{path}.header"), name, std::iter::empty());
            let key = sendable(context, &key_path, key?)?;
            named?;
            (ApiKeyPlace::Header(name.value.clone()), key)
        }
        (None, Some(name)) => {
            filled(context, &format!("{path}.param"), name, &name.value)?;
            let key = key?;
            filled(context, &key_path, key, key.value.0.expose_secret())?;
            (ApiKeyPlace::Query(name.value.clone()), secret(key))
        }
        _ => {
            let message = format!("`{path}` needs either `header` or `param`");
            let hint = "say where the key goes, like `header: X-Api-Key`".to_owned();
            context.problem(given.span, message, hint);
            return None;
        }
    };
    Some(Auth::ApiKey { place, key })
}

fn oauth2(context: &mut Context<'_>, path: &str, given: &Spanned<OAuth2Raw>) -> Option<OAuth2> {
    let raw = &given.value;
    let token_url = required(context, path, given, "token_url", raw.token_url.as_ref());
    let client_id = required(context, path, given, "client_id", raw.client_id.as_ref());
    let mut good = true;
    if raw.client_secret.is_none() && raw.refresh_token.is_none() {
        let message = format!("`{path}` lacks `client_secret`");
        let hint = "add it; only a client with a `refresh_token` may do without".to_owned();
        context.problem(given.span, message, hint);
        good = false;
    }
    for (key, value) in
        [("client_secret", &raw.client_secret), ("refresh_token", &raw.refresh_token)]
    {
        let Some(value) = value else { continue };
        let exposed = value.value.0.expose_secret();
        good &= filled(context, &format!("{path}.{key}"), value, exposed).is_some();
    }
    let mut scopes = Vec::new();
    for scope in raw.scopes.iter().flatten() {
        if scope.value.is_empty() || scope.value.contains(char::is_whitespace) {
            let found = context.shown(scope, &scope.value);
            let message = format!("`{path}.scopes`: {found} is no scope");
            context.problem(scope.span, message, "write a list: `[first, second]`".to_owned());
            good = false;
        }
        scopes.push(scope.value.clone());
    }
    let client_id = client_id?;
    filled(context, &format!("{path}.client_id"), client_id, &client_id.value)?;
    let token_url = token_url?;
    let login = "write `client_id` and `client_secret`";
    http_url(context, &format!("{path}.token_url"), token_url, login)?;
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
    context: &mut Context<'_>,
    path: &str,
    entry: &Spanned<E>,
    key: &str,
    given: Option<&'t T>,
) -> Option<&'t T> {
    if given.is_none() {
        let hint = format!("add `{key}: …` to it");
        context.problem(entry.span, format!("`{path}` lacks `{key}`"), hint);
    }
    given
}

/// A secret that goes into a header: neither empty nor of several lines.
fn sendable(context: &mut Context<'_>, path: &str, given: &SecretText) -> Option<Secret> {
    filled(context, path, given, given.value.0.expose_secret())?;
    header_value(context, path, given, given.value.0.expose_secret())?;
    Some(secret(given))
}

fn filled<T>(context: &mut Context<'_>, path: &str, given: &Spanned<T>, text: &str) -> Option<()> {
    if text.is_empty() {
        let hint = if given.interpolated {
            "the reference stands for an empty text"
        } else {
            "write a value, or a reference like `${file:/run/secrets/crm}`"
        };
        context.problem(given.span, format!("`{path}` is empty"), hint.to_owned());
        return None;
    }
    Some(())
}
