//! TLS, logins and headers by the file that Prometheus' exporters share, asked as people ask: with curl.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType,
};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter, command, run};

pub(crate) const KPIS: &str = "
version: 1
sources: { shop: { files: { tables: { stock: stock.csv } } } }
defaults: { schedule: every 1s, period: year }
metrics: { stock: { source: shop, query: SELECT sum(n) AS value FROM stock } }
kpis:
  stock: { kind: leading, formula: stock, accumulation: level, unit: count, target: { min: 4 } }
";

/// An authority, and certificates of it as files.
pub(crate) struct House {
    pub(crate) folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl House {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "The authority of a test");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let house = Self { folder: tempfile::tempdir().unwrap(), authority };
        house.write("ca.crt", &house.authority.pem());
        house.write("stock.csv", "n\n5\n");
        house.write("kpis.yaml", KPIS);
        house.issue("server", "localhost");
        house
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// `NAME.crt` and `NAME.key` for a host or a client.
    fn issue(&self, file: &str, name: &str) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params
            .subject_alt_names
            .push(SanType::Rfc822Name(format!("{name}@example.com").try_into().unwrap()));
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.authority).unwrap();
        self.write(&format!("{file}.crt"), &cert.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
    }

    pub(crate) fn start(&self, web: &str) -> Exporter {
        self.write("web.yml", web);
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (config, web) = (path("kpis.yaml"), path("web.yml"));
        Exporter::start(&["run", "--config", &config, "--web.config.file", &web])
    }

    /// The answer of the server with its headers, and whether there was one.
    fn curl(&self, exporter: &Exporter, path: &str, arguments: &[&str]) -> (bool, String) {
        let port = exporter.address.port();
        let output = Command::new("curl")
            .current_dir(self.folder.path())
            .args(["--silent", "--show-error", "--include", "--max-time", "20"])
            .args(["--cacert", "ca.crt", "--resolve"])
            .arg(format!("localhost:{port}:127.0.0.1"))
            .args(arguments)
            .arg(format!("https://localhost:{port}{path}"))
            .output()
            .expect("curl is installed");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }
}

pub(crate) const TLS: &str = "tls_server_config: { cert_file: server.crt, key_file: server.key }\n";

pub(crate) fn login(user: &str, password: &str) -> String {
    format!("{user}: {}\n", bcrypt::hash(password, 4).unwrap())
}

#[test]
fn tls_logins_and_headers_are_those_of_the_file() {
    let house = House::new();
    let web = format!(
        "{TLS}http_server_config:\n  headers: {{ Strict-Transport-Security: max-age=60 }}\n\
         basic_auth_users:\n  {}",
        login("alice", "s:ecret")
    );
    let exporter = house.start(&web);
    let (_, refused) = house.curl(&exporter, "/metrics", &[]);
    assert!(refused.starts_with("HTTP/2 401"), "{refused}");
    assert!(refused.contains("www-authenticate: Basic"), "{refused}");
    for path in ["/", "/metrics", "/api/v1/kpis", "/-/healthy", "/-/ready", "/nowhere"] {
        let (_, wrong) = house.curl(&exporter, path, &["--user", "alice:wrong"]);
        assert!(wrong.starts_with("HTTP/2 401"), "{path}: {wrong}");
        assert!(!wrong.contains("kpi_value"), "{path}: {wrong}");
    }
    for version in ["--http2", "--http1.1"] {
        let (_, metrics) = house.curl(&exporter, "/metrics", &[version, "--user", "alice:s:ecret"]);
        assert!(metrics.contains("kpi_exporter_build_info"), "{version}: {metrics}");
        assert!(
            metrics.to_lowercase().contains("strict-transport-security: max-age=60"),
            "{metrics}"
        );
    }
    // Neither a password nor its hash is in the log.
    assert!(!exporter.log().contains("$2b$") && !exporter.log().contains("ecret"));
}

#[test]
fn probes_are_answered_without_a_login_where_that_is_configured() {
    let house = House::new();
    house.write("kpis.yaml", &format!("{KPIS}server: {{ healthy_without_login: true }}\n"));
    let exporter =
        house.start(&format!("{TLS}basic_auth_users: {{ {} }}\n", login("a", "b").trim()));
    assert!(house.curl(&exporter, "/-/healthy", &[]).1.starts_with("HTTP/2 200"));
    // Until it is ready, that is all it says to those without a login.
    let started = Instant::now();
    while house.curl(&exporter, "/-/ready", &[]).1.starts_with("HTTP/2 503") {
        assert!(started.elapsed() < DEADLINE, "never ready");
    }
    for path in ["/-/ready", "/", "/-/healthy/", "/-/healthy/../metrics", "//-/healthy"] {
        let (_, answer) = house.curl(&exporter, path, &["--path-as-is"]);
        assert!(answer.starts_with("HTTP/2 401"), "{path}: {answer}");
    }
}

