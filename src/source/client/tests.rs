//! What the sources cannot be made to do from outside: requests with bodies, links to other servers,
//! texts that are hidden.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};

use self::stand_in::{Asked, Reply, StandIn, ok, status};
use super::settings::{Auth, ClientConfig, Proxy, TlsConfig};
use super::{Answer, Client, Exchange};
use crate::metric::FetchError;
use crate::secret::Secret;
use crate::source::trace::Trace;

#[allow(dead_code, reason = "shared with tests that need more of it")]
#[path = "../../../tests/support/stand_in.rs"]
mod stand_in;

fn config(url: &str) -> ClientConfig {
    ClientConfig {
        url: url.into(),
        auth: Auth::Bearer(Secret::fixed("t0ken")),
        headers: vec![("X-Team".into(), Secret::fixed("growth"))],
        tls: TlsConfig::default(),
        proxy: Proxy::Off,
        max_redirects: 5,
        max_connections: 4,
        requests_per_second: None,
        retries: 1,
        timeout: Duration::from_secs(30),
        max_body: 1 << 20,
    }
}

async fn send(client: &Client, exchange: &Exchange) -> Result<Answer, FetchError> {
    client.send(exchange, &mut client.deadline(), &Trace::default()).await
}

fn post(url: &str) -> Exchange {
    Exchange::post(Url::parse(url).unwrap(), "text/plain", Bytes::from_static(b"question"))
}

/// A server that gives one answer first and then another.
async fn first_and_then(
    first: impl Fn() -> Reply + Send + Sync + 'static,
    then: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> StandIn {
    let asked = AtomicUsize::new(0);
    StandIn::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => first(),
        _ => then(request),
    })
    .await
}

fn with(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    reply.headers_mut().insert(name, value.parse().unwrap());
    reply
}

#[tokio::test]
async fn what_may_have_had_an_effect_is_not_sent_twice() {
    for (code, retry_after, idempotent, times) in [
        (503, None, false, 1),
        (503, None, true, 2),
        (503, Some("1"), false, 2),
        (502, Some("1"), false, 1),
        (504, None, false, 1),
        (429, None, false, 2),
    ] {
        let refusal = move || match retry_after {
            Some(value) => with(status(code, "text/plain", ""), "retry-after", value),
            None => status(code, "text/plain", ""),
        };
        let server = first_and_then(refusal, |_| ok("text/plain", "1")).await;
        let client = Client::new(&config(&server.url)).unwrap();
        let exchange = Exchange { idempotent, ..post(&server.url) };
        let outcome = send(&client, &exchange).await.and_then(Answer::success);
        assert_eq!(outcome.is_ok(), times == 2, "{code}");
        assert_eq!(server.asked().len(), times, "{code} {retry_after:?} {idempotent}");
        assert!(server.asked().iter().all(|asked| asked.body == "question"));
    }
}

#[tokio::test]
async fn a_refused_login_had_no_effect() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "new").unwrap();
    let server = first_and_then(|| status(401, "text/plain", ""), |_| ok("text/plain", "1")).await;
    let mut config = config(&server.url);
    config.auth = Auth::Bearer(Secret::from_file("old", &file));
    let client = Client::new(&config).unwrap();
    send(&client, &post(&server.url)).await.unwrap().success().unwrap();
    let asked = server.asked();
    assert_eq!(asked[1].header("authorization"), Some("Bearer new"));
    assert_eq!((asked[1].method.as_str(), asked[1].body.as_str()), ("POST", "question"));
}

#[tokio::test]
async fn a_redirect_decides_about_method_and_body() {
    for (code, method, body) in [
        (301, "GET", ""),
        (302, "GET", ""),
        (303, "GET", ""),
        (307, "POST", "question"),
        (308, "POST", "question"),
    ] {
        let redirect = move || with(status(code, "text/plain", ""), "location", "there?x=1");
        let server = first_and_then(redirect, |_| ok("text/plain", "1")).await;
        let client = Client::new(&config(&server.url)).unwrap();
        let answer = send(&client, &post(&format!("{}/v1/here", server.url))).await.unwrap();
        assert_eq!(answer.url.as_str(), format!("{}/v1/there?x=1", server.url));
        let asked = &server.asked()[1];
        assert_eq!((asked.method.as_str(), asked.body.as_str()), (method, body), "{code}");
        assert_eq!(asked.header("content-type").is_some(), code >= 307);
        assert_eq!(asked.header("authorization"), Some("Bearer t0ken"));
        assert_eq!(asked.header("x-team"), Some("growth"));
    }
}

