//! What of a metric's own request is secret: the client learns it before anything is sent, so that
//! no error and no trace shows it, even when the server repeats it. Not here: the login of the source
//! (`client`).

use super::query::{HttpQuery, RequestBody};

/// The texts of a request that hold a secret. A JSON body is one text: its ordinary words must not
/// be missing from every message, so only what looks like a key in it is hidden.
pub(super) fn secrets(query: &HttpQuery) -> Vec<String> {
    let form = match &query.body {
        Some(RequestBody::Form(fields)) => fields.as_slice(),
        _ => &[],
    };
    let named = query.params.iter().chain(&query.headers).chain(form);
    let texts = named.map(|(_, template)| template).chain([&query.path]);
    let mut secrets: Vec<String> =
        texts.filter(|template| template.secret).map(|template| template.text.clone()).collect();
    if let Some(RequestBody::Json(json)) = &query.body
        && json.secret
    {
        secrets.push(json.value.to_string());
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Template;
    use crate::source::http::query::{AnswerFormat, JsonTemplate, Method};

    #[test]
    fn only_texts_with_a_secret_are_hidden() {
        let template = |text: &str, secret| Template { text: text.to_owned(), secret };
        let mut query = HttpQuery {
            method: Method::Post,
            path: template("/v1/sessions", false),
            params: vec![
                ("key".to_owned(), template("a-secret", true)),
                ("lang".to_owned(), template("en", false)),
            ],
            headers: vec![("X-Token".to_owned(), template("Token other", true))],
            body: Some(RequestBody::Form(vec![("f".to_owned(), template("third", true))])),
            format: AnswerFormat::Json,
            require: vec![],
            rows: None,
            columns: vec![],
            pagination: None,
            sql: None,
        };
        assert_eq!(secrets(&query), ["a-secret", "Token other", "third"]);
        query.path = template("/v1/accounts/s1", true);
        let value = serde_json::json!({ "key": "k" });
        query.body = Some(RequestBody::Json(JsonTemplate { value, secret: true }));
        let expected = ["a-secret", "Token other", "/v1/accounts/s1", r#"{"key":"k"}"#];
        assert_eq!(secrets(&query), expected);
    }
}
