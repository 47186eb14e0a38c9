//! Headers as written: names, values, and those that every request of a source has. Not here: logins.

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use crate::reader::report::Report;
use crate::reader::secret_text::{SecretPairs, secret};
use crate::reader::spanned::{Spanned, Text};
use crate::secret::Secret;

/// Headers that follow from the connection and the body.
const OWN_HEADERS: [&str; 4] =
    ["accept-encoding", "connection", "content-length", "transfer-encoding"];

/// The name of a header that is not among `others`.
pub(in crate::source) fn header_name<'n>(
    report: &mut Report<'_>,
    path: &str,
    given: &Text,
    mut others: impl Iterator<Item = &'n str>,
) -> Option<()> {
    let name = given.value.as_str();
    let (message, hint) = if HeaderName::from_bytes(name.as_bytes()).is_err() {
        (format!("`{name}` cannot be the name of a header"), "letters, digits and `-`")
    } else if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        (format!("the header `{name}` is set by this program"), "delete it")
    } else if others.any(|other| other.eq_ignore_ascii_case(name)) {
        let hint = "the case of a header's name makes no difference: keep one";
        (format!("the header `{name}` is there twice"), hint)
    } else {
        return Some(());
    };
    report.problem(given.span, format!("`{path}`: {message}"), hint.to_owned());
    None
}

/// What a header may hold. It is not shown.
pub(in crate::source) fn header_value<T>(
    report: &mut Report<'_>,
    path: &str,
    given: &Spanned<T>,
    value: &str,
) -> Option<()> {
    if HeaderValue::from_str(value).is_ok() {
        return Some(());
    }
    let hint = "a header takes one line: is there a line break in it?";
    report.problem(given.span, format!("`{path}` cannot be sent in a header"), hint.to_owned());
    None
}

/// The headers of every request; `by_login` is the one that the login sets. `None` after a mistake.
pub(super) fn headers(
    report: &mut Report<'_>,
    path: &str,
    given: Option<&Spanned<SecretPairs>>,
    by_login: Option<&str>,
) -> Option<Vec<(String, Secret)>> {
    let path = format!("{path}.headers");
    let mut headers: Vec<(String, Secret)> = Vec::new();
    let mut good = true;
    for (name, value) in given.into_iter().flat_map(|headers| &headers.value.0) {
        let exposed = value.value.0.expose_secret();
        let named = header_name(report, &path, name, headers.iter().map(|(name, _)| name.as_str()));
        let sound = header_value(report, &format!("{path}.{}", name.value), value, exposed);
        good &= named.and(sound).is_some();
        if by_login.is_some_and(|header| header.eq_ignore_ascii_case(&name.value)) {
            let message = format!("`{path}`: `auth` sets the header `{}`", name.value);
            report.problem(name.span, message, "keep one of the two".to_owned());
            good = false;
        }
        headers.push((name.value.clone(), secret(value)));
    }
    good.then_some(headers)
}
