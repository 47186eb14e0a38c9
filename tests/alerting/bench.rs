//! Prometheus and Alertmanager as they are installed, on loopback, with the committed configuration
//! of Alertmanager and generated rules whose waits are seconds. Ended by process id on drop.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter, command};
use crate::webhook::{Message, Webhook};

/// 5 minutes become 2 seconds.
const SCALE: &str = "0.0066666667";

pub(crate) struct Bench {
    pub(crate) webhook: Webhook,
    prometheus: Server,
    alertmanager: Server,
    folder: TempDir,
}

struct Server {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Bench {
    /// Starts both; nothing is scraped yet.
    pub(crate) fn start() -> Self {
        Self::start_with(&str::to_owned)
    }

    /// With the committed configuration of Alertmanager as `prepared` changes it.
    pub(crate) fn start_with(prepared: &dyn Fn(&str) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let webhook = Webhook::start();
        let path = |name: &str| folder.path().join(name);

        let config = fs::read_to_string("deploy/alertmanager/alertmanager.yml").unwrap();
        let config = prepared(&config);
        fs::write(path("alertmanager.yml"), impatient(&config, webhook.address)).unwrap();
        let alertmanager = Server::start("prometheus-alertmanager", folder.path(), |address| {
            vec![
                format!("--config.file={}", path("alertmanager.yml").display()),
                format!("--storage.path={}", path("alertmanager").display()),
                format!("--web.listen-address={address}"),
                "--cluster.listen-address=".into(),
                format!("--web.external-url=http://{address}/"),
            ]
        });

        let generated = command()
            .args(["generate", "rules", "--duration-scale", SCALE, "--output"])
            .arg(path("rules.yml"))
            .status()
            .unwrap();
        assert!(generated.success());
        fs::write(path("targets.json"), "[]").unwrap();
        let config = PROMETHEUS.replace("ALERTMANAGER", &alertmanager.address.to_string());
        fs::write(path("prometheus.yml"), config).unwrap();
        let prometheus = Server::start("prometheus", folder.path(), |address| {
            vec![
                format!("--config.file={}", path("prometheus.yml").display()),
                format!("--storage.tsdb.path={}", path("tsdb").display()),
                format!("--web.listen-address={address}"),
                "--rules.alert.resend-delay=1s".into(),
                format!("--web.external-url=http://{address}/"),
            ]
        });
        Self { webhook, prometheus, alertmanager, folder }
    }

    /// Of Alertmanager and of Prometheus.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.alertmanager.address, self.prometheus.address)
    }

    /// From now on these are scraped.
    pub(crate) fn scrape(&self, exporters: &[&Exporter]) {
        let addresses: Vec<_> = exporters.iter().map(|e| e.address.to_string()).collect();
        let text = serde_json::json!([{ "targets": addresses }]).to_string();
        let file = self.folder.path().join("targets.json");
        fs::write(file.with_extension("new"), text).unwrap();
        fs::rename(file.with_extension("new"), file).unwrap();
    }

    /// How many series an instant query gives.
    pub(crate) fn count(&self, query: &str) -> usize {
        let mut encoded = String::new();
        for byte in query.bytes() {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        let answer = get(self.prometheus.address, &format!("/api/v1/query?query={encoded}"));
        answer["data"]["result"].as_array().map_or(0, Vec::len)
    }

    /// Alerts about a KPI that Alertmanager holds as active: their names, and whether they are muted.
    pub(crate) fn active(&self, kpi: &str) -> Vec<(String, bool)> {
        let alerts = get(self.alertmanager.address, "/api/v2/alerts");
        let alerts = alerts.as_array().cloned().unwrap_or_default();
        let of_kpi = alerts.iter().filter(|alert| alert["labels"]["kpi"] == kpi);
        let show = |alert: &Value| {
            let muted = alert["status"]["inhibitedBy"].as_array().is_some_and(|by| !by.is_empty());
            (alert["labels"]["alertname"].as_str().unwrap().to_owned(), muted)
        };
        of_kpi.map(show).collect()
    }

    /// Polls until something holds.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let started = Instant::now();
        while !holds() {
            assert!(started.elapsed() < DEADLINE, "never {what}\n{}", self.state());
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// Polls until a message has arrived, and gives the first.
    pub(crate) fn message(&self, what: &str, is: impl Fn(&Message) -> bool) -> Message {
        self.first(what, || self.webhook.messages().into_iter().find(|message| is(message)))
    }

    /// Polls until there is something, and gives it.
    pub(crate) fn first<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let mut found = None;
        self.until(what, || {
            found = look();
            found.is_some()
        });
        found.unwrap()
    }

    fn state(&self) -> String {
        let tail = |server: &Server| {
            let log = fs::read_to_string(&server.log).unwrap_or_default();
            let lines: Vec<_> = log.lines().rev().take(5).map(str::to_owned).collect();
            lines.join("\n")
        };
        let messages: Vec<_> = self.webhook.messages();
        let alerts = get(self.prometheus.address, "/api/v1/alerts");
        let (prometheus, alertmanager) = (tail(&self.prometheus), tail(&self.alertmanager));
        format!("{messages:#?}\n{alerts:#}\n{prometheus}\n{alertmanager}")
    }
}

impl Server {
    fn start(program: &str, folder: &Path, arguments: impl Fn(SocketAddr) -> Vec<String>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = folder.join(format!("{program}.log"));
        let file = fs::File::create(&log).unwrap();
        let child = Command::new(program)
            .args(arguments(address))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|e| panic!("{program}: {e}; tests/run.sh installs it"));
        let mut server = Self { child, address, log };
        let started = Instant::now();
        while !answers(address) {
            let log = fs::read_to_string(&server.log).unwrap();
            assert!(server.child.try_wait().unwrap().is_none(), "{program} gave up:\n{log}");
            assert!(started.elapsed() < DEADLINE, "{program} is never ready:\n{log}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The committed configuration with waits of a second, at any hour, to one receiver.
fn impatient(config: &str, webhook: SocketAddr) -> String {
    let mut out = String::new();
    for line in config.lines() {
        let key = line.trim_start().split(':').next().unwrap();
        let indent = &line[..line.len() - line.trim_start().len()];
        match key {
            "group_wait" | "group_interval" => write!(out, "{indent}{key}: 1s").unwrap(),
            "active_time_intervals" => {}
            _ => out.push_str(&line.replace("localhost:9095", &webhook.to_string())),
        }
        out.push('\n');
    }
    assert!(out.contains(&webhook.to_string()), "{out}");
    out
}

fn answers(address: SocketAddr) -> bool {
    request(address, "/-/ready").is_some_and(|answer| answer.starts_with("HTTP/1.0 200"))
}

fn get(address: SocketAddr, path: &str) -> Value {
    let answer = request(address, path).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).unwrap_or_default()
}

/// HTTP/1.0, so that the answer ends with the connection.
fn request(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: test\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

const PROMETHEUS: &str = "
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['ALERTMANAGER'] }] }] }
scrape_configs:
- job_name: kpi-exporter
  file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]
";
