//! A `JSONPath` as written. Not here: what they select (`http::json`).

use serde_json_path::JsonPath;

use crate::reader::report::Report;
use crate::reader::spanned::Text;

/// A JSONPath, RFC 9535.
pub(super) fn json_path(report: &mut Report<'_>, path: &str, given: &Text) -> Option<String> {
    let text = &given.value;
    let Err(error) = JsonPath::parse(text) else { return Some(text.clone()) };
    let (span, message, hint) = if given.interpolated {
        (given.span, format!("`{path}`: {} is no JSONPath", report.shown(given, "")), None)
    } else if !text.starts_with('$') {
        let hint = format!("a JSONPath begins with `$`: did you mean `$.{text}`?");
        let message = format!("`{path}`: {} is no JSONPath", report.shown(given, text));
        (given.span, message, Some(hint).filter(|_| JsonPath::parse(&format!("$.{text}")).is_ok()))
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
