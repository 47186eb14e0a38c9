//! The flags that Prometheus and its exporters share, and sockets that systemd hands over.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter, command, run};
use crate::http;
use crate::web_config::KPIS;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("stock.csv"), "n\n5\n").unwrap();
    let config = folder.path().join("kpis.yaml");
    fs::write(&config, KPIS).unwrap();
    (folder, config)
}

/// What curl gets, by a socket in the file system if one is named.
fn curl(socket: Option<&Path>, url: &str) -> Option<String> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--max-time", "5"]);
    if let Some(socket) = socket {
        curl.arg("--unix-socket").arg(socket);
    }
    let output = curl.arg(url).output().expect("curl is installed");
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_address_is_served_by_the_names_that_exporters_share() {
    let (folder, config) = folder();
    let socket = folder.path().join("kpi.sock");
    // The helper adds another address.
    let exporter = Exporter::spawn(command().args([
        "run",
        &format!("--config.file={}", config.display()),
        "--log.level=info",
        "--web.listen-address=localhost:0",
        &format!("--web.listen-address=unix:{}", socket.display()),
        "--web.telemetry-path=/internal/metrics",
        "--web.external-url=https://kpis.example.com/team/",
    ]));
    let log = exporter.log();
    assert_eq!(log.matches("http://127.0.0.1:").count(), 2, "{log}");
    let ports = log.split("http://127.0.0.1:").skip(1);
    for port in ports.map(|rest| rest.split('/').next().unwrap()) {
        let metrics = curl(None, &format!("http://127.0.0.1:{port}/internal/metrics")).unwrap();
        assert!(metrics.contains("kpi_exporter_build_info"), "{metrics}");
        assert!(curl(None, &format!("http://127.0.0.1:{port}/metrics")).is_none());
    }
    let metrics = curl(Some(&socket), "http://kpis/internal/metrics").unwrap();
    assert!(metrics.contains("kpi_exporter_build_info"), "{metrics}");
    // What it left behind does not keep another from starting.
    drop(exporter);
    assert!(socket.exists());
    let again = format!("--web.listen-address=unix:{}", socket.display());
    let exporter = Exporter::start(&["run", "--config", config.to_str().unwrap(), &again]);
    assert!(curl(Some(&socket), "http://kpis/-/healthy").is_some(), "{}", exporter.log());
}

#[test]
fn log_lines_have_the_form_and_the_level_that_flags_ask_for() {
    let (_folder, config) = folder();
    let config = config.to_str().unwrap();
    for (level, format) in
        [("--log.level=debug", "--log.format=json"), ("--log-level=debug", "--log-format=json")]
    {
        let mut command = command();
        command.env("KPI_EXPORTER_LOG__FORMAT", "text").env("KPI_EXPORTER_LOG__LEVEL", "error");
        let mut child = command
            .args(["run", "--config", config, level, format, "--web.listen-address=127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let debug = stderr.lines().map(Result::unwrap).find(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect(line);
            line["level"] == "DEBUG"
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(debug.is_some());
    }
    let text = run(&["check", "--log.format", "logfmt", "--config", config]);
    assert!(text.status.success(), "{text:?}");
    let other = run(&["check", "--log.format", "xml", "--config", config]);
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("expected text, json or logfmt"));
}

#[test]
fn flags_that_make_no_sense_are_refused_with_what_would() {
    for (flag, said) in [
        ("--web.listen-address=9877", ":9877 for all addresses"),
        ("--web.telemetry-path=metrics", "begins with a slash"),
        ("--web.telemetry-path=/", "something else is at /"),
        ("--web.telemetry-path=/-/ready", "something else is at /-"),
        ("--web.external-url=kpis.example.com", "https://kpis.example.com"),
        ("--web.external-url=https://a:b@kpis.example.com", "without login"),
    ] {
        let output = run(&["run", flag]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flag}: {stderr}");
        assert!(stderr.contains(said), "{flag}: {stderr}");
        assert!(!stderr.contains("a:b@") || flag.contains("a:b@"), "{stderr}");
    }
    let version = run(&["--version"]);
    let version = String::from_utf8(version.stdout).unwrap();
    assert_eq!(version.trim(), concat!("kpi-exporter ", env!("CARGO_PKG_VERSION")));
}

/// A free port, for programs that cannot choose one themselves.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Ended on drop.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What systemd does for a socket unit: it listens, and hands over once somebody comes.
fn activated(listens: &[&str], config: &Path, flags: &[&str]) -> Ended {
    let mut systemd = Command::new("systemd-socket-activate");
    for listen in listens {
        systemd.args(["--listen", listen]);
    }
    systemd.arg(env!("CARGO_BIN_EXE_kpi-exporter")).args(["run", "--config"]).arg(config);
    Ended(systemd.args(flags).stderr(Stdio::piped()).spawn().expect("systemd is installed"))
}

fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "never {what}");
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
}

