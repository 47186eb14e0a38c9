//! Logins with access tokens from a server of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kpi_exporter::metric::FetchErrorKind;
use kpi_exporter::secret::Secret;
use kpi_exporter::source::Source;
use kpi_exporter::source::client::settings::{Auth, ClientConfig, OAuth2};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client;
use crate::client_tests::{fetch, fetch_once, host, open, value};
use crate::faults::{Fault, Faults};
use crate::stand_in::{self, Asked, Reply, StandIn};

fn oauth(server: &str) -> OAuth2 {
    OAuth2 {
        token_url: format!("{server}/token").into(),
        client_id: "kpi exporter".into(),
        client_secret: Some(Secret::fixed("s:cret".to_owned())),
        refresh_token: None,
        scopes: vec![],
        params: vec![],
        in_body: false,
    }
}

fn config(server: &str, oauth: OAuth2) -> ClientConfig {
    let mut config = client(server);
    config.auth = Auth::OAuth2(Box::new(oauth));
    config
}

/// The fields of a form.
fn fields(asked: &Asked) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://x/?{}", asked.body)).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A server that gives `token-1`, `token-2` ... and data to who `lets_in` says.
async fn server(
    more: Value,
    lets_in: impl Fn(&Asked) -> bool + Send + Sync + 'static,
) -> (StandIn, Arc<AtomicUsize>) {
    let given = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&given);
    let server = StandIn::start(move |asked| -> Reply {
        if asked.path() == "/token" {
            let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
            let mut answer = json!({ "access_token": format!("token-{number}") });
            for (name, value) in more.as_object().unwrap() {
                answer[name] = value.clone();
            }
            return stand_in::json(&answer);
        }
        if lets_in(asked) { value() } else { stand_in::status(401, "text/plain", "who?") }
    })
    .await;
    (server, given)
}

#[tokio::test]
async fn client_credentials_go_into_a_header_or_into_the_body() {
    let lets_in = |asked: &Asked| asked.header("authorization") == Some("Bearer token-1");
    let (server, _) = server(json!({ "expires_in": 3600 }), lets_in).await;
    let mut oauth = oauth(&server.url);
    oauth.scopes = vec!["read".into(), "report:all".into()];
    oauth.params = vec![("audience".into(), Secret::fixed("https://api/".to_owned()))];
    fetch_once(&config(&server.url, oauth)).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.method, "POST");
    // base64 of `kpi+exporter:s%3Acret`
    assert_eq!(asked.header("authorization"), Some("Basic a3BpK2V4cG9ydGVyOnMlM0FjcmV0"));
    let expected = [
        ("grant_type", "client_credentials"),
        ("scope", "read report:all"),
        ("audience", "https://api/"),
    ];
    assert_eq!(fields(asked), pairs(&expected));
}

#[tokio::test]
async fn credentials_in_the_body_are_in_no_header() {
    let (server, _) = server(json!({}), |_| true).await;
    fetch_once(&config(&server.url, OAuth2 { in_body: true, ..oauth(&server.url) })).await.unwrap();
    let public = OAuth2 { client_secret: None, ..oauth(&server.url) };
    fetch_once(&config(&server.url, public)).await.unwrap();
    let asked = server.asked();
    let (confidential, public) = (&asked[0], &asked[2]);
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_id", "kpi exporter"),
        ("client_secret", "s:cret"),
    ];
    assert_eq!(fields(confidential), pairs(&expected));
    assert_eq!(fields(public), pairs(&expected[..2]));
    assert!([confidential, public].iter().all(|asked| asked.header("authorization").is_none()));
}

#[tokio::test]
async fn many_fetches_at_once_ask_for_one_token() {
    let (server, given) = server(json!({ "expires_in": "3600" }), |_| true).await;
    let source = open(&config(&server.url, oauth(&server.url)));
    let mut fetches = JoinSet::new();
    for _ in 0..8 {
        let source = Arc::clone(&source);
        fetches.spawn(async move { fetch(&*source).await });
    }
    while let Some(outcome) = fetches.join_next().await {
        outcome.unwrap().unwrap();
    }
    assert_eq!(given.load(Ordering::SeqCst), 1);
    assert_eq!(server.asked().len(), 9);
}

