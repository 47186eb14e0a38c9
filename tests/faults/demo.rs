//! The demo with two more sources: one that hangs, one that answers nonsense.

use std::fs;
use std::io::Write;
use std::time::Duration;

use tokio::time::Instant;

use crate::exporter::{Exporter, run, sample};
use crate::faults::Fault;
use crate::server::{Mood, Server};

const SCRAPES: usize = 200;

const SOURCES: &str = "
  hangs: { http: { url: 'http://@HANGS@', timeout: 5s, retries: 0 } }
  babbles: { http: { url: 'http://@BABBLES@', retries: 0 } }
";
const METRICS: &str = "
  hanging: { source: hangs, columns: { value: $.value } }
  babbling: { source: babbles, columns: { value: $.value } }
";
const KPIS: &str = "
  hanging: { kind: leading, formula: hanging, accumulation: level, unit: count, target: { min: 1 } }
  babbling: { kind: leading, formula: babbling, accumulation: level, unit: count, target: { min: 1 } }
";

/// How long so many scrapes took, the quickest first.
fn scrapes(demo: &Exporter) -> Vec<Duration> {
    let scrape = |_| {
        let started = Instant::now();
        demo.metrics();
        started.elapsed()
    };
    let mut took: Vec<Duration> = (0..SCRAPES).map(scrape).collect();
    took.sort_unstable();
    took
}

/// Half of them were quicker, and all but one in a hundred.
fn figures(took: &[Duration]) -> (Duration, Duration) {
    (took[took.len() / 2], took[took.len() * 99 / 100])
}

#[test]
fn the_demo_beside_a_source_that_hangs_and_one_that_babbles_stays_quick_and_fresh() {
    let folder = tempfile::tempdir().unwrap();
    let written = run(&["demo", "--write", folder.path().to_str().unwrap()]);
    assert!(written.status.success());
    let (hangs, babbles) = (Server::start(None), Server::start(None));
    let config = folder.path().join("kpi-exporter.yaml");
    let text = kpi_exporter::limits::read_capped(&config, 1 << 20).unwrap();
    let text = String::from_utf8(text)
        .unwrap()
        .replace("\nsources:\n", &format!("\nsources:{SOURCES}"))
        .replace("\nmetrics:\n", &format!("\nmetrics:{METRICS}"))
        .replace("\nkpis:\n", &format!("\nkpis:{KPIS}"))
        .replace("@HANGS@", &hangs.address.to_string())
        .replace("@BABBLES@", &babbles.address.to_string())
        .replace("*/5 * * * *", "every 1s");
    fs::write(&config, text).unwrap();
    let demo = Exporter::run(&config);
    let up = |source: &str| format!("kpi_source_up{{source=\"{source}\"}}");
    let three = ["organic_traffic", "trial_to_paid", "net_new_arr"];
    let success = |kpi: &str| format!("kpi_last_success_timestamp_seconds{{kpi=\"{kpi}\"}}");
    demo.until("five values", |m| m.matches("\nkpi_value{").count() == 5);
    let well = figures(&scrapes(&demo));

    hangs.set(Mood::Fails(Fault::HangBeforeHeaders));
    babbles.set(Mood::Says { head: "200 OK", body: b"\x00\xff{]nonsense"[..].into() });
    let metrics = demo.until("two sources down", |m| {
        ["hangs", "babbles"].map(|source| sample(m, &up(source))) == [Some(0.0); 2]
    });
    let before = three.map(|kpi| sample(&metrics, &success(kpi)));
    let ill = figures(&scrapes(&demo));
    let metrics = demo.until("fresh KPIs", |m| {
        let now = three.map(|kpi| sample(m, &success(kpi)));
        now.iter().zip(&before).all(|(now, before)| *now > before.map(|before| before + 1.0))
    });
    let up = ["business", "hangs", "babbles"].map(|source| sample(&metrics, &up(source)));
    assert_eq!(up, [Some(1.0), Some(0.0), Some(0.0)], "{metrics}");
    assert_eq!(metrics.matches("\nkpi_value{").count(), 5, "{metrics}");

    let line = format!("scrapes, half and 99 %: well {well:.1?}, with two faults {ill:.1?}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    let most = well.0 * 20 + Duration::from_millis(50);
    assert!(ill.0 < most, "{ill:?} is much slower than {well:?}");
}
