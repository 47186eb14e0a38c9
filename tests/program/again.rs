//! What a client has is not sent again, by a running daemon: pages, API and badges.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter};

/// The head and the body of the answer to a GET.
fn get(exporter: &Exporter, path: &str, known: &str) -> (String, String) {
    let mut stream = TcpStream::connect(exporter.address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let host = exporter.address;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nIf-None-Match: {known}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

#[test]
fn what_a_client_has_is_a_304_without_a_body_until_it_changes() {
    let demo = Exporter::start(&["demo"]);
    demo.until("values", |metrics| metrics.contains("\nkpi_value"));
    for path in [
        "/",
        "/?status=off_track",
        "/kpi/trial_to_paid",
        "/review",
        "/sources",
        "/runbooks/KPINoData",
        "/api/v1/kpis",
        "/api/v1/review",
        "/openapi.json",
        "/badge/trial_to_paid.svg",
    ] {
        let (head, body) = get(&demo, path, "\"another\"");
        assert!(head.starts_with("http/1.1 200") && !body.is_empty(), "{path}: {head}");
        // History comes in meanwhile: what has changed is sent anew, and in the end it is the same.
        let started = Instant::now();
        let again = loop {
            let (head, _) = get(&demo, path, "");
            let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
            let (again, body) = get(&demo, path, tag);
            if again.starts_with("http/1.1 304") {
                assert_eq!(body, "", "{path}");
                break again;
            }
            assert!(again.starts_with("http/1.1 200"), "{path}: {again}");
            assert!(started.elapsed() < DEADLINE, "{path}: {again}");
        };
        assert!(again.contains("etag: "), "{path}: {again}");
    }
    let (metrics, _) = get(&demo, "/metrics", "*");
    assert!(metrics.starts_with("http/1.1 200"), "a scrape is always answered: {metrics}");
}
