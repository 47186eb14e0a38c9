//! The engine of ClickHouse for one test: `chDB` behind a small HTTP server of our own, ended on drop.
//! See `clickhouse_front.py` for what is real and what is not.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;

/// What a person would choose to annoy URL parsers; the password of the user `kpi`.
pub(crate) const PASSWORD: &str = "p@ss:/w%rd ü";

/// How long it may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct ClickHouse {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    child: Child,
    _folder: TempDir,
}

impl ClickHouse {
    pub(crate) async fn start() -> Self {
        // Beside the folder that cargo gives to tests: `tests/run.sh` installs it there.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let python = target.join("chdb/bin/python");
        assert!(python.exists(), "this test needs chDB in {}: tests/run.sh", target.display());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let front = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/clickhouse_front.py");
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(python)
            .env("TMPDIR", folder.path())
            .args(["-B", front, &address.port().to_string(), PASSWORD])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let listening = async {
            while TcpStream::connect(address).await.is_err() {
                assert!(child.try_wait().unwrap().is_none(), "chDB gave up at once");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, listening).await.expect("chDB does not listen");
        Self { url: format!("http://{address}"), child, _folder: folder }
    }

    /// Runs a statement that changes something.
    pub(crate) async fn execute(&self, sql: &str) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.post(&self.url).body(sql.to_owned()).send().await.unwrap();
        let good = answer.status().is_success();
        assert!(good, "{sql}: {}", answer.status());
    }
}

impl Drop for ClickHouse {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