#[test]
fn sockets_that_systemd_hands_over_are_served_and_no_others() {
    for flags in [&[][..], &["--web.systemd-socket"], &["--web.listen-address=192.0.2.1:9"]] {
        let (folder, config) = folder();
        let socket = folder.path().join("kpi.sock");
        let port = free_port();
        let listens = [&format!("127.0.0.1:{port}"), socket.to_str().unwrap()];
        let _daemon = activated(&listens.map(|listen| listen as &str), &config, flags);
        let url = format!("http://127.0.0.1:{port}/metrics");
        let metrics = eventually("served", || curl(None, &url));
        assert!(metrics.contains("kpi_exporter_build_info"), "{metrics}");
        assert!(curl(Some(&socket), "http://kpis/-/healthy").is_some());
    }
}

#[test]
fn a_socket_that_cannot_be_served_is_told_with_its_cure() {
    let (_folder, config) = folder();
    let ended = |mut daemon: Ended| {
        let mut text = String::new();
        daemon.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (daemon.0.wait().unwrap().code(), text)
    };
    // Datagrams.
    let port = free_port();
    let mut systemd = Command::new("systemd-socket-activate");
    systemd.args(["--datagram", "--listen", &format!("127.0.0.1:{port}")]);
    systemd.arg(env!("CARGO_BIN_EXE_kpi-exporter")).args(["run", "--config"]).arg(&config);
    let mut daemon = Ended(systemd.stderr(Stdio::piped()).spawn().unwrap());
    let knock = UdpSocket::bind("127.0.0.1:0").unwrap();
    eventually("handed over", || {
        let _ = knock.send_to(b"knock", ("127.0.0.1", port));
        daemon.0.try_wait().unwrap()
    });
    let (code, text) = ended(daemon);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("LISTEN_FDS: socket 1 of the service manager"), "{text}");
    assert!(text.contains("ListenStream="), "{text}");
    // A connection, and nothing at all; by the rules of `sd_listen_fds(3)`.
    let peer = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = peer.local_addr().unwrap().port();
    for (open, said) in [
        (format!("exec 3<>/dev/tcp/127.0.0.1/{port};"), "it does not listen"),
        ("exec 3</dev/null;".to_owned(), "is not a socket"),
    ] {
        let script = format!("{open} LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" run --config \"$1\"");
        let mut bash = Command::new("bash");
        bash.args(["-c", &script, env!("CARGO_BIN_EXE_kpi-exporter")]).arg(&config);
        let (code, text) = ended(Ended(bash.stderr(Stdio::piped()).spawn().unwrap()));
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(said), "{text}");
    }
    let none = run(&["run", "--web.systemd-socket", "--config", config.to_str().unwrap()]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("no sockets are handed over"));
}

/// Sockets for the shell that started the program are none of its own.
#[test]
fn sockets_of_somebody_else_are_left_alone() {
    let (_folder, config) = folder();
    let mut command = command();
    command.env("LISTEN_PID", "1").env("LISTEN_FDS", "1");
    let exporter = Exporter::spawn(command.args(["run", "--config"]).arg(&config));
    assert_eq!(http::get(exporter.address, "/-/healthy").0, 200);
}
