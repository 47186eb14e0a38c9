//! The course of an outage, the same for every fault: a daemon with a healthy source and one behind
//! the server of `server`, which is well, fails and is well again. Not here: the faults (`sources`).

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter, sample};
use crate::server::{Mood, Server};
use crate::tls::Authority;

/// What must never be seen, and what the login is changed to.
pub(crate) const SECRET: &str = "tok-Zq7hidden1";
pub(crate) const RENEWED: &str = "tok-Zq7hidden2";
/// In a header and in the URL.
const KEYS: [&str; 2] = ["key-Xw9hidden3", "key-Xw9hidden4"];

/// Growth of resident memory during a fault, in KiB.
const MOST_GROWTH: u64 = 50 << 10;

const CONFIG: &str = "
version: 1
# Memory is measured of polls, not of what is asked beside them.
store: { backfill: off }
sources:
  api:
    http:
      url: '@URL@/v1'
      auth: { bearer: '${file:token.txt}' }
      headers: { X-Api-Key: '${file:header.txt}' }
      tls: @TLS@
      retries: 0
      timeout: 1s
  near: { files: { tables: { stock: stock.csv } } }
defaults: { schedule: every 1s, period: year, max_age: @MAX_AGE@ }
metrics:
  sessions:
    source: api
    request: { path: /sessions, params: { key: '${file:param.txt}' } }
    columns: { value: $.value }
  stock: { source: near, query: SELECT sum(n) AS value FROM stock }
kpis:
  sessions: { kind: leading, formula: sessions, accumulation: level, unit: count, target: { min: 1 } }
  stock: { kind: leading, formula: stock, accumulation: level, unit: count, target: { min: 1 } }
";

const FAR_UP: &str = r#"kpi_source_up{source="api"}"#;
const NEAR_UP: &str = r#"kpi_source_up{source="near"}"#;
const FAR: &str = r#"kpi_value{kpi="sessions"}"#;
const NEAR: &str = r#"kpi_value{kpi="stock"}"#;
const NEAR_SUCCESS: &str = r#"kpi_last_success_timestamp_seconds{kpi="stock"}"#;
const FAR_SUCCESS: &str = r#"kpi_last_success_timestamp_seconds{kpi="sessions"}"#;

/// A daemon whose two sources are well.
pub(crate) struct Outage {
    pub(crate) server: Server,
    pub(crate) daemon: Exporter,
    folder: TempDir,
    /// KiB at their highest, before the fault.
    before: u64,
    /// How long scrapes took during the fault.
    scrapes: Vec<Duration>,
}

impl Outage {
    pub(crate) fn new(max_age: &str, authority: Option<&Authority>) -> Self {
        let server = Server::start(authority);
        let folder = tempfile::tempdir().unwrap();
        let scheme = if authority.is_some() { "https" } else { "http" };
        let tls = authority.map_or("{}", |_| "{ ca_file: ca.pem }");
        let config = CONFIG
            .replace("@URL@", &format!("{scheme}://{}", server.address))
            .replace("@TLS@", tls)
            .replace("@MAX_AGE@", max_age);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("kpis.yaml", &config);
        write("token.txt", SECRET);
        write("header.txt", KEYS[0]);
        write("param.txt", KEYS[1]);
        write("stock.csv", "n\n5\n");
        if let Some(authority) = authority {
            write("ca.pem", &authority.pem());
        }
        let daemon = Exporter::run(&folder.path().join("kpis.yaml"));
        daemon
            .until("both values", |m| (sample(m, FAR), sample(m, NEAR)) == (Some(1.0), Some(5.0)));
        let before = highest_memory(daemon.id());
        Self { server, daemon, folder, before, scrapes: Vec::new() }
    }

