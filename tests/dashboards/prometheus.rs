//! A real Prometheus for one test: filled with history, scraping what it is told to, ended on drop.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

/// How long anything may take before a test gives up; generous, for a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) struct Prometheus {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts with these samples (OpenMetrics with timestamps) and scrapes `target` every second
    /// under the job `kpi-exporter`, and itself.
    pub(crate) fn start(history: &str, target: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("history"), history).unwrap();
        let blocks = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=720h"])
            .args(["--quiet", &path("history"), &path("data")])
            .output()
            .expect("this test needs promtool");
        assert!(blocks.status.success(), "{}", String::from_utf8_lossy(&blocks.stderr));

        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        std::fs::write(
            path("config"),
            format!(
                "global: {{scrape_interval: 1s}}\n\
                 scrape_configs:\n\
                 - job_name: kpi-exporter\n  static_configs: [{{targets: ['{target}']}}]\n\
                 - job_name: prometheus\n  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
            ),
        )
        .unwrap();
        let log = std::fs::File::create(path("log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", path("config")))
            .arg(format!("--storage.tsdb.path={}", path("data")))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("this test needs Prometheus");
        let prometheus = Self { port, child, _folder: folder };
        prometheus.until("ready", |p| p.request("/-/ready", "").is_some_and(|a| a.0 == 200));
        prometheus
    }

    /// Polls until it is so.
    pub(crate) fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !so(self) {
            assert!(start.elapsed() < DEADLINE, "Prometheus never became {what}");
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// Result of a query at an instant; an error of the query panics with its text.
    pub(crate) fn instant(&self, expr: &str, at: i64) -> Vec<Value> {
        self.query("/api/v1/query", &[("query", expr), ("time", &at.to_string())])
    }

    /// Result of a query over a range.
    pub(crate) fn range(&self, expr: &str, start: i64, end: i64, step: i64) -> Vec<Value> {
        let [start, end, step] = [start, end, step].map(|n| n.to_string());
        let form = [("query", expr), ("start", &start), ("end", &end), ("step", &step)];
        self.query("/api/v1/query_range", &form)
    }

    fn query(&self, path: &str, form: &[(&str, &str)]) -> Vec<Value> {
        let form: Vec<_> = form.iter().map(|(k, v)| format!("{k}={}", percent(v))).collect();
        let (status, body) = self.request(path, &form.join("&")).expect("an answer");
        assert_eq!(status, 200, "{body}\n{form:?}");
        let json: Value = serde_json::from_str(&body).unwrap();
        assert!(json["warnings"].is_null(), "{}", json["warnings"]);
        json["data"]["result"].as_array().unwrap().clone()
    }

    fn request(&self, path: &str, form: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let method = if form.is_empty() { "GET" } else { "POST" };
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
            form.len()
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}