#[tokio::test]
async fn many_fetches_at_once_are_refused_a_token_once() {
    let server = StandIn::start(|_| {
        stand_in::status(
            400,
            "application/json",
            r#"{"error": "invalid_client", "error_description": "Unknown client"}"#,
        )
    })
    .await;
    let source = open(&config(&server.url, oauth(&server.url)));
    // Polled in turn by one task, all begin before the first is answered.
    let outcomes = futures_util::future::join_all((0..8).map(|_| fetch(&*source))).await;
    for error in outcomes.into_iter().map(Result::unwrap_err) {
        let expected = "gives no access token: invalid_client (Unknown client)";
        assert!(error.message.contains(expected), "{error}");
        assert!(error.message.starts_with(host(&server.url)), "{error}");
        assert_eq!(error.kind, FetchErrorKind::Unreachable);
        assert!(error.hint.unwrap().contains("client_secret"));
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_token_is_replaced_before_it_expires() {
    let (server, given) = server(json!({ "expires_in": 0.5 }), |_| true).await;
    let source = open(&config(&server.url, oauth(&server.url)));
    let deadline = Instant::now() + Duration::from_mins(1);
    while given.load(Ordering::SeqCst) < 3 {
        assert!(Instant::now() < deadline, "still the first token");
        fetch(&*source).await.unwrap();
    }
    let refused = |asked: &Asked| asked.path() == "/token";
    assert!(server.asked().iter().filter(|asked| !refused(asked)).count() >= 3);
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let lets_in = |asked: &Asked| asked.header("authorization") == Some("Bearer token-2");
    let (good, given) = server(json!({}), lets_in).await;
    fetch_once(&config(&good.url, oauth(&good.url))).await.unwrap();
    assert_eq!(given.load(Ordering::SeqCst), 2);

    let (bad, given) = server(json!({}), |_| false).await;
    let error = fetch_once(&config(&bad.url, oauth(&bad.url))).await.unwrap_err();
    assert_eq!(given.load(Ordering::SeqCst), 2);
    assert!(error.message.ends_with("answered 401 Unauthorized: who?"), "{error}");
    assert!(error.hint.unwrap().contains("auth.oauth2"));
}

#[tokio::test]
async fn a_refresh_token_that_is_replaced_is_used_from_then_on() {
    let more = json!({ "refresh_token": "second", "expires_in": 0 });
    let (server, _) = server(more, |_| true).await;
    let first = Secret::fixed("first".to_owned());
    let oauth = OAuth2 { refresh_token: Some(first), ..oauth(&server.url) };
    let source = open(&config(&server.url, oauth));
    fetch(&*source).await.unwrap();
    fetch(&*source).await.unwrap();
    let asked = server.asked();
    let grants: Vec<_> = asked.iter().filter(|a| a.path() == "/token").map(fields).collect();
    assert_eq!(grants[0], pairs(&[("grant_type", "refresh_token"), ("refresh_token", "first")]));
    assert_eq!(grants[1], pairs(&[("grant_type", "refresh_token"), ("refresh_token", "second")]));
}

#[tokio::test]
async fn a_refresh_token_that_is_refused_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("refresh");
    std::fs::write(&file, "renewed").unwrap();
    let server = StandIn::start(|asked| match asked.path() {
        "/token" if asked.body.contains("renewed") => {
            stand_in::json(&json!({ "access_token": "token" }))
        }
        "/token" => stand_in::status(400, "text/json", r#"{"error": "invalid_grant"}"#),
        _ => value(),
    })
    .await;
    let refresh_token = Some(Secret::from_file("revoked".to_owned(), &file));
    let oauth = OAuth2 { refresh_token, ..oauth(&server.url) };
    fetch_once(&config(&server.url, oauth)).await.unwrap();
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_server_that_gives_something_else_than_a_token_is_named() {
    for (status, kind, body, expected) in [
        (200, "text/html", "<title>Sign in</title>", "answered without an access token"),
        (200, "application/json", "{}", "answered without an access token"),
        (404, "text/html", "<title>Lost</title>", "404 Not Found: an HTML page (\"Lost\")"),
        (302, "text/plain", "", "answered 302 Found"),
        (200, "application/json", r#"{"error": "slow_down"}"#, "no access token: slow_down"),
    ] {
        let server = StandIn::start(move |_| stand_in::status(status, kind, body)).await;
        let error =
            fetch_once(&config("http://127.0.0.1:9", oauth(&server.url))).await.unwrap_err();
        assert!(error.message.starts_with(host(&server.url)), "{error}");
        assert!(error.message.contains(expected), "{error}");
        assert_eq!(error.kind, FetchErrorKind::Unreachable);
    }
}

#[tokio::test]
async fn a_token_server_that_hangs_or_floods_ends_the_fetch() {
    for (fault, expected) in
        [(Fault::HangBeforeHeaders, "no answer from"), (Fault::Stream(1 << 20), "more than 64 KiB")]
    {
        let server = Faults::start(move |_| fault.clone()).await;
        let mut config = config("http://127.0.0.1:9", oauth(&server.url));
        config.timeout = Duration::from_millis(500);
        let source: Arc<dyn Source> = open(&config);
        let outcomes = futures_util::future::join_all((0..4).map(|_| fetch(&*source))).await;
        for error in outcomes.into_iter().map(Result::unwrap_err) {
            assert!(error.message.contains(expected), "{error}");
            assert!(error.message.contains(host(&server.url)), "{error}");
        }
    }
}

#[tokio::test]
async fn a_token_server_in_trouble_costs_neither_the_fetch_nor_the_refresh_token() {
    let asked = AtomicUsize::new(0);
    let server = StandIn::start(move |request| {
        if request.path() != "/token" {
            return value();
        }
        match asked.fetch_add(1, Ordering::SeqCst) {
            1 => stand_in::status(503, "text/json", r#"{"error": "temporarily_unavailable"}"#),
            _ => stand_in::json(&json!({
                "access_token": "token", "refresh_token": "rotated", "expires_in": 0,
            })),
        }
    })
    .await;
    let refresh_token = Some(Secret::fixed("configured"));
    let source = open(&config(&server.url, OAuth2 { refresh_token, ..oauth(&server.url) }));
    fetch(&*source).await.unwrap();
    fetch(&*source).await.unwrap();
    let asked = server.asked();
    let sent = |token: &str| asked.iter().filter(|asked| asked.body.contains(token)).count();
    assert_eq!((sent("configured"), sent("rotated")), (1, 2));
}
