//! Whether an answer is a page for people: of a login, a proxy or an error.

/// By what it begins with; called HTML, anything that begins with a tag is. A plain value that is called
/// HTML by mistake is none.
pub(super) fn is_html(content_type: &str, body: &[u8]) -> bool {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let begins = |text: &str| {
        start.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
    };
    let called = content_type.to_ascii_lowercase().contains("html");
    begins("<!doctype html") || begins("<html") || called && begins("<")
}
