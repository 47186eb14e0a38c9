//! The `http` source: what it asks, and what it makes of a wrong answer.

use kpi_exporter::metric::{Cell, FetchError, FetchErrorKind, Metric, Query, Table, Template};
use kpi_exporter::secret::Secret;
use kpi_exporter::source::SourceConfig;
use kpi_exporter::source::client::settings::ClientConfig;
use kpi_exporter::source::http::{
    AnswerFormat, HttpConfig, HttpQuery, JsonTemplate, Method, RequestBody,
};
use kpi_exporter::source::trace::Trace;
use serde_json::{Value, json};

use crate::stand_in::{self, Reply, StandIn, ok};
use crate::{ask, client};

pub(crate) fn template(text: &str) -> Template {
    Template { text: text.into(), secret: false }
}

pub(crate) fn pairs<T>(pairs: &[(&str, &str)], value: impl Fn(&str) -> T) -> Vec<(String, T)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect()
}

pub(crate) fn columns(columns: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs(columns, str::to_owned)
}

/// A GET of a JSON document that is the only row.
pub(crate) fn get(path: &str) -> HttpQuery {
    HttpQuery {
        method: Method::Get,
        path: template(path),
        params: vec![],
        headers: vec![],
        body: None,
        format: AnswerFormat::Json,
        rows: None,
        require: vec![],
        columns: vec![],
        pagination: None,
        sql: None,
    }
}

pub(crate) fn metric(query: HttpQuery) -> Metric {
    Metric { query: Query::new(query), ..ask::metric("") }
}

/// Asks for the second quarter of 2026 in New York.
pub(crate) async fn fetch(config: ClientConfig, metric: Metric) -> Result<Table, FetchError> {
    let source = SourceConfig::Http(HttpConfig(config)).open().unwrap();
    source.fetch(&ask::request(metric)).await
}

/// What a query makes of one answer.
pub(crate) async fn read(
    query: HttpQuery,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Result<Table, FetchError> {
    let server = StandIn::start(move |_| reply()).await;
    fetch(client(&server.url), metric(query)).await
}

/// What is said about an answer.
pub(crate) async fn refusal(
    query: HttpQuery,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> String {
    let error = read(query, reply).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Shape, "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_get_is_filled_in_with_the_window_in_the_calendars_zone() {
    let server = StandIn::start(|_| stand_in::json(&json!({ "value": 1 }))).await;
    let mut query = get("/v1/{{window_start}}/sessions");
    query.params = pairs(
        &[
            ("from", "{{window_start:%Y-%m-%d}}"),
            ("to", "{{window_end_date}}"),
            ("at", "{{window_end:%Y-%m-%dT%H:%M:%S%:z}}"),
            ("plain text", "a&b=c+d é"),
        ],
        template,
    );
    query.headers = pairs(&[("X-Until", "{{as_of_unix}}"), ("accept", "application/x")], template);
    fetch(client(&format!("{}/api/", server.url)), metric(query)).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.method, "GET");
    assert_eq!(
        asked.target,
        "/api/v1/2026-04-01T04%3A00%3A00Z/sessions?from=2026-04-01&to=2026-07-01\
         &at=2026-07-01T00%3A00%3A00-04%3A00&plain+text=a%26b%3Dc%2Bd+%C3%A9"
    );
    assert_eq!(asked.header("x-until"), Some("1782878400"));
    assert_eq!(asked.header("accept"), Some("application/x"));
    assert_eq!(asked.body, "");
}

#[tokio::test]
async fn a_json_body_is_filled_in_and_lone_seconds_become_numbers() {
    let server = StandIn::start(|_| stand_in::json(&json!({ "value": 1 }))).await;
    let mut query = get("/search");
    query.method = Method::Post;
    query.body = Some(RequestBody::Json(JsonTemplate {
        value: json!({
            "filters": [
                { "gte": "{{window_start_unix}}", "lt": "{{ window_end_unix }}" },
                { "gte": "{{window_start_unix}}000", "lt": "{{window_end:%s}}" },
            ],
            "seconds": "{{window_seconds}}",
            "day": "{{window_start_date}}",
            "limit": 100,
            "{{window_start}}": null,
        }),
        secret: false,
    }));
    fetch(client(&server.url), metric(query)).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path()), ("POST", "/search"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(
        serde_json::from_str::<Value>(&asked.body).unwrap(),
        json!({
            "filters": [
                { "gte": 1_775_016_000, "lt": 1_782_878_400 },
                { "gte": "1775016000000", "lt": "1782878400" },
            ],
            "seconds": 7_862_400,
            "day": "2026-04-01",
            "limit": 100,
            "{{window_start}}": null,
        })
    );
}

#[tokio::test]
async fn a_form_is_sent_like_the_parameters_of_a_url() {
    let server = StandIn::start(|_| stand_in::json(&json!({ "value": 1 }))).await;
    let mut query = get("/report");
    query.method = Method::Post;
    query.body = Some(RequestBody::Form(pairs(
        &[("from", "{{window_start:%d/%m/%Y}}"), ("q", "a=b&c")],
        template,
    )));
    fetch(client(&server.url), metric(query)).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asked.body, "from=01%2F04%2F2026&q=a%3Db%26c");
}

