//! A log that cannot be written, signals that come at a bad moment, files that hang: nothing dies of
//! them, and what is wrong can be seen.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kpi_exporter::limits::read_capped;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::command;
use crate::http::{DEADLINE, get, sample};

const KPIS: &str = "
version: 1
log: { level: debug }
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1s, period: year }
metrics: { orders: { source: shop, query: SELECT sum(amount) AS value FROM orders } }
kpis: { revenue: { kind: lagging, formula: orders, accumulation: level, unit: USD, target: { min: 100 } } }
";

/// A daemon whose standard error is none of ours.
struct Daemon {
    folder: TempDir,
    child: Child,
    address: SocketAddr,
}

impl Daemon {
    fn start(stderr: Stdio) -> Self {
        Self::of(KPIS, stderr)
    }

    fn of(kpis: &str, stderr: Stdio) -> Self {
        let daemon = Self::begin(kpis, stderr);
        until("it listens", || std::net::TcpStream::connect(daemon.address).is_ok());
        daemon
    }

    /// Without waiting for anything.
    fn begin(kpis: &str, stderr: Stdio) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kpis.yaml"), kpis).unwrap();
        fs::write(folder.path().join("orders.csv"), "amount\n120\n").unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = command()
            .args(["run", "--web.listen-address", &address.to_string(), "--config"])
            .arg(folder.path().join("kpis.yaml"))
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        Self { folder, child, address }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn orders(&self, amount: u32) {
        fs::write(self.path("orders.new"), format!("amount\n{amount}\n")).unwrap();
        fs::rename(self.path("orders.new"), self.path("orders.csv")).unwrap();
    }

    fn sample(&self, series: &str) -> Option<f64> {
        sample(&get(self.address, "/metrics").1, series)
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// It goes on polling: what changes is seen.
    fn is_at_work(&self) {
        for amount in [150, 180] {
            self.orders(amount);
            until("the new value", || {
                self.sample(r#"kpi_value{kpi="revenue"}"#) == Some(f64::from(amount))
            });
        }
        assert_eq!(get(self.address, "/-/healthy").0, 200);
    }

    fn ends(&mut self) -> Option<i32> {
        self.signal("TERM");
        let mut code = None;
        until("it ends", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        code.and_then(|status| status.code())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < DEADLINE, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

const LOST: &str = "kpi_exporter_log_errors_total";

#[test]
fn a_log_that_nobody_reads_any_more_stops_nothing() {
    // As `run 2>&1 | head -1`.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut daemon = Daemon::start(writer.into());
    drop(reader);
    daemon.is_at_work();
    until("lost lines are counted", || daemon.sample(LOST) > Some(0.0));
    for task in ["poller", "evaluator", "catch_up"] {
        let restarts = format!(r#"kpi_exporter_task_restarts_total{{task="{task}"}}"#);
        assert_eq!(daemon.sample(&restarts), Some(0.0), "nothing panicked");
    }
    assert_eq!(daemon.ends(), Some(0));
}

/// As `run 2>&1 | sleep 1d`: a pipe takes 64 KiB, and makes whoever writes more wait for ever.
#[test]
fn a_log_whose_reader_has_stopped_stops_nothing() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let stderr = writer.try_clone().unwrap();
    // Full, and full again whenever there is room.
    let filler = std::thread::spawn(move || while writer.write_all(&[b'x'; 4096]).is_ok() {});
    let mut daemon = Daemon::start(stderr.into());
    daemon.is_at_work();
    assert_eq!(daemon.ends(), Some(0));
    drop(reader);
    filler.join().unwrap();
}

#[test]
fn a_log_on_a_full_disk_stops_nothing() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut daemon = Daemon::start(full.into());
    daemon.is_at_work();
    assert!(daemon.sample(LOST) > Some(0.0));
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn a_flood_of_signals_is_few_reloads_and_fetches_reach_their_end() {
    const FETCHED: &str = r#"kpi_source_fetches_total{outcome="success",source="shop"}"#;
    let (mut log, writer) = std::io::pipe().unwrap();
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        std::io::Read::read_to_string(&mut log, &mut said).unwrap();
        said
    });
    let mut daemon = Daemon::start(writer.into());
    daemon.is_at_work();
    let before = daemon.sample(FETCHED);
    for _ in 0..500 {
        daemon.signal("HUP");
    }
    until("fetches have gone on", || daemon.sample(FETCHED) > before);
    assert_eq!(daemon.sample("kpi_exporter_config_last_reload_successful"), Some(1.0));
    assert_eq!(daemon.ends(), Some(0));
    let reloads = said.join().unwrap().matches("configuration reloaded").count();
    assert!((1..=250).contains(&reloads), "{reloads} reloads");
}

/// As soon as it can be told something, which is long before it serves.
#[test]
fn a_signal_in_the_first_moment_does_not_end_it() {
    /// The first of the signals.
    const HANGUP: u64 = 1;
    let mut daemon = Daemon::begin(KPIS, Stdio::null());
    let status = PathBuf::from(format!("/proc/{}/status", daemon.child.id()));
    until("it hears of signals", || {
        let status = String::from_utf8(read_capped(&status, 1 << 16).unwrap()).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & HANGUP > 0
    });
    for _ in 0..20 {
        daemon.signal("HUP");
    }
    daemon.is_at_work();
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn a_store_that_cannot_be_written_leaves_a_daemon_without_history() {
    // Nobody, not even root, can make a file there.
    let kpis = format!("{KPIS}store: {{ path: /sys/kpi-exporter.db }}\n");
    let (mut log, writer) = std::io::pipe().unwrap();
    let mut daemon = Daemon::of(&kpis, writer.into());
    daemon.is_at_work();
    assert_eq!(daemon.ends(), Some(0));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut log, &mut said).unwrap();
    let told =
        "going on without history, until a restart: store `/sys/kpi-exporter.db` cannot be written";
    assert!(said.contains(told), "{said}");
}

/// A named pipe that nobody writes to: whoever opens it waits for ever.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_configuration_that_became_a_pipe_is_refused_and_the_end_comes_all_the_same() {
    let mut daemon = Daemon::start(Stdio::null());
    pipe(&daemon.path("kpis.yaml"));
    daemon.signal("HUP");
    until("the reload is refused", || {
        daemon.sample("kpi_exporter_config_last_reload_successful") == Some(0.0)
    });
    daemon.is_at_work();
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn a_table_that_became_a_pipe_fails_its_fetches_and_nothing_else() {
    let mut daemon = Daemon::start(Stdio::null());
    until("a value", || daemon.sample(r#"kpi_value{kpi="revenue"}"#).is_some());
    pipe(&daemon.path("orders.csv"));
    until("the source is down", || daemon.sample(r#"kpi_source_up{source="shop"}"#) == Some(0.0));
    daemon.is_at_work();
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn check_says_what_is_no_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    pipe(&folder.path().join("more.yaml"));
    fs::write(folder.path().join("kpis.yaml"), KPIS).unwrap();
    fs::write(folder.path().join("orders.csv"), "amount\n120\n").unwrap();
    let mut check = command()
        .args(["check", "--config"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("check ends", || check.try_wait().unwrap().is_some());
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("more.yaml") && said.contains("regular file"), "{said}");
}
