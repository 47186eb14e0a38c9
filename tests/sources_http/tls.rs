//! Encrypted connections: private authorities, client certificates, and certificates that are not
//! good.

use std::path::PathBuf;

use kpi_exporter::metric::FetchErrorKind;
use kpi_exporter::source::client::settings::ClientConfig;
use tempfile::TempDir;

use crate::client;
use crate::client_tests::{fetch, fetch_once, open};
use crate::faults::{Fault, Faults};
use crate::stand_in::StandIn;
use crate::tls_server::{Authority, Identity, TlsServer};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn https(server: &TlsServer) -> ClientConfig {
    let mut config = client(&format!("https://localhost:{}", server.port));
    config.retries = 0;
    config
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let server = TlsServer::start(&authority.issue("localhost"), None).await;
    let mut config = https(&server);
    let error = fetch_once(&config).await.unwrap_err();
    let place = format!("localhost:{}", server.port);
    let what = "is self-signed or of an authority that is not known here";
    assert_eq!(error.message, format!("the certificate of {place} {what}"));
    assert_eq!(error.kind, FetchErrorKind::Unreachable);
    assert!(error.hint.unwrap().contains("`tls.ca_file`"));
    config.tls.ca_file = Some(folder.write("ca.pem", &authority.pem()));
    fetch_once(&config).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_told_why() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let ca = folder.write("ca.pem", &authority.pem());
    for (identity, message, hint) in [
        (authority.issue_expired("localhost"), "has expired on 2020-12-31", "another one"),
        (authority.issue("example.com"), "is for another name: example.com", "a name in the URL"),
        (Identity::self_signed("localhost"), "is self-signed or of an authority", "tls.ca_file"),
        (Authority::new().issue("localhost"), "is self-signed or of an auth", "tls.ca_file"),
    ] {
        let server = TlsServer::start(&identity, None).await;
        let mut config = https(&server);
        config.tls.ca_file = Some(ca.clone());
        let error = fetch_once(&config).await.unwrap_err();
        assert!(error.message.contains(message), "{error}");
        assert!(error.hint.unwrap().contains(hint));
        assert_eq!(error.kind, FetchErrorKind::Unreachable);
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_when_it_is_named() {
    let folder = Folder::new();
    let identity = Identity::self_signed("localhost");
    let server = TlsServer::start(&identity, None).await;
    let mut config = https(&server);
    config.tls.ca_file = Some(folder.write("ca.pem", &identity.cert));
    fetch_once(&config).await.unwrap();
}

#[tokio::test]
async fn a_server_may_want_a_certificate() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let server = TlsServer::start(&authority.issue("localhost"), Some(&authority)).await;
    let mut config = https(&server);
    config.tls.ca_file = Some(folder.write("ca.pem", &authority.pem()));
    let error = fetch_once(&config).await.unwrap_err();
    assert!(error.message.contains("refused the encrypted connection"), "{error}");
    assert!(error.hint.unwrap().contains("`tls.cert_file`"));

    let me = authority.issue("me");
    config.tls.cert_file = Some(folder.write("me.pem", &me.cert));
    config.tls.key_file = Some(folder.write("me.key", &me.key));
    fetch_once(&config).await.unwrap();
    config.tls.cert_file = Some(folder.write("both.pem", &format!("{}{}", me.key, me.cert)));
    config.tls.key_file = None;
    fetch_once(&config).await.unwrap();

    let stranger = Authority::new().issue("me");
    config.tls.cert_file =
        Some(folder.write("stranger.pem", &format!("{}{}", stranger.cert, stranger.key)));
    let error = fetch_once(&config).await.unwrap_err();
    assert!(error.message.contains("does not accept this program's certificate"), "{error}");
}

#[tokio::test]
async fn new_certificates_are_used_without_a_restart() {
    let (old, new, folder) = (Authority::new(), Authority::new(), Folder::new());
    let server = TlsServer::start(&new.issue("localhost"), Some(&new)).await;
    let mut config = https(&server);
    config.tls.ca_file = Some(folder.write("ca.pem", &old.pem()));
    let me = old.issue("me");
    config.tls.cert_file = Some(folder.write("me.pem", &format!("{}{}", me.cert, me.key)));
    let source = open(&config);
    fetch(&*source).await.unwrap_err();
    folder.write("ca.pem", &new.pem());
    fetch(&*source).await.unwrap_err();
    let me = new.issue("me");
    folder.write("me.pem", &format!("{}{}", me.cert, me.key));
    fetch(&*source).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_missing_or_wrong_is_a_failed_fetch_that_names_it() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (me, other) = (authority.issue("me"), authority.issue("other"));
    let cert = folder.write("me.pem", &me.cert);
    let missing = folder.0.path().join("missing.pem");
    let text = folder.write("text.pem", "no certificate");
    let encrypted = folder.write("encrypted.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----");
    let foreign = folder.write("other.key", &other.key);
    let tls = |ca: Option<&PathBuf>, cert: Option<&PathBuf>, key: Option<&PathBuf>| {
        let mut config = client("https://127.0.0.1:9");
        config.tls.ca_file = ca.cloned();
        config.tls.cert_file = cert.cloned();
        config.tls.key_file = key.cloned();
        config
    };
    for (config, parts) in [
        (tls(Some(&missing), None, None), ["missing.pem", "`tls.ca_file`", "No such file"]),
        (tls(None, Some(&missing), None), ["missing.pem", "`tls.cert_file`", "No such file"]),
        (tls(Some(&text), None, None), ["text.pem", "`tls.ca_file`", "BEGIN CERTIFICATE"]),
        (tls(None, Some(&cert), None), ["me.pem", "no private key", "`tls.key_file`"]),
        (tls(None, Some(&cert), Some(&encrypted)), ["encrypted.key", "`tls.key_file`", "decrypt"]),
        (tls(None, Some(&cert), Some(&foreign)), ["cannot be used", "KeyMismatch", "together"]),
    ] {
        let error = fetch_once(&config).await.unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let config = tls(Some(&missing), None, None);
    let source = open(&config);
    fetch(&*source).await.unwrap_err();
    folder.write("missing.pem", &authority.pem());
    let error = fetch(&*source).await.unwrap_err();
    assert!(error.message.contains("127.0.0.1:9 refused"), "{error}");
}

#[tokio::test]
async fn encrypted_and_plain_ports_are_not_mixed_up_in_silence() {
    let plain = StandIn::start(|_| crate::client_tests::value()).await;
    let error = fetch_once(&client(&plain.url.replace("http:", "https:"))).await.unwrap_err();
    assert!(error.message.ends_with("does not speak TLS"), "{error}");
    assert!(error.hint.unwrap().contains("http://"));

    let (authority, folder) = (Authority::new(), Folder::new());
    let server = TlsServer::start(&authority.issue("localhost"), None).await;
    let mut config = client(&format!("http://localhost:{}", server.port));
    config.tls.ca_file = Some(folder.write("ca.pem", &authority.pem()));
    let error = fetch_once(&config).await.unwrap_err();
    assert!(error.to_string().contains("https://"), "{error}");
}

#[tokio::test]
async fn an_encrypted_source_is_not_led_to_a_plain_one() {
    let plain = StandIn::start(|_| crate::client_tests::value()).await;
    let (authority, folder) = (Authority::new(), Folder::new());
    let location = format!("{}/data", plain.url);
    let server = TlsServer::redirecting(&authority.issue("localhost"), &location).await;
    let mut config = https(&server);
    config.tls.ca_file = Some(folder.write("ca.pem", &authority.pem()));
    let error = fetch_once(&config).await.unwrap_err();
    assert!(error.message.ends_with("which is not encrypted: not followed"), "{error}");
    assert!(plain.asked().is_empty());
}

#[tokio::test]
async fn a_handshake_that_hangs_ends_with_the_time_of_the_fetch() {
    let server = Faults::start(|_| Fault::HangBeforeHeaders).await;
    let mut config = client(&server.url.replace("http:", "https:"));
    config.timeout = std::time::Duration::from_millis(300);
    let error = fetch_once(&config).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout, "{error}");
}
