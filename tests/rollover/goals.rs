//! A goal that changes under a daemon, while it runs and while it does not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use futures_util::StreamExt;
use kpi_exporter::backfill::{Recorder, replay};
use kpi_exporter::config::{self, Environment};
use kpi_exporter::daemon;
use kpi_exporter::store::Store;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::time::Instant;

use crate::daemon::{CLOCK, kpi, set, start};
use crate::http::{DEADLINE, sample};

/// Quarters whose first half brings twice as much as the second, and a number that follows a month later.
fn orders(first: &str, last: &str) -> String {
    let (first, last): (NaiveDate, NaiveDate) = (first.parse().unwrap(), last.parse().unwrap());
    let mut rows = String::from("day,amount\n");
    for (index, day) in (0_u32..).zip(first.iter_days().take_while(|day| *day <= last)) {
        let month = day.month0();
        let early = month % 3 == 0 || (month % 3 == 1 && day.day() < 16);
        let amount = if early { 200 } else { 100 } + index * 37 % 11;
        writeln!(rows, "{day},{amount}").unwrap();
    }
    rows
}

fn shop(kpis: &str) -> String {
    format!(
        "
version: 1
store: {{ path: history.db }}
sources: {{ shop: {{ files: {{ tables: {{ orders: orders.csv }} }} }} }}
defaults: {{ schedule: every 1s, period: quarter }}
metrics:
  orders:
    source: shop
    query: |
      SELECT coalesce(sum(amount), 0) AS value FROM orders
      WHERE day >= :window_start_date AND day < :window_end_date
kpis:
{kpis}"
    )
}

fn write(folder: &Path, kpis: &str) {
    fs::write(folder.join("kpis.yaml"), shop(kpis)).unwrap();
}

fn load(folder: &Path) -> config::Config {
    config::load(&folder.join("kpis.yaml"), &Environment::default()).unwrap()
}

/// Fills the store with the days from one to another, as `backfill` does.
async fn backfill(folder: &Path, first: &str, last: &str) {
    let config = load(folder);
    let definitions = Arc::new(config.definitions);
    let calendar = &definitions.calendar;
    let (first, last): (NaiveDate, NaiveDate) = (first.parse().unwrap(), last.parse().unwrap());
    let days = first.iter_days().take_while(|day| *day <= last);
    let closes: Vec<DateTime<Utc>> =
        days.map(|day| calendar.day_start(day + Days::new(1))).collect();
    let store = Arc::new(Store::open(folder.join("history.db")).await.unwrap());
    let then = closes[0];
    let recorder = Recorder::new(store, Arc::clone(&definitions), then).await.unwrap();
    let sources = daemon::open_sources(&config.sources);
    let mut days = std::pin::pin!(replay(Arc::clone(&definitions), sources, closes));
    while let Some(day) = days.next().await {
        recorder.write_past(&day, day.as_of, true).await.unwrap();
    }
}

/// Status, target and attainment of the closings of a KPI.
async fn closings(folder: &Path, kpi: &str) -> Vec<(String, String, Option<f64>, Option<f64>)> {
    let options = SqliteConnectOptions::new().filename(folder.join("history.db")).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let query = "SELECT period, status, target, round(target_ratio, 6) FROM closings
                 JOIN series ON id = series WHERE kpi = ? AND final_at IS NOT NULL ORDER BY period";
    sqlx::query_as(query).bind(kpi).fetch_all(&mut connection).await.unwrap()
}

