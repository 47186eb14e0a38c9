//! Addresses of servers: URLs over HTTP, which are never shown. Not here: what else reaching one takes
//! (`remote`).

use reqwest::Url;
use secrecy::ExposeSecret;

use super::context::Context;
use crate::config::raw::SecretText;

/// A URL over HTTP without user and password. Never shown, for it may hold a secret.
/// `login` says where user and password go.
pub(super) fn http_url(
    context: &mut Context<'_>,
    path: &str,
    given: &SecretText,
    login: &str,
) -> Option<Url> {
    let url = Url::parse(given.value.0.expose_secret()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else {
        let hint = "write it like https://api.example.com/v1".to_owned();
        context.problem(given.span, format!("`{path}` is not an http:// or https:// URL"), hint);
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        let message = format!("`{path}` holds a user or a password");
        context.problem(given.span, message, login.to_owned());
        return None;
    }
    Some(url)
}
