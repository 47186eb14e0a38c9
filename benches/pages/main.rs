//! How long the scorecard of a thousand KPIs takes, against `/metrics` of the same: the page that people wait
//! for must not be slower than a scrape by more than people notice. Ends with 1 when it is too slow or large.

#![allow(clippy::unwrap_used, reason = "made by hand, as in tests")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

#[path = "../../tests/support/snapshot.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod snapshot;
#[path = "../../tests/support/thousand.rs"]
mod thousand;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kpi_exporter::engine::RunLog;
use kpi_exporter::exposition::{ExpositionFormat, Published, ScrapeBody, SelfMetrics};
use kpi_exporter::web::{Site, View};

/// Each is made so many times; the median counts.
const TIMES: usize = 21;
const SLOWEST: Duration = Duration::from_millis(100);
const LARGEST: usize = 1_000_000;

fn median(mut make: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let started = Instant::now();
            make();
            started.elapsed()
        })
        .collect();
    took.sort();
    took[TIMES / 2]
}

/// Whether the page is quick and small enough.
#[expect(clippy::print_stdout, reason = "it is what it is for")]
fn is_good(names: &str, title: fn(u32) -> String) -> bool {
    let (snapshot, days) = thousand::thousand(title);
    let runs = RunLog::default();
    let site =
        Site { snapshot: Some(&snapshot), runs: &runs, days: &days, refused: None, filling: None };
    let bytes = site.scorecard(&View::default()).len();
    let page = median(|| assert!(!site.scorecard(&View::default()).is_empty()));
    let shared = Arc::new(snapshot.clone());
    let own = SelfMetrics::new([], 1_000, "", snapshot.as_of).unwrap();
    let metrics = median(|| {
        let published = Published::new(Arc::clone(&shared));
        let body = ScrapeBody::new(Some(&published), &own, ExpositionFormat::Text, None).unwrap();
        std::hint::black_box(body);
    });
    let ratio = page.as_secs_f64() / metrics.as_secs_f64();
    println!("scorecard of 1000 KPIs with {names} names: {page:.1?}, {bytes} bytes");
    println!("/metrics of the same: {metrics:.1?}; the page takes {ratio:.1} times as long");
    page < SLOWEST && bytes < LARGEST
}

fn main() -> ExitCode {
    let good = [is_good("short", thousand::short), is_good("long", thousand::long)];
    if good == [true, true] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
