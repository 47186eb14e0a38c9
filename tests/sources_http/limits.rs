//! Limits of time and size, against a server that respects none.

use std::time::Duration;

use kpi_exporter::metric::{Cell, FetchErrorKind};
use kpi_exporter::source::http::HttpQuery;
use tokio::time::Instant;

use crate::client_tests::{fetch, fetch_once, host, in_own_process, open};
use crate::faults::{Fault, Faults};
use crate::http::{columns, get, metric, template};
use crate::{ask, client};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                  Content-Length: 12\r\n\r\n{\"value\": 1}";

#[tokio::test]
async fn a_server_that_does_not_answer_in_time_is_named() {
    for (fault, expected) in [
        (Fault::HangBeforeHeaders, "no answer from HOST within 0.3 s"),
        (Fault::HangInBody, "the answer of HOST was not complete within 0.3 s: 10 bytes"),
        (Fault::Drip, "the answer of HOST was not complete within 0.3 s: "),
    ] {
        let server = Faults::start(move |_| fault.clone()).await;
        let mut config = client(&server.url);
        config.timeout = Duration::from_millis(300);
        let error = fetch_once(&config).await.unwrap_err();
        let expected = expected.replace("HOST", host(&server.url));
        assert!(error.message.starts_with(&expected), "{error}");
        assert_eq!(error.kind, FetchErrorKind::Timeout);
        assert!(error.hint.unwrap().contains("`timeout`"));
        assert_eq!(server.asked().len(), 1, "a timeout is not tried again");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_given_up_early() {
    for fault in [
        Fault::Stream(100 << 20),
        Fault::GzipBomb(20 << 20),
        Fault::Promise(100 << 20),
        Fault::Stream((1 << 20) + 1),
    ] {
        let server = Faults::start(move |_| fault.clone()).await;
        let mut config = client(&server.url);
        config.max_body = 1 << 20;
        let error = fetch_once(&config).await.unwrap_err();
        let host = host(&server.url);
        assert_eq!(error.message, format!("the answer of {host} has more than 1 MiB unpacked"));
        assert_eq!(error.kind, FetchErrorKind::Shape);
        assert!(error.hint.unwrap().contains("`max_body`"));
        assert_eq!(server.asked().len(), 1);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_takes_no_more_memory_than_the_limit_allows() {
    for flood in [Fault::Stream(100 << 20), Fault::GzipBomb(100 << 20)] {
        let server = Faults::start(move |_| flood.clone()).await;
        let test = "limits::fetches_a_flood";
        assert!(in_own_process(test, &[("ASKED_SERVER", &server.url)]));
        assert_eq!(server.asked().len(), 2);
    }
}

/// Most memory that this process ever held, in MiB.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "the system says no more than a page")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[expect(clippy::disallowed_methods, reason = "this is the process that was given an environment")]
fn asked_server() -> String {
    std::env::var("ASKED_SERVER").unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn fetches_a_flood() {
    let source = open(&client(&asked_server()));
    let before = peak();
    for _ in 0..2 {
        let error = fetch(&*source).await.unwrap_err();
        assert!(error.message.contains("more than 32 MiB"), "{error}");
    }
    let grown = peak() - before;
    assert!(grown < 50, "{grown} MiB more");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_is_never_in_memory_as_a_tree() {
    let row = r#"{"id": 1, "state": "open", "amount": 2, "customer": {"name": "x", "tier": 3}},"#;
    let rows = row.repeat((12 << 20) / row.len());
    let body = format!(r#"{{"data": [{}]}}"#, rows.trim_end_matches(','));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    let answer = format!("{head}{}\r\n\r\n{body}", body.len());
    let server = Faults::start(move |_| Fault::Say(answer.clone().into())).await;
    let test = "limits::reads_a_long_answer";
    assert!(in_own_process(test, &[("ASKED_SERVER", &server.url)]));
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn reads_a_long_answer() {
    let source = open(&client(&asked_server()));
    let query = HttpQuery {
        rows: Some("$.data[*]".into()),
        columns: columns(&[("amount", "$.amount")]),
        sql: Some(template("SELECT sum(amount) > 100000 AS value FROM rows")),
        ..get("/")
    };
    let before = peak();
    let table = source.fetch(&ask::request(metric(query))).await.unwrap();
    assert_eq!(table.rows, [[Cell::Number(1.0)]]);
    let grown = peak() - before;
    assert!(grown < 50, "{grown} MiB more");
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_and_told_when_it_stays_broken() {
    for (fault, expected) in [
        (Fault::Reset, "broke off the connection without an answer"),
        (Fault::Close, "broke off the connection without an answer"),
        (Fault::Truncated, "ended early after 10 bytes"),
    ] {
        let once = fault.clone();
        let good = Faults::start(move |number| match number {
            0 => once.clone(),
            _ => Fault::Say(OK.into()),
        })
        .await;
        fetch_once(&client(&good.url)).await.unwrap();
        assert_eq!(good.asked().len(), 2, "{fault:?}");

        let bad = Faults::start(move |_| fault.clone()).await;
        let mut config = client(&bad.url);
        config.retries = 1;
        let error = fetch_once(&config).await.unwrap_err();
        assert!(error.message.contains(expected), "{error}");
        assert!(error.message.contains(host(&bad.url)), "{error}");
        assert_eq!(error.kind, FetchErrorKind::Unreachable);
        assert_eq!(bad.asked().len(), 2);
    }
}

#[tokio::test]
async fn what_is_no_http_is_told_so() {
    for (bytes, expected) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "does not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "is no proper HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip",
            "cannot be unpacked",
        ),
    ] {
        let server = Faults::start(move |_| Fault::Say(bytes.to_vec())).await;
        let error = fetch_once(&client(&server.url)).await.unwrap_err();
        assert!(error.message.contains(expected), "{error}");
        assert_eq!(server.asked().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn nobody_there_and_no_such_name_are_told_apart() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut config = client(&format!("http://{free}"));
    config.retries = 0;
    let error = fetch_once(&config).await.unwrap_err();
    assert_eq!(error.message, format!("{free} refused the connection"));
    assert_eq!(error.kind, FetchErrorKind::Unreachable);

    config.url = "http://no-such-host.invalid/v1".into();
    let error = fetch_once(&config).await.unwrap_err();
    assert_eq!(error.message, "cannot find host `no-such-host.invalid`");
    assert_eq!(error.kind, FetchErrorKind::Unreachable);
}

#[tokio::test]
async fn a_source_recovers_by_itself() {
    let server = Faults::start(|number| match number {
        0 => Fault::HangInBody,
        1 => Fault::GzipBomb(40 << 20),
        2 => Fault::Say(b"garbage\r\n\r\n".to_vec()),
        _ => Fault::Say(OK.into()),
    })
    .await;
    let mut config = client(&server.url);
    config.timeout = Duration::from_secs(2);
    config.retries = 0;
    let source = open(&config);
    let started = Instant::now();
    for _ in 0..3 {
        fetch(&*source).await.unwrap_err();
    }
    assert!(started.elapsed() >= config.timeout);
    fetch(&*source).await.unwrap();
}
