//! A daemon that comes back while a source hangs: it serves what the store remembers, and nobody
//! says that the source is well.

use std::fs;

use serde_json::Value;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter, sample};
use crate::faults::Fault;
use crate::server::{Mood, Server};

const CONFIG: &str = "
version: 1
store: { path: history.db }
sources: { api: { http: { url: 'http://@HOST@', retries: 0, timeout: 4s } } }
defaults: { schedule: every 1s, period: year }
metrics:
  sessions: { source: api, request: { path: /sessions }, columns: { value: $.value } }
kpis:
  sessions: { kind: leading, formula: sessions, accumulation: level, unit: count, target: { min: 1 } }
";

const UP: &str = r#"kpi_source_up{source="api"}"#;
const VALUE: &str = r#"kpi_value{kpi="sessions"}"#;

/// What `/sources` says of the source.
fn said(daemon: &Exporter) -> Value {
    let page: Value = serde_json::from_str(&daemon.get("/api/v1/sources").1).unwrap();
    page["sources"][0]["up"].clone()
}

/// What both pages say of the source, with no change between the two.
fn both(daemon: &Exporter) -> (Option<f64>, Value) {
    loop {
        let before = said(daemon);
        let metrics = daemon.metrics();
        if said(daemon) == before {
            return (sample(&metrics, UP), before);
        }
    }
}

#[test]
fn a_source_that_hangs_after_a_restart_is_neither_up_nor_down_until_its_time_limit() {
    let server = Server::start(None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kpis.yaml");
    fs::write(&path, CONFIG.replace("@HOST@", &server.address.to_string())).unwrap();
    let mut daemon = Exporter::run(&path);
    daemon.until("a value", |m| (sample(m, VALUE), sample(m, UP)) == (Some(1.0), Some(1.0)));
    daemon.signal("TERM");
    daemon.wait();

    server.set(Mood::Fails(Fault::HangBeforeHeaders));
    let daemon = Exporter::run(&path);
    let metrics = daemon.until("the remembered value", |m| sample(m, VALUE).is_some());
    assert_eq!(sample(&metrics, VALUE), Some(1.0));
    let (started, mut seen) = (Instant::now(), Vec::new());
    loop {
        let (shown, said) = both(&daemon);
        assert_eq!(shown.map(|up| up > 0.5), said.as_bool(), "after {seen:?}");
        if seen.last() != Some(&said) {
            seen.push(said.clone());
        }
        if said == Value::Bool(false) {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "never down: {seen:?}");
    }
    assert_eq!(seen, [Value::Null, Value::Bool(false)]);
}
