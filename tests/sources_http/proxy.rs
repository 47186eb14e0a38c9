//! The way out: through a proxy, around it, or as the environment says.

use std::sync::{Arc, Mutex};

use kpi_exporter::source::SourceConfig;
use kpi_exporter::source::client::settings::Proxy;
use kpi_exporter::source::http::HttpConfig;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::client;
use crate::client_tests::{fetch_once, in_own_process, value};
use crate::faults::{Fault, Faults, read_head};
use crate::stand_in::{self, StandIn};
use crate::tls_server::{Authority, TlsServer};

/// A proxy that lets through to any port of this machine, whatever host was asked for.
struct Tunnel {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Tunnel {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let taken = Arc::clone(&asked);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let taken = Arc::clone(&taken);
                connections.spawn(async move {
                    let Some(head) = read_head(&mut client).await else { return };
                    let place = head.split_whitespace().nth(1).unwrap();
                    let port = place.rsplit(':').next().unwrap().to_owned();
                    taken.lock().unwrap().push(head);
                    let mut server = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
                    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
                    // Either side may go away when it has what it wants.
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { address, asked, _tasks: tasks }
    }
}

#[tokio::test]
async fn plain_requests_go_to_the_proxy_with_its_login() {
    let proxy = StandIn::start(|_| value()).await;
    let mut config = client("http://api.example.com:8080/v1");
    let url = proxy.url.replace("http://", "http://me:p%40ss@");
    config.proxy = Proxy::Url(url.into());
    fetch_once(&config).await.unwrap();
    let asked = &proxy.asked()[0];
    assert_eq!(asked.target, "http://api.example.com:8080/v1/data");
    // base64 of `me:p@ss`
    assert_eq!(asked.header("proxy-authorization"), Some("Basic bWU6cEBzcw=="));
}

#[tokio::test]
async fn encrypted_requests_go_through_the_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let server = TlsServer::start(&authority.issue("api.example.com"), None).await;
    let proxy = Tunnel::start().await;
    let mut config = client(&format!("https://api.example.com:{}", server.port));
    config.tls.ca_file = Some(ca);
    config.proxy = Proxy::Url(format!("http://{}", proxy.address).into());
    fetch_once(&config).await.unwrap();
    let asked = proxy.asked.lock().unwrap();
    assert!(asked[0].starts_with(&format!("CONNECT api.example.com:{} ", server.port)));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_says_no_is_told_as_such() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut config = client("http://api.example.com");
    config.retries = 0;
    config.proxy = Proxy::Url(format!("http://user:hunter22@{free}").into());
    let error = fetch_once(&config).await.unwrap_err();
    assert_eq!(error.message, format!("{free} (the proxy) refused the connection"));

    let denied = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    let server = Faults::start(|_| Fault::Say(denied.to_vec())).await;
    let mut config = client("https://api.example.com");
    config.proxy = Proxy::Url(server.url.replace("http://", "http://user:hunter22@").into());
    let error = fetch_once(&config).await.unwrap_err();
    let expected = "the proxy does not let through to api.example.com: proxy auth";
    assert!(error.message.starts_with(expected), "{error}");
    assert!(!error.to_string().contains("hunter22"));
}

#[test]
fn a_proxy_that_is_no_url_is_refused_without_being_shown() {
    let mut config = client("http://api.example.com");
    config.proxy = Proxy::Url("http://user:hunter22@pro xy".into());
    let error = SourceConfig::Http(HttpConfig(config)).open().map(drop).unwrap_err().to_string();
    assert!(error.contains("`proxy`") && !error.contains("hunter22"), "{error}");
}

#[test]
#[ignore = "run by another test, in an environment of its own"]
#[expect(clippy::disallowed_methods, reason = "this is the process that was given an environment")]
fn asks_as_the_environment_says() {
    let mut config = client(&std::env::var("ASKED_SERVER").unwrap());
    config.retries = 0;
    config.proxy = Proxy::Environment;
    if std::env::var("ASKED_STRAIGHT").is_ok() {
        config.proxy = Proxy::Off;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(fetch_once(&config));
    match std::env::var("TOLD") {
        Ok(expected) => assert_eq!(outcome.unwrap_err().message, expected),
        Err(_) => outcome.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_the_proxy_unless_it_is_off_or_the_host_is_excepted() {
    let server = StandIn::start(|_| value()).await;
    let proxy = StandIn::start(|_| stand_in::ok("application/json", r#"{"value": 2}"#)).await;
    let (server_url, proxy_url) = (server.url.clone(), proxy.url.clone());
    let asks = |environment: &[(&str, &str)]| {
        in_own_process("proxy::asks_as_the_environment_says", environment)
    };
    let set = [("ASKED_SERVER", server_url.as_str()), ("http_proxy", proxy_url.as_str())];
    assert!(asks(&set));
    assert_eq!((server.asked().len(), proxy.asked().len()), (0, 1));

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://user:hunter22@{free}");
    let told = format!("{free} (the proxy) refused the connection");
    assert!(asks(&[set[0], ("http_proxy", &gone), ("TOLD", &told)]));

    let excepted = [set[0], set[1], ("no_proxy", "example.org,127.0.0.1")];
    assert!(asks(&excepted));
    assert_eq!((server.asked().len(), proxy.asked().len()), (1, 1));

    assert!(asks(&[set[0], set[1], ("ASKED_STRAIGHT", "yes")]));
    assert_eq!((server.asked().len(), proxy.asked().len()), (2, 1));
}
