//! The story of one KPI, filtered out of the log as `docs/logging.md` says.

use std::fs;

use serde_json::Value;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter};

const KPIS: &str = "
version: 1
log: { format: json, level: debug }
sources:
  shop: { files: { tables: { orders: orders.csv } } }
  desk: { files: { tables: { tickets: tickets.csv } } }
defaults: { schedule: every 1s, period: year }
metrics:
  orders: { source: shop, query: SELECT sum(amount) AS value FROM orders }
  tickets: { source: desk, query: SELECT sum(n) AS value FROM tickets }
kpis:
  revenue: { kind: lagging, formula: orders, accumulation: level, unit: USD, target: { min: 100 },
             status: { too_early: 0% } }
  load: { kind: leading, formula: tickets, accumulation: level, unit: count, target: { max: 5 } }
";

/// As `jq 'select(.kpi == "ID" or any(.spans[]; .kpis // "" | split(",") | index("ID")))'`.
fn is_about(line: &Value, id: &str) -> bool {
    let behind = |span: &Value| {
        span["kpis"].as_str().is_some_and(|kpis| kpis.split(',').any(|kpi| kpi == id))
    };
    line["kpi"] == id || line["spans"].as_array().is_some_and(|spans| spans.iter().any(behind))
}

#[test]
fn the_story_of_one_kpi_can_be_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("orders.csv", "amount\n120\n");
    write("tickets.csv", "n\n3\n");
    write("kpis.yaml", KPIS);
    let daemon = Exporter::run(&folder.path().join("kpis.yaml"));
    daemon.until("a value", |metrics| metrics.contains(r#"kpi_value{kpi="revenue"} 120"#));
    let started = Instant::now();
    let story = |id: &str| -> Vec<Value> {
        let lines = daemon.log();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| is_about(line, id)).collect()
    };
    let says = |story: &[Value], message: &str| story.iter().any(|line| line["message"] == message);
    // A worse status needs more than one data point, so the number goes on falling.
    let mut amount = 60;
    while !says(&story("revenue"), "status changed") {
        assert!(started.elapsed() < DEADLINE, "{:#?}", story("revenue"));
        amount -= 1;
        write("orders.csv", &format!("amount\n{amount}\n"));
        std::thread::park_timeout(std::time::Duration::from_millis(100));
    }
    let revenue = story("revenue");
    let of = |message: &str| revenue.iter().find(|line| line["message"] == message).unwrap();
    let fetched = of("fetched");
    let names: Vec<_> = fetched["spans"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!(names, ["poll", "fetch"]);
    assert_eq!(
        (&fetched["span"]["metric"], &fetched["span"]["source"]),
        (&"orders".into(), &"shop".into())
    );
    let changed = of("status changed");
    assert_eq!(
        (&changed["from"], &changed["span"]["name"]),
        (&"on_track".into(), &"evaluate".into())
    );
    assert!(changed["span"]["as_of"].is_string());
    assert!(!revenue.iter().any(|line| line.to_string().contains("desk")), "{revenue:#?}");
    assert!(says(&story("load"), "fetched") && !says(&story("load"), "status changed"));

    let log = daemon.log();
    let answered = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let answered: Vec<_> = answered.filter(|line| line["message"] == "answered").collect();
    assert!(
        answered.iter().all(|line| line["span"]["path"] == "/metrics" && line["status"] == 200)
    );
    assert_eq!(answered[0]["span"]["id"], 1);
}
