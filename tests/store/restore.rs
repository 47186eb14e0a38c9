//! A start with years of history: values of today are there while it is still being read, with the statuses
//! of before, and whoever ends the program in the middle of it loses nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::exporter::Exporter;

/// Label sets of each of two KPIs.
const CUSTOMERS: usize = 100;
/// So many that the file is more than is read before anything is shown.
const DAYS: u32 = 640;

const KPIS: &str = "
version: 1
store: { path: history.db, backfill: off }
sources: { f: { files: { tables: { t: rows.csv } } } }
defaults: { schedule: every 1h, period: quarter }
metrics:
  m: { source: f, labels: [customer], query: 'SELECT sum(amount) AS value, customer FROM t WHERE day < :window_end_date GROUP BY customer' }
  n: { source: f, labels: [customer], query: 'SELECT 2 * sum(amount) AS value, customer FROM t WHERE day < :window_end_date GROUP BY customer' }
kpis:
  k: { kind: leading, formula: m, accumulation: level, unit: count, direction: increase, baseline: 1, target: 200, path: flat }
  l: { kind: leading, formula: n, accumulation: level, unit: count, direction: increase, baseline: 1, target: 200, path: flat }
";

/// Lines of a page that tell a value or a status that is so.
fn told(metrics: &str) -> BTreeSet<String> {
    let is_told = |line: &&str| {
        line.starts_with("kpi_value{") || (line.starts_with("kpi_status{") && line.ends_with(" 1"))
    };
    metrics.lines().filter(is_told).map(str::to_owned).collect()
}

fn has(metrics: &str, family: &str) -> bool {
    metrics.lines().any(|line| line.starts_with(&format!("{family}{{")))
}

/// What is remembered, whenever it was written.
fn remembered(path: &Path) -> Vec<String> {
    let store = Connection::open(path).unwrap();
    let sound: String = store.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let mut all = Vec::new();
    for query in [
        "SELECT series, period, shown, band, waiting, waiting_points, value FROM statuses",
        "SELECT series, day, meaning, goal, value, expected, status FROM daily",
        "SELECT series, period, baseline, target FROM openings",
        "SELECT series, period, value, status FROM closings",
    ] {
        let mut query = store.prepare(query).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cell = |at| row.get::<_, rusqlite::types::Value>(at).unwrap();
            all.push(format!("{:?}", (0..columns).map(cell).collect::<Vec<_>>()));
        }
    }
    all
}

fn is_ready(daemon: &Exporter) -> bool {
    daemon.get("/-/ready").0 == 200
}

fn end(mut daemon: Exporter, signal: &str) {
    daemon.signal(signal);
    daemon.wait();
}

#[test]
fn values_are_shown_while_history_is_read_and_an_end_in_the_middle_of_it_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (config, path) = (folder.path().join("kpis.yaml"), folder.path().join("history.db"));
    fs::write(&config, KPIS).unwrap();
    let rows = (0..CUSTOMERS).map(|n| format!("2020-01-01,customer-{n:03},{}\n", 40 + 2 * n));
    let rows: String = rows.collect();
    fs::write(folder.path().join("rows.csv"), format!("day,customer,amount\n{rows}")).unwrap();

    let daemon = Exporter::run(&config);
    daemon.until("all values", |metrics| told(metrics).len() == 4 * CUSTOMERS);
    end(daemon, "TERM");
    let store = Connection::open(&path).unwrap();
    let days = format!(
        "WITH RECURSIVE back(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM back WHERE n < {DAYS})
         INSERT INTO daily SELECT series, date(day, '-' || n || ' days'), meaning, goal, as_of, period,
         elapsed_ratio, value + (n * 7) % 20 - n / 8.0, numerator, denominator, baseline, target,
         target_ratio, progress_ratio, pace_ratio, expected, status, data_through FROM daily, back"
    );
    store.execute(&days, []).unwrap();
    drop(store);
    // What is shown with all of it.
    let daemon = Exporter::run(&config);
    let shown = daemon.until("all of it", |page| has(page, "kpi_projected_lower_value"));
    end(daemon, "TERM");
    let before = remembered(&path);

    let mut at_once = 0;
    for signal in ["KILL", "TERM", "KILL", "TERM"] {
        let daemon = Exporter::run(&config);
        let page = daemon.until("values", |page| has(page, "kpi_value"));
        assert_eq!(told(&page), told(&shown));
        if !has(&page, "kpi_projected_lower_value") {
            at_once += 1;
            let needs_history = [
                "kpi_projected_value",
                "kpi_target_hit_probability",
                "kpi_signal",
                "kpi_reason_info",
            ];
            assert!(needs_history.iter().all(|family| !has(&page, family)), "{page}");
        }
        end(daemon, signal);
        assert!(remembered(&path) == before, "{signal} in the middle of a start changed the store");
    }
    assert!(at_once > 0, "no page was met that was shown at once");

    let daemon = Exporter::run(&config);
    daemon.until("ready", |_| is_ready(&daemon));
    let page = daemon.metrics();
    assert_eq!(told(&page), told(&shown));
    for family in ["kpi_projected_lower_value", "kpi_target_hit_probability", "kpi_signal"] {
        let of = |page: &str| -> Vec<String> {
            let lines = page.lines().filter(|line| line.starts_with(&format!("{family}{{")));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(of(&page), of(&shown));
    }
    end(daemon, "TERM");
    assert!(remembered(&path) == before);
}
