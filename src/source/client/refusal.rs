//! The failure that an answer with a bad status is, told in one line. Not here: requests without any
//! answer (`failure`).

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::redact::Redactor;
use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::html::is_html;

/// Characters of a body that are shown.
const SHOWN: usize = shown::MOST;
/// Bytes of a body that are looked at.
const LOOKED_AT: usize = 64 * 1024;

/// The failure that an answer with such a status is.
pub(super) fn of_status(
    host: &str,
    status: StatusCode,
    said: Option<&str>,
    hint: Option<&str>,
) -> FetchError {
    let kind = match status.as_u16() {
        401 | 403 | 407 | 408 | 425 | 429 | 500.. => FetchErrorKind::Unreachable,
        _ => FetchErrorKind::Query,
    };
    let message = match said {
        Some(said) => format!("{host} answered {}: {said}", shown(status)),
        None => format!("{host} answered {}", shown(status)),
    };
    let error = FetchError::new(kind, message);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// `404 Not Found`
pub(super) fn shown(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// What a body says, without secrets: the error message in a JSON document, the title of a page,
/// else its beginning.
pub(super) fn said(headers: &HeaderMap, body: &[u8], redactor: &Redactor) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_html(kind, body) {
        let title = title(body).map(|title| line(&redactor.redact(&title)));
        return Some(match title {
            Some(title) if !title.is_empty() => format!("an HTML page (\"{title}\")"),
            _ => "an HTML page".to_owned(),
        });
    }
    let document = serde_json::from_slice::<Value>(&body[..body.len().min(LOOKED_AT)]).ok();
    let message = document.as_ref().and_then(json_message);
    let text = message
        .unwrap_or_else(|| String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]).into());
    // A secret is taken out before it could be cut in two.
    let text = line(&redactor.redact(&text));
    (!text.is_empty()).then_some(text)
}

/// The beginning of a text in one line.
pub(super) fn line(text: &str) -> String {
    shown::line(text, SHOWN)
}

fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
    // ASCII only, so that the places stay the same.
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(text[start..end].to_owned())
}

/// Where APIs put their message, the most telling first.
fn json_message(document: &Value) -> Option<String> {
    const PLACES: [&str; 9] = [
        "/error/message",
        "/error_description",
        "/message",
        "/errors/0/message",
        "/errors/0/detail",
        "/detail",
        "/error",
        "/errors/0",
        "/0/message",
    ];
    let text = |place| document.pointer(place).and_then(Value::as_str).map(str::trim);
    PLACES.into_iter().filter_map(text).find(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn said_of(kind: &'static str, body: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        said(&headers, body.as_bytes(), &Redactor::default())
    }

    #[test]
    fn the_message_in_a_json_document_is_found() {
        for (body, expected) in [
            (r#"{"error": {"message": "No such customer", "type": "x"}}"#, "No such customer"),
            (r#"{"error": "not here", "message": "No report"}"#, "No report"),
            (r#"{"error": "not here"}"#, "not here"),
            (r#"{"error": "invalid_x", "error_description": "No scope"}"#, "No scope"),
            (r#"{"errors": [{"message": "Bad field"}]}"#, "Bad field"),
            (r#"{"errors": ["Bad field"]}"#, "Bad field"),
            (r#"{"detail": "Not found.\n\tReally."}"#, "Not found. Really."),
            (r#"[{"message": "Session expired", "errorCode": "X"}]"#, "Session expired"),
            (r#"{"status":  3}"#, r#"{"status": 3}"#),
            ("upstream\r\n  gone", "upstream gone"),
        ] {
            assert_eq!(said_of("application/json", body).as_deref(), Some(expected));
        }
        assert_eq!(said_of("application/json", " \n"), None);
    }

    #[test]
    fn a_page_is_told_by_its_title() {
        let page = "\n<!DOCTYPE HTML><head><TITLE lang=en>\n Sign\n in </TITLE>";
        assert_eq!(said_of("text/plain", page).unwrap(), "an HTML page (\"Sign in\")");
        assert_eq!(said_of("text/html; charset=utf-8", "no such page").unwrap(), "no such page");
        assert_eq!(said_of("text/html", "<title>open").unwrap(), "an HTML page");
    }

    #[test]
    fn a_long_text_is_cut_and_a_secret_at_the_cut_is_gone_before() {
        let redactor = Redactor::default();
        redactor.learn("top-secret");
        let text = format!("{} top-secret", "x".repeat(195));
        let said = said(&HeaderMap::new(), text.as_bytes(), &redactor).unwrap();
        assert_eq!(said, format!("{} ***", "x".repeat(195)));
        let long = said_of("text/plain", &"\u{1F600}".repeat(1000)).unwrap();
        assert_eq!(long.chars().count(), 201);
    }

    #[test]
    fn what_is_worth_trying_again_is_not_the_query_s_fault() {
        for (status, kind) in [
            (400, FetchErrorKind::Query),
            (404, FetchErrorKind::Query),
            (302, FetchErrorKind::Query),
            (401, FetchErrorKind::Unreachable),
            (429, FetchErrorKind::Unreachable),
            (500, FetchErrorKind::Unreachable),
            (599, FetchErrorKind::Unreachable),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(of_status("h", status, None, None).kind, kind, "{status}");
        }
    }
}
