//! A real Prometheus for one test: filled with history, scraping nothing, ended on drop.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How long it may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Prometheus {
    /// `http://127.0.0.1:PORT`, with the prefix if it has one.
    pub(crate) url: String,
    child: Child,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts with these samples (OpenMetrics with timestamps) and answers below `prefix`, as in
    /// `/prom`, or at the top when it is empty.
    pub(crate) async fn start(history: &str, prefix: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("history"), history).unwrap();
        std::fs::write(path("config"), "global: {}\n").unwrap();
        let blocks = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=2400h"])
            .args(["--quiet", &path("history"), &path("data")])
            .output()
            .expect("this test needs promtool");
        assert!(blocks.status.success(), "{}", String::from_utf8_lossy(&blocks.stderr));
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", path("config")))
            .arg(format!("--storage.tsdb.path={}", path("data")))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address={address}"))
            .arg(format!("--web.route-prefix={prefix}/"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(path("log")).unwrap())
            .spawn()
            .expect("this test needs Prometheus");
        let url = format!("http://{address}{prefix}");
        let prometheus = Self { url, child, _folder: folder };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let ready = format!("{}/-/ready", prometheus.url);
        let starting = async {
            while !http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, starting).await.expect("Prometheus never became ready");
        prometheus
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
