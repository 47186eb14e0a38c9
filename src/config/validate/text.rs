//! Small texts that several entries hold: headers, secrets, placeholders, JSONPath. Not here: what
//! they are for.

use reqwest::header::{HeaderName, HeaderValue};
use serde_json_path::JsonPath;

use super::context::Context;
use crate::config::raw::{SecretText, Text};
use crate::metric::Template;
use crate::reader::spanned::Spanned;
use crate::secret::Secret;
use crate::source::template;

/// Headers that follow from the connection and the body.
const OWN_HEADERS: [&str; 4] =
    ["accept-encoding", "connection", "content-length", "transfer-encoding"];

/// A secret, which is read again if it is all that a file holds.
pub(super) fn secret(given: &SecretText) -> Secret {
    let value = given.value.0.clone();
    match &given.file {
        Some(file) => Secret::from_file(value, file),
        None => Secret::fixed(value),
    }
}

/// The name of a header that is not among `others`.
pub(super) fn header_name<'n>(
    context: &mut Context<'_>,
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
    context.problem(given.span, format!("`{path}`: {message}"), hint.to_owned());
    None
}

/// What a header may hold. It is not shown.
pub(super) fn header_value<T>(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<T>,
    value: &str,
) -> Option<()> {
    if HeaderValue::from_str(value).is_ok() {
        return Some(());
    }
    let hint = "a header takes one line: is there a line break in it?";
    context.problem(given.span, format!("`{path}` cannot be sent in a header"), hint.to_owned());
    None
}

/// A text with placeholders.
pub(super) fn template(context: &mut Context<'_>, path: &str, given: &Text) -> Option<Template> {
    match template::check(&given.value) {
        Ok(()) => Some(Template { text: given.value.clone(), secret: given.interpolated }),
        Err(_) if given.interpolated => {
            let found = context.shown(given, "");
            let message = format!("`{path}`: {found} has a placeholder that means nothing");
            context.problem(given.span, message, None);
            None
        }
        Err(error) => {
            let span = context.files.part(given.span, &given.value, error.part);
            context.problem(span, format!("`{path}`: {}", error.message), error.hint);
            None
        }
    }
}

/// A JSONPath, RFC 9535.
pub(super) fn json_path(context: &mut Context<'_>, path: &str, given: &Text) -> Option<String> {
    let text = &given.value;
    let Err(error) = JsonPath::parse(text) else { return Some(text.clone()) };
    let (span, message, hint) = if given.interpolated {
        (given.span, format!("`{path}`: {} is no JSONPath", context.shown(given, "")), None)
    } else if !text.starts_with('$') {
        let hint = format!("a JSONPath begins with `$`: did you mean `$.{text}`?");
        let message = format!("`{path}`: {} is no JSONPath", context.shown(given, text));
        (given.span, message, Some(hint).filter(|_| JsonPath::parse(&format!("$.{text}")).is_ok()))
    } else {
        let start = error.position().saturating_sub(1).min(text.len());
        let length =
            text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = context.files.part(given.span, text, start..start + length);
        let hint = "a name with other characters than letters, digits and `_` is quoted: \
                    $['page-info']";
        let (what, hint) = match error.message() {
            // It says no more when the path could end here, but does not.
            "parser error" => ("this cannot follow", Some(hint.to_owned())),
            what => (what, None),
        };
        (span, format!("`{path}`: not a JSONPath: {what}"), hint)
    };
    context.problem(span, message, hint);
    None
}
