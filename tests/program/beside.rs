//! `eval` beside a running daemon: it reads what that wrote down, changes nothing, and says so when
//! it cannot.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{Datelike, Days, Months, NaiveDate};
use kpi_exporter::limits::read_capped;
use serde_json::Value;
use tempfile::TempDir;

use crate::exporter::{Exporter, command, kpi, sample};

/// The daemon goes by the clock.
#[expect(clippy::disallowed_methods, reason = "the daemon under test goes by the real one")]
fn today() -> NaiveDate {
    chrono::Utc::now().date_naive()
}

/// More than a year of bookings, and a plan for today's quarter.
struct Business {
    folder: TempDir,
    today: NaiveDate,
}

impl Business {
    fn new() -> Self {
        let business = Self { folder: tempfile::tempdir().unwrap(), today: today() };
        let first = business.today - Months::new(16);
        let mut rows = "day,amount\n".to_owned();
        for (i, day) in first.iter_days().take_while(|day| *day < business.today).enumerate() {
            let amount = 900 + (i * 37 % 211) + 2 * (day.ordinal() as usize);
            writeln!(rows, "{day},{amount}").unwrap();
        }
        business.write("bookings.csv", &rows);
        business.write("plan.csv", "target\n120000\n");
        business.write("kpis.yaml", &business.configuration("store: { path: kpi.db }"));
        business.write("without.yaml", &business.configuration(""));
        business
    }

    /// Quarters that began with the month before this one: today is in the middle of its quarter.
    fn configuration(&self, store: &str) -> String {
        let month = (self.today - Months::new(1)).format("%B").to_string().to_lowercase();
        format!(
            "
version: 1
calendar: {{ fiscal_year_start: {month} }}
{store}
sources:
  shop: {{ files: {{ tables: {{ bookings: bookings.csv, plan: plan.csv }} }} }}
defaults: {{ schedule: every 1s, period: quarter }}
metrics:
  bookings:
    source: shop
    query: |
      SELECT coalesce(sum(amount), 0) AS value, (SELECT max(day) FROM bookings) AS data_through
      FROM bookings WHERE day >= :window_start_date AND day < :window_end_date
  plan: {{ source: shop, query: SELECT target FROM plan }}
kpis:
  bookings:
    {{ kind: lagging, formula: bookings, accumulation: flow, unit: USD, direction: increase,
      target: {{ formula: plan.target }} }}
"
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bytes(&self) -> Vec<u8> {
        read_capped(&self.path("kpi.db"), 64 << 20).unwrap()
    }

    /// Replaces a file in one step.
    fn write(&self, name: &str, text: &str) {
        let new = self.path(&format!("{name}.new"));
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    fn backfill(&self) {
        let from = (self.today - Months::new(14)).to_string();
        let to = (self.today - Days::new(1)).to_string();
        let output = command()
            .args(["backfill", "--from", &from, "--to", &to, "--step", "7d", "--config"])
            .arg(self.path("kpis.yaml"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The KPI as `eval` gives it now, and what was said besides.
fn eval(config: &Path) -> (Value, String) {
    let output =
        command().args(["eval", "--format", "json", "--config"]).arg(config).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let json: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
    (kpi(&json, "bookings").clone(), said)
}

const PROJECTED: &str = r#"kpi_projected_value{kpi="bookings"}"#;

/// What history decides, and what was frozen.
const KNOWN: [&str; 7] = [
    "value",
    "baseline_value",
    "target_value",
    "projected_value",
    "projected_lower_value",
    "projected_upper_value",
    "target_hit_probability",
];

#[test]
fn eval_beside_a_daemon_has_its_projection_its_chance_and_its_goal() {
    let business = Business::new();
    business.backfill();
    let daemon = Exporter::run(&business.path("kpis.yaml"));
    daemon.until("a projection", |metrics| sample(metrics, PROJECTED).is_some());
    // Days come in until all of them are there; from then on both know the same.
    let filling = |page: &str| page.contains("History is being filled in");
    daemon.until("all of history", |_| !filling(&daemon.get("/").1));
    let (ours, said) = eval(&business.path("kpis.yaml"));
    let api: Value = serde_json::from_str(&daemon.get("/api/v1/kpis").1).unwrap();
    let theirs = kpi(&api, "bookings");
    for number in KNOWN {
        assert!(theirs[number].is_number() || number == "baseline_value", "{number}: {theirs:#}");
        assert_eq!(ours[number], theirs[number], "{number}");
    }
    assert_eq!(said, "");
    let (alone, _) = eval(&business.path("without.yaml"));
    assert_eq!(alone["target_hit_probability"], Value::Null, "without history there is no chance");

    // The goal posts do not move, and eval says that somebody tried.
    business.write("plan.csv", "target\n250000\n");
    let (ours, _) = eval(&business.path("kpis.yaml"));
    assert_eq!(ours["target_value"], 120_000.0);
    let reason = ours["reason"].as_str().unwrap();
    let moved = "the target stays at $120 K as it was when the period opened (now $250 K)";
    assert!(reason.contains(moved), "{reason}");
    let written = "the new plan";
    daemon.until(written, |_| daemon.get("/").1.contains("(now $250 K)"));
}

#[test]
fn a_store_that_cannot_be_read_is_told_and_the_sources_answer_all_the_same() {
    let business = Business::new();
    for (bytes, problem) in [
        (&b"this is no database at all, however long it may be"[..], "is not a database"),
        (&b""[..], "is a database of another program"),
    ] {
        fs::write(business.path("kpi.db"), bytes).unwrap();
        let (ours, said) = eval(&business.path("kpis.yaml"));
        assert!(ours["value"].is_number(), "{ours:#}");
        assert!(said.contains("evaluated without history: store `"), "{said}");
        assert!(said.contains(problem), "{said}");
        assert_eq!(business.bytes(), bytes, "it was left alone");
    }
}

#[test]
fn a_store_that_nobody_has_open_is_read_without_a_trace() {
    let business = Business::new();
    business.backfill();
    let before = business.bytes();
    let (ours, said) = eval(&business.path("kpis.yaml"));
    assert!(ours["target_hit_probability"].is_number(), "{ours:#}\n{said}");
    assert!(business.bytes() == before);
    for trace in ["kpi.db-wal", "kpi.db-shm"] {
        assert!(!business.path(trace).exists(), "{trace}");
    }
}

#[test]
fn a_goal_that_the_daemon_has_not_seen_keeps_the_history() {
    let business = Business::new();
    business.backfill();
    let other = business
        .configuration("store: { path: kpi.db }")
        .replace("{ formula: plan.target }", "150000");
    business.write("other.yaml", &other);
    let (ours, said) = eval(&business.path("other.yaml"));
    assert_eq!(ours["target_value"], 150_000.0, "{said}");
    assert!(ours["target_hit_probability"].is_number(), "{ours:#}");
}
