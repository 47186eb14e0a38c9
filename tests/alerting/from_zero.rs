//! The script of the README: from an empty folder to an alert that arrives, with TLS and a login.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

const SCRIPT: &str = "deploy/from-zero.sh";

#[test]
fn an_empty_folder_becomes_an_alert_that_arrives() {
    let script = fs::canonicalize(SCRIPT).unwrap();
    let text = fs::read_to_string(&script).unwrap();
    assert!(text.lines().count() < 30);
    let folder = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_kpi-exporter")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "300", "bash"]).arg(&script).current_dir(folder.path());
    // Ports that are free now; held together, so that no two are the same.
    let free: Vec<_> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    for (name, port) in ["kpis", "prometheus", "alertmanager", "hook"].iter().zip(&free) {
        command.env(name, port.local_addr().unwrap().port().to_string());
    }
    drop(free);
    let output = command.env("PATH", path).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let log = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    assert_eq!(
        said,
        "firing: Trial-to-paid conversion is off track\n",
        "{output:?}\n{}\n{}",
        log("kpi-exporter.log"),
        log("prometheus.log")
    );
    assert!(log("kpi-exporter.log").contains("serves https://"));
    let readme = fs::read_to_string("README.md").unwrap();
    assert!(readme.contains(&format!("```sh\n{text}```")), "the README shows another script");
}