    pub(crate) fn file(&self, name: &str, text: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.folder.path().join(name)).unwrap();
    }

    /// Lets the source fail and checks everything that has to be so meanwhile. `error` is what it
    /// has to be told as, with `HOST` for host and port.
    pub(crate) fn fail(&mut self, mood: Mood, error: &str) {
        self.server.set(mood);
        let failed = self.until("source down", |m| sample(m, FAR_UP) == Some(0.0));
        let success = sample(&failed, NEAR_SUCCESS).expect("the healthy KPI has a success");
        let old = sample(&failed, FAR_SUCCESS);
        let failures = failures(&failed);
        // One more failure, and one more success beside it.
        self.until("freshness beside the failure", |metrics| {
            assert_eq!(sample(metrics, FAR_UP), Some(0.0), "{metrics}");
            assert_eq!(sample(metrics, FAR), Some(1.0), "the last good value stays\n{metrics}");
            assert_eq!(sample(metrics, FAR_SUCCESS), old, "with its true age\n{metrics}");
            let near = (sample(metrics, NEAR_UP), sample(metrics, NEAR));
            assert_eq!(near, (Some(1.0), Some(5.0)), "{metrics}");
            let fresh = sample(metrics, NEAR_SUCCESS) >= Some(success + 1.0);
            fresh && self::failures(metrics) >= failures + 1.0
        });
        self.check_words(error);
        self.check_secrets();
        let grown = highest_memory(self.daemon.id()).saturating_sub(self.before);
        self.report(error, grown);
        assert!(grown < MOST_GROWTH, "grown by {grown} KiB");
    }

    /// Waits until the last good value is too old to be shown.
    pub(crate) fn forget(&mut self) {
        let metrics = self.until("no value", |m| sample(m, FAR).is_none());
        let no_data = r#"kpi_status{kpi="sessions",kpi_status="no_data"}"#;
        assert_eq!(sample(&metrics, no_data), Some(1.0), "{metrics}");
        assert_eq!(sample(&metrics, NEAR), Some(5.0), "{metrics}");
    }

    /// Lets the source be well again, with `mood`, and waits for its new value.
    pub(crate) fn recover(mut self, mood: Mood) {
        self.server.set(mood);
        self.until("recovery", |m| (sample(m, FAR_UP), sample(m, FAR)) == (Some(1.0), Some(2.0)));
        self.check_secrets();
        let log = self.daemon.log();
        let told = log
            .lines()
            .filter(|line| line.contains("WARN") && line.contains("fetch failed"))
            .count();
        assert_eq!(told, 1, "one and the same failure is told once:\n{log}");
        assert_eq!(log.matches("recovered").count(), 1, "{log}");
    }

    /// Changes the configuration and lets it be read again.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let config = self.folder.path().join("kpis.yaml");
        let text = kpi_exporter::limits::read_capped(&config, 1 << 20).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        self.file("kpis.yaml", &text.replace(from, to));
        self.daemon.signal("HUP");
    }

    /// Scrapes until it satisfies, and gives that page.
    pub(crate) fn until(&mut self, what: &str, satisfied: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let asked = Instant::now();
            let metrics = self.daemon.metrics();
            self.scrapes.push(asked.elapsed());
            if satisfied(&metrics) {
                return metrics;
            }
            let log = self.daemon.log();
            assert!(started.elapsed() < DEADLINE, "never {what}:\n{metrics}\n{log}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// The log and `/sources` say the same.
    fn check_words(&self, expected: &str) {
        let expected = expected.replace("HOST", &self.server.address.to_string());
        let log = self.daemon.log();
        let line = log.lines().find(|line| line.contains("fetch failed")).expect("it is logged");
        assert!(line.contains(&format!("fetch failed: {expected}")), "{line}");
        for word in ["metric=sessions", "source=api", "WARN", "retry="] {
            assert!(line.contains(word), "no {word} in {line}");
        }
        let page: Value = serde_json::from_str(&self.daemon.get("/api/v1/sources").1).unwrap();
        let sources = page["sources"].as_array().unwrap();
        let api = sources.iter().find(|source| source["id"] == "api").unwrap();
        let run = &api["metrics"][0]["runs"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = match text(&run["hint"]) {
            hint if hint.is_empty() => text(&run["error"]),
            hint => format!("{} (hint: {hint})", text(&run["error"])),
        };
        assert_eq!((told, &api["up"]), (expected, &Value::Bool(false)));
        assert_eq!(api["metrics"][0]["id"], "sessions");
    }

    fn check_secrets(&self) {
        let pages = ["/metrics", "/sources", "/", "/api/v1/kpis", "/api/v1/sources"];
        let pages = pages.map(|path| (path, self.daemon.get(path)));
        let log = ("the log", (200, self.daemon.log()));
        for (place, (status, text)) in pages.into_iter().chain([log]) {
            assert_eq!(status, 200, "{place}");
            for secret in [SECRET, RENEWED, KEYS[0], KEYS[1]] {
                assert!(!text.contains(secret), "{secret} in {place}:\n{text}");
            }
        }
    }

    /// For whoever runs it with `--nocapture`.
    fn report(&mut self, error: &str, grown: u64) {
        self.scrapes.sort_unstable();
        let at = |part: usize| self.scrapes[(self.scrapes.len() - 1) * part / 100];
        let (count, half, most) = (self.scrapes.len(), at(50), at(100));
        let line = format!("{half:.1?} {most:.1?} of {count} scrapes, {grown} KiB: {error}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

/// Fetches of the failing source that failed.
fn failures(metrics: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with("kpi_source_fetches_total{"));
    let failed = lines
        .filter(|line| line.contains(r#"source="api""#) && !line.contains(r#"outcome="success""#));
    failed.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// The most memory that a process ever had at once, in KiB.
pub(crate) fn highest_memory(id: u32) -> u64 {
    let status =
        kpi_exporter::limits::read_capped(Path::new(&format!("/proc/{id}/status")), 1 << 20);
    let status = String::from_utf8(status.unwrap()).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
