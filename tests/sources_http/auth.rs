//! Logins with credentials of one's own: how they are sent, and what a refusal leads to.

use kpi_exporter::metric::FetchErrorKind;
use kpi_exporter::secret::Secret;
use kpi_exporter::source::client::settings::{ApiKeyPlace, Auth};

use crate::client;
use crate::client_tests::{fetch, fetch_once, open, value};
use crate::stand_in::{self, Asked, Reply, StandIn};

fn secret(text: &str) -> Secret {
    Secret::fixed(text.to_owned())
}

fn refused(status: u16) -> Reply {
    stand_in::status(status, "application/json", r#"{"message": "who are you"}"#)
}

/// Lets in who says so.
fn only_with(header: &'static str, expected: &'static str) -> impl Fn(&Asked) -> Reply {
    move |asked| if asked.header(header) == Some(expected) { value() } else { refused(401) }
}

#[tokio::test]
async fn each_kind_of_login_is_sent_as_servers_expect_it() {
    let key_in = |place| Auth::ApiKey { place, key: secret("k&y") };
    for (auth, header, expected) in [
        (Auth::Bearer(secret("t0ken")), "authorization", "Bearer t0ken"),
        (
            Auth::Basic { user: "Aladdin".into(), password: secret("open sesame") },
            "authorization",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        (key_in(ApiKeyPlace::Header("X-Api-Key".into())), "x-api-key", "k&y"),
    ] {
        let server = StandIn::start(only_with(header, expected)).await;
        let mut config = client(&server.url);
        config.auth = auth;
        fetch_once(&config).await.unwrap();
        assert_eq!(server.asked().len(), 1);
    }
    let server = StandIn::start(|_| value()).await;
    let mut config = client(&server.url);
    config.auth = key_in(ApiKeyPlace::Query("api_key".into()));
    fetch_once(&config).await.unwrap();
    assert_eq!(server.asked()[0].params(), [("api_key".to_owned(), "k&y".to_owned())]);
}

#[tokio::test]
async fn a_new_token_in_the_file_is_read_when_the_old_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "new-token\n").unwrap();
    let server = StandIn::start(only_with("authorization", "Bearer new-token")).await;
    let mut config = client(&server.url);
    config.auth = Auth::Bearer(Secret::from_file("old-token".to_owned(), &file));
    let source = open(&config);
    fetch(&*source).await.unwrap();
    fetch(&*source).await.unwrap();
    let sent: Vec<_> =
        server.asked().iter().map(|a| a.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(sent, ["Bearer old-token", "Bearer new-token", "Bearer new-token"]);
}

#[tokio::test]
async fn a_new_key_in_a_header_of_the_source_is_read_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, "new-key").unwrap();
    let server = StandIn::start(only_with("x-key", "new-key")).await;
    let mut config = client(&server.url);
    config.headers = vec![("X-Key".into(), Secret::from_file("old-key".to_owned(), &file))];
    fetch_once(&config).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_login_that_stays_the_same_is_not_tried_twice() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "wrong-password").unwrap();
    let password = Secret::from_file("wrong-password".to_owned(), &file);
    let server = StandIn::start(|_| refused(401)).await;
    let mut config = client(&server.url);
    config.auth = Auth::Basic { user: "u".into(), password };
    let error = fetch_once(&config).await.unwrap_err();
    assert_eq!(server.asked().len(), 1);
    assert_eq!(error.kind, FetchErrorKind::Unreachable);
    assert!(error.message.ends_with("answered 401 Unauthorized: who are you"), "{error}");
    assert!(error.hint.unwrap().contains("auth.basic"));
}

#[tokio::test]
async fn a_new_login_that_is_refused_too_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "also-wrong").unwrap();
    let server = StandIn::start(|_| refused(401)).await;
    let mut config = client(&server.url);
    config.auth = Auth::Bearer(Secret::from_file("wrong".to_owned(), &file));
    let error = fetch_once(&config).await.unwrap_err();
    assert_eq!(server.asked().len(), 2);
    assert_eq!(error.kind, FetchErrorKind::Unreachable);
    assert!(error.hint.unwrap().contains("auth.bearer"));
}

#[tokio::test]
async fn who_may_not_see_something_is_told_so_without_a_second_try() {
    let server = StandIn::start(|_| refused(403)).await;
    let error = fetch_once(&client(&server.url)).await.unwrap_err();
    assert_eq!(server.asked().len(), 1);
    assert!(error.message.contains("403 Forbidden: who are you"), "{error}");
    assert!(error.hint.unwrap().contains("set `auth`"));
}

#[tokio::test]
async fn a_secret_that_no_header_can_hold_is_told_without_it() {
    let mut config = client("http://127.0.0.1:9");
    config.auth = Auth::Bearer(secret("two\nlines"));
    let error = fetch_once(&config).await.unwrap_err();
    assert!(error.to_string().contains("line end") && !error.to_string().contains("two"));
}
