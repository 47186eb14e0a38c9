//! A `JSONPath` as written. Not here: what they select (`http::json`).

use serde_json_path::JsonPath;

use crate::reader::bounds::too_much_of_a_path;
use crate::reader::report::Report;
use crate::reader::spanned::Text;

/// A JSONPath, RFC 9535.
pub(super) fn json_path(report: &mut Report<'_>, path: &str, given: &Text) -> Option<String> {
    let text = &given.value;
    if let Some((at, what)) = too_much_of_a_path(text, report.bounds.jsonpath_depth) {
        let span = report.files.part(given.span, text, at..at);
        let hint = "select with fewer filters, or with `query` over the rows; `limits: { \
                    max_jsonpath_depth: … }` allows for more brackets";
        report.problem(span, format!("`{path}`: {what}"), hint.to_owned());
        return None;
    }
    let Err(error) = JsonPath::parse(text) else { return Some(text.clone()) };
    let (span, message, hint) = if given.interpolated {
        (given.span, format!("`{path}`: {} is no JSONPath", report.shown(given, "")), None)
    } else if let Some(inner) = of_kubectl(text) {
        let hint = format!("kubectl's braces are no part of a JSONPath: write `{inner}`");
        (given.span, format!("`{path}`: {} is no JSONPath", report.shown(given, text)), Some(hint))
    } else if !text.starts_with('$') {
        let dot = if text.starts_with(['.', '[']) { "" } else { "." };
        let meant = format!("${dot}{text}");
        let hint = format!("a JSONPath begins with `$`: did you mean `{meant}`?");
        let message = format!("`{path}`: {} is no JSONPath", report.shown(given, text));
        (given.span, message, Some(hint).filter(|_| JsonPath::parse(&meant).is_ok()))
    } else {
        let start = error.position().saturating_sub(1).min(text.len());
        let length =
            text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = report.files.part(given.span, text, start..start + length);
        let hint = "a name with other characters than letters, digits and `_` is quoted: \
                    $['page-info']";
        let (what, hint) = match error.message() {
            // It says no more when the path could end here, but does not.
            "parser error" => ("this cannot follow", Some(hint.to_owned())),
            what => (what, None),
        };
        (span, format!("`{path}`: not a JSONPath: {what}"), hint)
    };
    report.problem(span, message, hint);
    None
}

/// What `{.items[*]}` means, if it is one.
fn of_kubectl(text: &str) -> Option<String> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?.trim();
    let inner = if inner.starts_with('$') { inner.to_owned() } else { format!("${inner}") };
    JsonPath::parse(&inner).is_ok().then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_of_kubectl_are_known() {
        let of = |text: &str| of_kubectl(text);
        assert_eq!(of("{.items[*]}").as_deref(), Some("$.items[*]"));
        assert_eq!(of("{ $.items[*].status }").as_deref(), Some("$.items[*].status"));
        assert_eq!(of("{range .items[*]}"), None);
        assert_eq!(of(".items"), None);
    }
}
