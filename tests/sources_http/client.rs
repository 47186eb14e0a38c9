//! Plain requests through the client: what is sent, and what a refusal looks like.

use std::process::Command;
use std::sync::Arc;

use kpi_exporter::metric::{FetchError, FetchErrorKind, Query, Template};
use kpi_exporter::secret::Secret;
use kpi_exporter::source::client::settings::ClientConfig;
use kpi_exporter::source::http::{HttpConfig, HttpQuery};
use kpi_exporter::source::trace::Trace;
use kpi_exporter::source::{Request, Source, SourceConfig};
use serde_json::json;

use crate::stand_in::{self, StandIn};
use crate::{ask, client};

pub(crate) fn open(config: &ClientConfig) -> Arc<dyn Source> {
    SourceConfig::Http(HttpConfig(config.clone())).open().unwrap()
}

/// A GET of `/data`.
pub(crate) fn request() -> Request {
    let mut metric = ask::metric("");
    metric.query = Query::new(HttpQuery::get(Template::plain("/data")));
    ask::request(metric)
}

pub(crate) async fn fetch(source: &dyn Source) -> Result<(), FetchError> {
    source.fetch(&request()).await.map(drop)
}

/// Fetches once from a source opened for it.
pub(crate) async fn fetch_once(config: &ClientConfig) -> Result<(), FetchError> {
    fetch(&*open(config)).await
}

/// All that a fetch showed to a tracing person, and its outcome.
pub(crate) async fn traced(source: &dyn Source) -> (Result<(), FetchError>, String) {
    let mut request = request();
    request.trace = Trace::on();
    let outcome = source.fetch(&request).await.map(drop);
    let steps = request.trace.steps();
    let lines = steps.iter().flat_map(|step| {
        let raw = step.raw.iter().map(|raw| String::from_utf8_lossy(raw).into_owned());
        std::iter::once(step.what.clone()).chain(step.details.clone()).chain(raw)
    });
    (outcome, lines.collect::<Vec<_>>().join("\n"))
}

/// Runs an ignored test in a process of its own; whether it passed.
pub(crate) fn in_own_process(test: &str, environment: &[(&str, &str)]) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--ignored", "--nocapture"]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        child.env_remove(name);
    }
    let output = child.envs(environment.iter().copied()).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        println!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success() && stdout.contains("1 passed")
}

pub(crate) fn value() -> stand_in::Reply {
    stand_in::json(&json!({ "value": 1 }))
}

pub(crate) fn host(url: &str) -> &str {
    url.split_once("://").unwrap().1
}

#[tokio::test]
async fn a_request_says_who_asks_and_carries_the_headers_of_the_source() {
    let server = StandIn::start(|_| value()).await;
    let mut config = client(&server.url);
    config.headers = vec![("Accept-Language".into(), Secret::fixed("en".to_owned()))];
    fetch_once(&config).await.unwrap();
    let asked = &server.asked()[0];
    let agent = concat!("kpi-exporter/", env!("CARGO_PKG_VERSION"));
    assert_eq!(asked.header("user-agent"), Some(agent));
    assert_eq!(asked.header("accept-language"), Some("en"));
    assert_eq!(asked.header("authorization"), None);
    assert_eq!(asked.header("referer"), None);
}

#[tokio::test]
async fn a_refusal_is_told_with_what_the_server_said() {
    let long = "x".repeat(100_000);
    for (status, kind, body, said, error_kind) in [
        (
            400,
            "application/json",
            r#"{"error": {"message": "Unknown field `sesions`"}}"#,
            "400 Bad Request: Unknown field `sesions`",
            FetchErrorKind::Query,
        ),
        (404, "text/plain", "no\nsuch page", "404 Not Found: no such page", FetchErrorKind::Query),
        (
            500,
            "text/html",
            "<html><head><title>Oops</title>",
            "500 Internal Server Error: an HTML page (\"Oops\")",
            FetchErrorKind::Unreachable,
        ),
        (418, "text/plain", "", "418 I'm a teapot", FetchErrorKind::Query),
        (400, "text/plain", &long, &format!("{}…", &long[..200]), FetchErrorKind::Query),
    ] {
        let text = body.to_owned();
        let server = StandIn::start(move |_| stand_in::status(status, kind, text.clone())).await;
        let error = fetch_once(&client(&server.url)).await.unwrap_err();
        let host = host(&server.url);
        assert!(error.message.starts_with(&format!("{host} answered {status}")), "{error}");
        assert!(error.message.ends_with(said), "{error}");
        assert_eq!(error.kind, error_kind, "{error}");
        assert_eq!(server.asked().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_tag_saves_the_body_the_second_time() {
    let server = StandIn::start(|asked| {
        if asked.header("if-none-match") == Some("\"v1\"") {
            return stand_in::status(304, "application/json", "");
        }
        let mut reply = value();
        reply.headers_mut().insert("etag", "\"v1\"".parse().unwrap());
        reply
    })
    .await;
    let source = open(&client(&server.url));
    let first = source.fetch(&request()).await.unwrap();
    let second = source.fetch(&request()).await.unwrap();
    assert_eq!(first, second);
    let tags: Vec<bool> =
        server.asked().iter().map(|asked| asked.header("if-none-match").is_some()).collect();
    assert_eq!(tags, [false, true]);
}

#[tokio::test]
async fn an_answer_without_a_body_that_nobody_asked_for_is_a_failure() {
    let server = StandIn::start(|_| stand_in::status(304, "text/plain", "")).await;
    let error = fetch_once(&client(&server.url)).await.unwrap_err();
    assert!(error.message.ends_with("answered 304 Not Modified"), "{error}");
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_being_shown() {
    let mut config = client("http://127.0.0.1");
    config.url = "http://host:port/secret".into();
    let error = SourceConfig::Http(HttpConfig(config)).open().map(drop).unwrap_err().to_string();
    assert!(error.contains("`url` is no URL") && !error.contains("secret"), "{error}");
}
