//! Runs the built program as its user does, and talks to it over HTTP.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::http;
pub(crate) use crate::http::{DEADLINE, sample};

/// A command of the program, with an environment of its own.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kpi-exporter"));
    command.env_remove("KPI_EXPORTER_CONFIG").env_remove("RUST_BACKTRACE");
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("the program starts")
}

/// `eval` of a configuration as JSON, with the exit code.
pub(crate) fn eval(config: &Path, as_of: &str) -> (serde_json::Value, Option<i32>) {
    let output = command()
        .args(["eval", "--format", "json", "--as-of", as_of, "--config"])
        .arg(config)
        .output()
        .expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
    (json, output.status.code())
}

/// The object of one KPI without labels in the JSON of `eval`.
pub(crate) fn kpi<'a>(json: &'a serde_json::Value, id: &str) -> &'a serde_json::Value {
    let found = json["kpis"].as_array().unwrap().iter().find(|kpi| kpi["kpi"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {json:#}"))
}

/// The program as a daemon on a free port; ended on drop.
pub(crate) struct Exporter {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Exporter {
    /// Starts `run` on a configuration.
    pub(crate) fn run(config: &Path) -> Self {
        Self::start(&["run", "--config", config.to_str().unwrap()])
    }

    /// Starts any serving command.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(command().args(arguments))
    }

    /// Starts what becomes a serving command.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .args(["--web.listen-address", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut log = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended early:\n{log}");
            log.push_str(&line);
            if let Some((_, rest)) =
                line.split_once("serves http").and_then(|(_, rest)| rest.split_once("://"))
            {
                break rest.trim_end().split('/').next().unwrap().parse().unwrap();
            }
        };
        let log = Arc::new(Mutex::new(log));
        let sink = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = sink.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { child, address, log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Status and body of a GET.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        http::get(self.address, path)
    }

    /// The metrics page.
    pub(crate) fn metrics(&self) -> String {
        let (status, body) = self.get("/metrics");
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Polls the metrics until they satisfy, and gives them.
    pub(crate) fn until(&self, what: &str, satisfied: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let metrics = self.metrics();
            if satisfied(&metrics) {
                return metrics;
            }
            let log = self.log();
            assert!(started.elapsed() < DEADLINE, "never {what}:\n{metrics}\n{log}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end and gives the exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let started = Instant::now();
        while started.elapsed() < DEADLINE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        panic!("it did not end:\n{}", self.log());
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
