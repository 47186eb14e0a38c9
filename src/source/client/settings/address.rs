//! Addresses of servers: URLs over HTTP, which are never shown.

use reqwest::Url;
use secrecy::ExposeSecret;

use crate::reader::report::Report;
use crate::reader::secret_text::SecretText;

/// A URL over HTTP without user and password. Never shown, for it may hold a secret.
/// `login` says where user and password go.
pub(super) fn http_url(
    report: &mut Report<'_>,
    path: &str,
    given: &SecretText,
    login: &str,
) -> Option<Url> {
    let url = Url::parse(given.value.0.expose_secret()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else {
        let hint = "write it like https://api.example.com/v1".to_owned();
        report.problem(given.span, format!("`{path}` is not an http:// or https:// URL"), hint);
        return None;
    };
    if url.port() == Some(0) {
        let hint = "ports are 1 to 65535".to_owned();
        report.problem(given.span, format!("`{path}` has the port 0, where nothing listens"), hint);
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        let message = format!("`{path}` holds a user or a password");
        report.problem(given.span, message, login.to_owned());
        return None;
    }
    Some(url)
}

/// A URL that paths are added to. `parameters` says where those of it go.
pub(in crate::source) fn base_url(
    report: &mut Report<'_>,
    path: &str,
    given: &SecretText,
    parameters: &str,
) -> Option<Url> {
    let login = "write them under `auth: { basic: { user: …, password: … } }`";
    let url = http_url(report, path, given, login)?;
    if url.query().is_some() || url.fragment().is_some() {
        let message = format!("`{path}` has parameters or a fragment");
        report.problem(given.span, message, parameters.to_owned());
        return None;
    }
    Some(url)
}
