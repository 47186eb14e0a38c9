//! Secrets of every kind, sent to servers that repeat all they hear: none of them is ever shown.

use std::time::Duration;

use kpi_exporter::secret::Secret;
use kpi_exporter::source::client::settings::{ApiKeyPlace, Auth, ClientConfig, OAuth2, Proxy};
use serde_json::json;

use crate::client;
use crate::client_tests::{open, traced, value};
use crate::stand_in::{self, Asked, Reply, StandIn};

const SECRET: &str = "S3cret/\"ä+& ";

/// As it is, in a form, in a path, in JSON, in Basic.
const FORMS: [&str; 6] = [
    "S3cret",
    "S3cret%2F",
    "S3cret/",
    // base64 of `user:S3cret/"ä+& `, `user:S3cret%2F...`, from any of three offsets on.
    "dXNlcjpTM2NyZXQ",
    "UzNjcmV0",
    "NjcmV0",
];

fn secret() -> Secret {
    Secret::fixed(SECRET.to_owned())
}

fn oauth(server: &str) -> Auth {
    Auth::OAuth2(Box::new(OAuth2 {
        token_url: format!("{server}/token/S3cret-in-a-path").into(),
        client_id: "user".into(),
        client_secret: Some(secret()),
        refresh_token: Some(secret()),
        scopes: vec!["read".into()],
        params: vec![("assertion".into(), secret())],
        in_body: true,
    }))
}

fn logins(server: &str) -> Vec<Auth> {
    let key = |place| Auth::ApiKey { place, key: secret() };
    vec![
        Auth::None,
        Auth::Bearer(Secret::fixed("S3cret-bearer")),
        Auth::Basic { user: "user".into(), password: secret() },
        Auth::ApiKey {
            place: ApiKeyPlace::Header("X-Key".into()),
            key: Secret::fixed("S3cret-key"),
        },
        key(ApiKeyPlace::Query("api key".into())),
        oauth(server),
    ]
}

/// All that was asked, in text, JSON and HTML.
fn echo(status: u16, asked: &Asked) -> Reply {
    let all = format!("{asked:?} {}", asked.target);
    match asked.headers.len() % 3 {
        0 => stand_in::status(status, "application/json", json!({ "message": all }).to_string()),
        1 => stand_in::status(status, "text/html", format!("<title>{all}</title>")),
        _ => stand_in::status(status, "text/plain", all),
    }
}

/// Every kind of secret at once; those in headers are ASCII.
fn config(server: &str, auth: Auth) -> ClientConfig {
    let mut config = client(&format!("{server}/S3cretS3cretS3cret12"));
    config.headers = vec![("X-Internal".into(), Secret::fixed("S3cret-header".to_owned()))];
    config.auth = auth;
    config.retries = 1;
    config.timeout = Duration::from_secs(20);
    config
}

async fn shows_nothing(config: &ClientConfig) {
    let source = open(config);
    let (outcome, trace) = traced(&*source).await;
    let shown = format!("{outcome:?} {trace} {config:?}");
    for form in FORMS {
        assert!(!shown.contains(form), "{form} is in {shown}");
    }
    assert!(trace.contains("/***/data") || trace.contains("access token"), "{trace}");
}

#[tokio::test]
async fn no_refusal_shows_a_secret() {
    for status in [200, 400, 401, 403, 404, 500] {
        let server = StandIn::start(move |asked| match asked.path() {
            path if path.starts_with("/token") && status != 400 => stand_in::json(
                &json!({ "access_token": "S3cret-token", "refresh_token": "S3cret-2" }),
            ),
            path if path.starts_with("/token") => {
                let body = json!({ "error": "invalid_client", "error_description": asked.body });
                stand_in::status(401, "application/json", body.to_string())
            }
            _ => echo(status, asked),
        })
        .await;
        for auth in logins(&server.url) {
            shows_nothing(&config(&server.url, auth)).await;
        }
    }
}

#[tokio::test]
async fn no_redirect_shows_a_secret() {
    let other = StandIn::start(|_| stand_in::status(404, "text/plain", "nothing here")).await;
    let target = other.url.clone();
    let server = StandIn::start(move |_| {
        let mut reply = stand_in::status(302, "text/plain", "");
        let location = format!("{target}/S3cret-signed?signature=S3cret");
        reply.headers_mut().insert("location", location.parse().unwrap());
        reply
    })
    .await;
    shows_nothing(&config(&server.url, Auth::None)).await;
    assert_eq!(other.asked().len(), 1);
}

#[tokio::test]
async fn no_failure_of_a_proxy_or_a_connection_shows_a_secret() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut config = config(&format!("http://{free}"), Auth::Bearer(Secret::fixed("S3cret-b")));
    shows_nothing(&config).await;
    config.proxy = Proxy::Url(format!("http://user:S3cret-p@{free}").into());
    shows_nothing(&config).await;
}

#[tokio::test]
async fn a_trace_tells_all_that_is_no_secret() {
    let server = StandIn::start(|asked| match asked.path() {
        "/token" => stand_in::json(&json!({ "access_token": "S3cret-token", "expires_in": 60 })),
        "/data" => {
            let mut reply = stand_in::status(302, "text/plain", "");
            reply.headers_mut().insert("location", "/there".parse().unwrap());
            reply
        }
        _ => value(),
    })
    .await;
    let mut config = client(&server.url);
    config.headers = vec![("Accept-Language".into(), Secret::fixed("en".to_owned()))];
    config.auth = oauth(&server.url);
    if let Auth::OAuth2(oauth) = &mut config.auth {
        oauth.token_url = format!("{}/token", server.url).into();
    }
    let (outcome, trace) = traced(&*open(&config)).await;
    outcome.unwrap();
    for part in [
        &format!("POST {} for an access token", server.url),
        "grant_type: refresh_token",
        "client_secret: ***",
        "scope: read",
        &format!("GET {}/data\n", server.url),
        "accept-language: en",
        "authorization: ***",
        &format!("302 Found: redirected to {}\n", server.url),
        &format!("GET {}/***\n", server.url),
        "200 OK, 11 bytes in ",
        "content-type: application/json",
        r#"{"value":1}"#,
    ] {
        assert!(trace.contains(part), "{part} is not in {trace}");
    }
}
