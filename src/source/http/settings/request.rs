//! The request of an `http` metric: method, path, parameters, headers, body. Not here: how the answer
//! is read (`answer`).

use serde_json::Value;

use super::raw::RequestRaw;
use crate::metric::Template;
use crate::reader::forms::Pairs;
use crate::reader::json::Json;
use crate::reader::report::Report;
use crate::reader::spanned::{Spanned, Text};
use crate::source::client::settings::headers::{header_name, header_value};
use crate::source::http::query::{JsonTemplate, Method, RequestBody};
use crate::source::template::read as template;

/// Headers of a login, which is the source's.
const LOGIN_HEADERS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// A request, as far as it goes.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: Template,
    pub(super) params: Vec<(String, Template)>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: Option<RequestBody>,
}

/// Without a request the URL of the source is asked. `None` after a mistake.
pub(super) fn request(
    report: &mut Report<'_>,
    path: &str,
    raw: Option<&RequestRaw>,
) -> Option<Request> {
    let none = RequestRaw::default();
    let raw = raw.unwrap_or(&none);
    let url_path = match &raw.path {
        Some(given) => url_path(report, &format!("{path}.path"), given),
        None => Some(Template { text: String::new(), secret: false }),
    };
    let params = pairs(report, &format!("{path}.params"), raw.params.as_ref());
    let headers = headers(report, &format!("{path}.headers"), raw.headers.as_ref());
    let has_body = raw.json.is_some() || raw.form.is_some();
    let body = has_body.then(|| body(report, path, raw));
    let method = match &raw.method {
        Some(given) if has_body && given.value.0 == Method::Get => {
            let hint = "delete `method`: with a body, POST is the default".to_owned();
            report.problem(given.span, format!("`{path}.method`: GET takes no body"), hint);
            None
        }
        Some(given) => Some(given.value.0),
        None => Some(if has_body { Method::Post } else { Method::Get }),
    };
    let body = match body {
        Some(body) => Some(body?),
        None => None,
    };
    Some(Request { method: method?, path: url_path?, params: params?, headers: headers?, body })
}

/// What follows the source's URL.
fn url_path(report: &mut Report<'_>, path: &str, given: &Text) -> Option<Template> {
    let checked = template(report, path, given)?;
    let text = &checked.text;
    if !text.is_empty() && !text.starts_with('/') {
        let found = report.shown(given, text);
        let message = format!("`{path}`: expected a path that begins with `/`, found {found}");
        let hint = if text.contains("://") {
            "write what follows the `url` of the source"
        } else {
            "it is added to the `url` of the source"
        };
        report.problem(given.span, message, hint.to_owned());
        return None;
    }
    // Those in a placeholder are parts of a format.
    if let Some(at) = outside_placeholders(text).find(|at| b"?#".contains(&text.as_bytes()[*at])) {
        let span = report.files.part(given.span, text, at..at + 1);
        let message = format!("`{path}` has parameters or a fragment");
        report.problem(span, message, "write parameters under `params`".to_owned());
        return None;
    }
    Some(checked)
}

/// Places of the bytes that are in no placeholder.
fn outside_placeholders(text: &str) -> impl Iterator<Item = usize> {
    let mut inside = false;
    (0..text.len()).filter(move |at| {
        let rest = &text.as_bytes()[*at..];
        inside = (inside || rest.starts_with(b"{{")) && !rest.starts_with(b"}}");
        !inside
    })
}

fn pairs(
    report: &mut Report<'_>,
    path: &str,
    given: Option<&Pairs<String, String>>,
) -> Option<Vec<(String, Template)>> {
    let mut pairs = Vec::new();
    let mut good = true;
    for (name, value) in given.into_iter().flat_map(|given| &given.0) {
        match template(report, &format!("{path}.{}", name.value), value) {
            Some(value) => pairs.push((name.value.clone(), value)),
            None => good = false,
        }
    }
    good.then_some(pairs)
}

fn headers(
    report: &mut Report<'_>,
    path: &str,
    given: Option<&Pairs<String, String>>,
) -> Option<Vec<(String, Template)>> {
    let mut good = true;
    let all: &[(Text, Text)] = given.map_or(&[], |given| &given.0);
    for (at, (name, value)) in all.iter().enumerate() {
        if LOGIN_HEADERS.contains(&name.value.to_ascii_lowercase().as_str()) {
            let message = format!("`{path}`: `{}` is a matter of the source", name.value);
            let hint = "write `auth` in the source, for example `auth: { bearer: … }`".to_owned();
            report.problem(name.span, message, hint);
            good = false;
            continue;
        }
        let others = all[..at].iter().map(|(name, _)| name.value.as_str());
        good &= header_name(report, path, name, others).is_some();
        let path = format!("{path}.{}", name.value);
        good &= header_value(report, &path, value, &value.value).is_some();
    }
    let headers = pairs(report, path, given);
    headers.filter(|_| good)
}

/// The body, of which there is one; `None` after a mistake.
fn body(report: &mut Report<'_>, path: &str, raw: &RequestRaw) -> Option<RequestBody> {
    match (&raw.json, &raw.form) {
        (None, None) => None,
        (Some(_), Some(form)) => {
            let message = format!("`{path}` has two bodies, `json` and `form`");
            report.problem(form.span, message, "keep one of the two".to_owned());
            None
        }
        (None, Some(form)) => {
            let fields = pairs(report, &format!("{path}.form"), Some(&form.value))?;
            Some(RequestBody::Form(fields))
        }
        (Some(given), None) => {
            let path = format!("{path}.json");
            if matches!(given.value, Json::Plain(Value::Null)) {
                let hint = "write a value after the colon, or delete the key".to_owned();
                report.problem(given.span, format!("`{path}` has no value"), hint);
                return None;
            }
            let mut secret = false;
            let good = json(report, &path, given, &mut secret);
            let value = given.value.to_value();
            good.then_some(RequestBody::Json(JsonTemplate { value, secret }))
        }
    }
}

/// Checks all texts of a document; notes whether one is what a reference stands for.
fn json(report: &mut Report<'_>, path: &str, given: &Spanned<Json>, secret: &mut bool) -> bool {
    *secret |= given.interpolated;
    let mut good = true;
    match &given.value {
        Json::Plain(_) => {}
        Json::Text(text) => {
            good = template(report, path, &given.with(text.clone())).is_some();
        }
        Json::List(items) => {
            for (at, item) in items.iter().enumerate() {
                good &= json(report, &format!("{path}[{at}]"), item, secret);
            }
        }
        Json::Map(entries) => {
            for (name, entry) in entries {
                good &= json(report, &format!("{path}.{name}"), entry, secret);
            }
        }
    }
    good
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_left_out() {
        let text = "/a?{{x:%Y?}}#é{{";
        let marks = outside_placeholders(text).filter(|at| b"?#".contains(&text.as_bytes()[*at]));
        assert_eq!(marks.collect::<Vec<_>>(), [2, 12]);
    }
}