fn closing(
    period: &str,
    status: &str,
    target: Option<f64>,
    ratio: f64,
) -> (String, String, Option<f64>, Option<f64>) {
    (period.to_owned(), status.to_owned(), target, Some(ratio))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_ended_while_no_daemon_ran_is_judged_by_the_goal_that_it_had() {
    let _clock = CLOCK.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let rows = "day,amount\n2025-11-02,100\n2026-02-01,60\n2026-03-31,40\n2026-04-01,7\n";
    fs::write(folder.path().join("orders.csv"), rows).unwrap();
    let money =
        "kind: lagging, formula: orders, accumulation: flow, unit: EUR, direction: increase";
    write(
        folder.path(),
        &format!(
            "  flow: {{ {money}, target: 80 }}\n  \
             grows: {{ {money}, baseline: previous_period, target: +50% }}\n  \
             band: {{ kind: lagging, formula: orders, accumulation: level, window: 90d, unit: EUR, \
             target: {{ min: 90, max: 120 }} }}\n  \
             spent: {{ kind: lagging, formula: orders, accumulation: flow, unit: EUR, direction: decrease, \
             target: {{ max: 50 }} }}\n"
        ),
    );
    set("2026-03-20T12:00:00Z");
    let daemon = start(folder.path()).await;
    let value = kpi("kpi_value", "flow");
    daemon.until("a value", |_| (), |m| sample(m, &value) == Some(60.0)).await;
    daemon.stop().await;

    // The quarter ends, the grace passes, and everybody gets a goal that turns the result round.
    write(
        folder.path(),
        &format!(
            "  flow: {{ {money}, target: 150 }}\n  \
             grows: {{ {money}, baseline: 10, target: 20 }}\n  \
             band: {{ kind: lagging, formula: orders, accumulation: level, window: 90d, unit: EUR, \
             target: {{ min: 200 }} }}\n  \
             spent: {{ kind: lagging, formula: orders, accumulation: flow, unit: EUR, direction: decrease, \
             target: {{ max: 500 }} }}\n"
        ),
    );
    set("2026-04-10T12:00:00Z");
    let daemon = start(folder.path()).await;
    let ratio = kpi("kpi_last_period_target_ratio", "flow");
    let page = daemon.until("the result", |_| (), |m| sample(m, &ratio) == Some(1.25)).await;
    assert_eq!(sample(&page, &kpi("kpi_target_value", "flow")), Some(150.0));
    let started = Instant::now();
    let expected = [
        ("flow", closing("2026-Q1", "achieved", Some(80.0), 1.25)),
        ("grows", closing("2026-Q1", "missed", Some(150.0), 0.666_667)),
        ("band", closing("2026-Q1", "achieved", None, 1.0)),
        ("spent", closing("2026-Q1", "missed", Some(50.0), 0.5)),
    ];
    for (kpi, wanted) in expected {
        loop {
            let found = closings(folder.path(), kpi).await;
            if found.last() == Some(&wanted) {
                break;
            }
            assert!(started.elapsed() < DEADLINE, "{kpi}: {found:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    daemon.stop().await;
}

const FLOW: &str = "kind: lagging, accumulation: flow, unit: EUR, direction: increase";

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_with_a_new_target_keeps_what_history_says_and_setting_it_back_restores_all() {
    let _clock = CLOCK.lock().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("orders.csv"), orders("2024-10-01", "2026-06-30")).unwrap();
    let with = |target: u32, formula: &str| {
        format!(
            "  flow: {{ {FLOW}, formula: {formula}, path: seasonal, target: {target} }}\n  \
             leads: {{ {FLOW}, formula: orders, target: 14000, predicts: [flow] }}\n"
        )
    };
    write(folder.path(), &with(14_000, "orders"));
    backfill(folder.path(), "2025-01-01", "2026-05-19").await;
    set("2026-05-20T12:00:00Z");
    let daemon = start(folder.path()).await;
    let number = |page: &str, family: &str| sample(page, &kpi(family, "flow"));
    let chance = kpi("kpi_target_hit_probability", "flow");
    let before = daemon.until("a chance", |_| (), |m| sample(m, &chance).is_some()).await;
    let lead = |page: &str| page.lines().any(|line| line.starts_with("kpi_lead_correlation"));
    assert!(lead(&before), "{before}");
    let expected = number(&before, "kpi_expected_progress_ratio").unwrap();
    assert!(expected > 0.6, "no season: {expected}");
    let projected = number(&before, "kpi_projected_value").unwrap();
    let same = |page: &str| {
        let now = number(page, "kpi_projected_value").unwrap();
        assert!((now / projected - 1.0).abs() < 1e-3, "{now} is not {projected}");
        let share = number(page, "kpi_expected_progress_ratio").unwrap();
        assert!((share - expected).abs() < 1e-3, "{share} is not {expected}");
        assert!(lead(page) && sample(page, &chance).is_some(), "{page}");
        assert_eq!(number(page, "kpi_definition_changed_timestamp_seconds"), None);
    };

    let target = kpi("kpi_target_value", "flow");
    let changed = kpi("kpi_goal_changed_timestamp_seconds", "flow");
    write(folder.path(), &with(20_000, "orders"));
    daemon.reload(folder.path()).await;
    let page = daemon.until("20,000", |_| (), |m| sample(m, &target) == Some(20_000.0)).await;
    same(&page);
    assert!(sample(&page, &chance) < Some(0.05) && sample(&page, &changed).is_some());

    write(folder.path(), &with(14_000, "orders"));
    daemon.reload(folder.path()).await;
    let page = daemon.until("14,000", |_| (), |m| sample(m, &target) == Some(14_000.0)).await;
    same(&page);
    let back = (sample(&page, &chance).unwrap() - sample(&before, &chance).unwrap()).abs();
    assert!(back < 0.02, "{back}");

    // Another formula is another thing: a trend of its own, told as such, and no result is restated.
    write(folder.path(), &with(14_000, "orders * 2"));
    daemon.reload(folder.path()).await;
    let defined = kpi("kpi_definition_changed_timestamp_seconds", "flow");
    let page = daemon.until("a definition", |_| (), |m| sample(m, &defined).is_some()).await;
    assert_eq!(sample(&page, &chance), None, "history of another meaning");
    daemon.stop().await;
    let store = Store::open(folder.path().join("history.db")).await.unwrap();
    assert_eq!(store.restatements("flow").await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_earlier_quarters_did_from_here_makes_a_good_pace_off_track() {
    let _clock = CLOCK.lock().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("orders.csv"), orders("2024-10-01", "2026-06-30")).unwrap();
    // Quarters bring 13,800 at most, two thirds of it in their first half.
    write(folder.path(), &format!("  flow: {{ {FLOW}, formula: orders, target: 16500 }}\n"));
    backfill(folder.path(), "2025-01-01", "2026-05-09").await;
    let status = |status: &str| format!(r#"kpi_status{{kpi="flow",kpi_status="{status}"}}"#);
    let chance = kpi("kpi_target_hit_probability", "flow");
    set("2026-05-10T12:00:00Z");
    let daemon = start(folder.path()).await;
    let off = status("off_track");
    let page = daemon.until("off track", |_| (), |m| sample(m, &off) == Some(1.0)).await;
    let shown = sample(&page, &kpi("kpi_pace_ratio", "flow"));
    assert!(shown > sample(&page, &kpi("kpi_pace_on_track_ratio", "flow")), "{shown:?}");
    assert!(sample(&page, &chance) < Some(0.05), "{page}");
    daemon.stop().await;
}