#[tokio::test]
async fn the_format_is_what_is_accepted_unless_the_source_says_so_itself() {
    let server = StandIn::start(|_| stand_in::ok("text/plain", "1")).await;
    let mut query = get("/");
    query.format = AnswerFormat::Number;
    let plain = client(&server.url);
    let own = ClientConfig {
        headers: vec![("ACCEPT".to_owned(), Secret::fixed("application/vnd.x".to_owned()))],
        ..client(&server.url)
    };
    fetch(plain, metric(query.clone())).await.unwrap();
    fetch(own, metric(query)).await.unwrap();
    let accepted = |index: usize| server.asked()[index].header("accept").map(str::to_owned);
    assert_eq!(accepted(0).as_deref(), Some("text/plain, */*;q=0.5"));
    assert_ne!(accepted(1), accepted(0));
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_without_its_value() {
    let mut query = get("/");
    query.headers = pairs(&[("X-Key", "hush\nhush")], template);
    let error = read(query, || ok("text/plain", "")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`X-Key` cannot be sent as a header (hint: neither its name nor its value may hold line \
         ends or controls)"
    );
}

#[tokio::test]
async fn a_wrong_answer_with_status_200_is_shown_for_what_it_is() {
    let rows = || HttpQuery { rows: Some("$.data[*]".into()), ..get("/") };
    let login =
        "<!DOCTYPE html>\n<html><head>\n  <title>Sign in</title></head><body>…</body></html>";
    assert_eq!(
        refusal(rows(), move || ok("text/html; charset=utf-8", login)).await,
        "the answer is an HTML page, not JSON: `<!DOCTYPE html> <html><head> <title>Sign in</title></\
         head><b…` (hint: a login or error page? check the `auth` of the source and the `path`)"
    );
    assert_eq!(
        refusal(rows(), || ok("application/json", " \n")).await,
        "the answer is empty (status 200 OK), expected JSON (hint: check `method` and `path`)"
    );
    assert_eq!(
        refusal(rows(), || ok("application/json", r#"{"data": [{"value": 1}, {"val"#)).await,
        "cannot read the answer: broken JSON: EOF while parsing a string at line 1 column 29; it is \
         `application/json` and begins with `{\"data\": [{\"value\": 1}, {\"val` (hint: was the answer \
         cut off on its way?)"
    );
    assert_eq!(
        refusal(rows(), || ok("application/xml", "<data>\n<value>1</value>\n</data>")).await,
        "cannot read the answer: broken JSON: expected value at line 1 column 1; it is \
         `application/xml` and begins with `<data> <value>1</value> </data>` (hint: check `format` \
         and the `path`)"
    );
    assert_eq!(
        refusal(rows(), || ok("application/json", &b"{\n\"city\": \"K\xf6ln\"}"[..])).await,
        "cannot read the answer: line 2 is not UTF-8; it is `application/json` and begins with \
         `{ \"city\": \"K\u{fffd}ln\"}` (hint: UTF-8 is the only encoding for it)"
    );
}

#[tokio::test]
async fn a_renamed_field_does_not_look_like_nothing() {
    let rows = |path: &str| HttpQuery { rows: Some(path.into()), ..get("/") };
    assert_eq!(
        refusal(rows("$.data[*]"), || stand_in::json(&json!({ "items": [], "total": 0 }))).await,
        "`rows: $.data[*]` selects nothing: the document has no `data`, it has `items`, `total` \
         (hint: was it renamed? for an API that leaves out empty lists, write `$..data[*]`, which \
         may select nothing)"
    );
    assert_eq!(
        refusal(rows("$.a['b'][*]"), || stand_in::json(&json!({ "a": {} }))).await,
        "`rows: $.a['b'][*]` selects nothing: `$.a` has no `b`, it has nothing (hint: was it \
         renamed? for an API that leaves out empty lists, write `$..b[*]`, which may select nothing)"
    );
    assert_eq!(
        refusal(rows("$.data[*]"), || stand_in::json(&json!([1, 2]))).await,
        "`rows: $.data[*]` selects nothing: the document is an array of 2, expected an object with \
         `data` (hint: was it renamed? for an API that leaves out empty lists, write `$..data[*]`, \
         which may select nothing)"
    );
    assert_eq!(
        refusal(rows("$.data[*]"), || stand_in::json(&json!({ "data": "try later" }))).await,
        "`rows: $.data[*]` selects nothing: `$.data` is the text `try later` (hint: did the API \
         answer with an error, or was a field renamed?)"
    );
    let missing = HttpQuery {
        columns: columns(&[("value", "$.sessions"), ("country", "$.geo")]),
        ..rows("$.data[*]")
    };
    let visits =
        || stand_in::json(&json!({ "data": [{ "visits": 1, "geo": "US" }, { "geo": "" }] }));
    assert_eq!(
        refusal(missing, visits).await,
        "column `value`: no row has `$.sessions`; the first row has `visits`, `geo` (hint: was the \
         field renamed? one that may be missing from all rows is written `$..name`)"
    );
    // A descendant may be missing from all rows.
    let query = HttpQuery {
        columns: columns(&[("value", "$.visits"), ("country", "$..country")]),
        ..rows("$.data[*]")
    };
    assert_eq!(read(query, visits).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn nothing_is_a_good_answer_without_values() {
    for document in [json!({ "data": [] }), json!({ "data": null }), json!({ "data": {} })] {
        let mut metric = metric(HttpQuery { rows: Some("$.data[*]".into()), ..get("/") });
        metric.labels = vec!["country".into()];
        let server = StandIn::start(move |_| stand_in::json(&document)).await;
        let source = SourceConfig::Http(HttpConfig(client(&server.url))).open().unwrap();
        let measured = ask::measure(source.as_ref(), metric).await.unwrap();
        assert_eq!(measured.series.len(), 0);
    }
    let left_out = HttpQuery { rows: Some("$..rows[*]".into()), ..get("/") };
    let table = read(left_out, || stand_in::json(&json!({ "kind": "report" }))).await.unwrap();
    assert_eq!(table, Table { columns: ask::names(&["value"]), rows: vec![], ..Table::default() });
}

#[tokio::test]
async fn what_graphql_says_instead_of_data_is_the_error() {
    let query = HttpQuery { rows: Some("$.data.orders[*]".into()), ..get("/graphql") };
    let said = json!({ "errors": [{ "message": "Field 'ordrs'\ndoesn't exist" }], "data": null });
    let error = read(query.clone(), move || stand_in::json(&said)).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Query);
    assert_eq!(error.message, "the API answered with an error: Field 'ordrs' doesn't exist");
    let partly = json!({ "errors": [{ "message": "denied" }], "data": { "orders": null } });
    let error = read(query.clone(), move || stand_in::json(&partly)).await.unwrap_err();
    assert_eq!(error.message, "the API answered with an error: denied");
    let warned = json!({ "errors": [{ "message": "slow" }], "data": { "orders": [{ "n": 3 }] } });
    let table = read(query, move || stand_in::json(&warned)).await.unwrap();
    assert_eq!(table.rows, [[Cell::Number(3.0)]]);
}

#[tokio::test]
async fn an_answer_that_says_it_is_not_complete_is_none() {
    let require = vec![("$.complete".to_owned(), json!(true)), ("$.left".to_owned(), json!(0))];
    let query = HttpQuery { require, ..get("/jobs/1") };
    let whole = json!({ "complete": true, "left": 0, "value": 7 });
    let table = read(query.clone(), move || stand_in::json(&whole)).await.unwrap();
    assert_eq!(table.rows.len(), 1);
    for (answer, expected) in [
        (json!({ "complete": false, "value": 7 }), "`$.complete` is false; `require` wants true"),
        (json!({ "value": 7 }), "`$.complete` is missing; `require` wants true"),
        (
            json!({ "complete": true, "left": "0" }),
            "`$.left` is the text `0`; `require` wants the number 0",
        ),
    ] {
        let error = read(query.clone(), move || stand_in::json(&answer)).await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (FetchErrorKind::Shape, expected));
    }
}

#[tokio::test]
async fn a_question_that_was_only_taken_down_is_not_answered() {
    let accepted = || stand_in::status(202, "application/json", r#"{"value": 1}"#);
    let error = read(get("/statements"), accepted).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the answer is not ready: the server has accepted the question (status 202) (hint: let the \
         API wait longer for its result, or ask for less)"
    );
}

#[tokio::test]
async fn a_query_of_another_kind_is_refused() {
    let source = SourceConfig::Http(HttpConfig(client("http://127.0.0.1:9"))).open().unwrap();
    let error = ask::table(source.as_ref(), "SELECT 1").await.unwrap_err();
    assert_eq!(error.to_string(), "the query is of another kind than the source");
}

#[tokio::test]
async fn a_path_that_is_none_is_told_before_anything_is_sent() {
    let server = StandIn::start(|_| ok("text/plain", "")).await;
    let query = HttpQuery { rows: Some("data[*]".into()), ..get("/") };
    let error = fetch(client(&server.url), metric(query)).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Query);
    assert!(error.message.starts_with("`data[*]` is no JSONPath: "), "{error}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_trace_tells_rows_and_columns() {
    let data = json!({ "data": [{ "day": "2026-04-01", "n": 1, "tags": [] }, { "n": 2 }] });
    let server = StandIn::start(move |_| stand_in::json(&data)).await;
    let source = SourceConfig::Http(HttpConfig(client(&server.url))).open().unwrap();
    let query = HttpQuery {
        rows: Some("$.data[*]".into()),
        sql: Some(template("SELECT sum(n) AS value FROM rows")),
        ..get("/")
    };
    let mut request = ask::request(metric(query));
    request.trace = Trace::on();
    source.fetch(&request).await.unwrap();
    let steps = request.trace.steps();
    let has = |what: &str, details: &str| {
        steps.iter().any(|step| step.what == what && step.details.join("; ") == details)
    };
    let first = "first row has day: text; first row has n: number; first row has tags: text";
    assert!(has("page 1: 2 rows", first), "{steps:?}");
    assert!(has("query over the rows: 1 row", "columns: value"), "{steps:?}");
    assert_eq!(
        format!(
            "{:?}",
            kpi_exporter::source::http::HttpSource::new(&client("http://k@x")).unwrap()
        ),
        "HttpSource { .. }"
    );
}
