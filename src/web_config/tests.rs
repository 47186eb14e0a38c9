use std::fs;
use std::path::Path;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

use super::{load, read};

const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

/// A folder with a certificate, its key and another key.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let pair = || {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    };
    let ((cert, key), (_, other_key)) = (pair(), pair());
    fs::write(dir.path().join("server.crt"), cert).unwrap();
    fs::write(dir.path().join("server.key"), key).unwrap();
    fs::write(dir.path().join("other.key"), other_key).unwrap();
    fs::write(dir.path().join("empty"), "").unwrap();
    dir
}

fn text_of(file: &Path) -> String {
    String::from_utf8(read::small_file(file).unwrap()).unwrap()
}

fn write(dir: &Path, text: &str) -> std::path::PathBuf {
    let file = dir.join("web.yml");
    fs::write(&file, text).unwrap();
    file
}

/// What `exporter-toolkit` takes, as its documentation and its code have it.
#[test]
fn what_other_exporters_accept_is_accepted() {
    let dir = folder();
    let tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
    let with = |more: &str| format!("{tls}{more}");
    for text in [
        String::new(),
        "# nothing but a comment\n---\n".to_owned(),
        "tls_server_config:\n".to_owned(),
        "tls_server_config: { min_version: TLS13 }\n".to_owned(),
        tls.to_owned(),
        with("  client_auth_type: RequestClientCert\n"),
        with("  client_auth_type: RequireClientCert\n"),
        with(
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.crt\n  client_allowed_sans: [a.example, 10.0.0.1]\n",
        ),
        with("  min_version: TLS12\n  max_version: TLS12\n"),
        with("  min_version: TLS10\n"),
        with("  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n"),
        with("  prefer_server_cipher_suites: no\n  curve_preferences: [CurveP521, X25519]\n"),
        with("http_server_config: { http2: false, headers: { X-Frame-Options: deny } }\n"),
        "http_server_config:\n  headers:\n    Content-Security-Policy: \"default-src 'self'\"\n"
            .to_owned(),
        format!("basic_auth_users:\n  alice: {HASH}\n"),
        "basic_auth_users: {}\n".to_owned(),
        "rate_limit: { interval: 1s, burst: 20 }\n".to_owned(),
        "rate_limit: { interval: 0, burst: 0 }\n".to_owned(),
    ] {
        let file = write(dir.path(), &text);
        load(&file).unwrap_or_else(|error| panic!("{text}\n{error}"));
    }
}

#[test]
fn mistakes_are_refused_at_their_place_with_the_cure() {
    let dir = folder();
    let tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
    let with = |more: &str| format!("{tls}{more}");
    for (text, place, expected) in [
        ("tls_config: {}\n".to_owned(), "1:1", "unknown key `tls_config`"),
        ("- a\n".to_owned(), "1:1", "expected a map of keys"),
        (
            "tls_server_config: { cert_file: server.crt }\n".to_owned(),
            "1:33",
            "neither `key` nor `key_file`",
        ),
        (
            "tls_server_config: { key_file: server.key }\n".to_owned(),
            "1:32",
            "neither `cert` nor `cert_file`",
        ),
        (
            "tls_server_config: { client_auth_type: NoClientCert }\n".to_owned(),
            "1:40",
            "neither `cert`",
        ),
        (
            "tls_server_config: { cert_file: nowhere, key_file: server.key }\n".to_owned(),
            "1:33",
            "No such file",
        ),
        (
            "tls_server_config: { cert_file: empty, key_file: server.key }\n".to_owned(),
            "1:33",
            "no certificate in it",
        ),
        (
            "tls_server_config: { cert_file: server.crt, key_file: empty }\n".to_owned(),
            "1:55",
            "no private key in it",
        ),
        (
            "tls_server_config: { cert_file: server.crt, key_file: other.key }\n".to_owned(),
            "1:55",
            "must belong together",
        ),
        (with("  client_ca_file: server.crt\n"), "4:19", "no certificate is asked for"),
        (with("  client_auth_type: Maybe\n"), "4:21", "`Maybe` is unknown"),
        (
            with("  client_auth_type: RequestClientCert\n  client_allowed_sans: [a]\n"),
            "5:24",
            "needs a certificate of every client",
        ),
        (with("  client_allowed_sans: []\n"), "4:24", "needs a certificate of every client"),
        (with("  min_version: TLS14\n"), "4:16", "did you mean `TLS1"),
        (with("  max_version: TLS11\n"), "4:16", "no version of TLS is left"),
        (with("  cipher_suites: [RC4]\n"), "4:19", "`RC4` is unknown"),
        (
            with("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n  max_version: TLS12\n"),
            "4:19",
            "none of them is offered",
        ),
        (with("  curve_preferences: [CurveP521]\n"), "4:23", "none of them is offered"),
        (with("  cert_fil: x\n"), "4:3", "did you mean `cert_file`"),
        (
            "http_server_config: { headers: { Server: me } }\n".to_owned(),
            "1:34",
            "`Server` cannot be set",
        ),
        (
            "http_server_config: { headers: { X-Frame-Options: allow } }\n".to_owned(),
            "1:51",
            "expected deny or sameorigin",
        ),
        ("http_server_config: { http2: perhaps }\n".to_owned(), "1:30", "expected true or false"),
        ("basic_auth_users: { alice: secret }\n".to_owned(), "1:28", "expected a bcrypt hash"),
        ("rate_limit: { interval: 1 day }\n".to_owned(), "1:25", "expected a time like 1s"),
    ] {
        let file = write(dir.path(), &text);
        let error = load(&file).err().unwrap_or_else(|| panic!("accepted: {text}")).to_string();
        assert!(error.contains(&format!("web.yml:{place}: ")), "{text}\n{error}");
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn neither_hashes_nor_keys_are_shown() {
    let dir = folder();
    let key = text_of(&dir.path().join("server.key")).replace('\n', "\\n");
    for text in [
        format!("basic_auth_users: {{ alice: \"{HASH}x\" }}\n"),
        format!("basic_auth_users: {{ alice: {HASH}\n"),
        format!("basic_auth_users:\n  alice: {HASH}\n alice: {HASH}\n"),
        format!("tls_server_config: {{ key: \"{key}\", cert: x }}\n"),
        format!("tls_server_config: {{ key: \"{key}\", cert: x\n"),
    ] {
        let error = load(&write(dir.path(), &text)).unwrap_err().to_string();
        assert!(!error.contains("X0h1gDsP") && !error.contains("PRIVATE"), "{text}\n{error}");
    }
}

#[test]
fn another_content_of_any_file_is_noticed_and_a_missing_one_is_not() {
    let dir = folder();
    let file =
        write(dir.path(), "tls_server_config: { cert_file: server.crt, key_file: server.key }\n");
    let config = load(&file).unwrap();
    assert!(!config.is_outdated());
    let key = dir.path().join("server.key");
    let held = text_of(&key);
    fs::remove_file(&key).unwrap();
    assert!(!config.is_outdated());
    fs::write(&key, "another").unwrap();
    assert!(config.is_outdated());
    fs::write(&key, held).unwrap();
    assert!(!config.is_outdated());
}