#[test]
fn clients_show_a_certificate_with_an_allowed_name() {
    let house = House::new();
    house.issue("friend", "friend");
    house.issue("stranger", "stranger");
    let exporter = house.start(
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  \
         client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n  \
         client_allowed_sans: [friend@example.com]\n",
    );
    let with = |name: &str| {
        let (cert, key) = (format!("{name}.crt"), format!("{name}.key"));
        house.curl(&exporter, "/-/healthy", &["--cert", &cert, "--key", &key])
    };
    let (came, answer) = with("friend");
    assert!(came && answer.contains("is healthy"), "{answer}");
    assert!(!with("stranger").0);
    assert!(!house.curl(&exporter, "/-/healthy", &[]).0);
    // Of another authority, with the right name.
    let other = House::new();
    other.issue("friend", "friend");
    for file in ["friend.crt", "friend.key"] {
        let foreign = house.folder.path().join(format!("foreign-{file}"));
        fs::copy(other.folder.path().join(file), foreign).unwrap();
    }
    let foreign = ["--cert", "foreign-friend.crt", "--key", "foreign-friend.key"];
    assert!(!house.curl(&exporter, "/-/healthy", &foreign).0);
}

#[test]
fn another_certificate_and_other_logins_are_taken_up_and_mistakes_change_nothing() {
    let house = House::new();
    let users =
        |password: &str| format!("{TLS}basic_auth_users: {{ {} }}\n", login("a", password).trim());
    let exporter = house.start(&users("first"));
    let status = |password: &str| {
        let login = format!("a:{password}");
        house.curl(&exporter, "/-/healthy", &["--user", &login]).1
    };
    let until = |what: &str, satisfied: &dyn Fn() -> bool| {
        let started = Instant::now();
        while !satisfied() {
            assert!(started.elapsed() < DEADLINE, "never {what}:\n{}", exporter.log());
            std::thread::park_timeout(Duration::from_millis(50));
        }
    };
    assert!(status("first").starts_with("HTTP/2 200"));
    house.write("web.yml", &users("second"));
    until("the second login", &|| status("second").starts_with("HTTP/2 200"));
    assert!(status("first").starts_with("HTTP/2 401"));
    house.write("web.yml", "basic_auth_users: { a: second }\n");
    until("told", &|| exporter.log().contains("web configuration not reloaded"));
    assert!(status("second").starts_with("HTTP/2 200"));
    assert!(exporter.log().contains("expected a bcrypt hash"));
    house.write("web.yml", &users("second"));
    // A certificate for another name is noticed by whoever asks.
    house.issue("server", "elsewhere");
    until("another certificate", &|| !house.curl(&exporter, "/-/healthy", &[]).0);
    house.issue("server", "localhost");
    until("the old name again", &|| house.curl(&exporter, "/-/healthy", &[]).0);
}

#[test]
fn too_many_requests_are_turned_away() {
    let house = House::new();
    let exporter = house.start("rate_limit: { interval: 1h, burst: 2 }\n");
    let answers: Vec<u16> = (0..4).map(|_| exporter.get("/-/healthy").0).collect();
    assert_eq!(answers, [200, 200, 429, 429]);
}

#[test]
fn a_mistake_in_the_file_is_told_at_start_and_by_check() {
    let house = House::new();
    house.write("web.yml", "tls_server_config: { cert_file: server.crt }\n");
    let kpis = format!("{KPIS}server: {{ web_config_file: web.yml }}\n");
    house.write("kpis.yaml", &kpis);
    let config = house.folder.path().join("kpis.yaml");
    for arguments in [["check"], ["run"]] {
        let output = command().args(arguments).arg("--config").arg(&config).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains("web.yml:1:33: error: `tls_server_config` has neither `key`"),
            "{error}"
        );
    }
    let missing = Path::new("nowhere.yml").to_str().unwrap();
    let output = run(&["demo", "--web.config.file", missing]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("nowhere.yml: error: cannot be read"), "{error}");
}
