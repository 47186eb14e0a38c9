//! Openings stay frozen, closings become final, later differences are restatements.

use super::{Folder, at, key, opened};
use crate::assess::Status;
use crate::store::{Closed, Closing, Evaluation, Opening, Restatement, Revision, Store};

fn opening(goal: u32, baseline: f64) -> Opening {
    Opening {
        series: key("arr", &[("region", "EU")]),
        period: "2026-Q2".to_owned(),
        revision: Revision { meaning: 1, goal },
        opened_at: at("2026-04-01T04:00:01Z"),
        baseline: Some(baseline),
        target: Some(baseline * 1.3),
        target_lower: None,
        target_upper: Some(9.5),
    }
}

fn closing(value: f64, now: &str, is_final: bool) -> Closing {
    Closing {
        series: key("arr", &[]),
        period: "2026-Q2".to_owned(),
        start: at("2026-04-01T04:00:00Z"),
        end: at("2026-07-01T04:00:00Z"),
        value: Some(value),
        target: Some(250_000.0),
        target_ratio: Some(value / 250_000.0),
        status: Status::Missed,
        closed_at: at(now),
        final_at: is_final.then(|| at(now)),
        revision: Some(Revision { meaning: 1, goal: 1 }),
    }
}

async fn close(store: &Store, closing: Closing) -> Closed {
    let evaluation =
        Evaluation { at: closing.closed_at, closings: vec![closing], ..Evaluation::default() };
    store.commit(&evaluation).await.unwrap()[0]
}

#[tokio::test]
async fn what_was_frozen_first_stays() {
    let folder = Folder::new();
    let store = folder.open().await;
    for openings in [vec![opening(1, 100.0)], vec![opening(1, 200.0), opening(2, 300.0)]] {
        store.commit(&Evaluation { openings, ..Evaluation::default() }).await.unwrap();
    }
    store.close().await;
    let store = folder.open().await;
    for (goal, baseline) in [(1, 100.0), (2, 300.0)] {
        let openings = opened(&store, "arr", "2026-Q2").await;
        let of_goal: Vec<_> = openings.iter().filter(|one| one.revision.goal == goal).collect();
        assert_eq!(of_goal, [&opening(goal, baseline)]);
    }
}

