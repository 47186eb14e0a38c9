use std::net::TcpListener;
use std::time::Duration;

use kpi_exporter::metric::FetchErrorKind;
use kpi_exporter::source::sql::SqlConfig;

use super::sqlite::shop;
use super::{config, login, open};
use crate::ask::table;

#[tokio::test]
async fn a_server_that_never_answers_times_out_and_holds_up_nobody() {
    // The system takes the connections; nobody ever reads from them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let lite = shop(&["CREATE TABLE t (value)"]).await;
    let works = open(&config(&lite.url()));
    for kind in ["postgres", "mysql"] {
        let timeout = Duration::from_secs(3);
        let url = format!("{kind}://127.0.0.1:{port}/shop");
        let source = open(&SqlConfig { timeout, ..login(&url) });
        let hanging = table(&source, "SELECT 1");
        tokio::pin!(hanging);
        tokio::select! {
            biased;
            answer = &mut hanging => panic!("{answer:?}"),
            answer = table(&works, "SELECT 1") => assert!(answer.is_ok()),
        }
        let error = hanging.await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Timeout);
        let expected = format!("no answer from {kind} at 127.0.0.1:{port}/shop within 3 s");
        assert_eq!(error.message, expected);
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_reported_at_once_and_no_reason_not_to_start() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for kind in ["postgres", "mysql"] {
        let source = open(&config(&format!("{kind}://kpi:top-secret@127.0.0.1:{port}/shop")));
        let error = tokio::time::timeout(Duration::from_secs(20), table(&source, "SELECT 1"));
        let error = error.await.expect("long before the time limit").unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Unreachable);
        let expected = format!("cannot connect to {kind} at 127.0.0.1:{port}/shop: ");
        assert!(error.message.starts_with(&expected), "{error}");
        assert!(!format!("{error:?} {source:?}").contains("top-secret"));
    }
}
