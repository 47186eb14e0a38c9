//! Blocks made by a real promtool, served by a real Prometheus.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kpi_exporter::limits::read_capped;
use serde_json::Value;
use tokio::time::Instant;

use crate::program::{backfill, said};

const DEADLINE: Duration = Duration::from_mins(1);

/// A Prometheus that scrapes nothing; ended on drop.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    fn serve(folder: &Path) -> Self {
        // Free until somebody else takes it, so a start that fails is tried again.
        for _ in 0..3 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let mut prometheus = Self { child: start(folder, address), address };
            if prometheus.is_ready() {
                return prometheus;
            }
        }
        let log = read_capped(&folder.join("log"), 1 << 20).unwrap();
        panic!("Prometheus does not start:\n{}", String::from_utf8_lossy(&log));
    }

    fn is_ready(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < DEADLINE && self.child.try_wait().unwrap().is_none() {
            if self.get("/-/ready").is_some_and(|(status, _)| status == 200) {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        false
    }

    fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(DEADLINE)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// Labels and values of an instant query.
    fn query(&self, query: &str, time: &str) -> Vec<(Value, f64)> {
        let escape = |byte: u8| format!("%{byte:02x}");
        let query: String = query.bytes().map(escape).collect();
        let time: String = time.bytes().map(escape).collect();
        let path = format!("/api/v1/query?query={query}&time={time}");
        let (status, body) = self.get(&path).expect("an answer");
        assert_eq!(status, 200, "{body}");
        let json: Value = serde_json::from_str(&body).unwrap();
        let result = json["data"]["result"].as_array().unwrap();
        let value = |series: &Value| series["value"][1].as_str().unwrap().parse().unwrap();
        result.iter().map(|series| (series["metric"].clone(), value(series))).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &Path, address: SocketAddr) -> Child {
    let path = |name: &str| folder.join(name).display().to_string();
    fs::write(folder.join("prometheus.yml"), "global: {}\n").unwrap();
    Command::new("prometheus")
        .arg(format!("--config.file={}", path("prometheus.yml")))
        .arg(format!("--storage.tsdb.path={}", path("data")))
        .arg("--storage.tsdb.retention.time=100y")
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .expect("prometheus has to be installed")
}

#[test]
fn a_prometheus_answers_for_past_days() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("history.om");
    let arguments = ["--from", "2026-03-01", "--to", "2026-06-30", "--output"];
    let output = backfill(&[&arguments[..], &[document.to_str().unwrap()]].concat());
    assert_eq!(said(&output), (Some(0), String::new(), String::new()));
    let promtool = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .arg("--max-block-duration=744h")
        .args([&document, &folder.path().join("data")])
        .output()
        .expect("promtool has to be installed");
    let (code, _, stderr) = said(&promtool);
    assert_eq!(code, Some(0), "{stderr}");
    let prometheus = Prometheus::serve(folder.path());
    let one = |query: &str, time: &str| match &prometheus.query(query, time)[..] {
        [(_, value)] => *value,
        other => panic!("{query} at {time}: {other:?}"),
    };

    let is = |value: f64, expected: f64| (value - expected).abs() < 1e-6;
    // The figures of the worked example, at the end of the day and an hour before the next ends.
    let traffic = r#"kpi_value{kpi="organic_traffic"}"#;
    for time in ["2026-04-30T23:59:59-04:00", "2026-05-01T00:00:00-04:00"] {
        assert!(is(one(traffic, time), 125_000.0));
    }
    let over_a_day = |text: &str| format!("last_over_time({text}[1d])");
    let late = "2026-05-01T23:00:00-04:00";
    assert!(is(one(&over_a_day(traffic), late), 125_000.0));
    assert!(prometheus.query(traffic, late).is_empty());
    let close = "2026-06-30T23:59:59-04:00";
    let ratio = |id: &str| one(&format!(r#"kpi_target_ratio{{kpi="{id}"}}"#), close);
    assert!(is(ratio("net_new_arr"), 0.92));
    assert!(is(ratio("trial_to_paid"), 0.9375));

    // One state at a time; the first day off track is the one that the replay gives.
    let off_track = r#"kpi_status{kpi="trial_to_paid",kpi_status="off_track"}"#;
    assert!(is(one(off_track, "2026-04-22T23:59:59-04:00"), 0.0));
    assert!(is(one(off_track, "2026-04-23T23:59:59-04:00"), 1.0));
    let states = prometheus.query("sum by (kpi) (kpi_status)", close);
    assert!(states.len() == 3 && states.iter().all(|(_, sum)| is(*sum, 1.0)), "{states:?}");

    // A sample a day; the definition comes along; nothing about sources or the program.
    let count = |series: &str| one(&format!("count_over_time({series}[122d])"), close);
    assert!(is(count(traffic), 122.0));
    let joined = r#"kpi_value * on (kpi) group_left (team) kpi_info{kpi="organic_traffic"}"#;
    assert_eq!(prometheus.query(joined, close)[0].0["team"], "growth");
    let others = r#"{__name__=~"kpi_(source|exporter)_.*|process_.*"}"#;
    assert!(prometheus.query(&format!("count_over_time({others}[122d])"), close).is_empty());
}
