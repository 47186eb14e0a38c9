//! Redirects: followed within limits, and with nothing secret to another server.

use kpi_exporter::metric::FetchErrorKind;
use kpi_exporter::secret::Secret;
use kpi_exporter::source::client::settings::{ApiKeyPlace, Auth};

use crate::client;
use crate::client_tests::{fetch_once, host, value};
use crate::stand_in::{Reply, StandIn, status};

fn to(code: u16, location: &str) -> Reply {
    let mut reply = status(code, "text/plain", "");
    reply.headers_mut().insert("location", location.parse().unwrap());
    reply
}

fn secret(text: &str) -> Secret {
    Secret::fixed(text.to_owned())
}

#[tokio::test]
async fn the_same_server_gets_everything_again() {
    let server = StandIn::start(|asked| match asked.path() {
        "/data" => to(307, "/moved?page=1"),
        _ => value(),
    })
    .await;
    let mut config = client(&server.url);
    config.auth = Auth::ApiKey { place: ApiKeyPlace::Query("key".into()), key: secret("k3y!") };
    config.headers = vec![("X-Team".into(), secret("growth"))];
    fetch_once(&config).await.unwrap();
    let asked = &server.asked()[1];
    assert_eq!(asked.path(), "/moved");
    assert_eq!(asked.param("page").as_deref(), Some("1"));
    assert_eq!(asked.param("key").as_deref(), Some("k3y!"));
    assert_eq!(asked.header("x-team"), Some("growth"));
    assert_eq!(asked.header("referer"), None);
}

#[tokio::test]
async fn another_server_gets_nothing_secret() {
    let other = StandIn::start(|_| value()).await;
    let place = || ApiKeyPlace::Header("X-Api-Key".into());
    for auth in [
        Auth::Bearer(secret("t0ken")),
        Auth::Basic { user: "u".into(), password: secret("t0ken") },
        Auth::ApiKey { place: place(), key: secret("t0ken") },
        Auth::ApiKey { place: ApiKeyPlace::Query("key".into()), key: secret("t0ken") },
    ] {
        // An echo of the whole query, as some servers do it.
        let target = format!("{}/elsewhere", other.url);
        let server = StandIn::start(move |asked| {
            let query = asked.target.split_once('?').map_or("a=b", |(_, query)| query);
            to(302, &format!("{target}?{query}"))
        })
        .await;
        let mut config = client(&server.url);
        config.auth = auth;
        config.headers = vec![("X-Tenant".into(), secret("t0ken"))];
        fetch_once(&config).await.unwrap();
        let asked = other.asked().pop().unwrap();
        assert_eq!(asked.path(), "/elsewhere");
        assert!(!format!("{asked:?}").contains("t0ken"), "{asked:?}");
        assert!(!format!("{asked:?}").contains("dTp0MGtlbg"), "{asked:?}");
        for name in ["authorization", "x-api-key", "x-tenant", "referer"] {
            assert_eq!(asked.header(name), None, "{name}");
        }
    }
    assert_eq!(other.asked().len(), 4);
}

#[tokio::test]
async fn who_was_sent_away_and_comes_back_is_a_stranger() {
    let back: std::sync::Arc<std::sync::OnceLock<String>> = std::sync::Arc::default();
    let target = std::sync::Arc::clone(&back);
    let other = StandIn::start(move |_| to(302, target.get().unwrap())).await;
    let away = other.url.clone();
    let server = StandIn::start(move |asked| match asked.path() {
        "/data" => to(302, &away),
        _ => value(),
    })
    .await;
    back.set(format!("{}/admin", server.url)).unwrap();
    let mut config = client(&server.url);
    config.auth = Auth::Bearer(secret("t0ken"));
    fetch_once(&config).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].header("authorization"), Some("Bearer t0ken"));
    assert_eq!((asked[1].path(), asked[1].header("authorization")), ("/admin", None));
}

#[tokio::test]
async fn an_endless_loop_ends_with_its_length_and_place() {
    let server = StandIn::start(|_| to(302, "/data?secret=1")).await;
    let error = fetch_once(&client(&server.url)).await.unwrap_err();
    let host = host(&server.url);
    let expected = format!("{host} redirected 6 times, at last to http://{host}");
    assert_eq!(error.message, expected);
    assert_eq!(error.kind, FetchErrorKind::Query);
    assert_eq!(server.asked().len(), 6);
}

#[tokio::test]
async fn a_source_that_follows_none_says_where_it_would_have_gone() {
    let server = StandIn::start(|_| to(301, "http://elsewhere.example/x")).await;
    let mut config = client(&server.url);
    config.max_redirects = 0;
    let error = fetch_once(&config).await.unwrap_err();
    assert!(error.message.ends_with("at last to http://elsewhere.example"), "{error}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn what_leads_nowhere_is_an_answer_like_any_other() {
    let server = StandIn::start(|_| status(302, "text/plain", "moved")).await;
    let error = fetch_once(&client(&server.url)).await.unwrap_err();
    assert!(error.message.ends_with("answered 302 Found: moved"), "{error}");
    let server = StandIn::start(|_| to(302, "ftp://host/file")).await;
    let error = fetch_once(&client(&server.url)).await.unwrap_err();
    assert!(error.message.contains("which is not HTTP"), "{error}");
}