#[tokio::test]
async fn a_body_stays_with_its_server() {
    let other = StandIn::start(|_| ok("text/plain", "1")).await;
    let target = other.url.clone();
    let server =
        StandIn::start(move |_| with(status(307, "text/plain", ""), "location", &target)).await;
    let client = Client::new(&config(&server.url)).unwrap();
    for url in [&server.url, &other.url] {
        let error = send(&client, &post(url)).await.map(drop).unwrap_err();
        assert!(error.message.contains(&format!("{}, another server", other.url)), "{error}");
    }
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_link_to_another_server_is_asked_without_login() {
    let other = StandIn::start(|_| ok("text/plain", "1")).await;
    let client = Client::new(&config("http://127.0.0.1:9/v1")).unwrap();
    let url = format!("{}/page/2", other.url.replace("http://", "http://user:pass@"));
    let exchange = Exchange::get(Url::parse(&url).unwrap())
        .header(ACCEPT, HeaderValue::from_static("text/csv"))
        .header(HeaderName::from_static("x-key"), HeaderValue::from_static("s"));
    send(&client, &exchange).await.unwrap().success().unwrap();
    let asked = &other.asked()[0];
    assert_eq!(asked.header("accept"), Some("text/csv"));
    for name in ["authorization", "x-team", "x-key"] {
        assert_eq!(asked.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn headers_of_the_request_go_before_those_of_the_source_but_not_before_the_login() {
    let server = StandIn::start(|_| ok("text/plain", "1")).await;
    let client = Client::new(&config(&server.url)).unwrap();
    let exchange = Exchange::get(client.url("/x"))
        .header(HeaderName::from_static("x-team"), HeaderValue::from_static("sales"))
        .header(reqwest::header::AUTHORIZATION, HeaderValue::from_static("Bearer other"));
    send(&client, &exchange).await.unwrap();
    assert_eq!(server.asked()[0].header("x-team"), Some("sales"));
    assert_eq!(server.asked()[0].header("authorization"), Some("Bearer t0ken"));
}

#[tokio::test]
async fn what_is_hidden_is_in_neither_errors_nor_traces() {
    let server = StandIn::start(|asked| {
        status(400, "text/plain", format!("{} {}", asked.target, asked.body))
    })
    .await;
    let client = Client::new(&config(&server.url)).unwrap();
    client.hide("hid den");
    let mut url = client.url("/hid den/x");
    url.query_pairs_mut().append_pair("q", "hid den");
    let exchange = Exchange::post(url, "text/plain", Bytes::from_static(b"is hid den"));
    let trace = Trace::on();
    let answer = client.send(&exchange, &mut client.deadline(), &trace).await.unwrap();
    let error = answer.success().map(drop).unwrap_err();
    assert!(error.message.ends_with(": /***/x?q=*** is ***"), "{error}");
    let steps = trace.steps();
    let raw = steps.iter().filter_map(|step| step.raw.clone()).collect::<Vec<_>>();
    let shown = format!("{steps:?} {raw:?}");
    assert!(!shown.contains("den") && shown.contains("body: is ***"), "{shown}");
}

#[tokio::test]
async fn answers_that_are_still_good_are_not_sent_again() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let server = StandIn::start(move |asked| {
        if asked.header("if-none-match") == Some("\"1\"") {
            return status(304, "text/plain", "");
        }
        counter.fetch_add(1, Ordering::SeqCst);
        with(ok("text/csv", format!("of {}", asked.target)), "etag", "\"1\"")
    })
    .await;
    let client = Client::new(&config(&server.url)).unwrap();
    for _ in 0..3 {
        for path in ["/a", "/b"] {
            let answer = send(&client, &Exchange::get(client.url(path))).await.unwrap();
            let answer = answer.success().unwrap();
            assert_eq!(answer.body, format!("of {path}"));
            assert_eq!(answer.headers["content-type"], "text/csv");
            assert_eq!(answer.status, 200);
        }
    }
    assert_eq!(sent.load(Ordering::SeqCst), 2);
    assert_eq!(server.asked().len(), 6);
}
