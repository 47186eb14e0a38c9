//! What of a metric's own request is secret: the client learns it before anything is sent, so that
//! no error and no trace shows it, even when the server repeats it. Not here: the login of the source
//! (`client`).

use serde_json::Value;

use crate::kpi::{HttpQuery, RequestBody, Template};

/// The secrets in a request, as far as they can be told from what stands around them: it is known in
/// which texts there is one, not where. A text is one as a whole, and so is every word in it that
/// looks like a key; in a JSON document only the latter, since the secret may be in any of its texts.
pub(super) fn secrets(query: &HttpQuery) -> Vec<&str> {
    let mut secrets = Vec::new();
    let pairs = query.params.iter().chain(&query.headers).map(|(_, template)| template);
    let form = match &query.body {
        Some(RequestBody::Form(fields)) => fields.as_slice(),
        _ => &[],
    };
    for Template { text, .. } in
        pairs.chain(form.iter().map(|(_, template)| template)).filter(|template| template.secret)
    {
        secrets.push(text.as_str());
        secrets.extend(keys(text));
    }
    if query.path.secret {
        secrets.extend(keys(&query.path.text));
    }
    if let Some(RequestBody::Json(json)) = &query.body
        && json.secret
    {
        texts(&json.value, &mut |text| secrets.extend(keys(text)));
    }
    secrets
}

/// Words that look like a key: long, or with digits.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    // What is between braces is a placeholder.
    let outside =
        text.split("{{").map(|part| part.rsplit_once("}}").map_or(part, |(_, rest)| rest));
    let words = outside.flat_map(|part| part.split(|c: char| c.is_whitespace() || c == '/'));
    words.filter(|word| {
        word.len() >= 20 || (word.len() >= 8 && word.chars().any(|c| c.is_ascii_digit()))
    })
}

fn texts<'a>(value: &'a Value, found: &mut impl FnMut(&'a str)) {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_beside_ordinary_words_and_placeholders() {
        for (text, expected) in [
            ("Token abc12345", &["abc12345"][..]),
            ("/v1/accounts/9f8e7d6c/sessions", &["9f8e7d6c"]),
            ("{{window_start:%Y-%m-%d}}-abc12345", &["-abc12345"]),
            ("select a, b from sessions", &[]),
            ("correct-horse-battery-staple", &["correct-horse-battery-staple"]),
        ] {
            assert_eq!(keys(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
