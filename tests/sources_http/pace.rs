//! Rate limits, `Retry-After` and retries.

use std::sync::Arc;
use std::time::Duration;

use kpi_exporter::metric::FetchErrorKind;
use tokio::time::Instant;

use crate::client;
use crate::client_tests::{fetch, fetch_once, open, value};
use crate::stand_in::{Reply, StandIn, status};

/// A refusal that says when to come back.
fn later(code: u16, retry_after: &str) -> Reply {
    let mut reply = status(code, "application/json", r#"{"message": "slow down"}"#);
    reply.headers_mut().insert("retry-after", retry_after.parse().unwrap());
    reply
}

/// A server that answers its first request with a status, all others with a value.
async fn first(code: u16, retry_after: Option<&'static str>) -> StandIn {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    StandIn::start(move |_| {
        match (asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst), retry_after) {
            (0, Some(retry_after)) => later(code, retry_after),
            (0, None) => status(code, "text/plain", "try again"),
            _ => value(),
        }
    })
    .await
}

#[tokio::test]
async fn requests_are_spread_over_time() {
    let server = StandIn::start(|_| value()).await;
    let mut config = client(&server.url);
    config.requests_per_second = Some(20.0);
    config.timeout = Duration::from_secs(30);
    let source = open(&config);
    let started = Instant::now();
    let outcomes = futures_util::future::join_all((0..11).map(|_| fetch(&*source))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(server.asked().len(), 11);
    assert!(started.elapsed() >= Duration::from_millis(500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn waiting_for_a_turn_is_not_on_the_time_of_the_fetch() {
    let server = StandIn::start(|_| value()).await;
    let mut config = client(&server.url);
    config.requests_per_second = Some(2.0);
    config.timeout = Duration::from_secs(1);
    let source = open(&config);
    let started = Instant::now();
    let outcomes = futures_util::future::join_all((0..4).map(|_| fetch(&*source))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!(started.elapsed() >= Duration::from_millis(1500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    for code in [429, 502, 503, 504] {
        let server = first(code, None).await;
        fetch_once(&client(&server.url)).await.unwrap();
        assert_eq!(server.asked().len(), 2, "{code}");
    }
    for code in [400, 403, 404, 408, 500, 501] {
        let server = first(code, None).await;
        fetch_once(&client(&server.url)).await.unwrap_err();
        assert_eq!(server.asked().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_failure_that_stays_is_told_after_the_last_try() {
    let server = StandIn::start(|_| status(503, "text/plain", "upstream gone")).await;
    let mut config = client(&server.url);
    config.retries = 1;
    let error = fetch_once(&config).await.unwrap_err();
    assert_eq!(server.asked().len(), 2);
    assert!(error.message.ends_with("answered 503 Service Unavailable: upstream gone"), "{error}");
    assert_eq!((error.kind, error.retry_after), (FetchErrorKind::Unreachable, None));
}

#[tokio::test]
async fn there_is_no_retry_without_time_for_it() {
    let server = StandIn::start(|_| status(503, "text/plain", "upstream gone")).await;
    let mut config = client(&server.url);
    config.timeout = Duration::from_millis(300);
    let error = fetch_once(&config).await.unwrap_err();
    assert!(error.message.contains("503"), "{error}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_says_when_is_asked_then() {
    for code in [429, 503] {
        let server = first(code, Some("1")).await;
        let started = Instant::now();
        fetch_once(&client(&server.url)).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_server_that_says_too_late_is_left_alone_and_the_scheduler_is_told() {
    for (code, asked, expected) in [(429, "120", 120), (503, "120", 120), (429, "999999", 3600)] {
        let server = first(code, Some(asked)).await;
        let error = fetch_once(&client(&server.url)).await.unwrap_err();
        assert_eq!(error.retry_after, Some(Duration::from_secs(expected)), "{error}");
        assert!(error.message.ends_with(": slow down"), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn one_fetch_that_is_sent_away_speaks_for_all() {
    let server = first(429, Some("120")).await;
    let source = open(&client(&server.url));
    let first = fetch(&*source).await.unwrap_err();
    let second = fetch(&*source).await.unwrap_err();
    assert_eq!(first.message, second.message);
    assert!(second.retry_after.unwrap() <= first.retry_after.unwrap());
    assert!(second.retry_after.unwrap() > Duration::from_mins(1));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn fetches_that_can_wait_do_and_then_go_on() {
    let server = first(429, Some("1")).await;
    let mut config = client(&server.url);
    config.retries = 0;
    let source = open(&config);
    let started = Instant::now();
    let error = fetch(&*source).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(1)));
    let waiting = (0..4).map(|_| {
        let source = Arc::clone(&source);
        async move { fetch(&*source).await }
    });
    let outcomes = futures_util::future::join_all(waiting).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
}