#[tokio::test]
async fn of_many_kpis_each_gets_the_periods_that_are_its_own() {
    let store = Store::open(":memory:").await.unwrap();
    let of = |n: usize, period: &str| Opening {
        series: key(&format!("kpi_{n}"), &[("region", "EU")]),
        period: period.to_owned(),
        ..opening(1, n as f64)
    };
    let periods = ["2026-Q1", "2026-Q2", "2026-11", "2026-W48"];
    let all = (0..300).flat_map(|n| periods.map(|period| of(n, period)));
    let evaluation = Evaluation { openings: all.collect(), ..Evaluation::default() };
    store.commit(&evaluation).await.unwrap();
    // Each KPI is asked for one period, with others in one batch for other periods.
    let period_of = |n: usize| periods[n * 7 % 4];
    let asked = (0..300).filter(|n| n % 3 > 0);
    let wanted: Vec<_> = asked
        .clone()
        .map(|n| (format!("kpi_{n}").as_str().into(), period_of(n).to_owned()))
        .collect();
    let mut found = store.openings(&wanted).await.unwrap();
    found.sort_by(|a, b| a.baseline.partial_cmp(&b.baseline).unwrap());
    assert_eq!(found, asked.map(|n| of(n, period_of(n))).collect::<Vec<_>>());
    assert!(store.openings(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_definition_changes_no_result_and_is_not_told_as_a_change_of_the_source() {
    let store = Store::open(":memory:").await.unwrap();
    let by = |meaning, goal, value, now: &str, is_final| Closing {
        revision: Some(Revision { meaning, goal }),
        ..closing(value, now, is_final)
    };
    assert_eq!(close(&store, by(1, 1, 100.0, "2026-07-01T04:00:05Z", false)).await, Closed::First);
    for (meaning, goal) in [(1, 2), (2, 1)] {
        let other = by(meaning, goal, 70.0, "2026-07-02T04:00:00Z", false);
        assert_eq!(close(&store, other).await, Closed::Unchanged, "{meaning} {goal}");
    }
    let last = by(1, 1, 100.0, "2026-07-05T04:00:00Z", true);
    assert_eq!(close(&store, last).await, Closed::Updated);
    // A changed formula gives another number, a changed target does not.
    let formula = by(2, 1, 70.0, "2026-07-06T04:00:00Z", true);
    assert_eq!(close(&store, formula).await, Closed::Unchanged);
    let target = by(1, 2, 100.0, "2026-07-06T04:00:00Z", true);
    assert_eq!(close(&store, target).await, Closed::Unchanged);
    let changed = by(1, 2, 90.0, "2026-07-07T04:00:00Z", true);
    let told = Closed::Restated { from: Some(100.0), to: Some(90.0) };
    assert_eq!(close(&store, changed).await, told);
    let kept = store.last_closings(chrono::DateTime::<chrono::Utc>::MAX_UTC).await.unwrap();
    assert_eq!(
        (kept[0].value, kept[0].revision),
        (Some(100.0), by(1, 1, 0.0, "2026-07-01T00:00:00Z", false).revision)
    );
}

#[tokio::test]
async fn late_data_within_the_grace_are_taken_in() {
    let store = Store::open(":memory:").await.unwrap();
    let first = closing(230_000.0, "2026-07-01T04:01:00Z", false);
    assert_eq!(close(&store, first.clone()).await, Closed::First);
    let again = closing(230_000.0, "2026-07-01T04:06:00Z", false);
    assert_eq!(close(&store, again).await, Closed::Unchanged);
    let late = closing(231_000.0, "2026-07-02T04:00:00Z", false);
    assert_eq!(close(&store, late).await, Closed::Updated);
    let last = closing(232_000.0, "2026-07-04T04:00:00Z", true);
    assert_eq!(close(&store, last.clone()).await, Closed::Updated);
    // When it was closed first stays.
    let expected = Closing { closed_at: first.closed_at, ..last };
    assert_eq!(
        store.last_closings(chrono::DateTime::<chrono::Utc>::MAX_UTC).await.unwrap(),
        std::slice::from_ref(&expected)
    );
    let (from, to) = (at("2026-07-01T04:00:00Z"), at("2026-07-01T04:00:00Z"));
    assert_eq!(store.closings("arr", from, to).await.unwrap(), [expected]);
    assert!(store.restatements("arr").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_final_value_stays_and_later_ones_are_restatements() {
    let store = Store::open(":memory:").await.unwrap();
    let last = closing(230_000.0, "2026-07-04T04:00:00Z", true);
    assert_eq!(close(&store, last.clone()).await, Closed::First);
    let restated = |from, to| Closed::Restated { from: Some(from), to: Some(to) };
    for (value, now, expected) in [
        // The same sum in another order.
        (230_000.0 * (1.0 + 1e-12), "2026-07-05T04:00:00Z", Closed::Unchanged),
        (229_000.0, "2026-07-06T04:00:00Z", restated(230_000.0, 229_000.0)),
        (229_000.0, "2026-07-07T04:00:00Z", Closed::Unchanged),
        (230_000.0, "2026-07-08T04:00:00Z", restated(229_000.0, 230_000.0)),
    ] {
        assert_eq!(close(&store, closing(value, now, true)).await, expected, "{now}");
    }
    assert_eq!(
        store.last_closings(chrono::DateTime::<chrono::Utc>::MAX_UTC).await.unwrap(),
        [last]
    );
    let restatement = |now, old, new| Restatement {
        series: key("arr", &[]),
        period: "2026-Q2".to_owned(),
        at: at(now),
        old_value: Some(old),
        new_value: Some(new),
    };
    let expected = [
        restatement("2026-07-06T04:00:00Z", 230_000.0, 229_000.0),
        restatement("2026-07-08T04:00:00Z", 229_000.0, 230_000.0),
    ];
    assert_eq!(store.restatements("arr").await.unwrap(), expected);
}

#[tokio::test]
async fn a_value_that_appears_or_vanishes_is_a_restatement_too() {
    let store = Store::open(":memory:").await.unwrap();
    let none = Closing { value: None, ..closing(0.0, "2026-07-04T04:00:00Z", true) };
    assert_eq!(close(&store, none.clone()).await, Closed::First);
    assert_eq!(close(&store, none.clone()).await, Closed::Unchanged);
    let appears = Closed::Restated { from: None, to: Some(0.0) };
    assert_eq!(close(&store, closing(0.0, "2026-07-05T04:00:00Z", true)).await, appears);
    assert_eq!(close(&store, none).await, Closed::Restated { from: Some(0.0), to: None });
}

#[tokio::test]
async fn the_last_closing_of_a_series_is_the_one_that_ended_last() {
    let store = Store::open(":memory:").await.unwrap();
    let second = closing(2.0, "2026-07-04T04:00:00Z", true);
    let first = Closing {
        period: "2026-Q1".to_owned(),
        end: second.start,
        start: at("2026-01-01T05:00:00Z"),
        ..second.clone()
    };
    let other = Closing { series: key("arr", &[("region", "EU")]), ..first.clone() };
    // A daemon that was down closes the missed periods in any order.
    let closings = vec![second.clone(), first, other.clone()];
    store.commit(&Evaluation { closings, ..Evaluation::default() }).await.unwrap();
    let last = store.last_closings(chrono::DateTime::<chrono::Utc>::MAX_UTC).await.unwrap();
    assert_eq!(last.len(), 2);
    assert!(last.contains(&second) && last.contains(&other));
}
