//! Back-fill writes to the store what a daemon would have written: a value a day, and how periods
//! closed.

use chrono::NaiveDate;
use kpi_exporter::assess::Status;
use kpi_exporter::metric::Labels;
use kpi_exporter::store::Store;

use crate::program::{command, said};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[tokio::test]
async fn the_store_holds_a_value_a_day_and_the_results_of_periods() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    // Twice: what is there already is not there twice afterwards.
    for _ in 0..2 {
        let mut backfill = command(&["--from", "2026-03-30", "--to", "2026-07-01"]);
        backfill.env("KPI_EXPORTER_STORE__PATH", &path);
        let (code, _, stderr) = said(&backfill.output().unwrap());
        assert_eq!(code, Some(0), "{stderr}");
    }
    let store = Store::open(&path).await.unwrap();
    let days = store.daily_values("trial_to_paid", day("2026-01-01"), day("2026-12-31")).await;
    let days = &days.unwrap()[&Labels::default()];
    // One day into the third quarter the trailing window still has data.
    assert_eq!((days[0].day, days.len()), (day("2026-03-30"), 94));
    let april = days.iter().find(|value| value.day == day("2026-04-30")).unwrap();
    assert!((april.value - 0.1).abs() < 1e-12 && april.sums.is_some(), "{april:?}");
    let instant = |text: &str| text.parse().unwrap();
    let (from, to) = (instant("2026-01-01T00:00:00Z"), instant("2026-12-31T00:00:00Z"));
    let closings = store.closings("net_new_arr", from, to).await.unwrap();
    let found: Vec<_> = closings.iter().map(|c| (c.period.as_str(), c.value, c.status)).collect();
    let [first, second] = found[..] else { panic!("{found:?}") };
    assert_eq!((first.0, first.2), ("2026-Q1", Status::Missed));
    assert_eq!(second, ("2026-Q2", Some(230_000.0), Status::Missed));
    assert!(store.restatements("net_new_arr").await.unwrap().is_empty());
}
