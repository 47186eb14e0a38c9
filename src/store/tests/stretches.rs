//! Leaps of the clock: what is undone, what is let go of, and what a wrong clock cannot do.

use chrono::TimeDelta;

use super::super::tests::{at, day, evaluation, key, memory, opened, point};
use super::super::{Closed, Closing, Opening, Retention, Revision};
use super::*;
use crate::assess::Status;

const ALL: Retention = Retention {
    daily: std::time::Duration::from_hours(24 * 365),
    raw: std::time::Duration::from_hours(24 * 365),
};

fn closing(period: &str, end: &str, closed_at: &str) -> Closing {
    Closing {
        series: key("churn", &[]),
        period: period.to_owned(),
        start: at(end) - TimeDelta::days(30),
        end: at(end),
        value: Some(1.0),
        target: None,
        target_ratio: None,
        status: Status::Missed,
        closed_at: at(closed_at),
        final_at: Some(at(closed_at)),
        revision: Some(Revision { meaning: 1, goal: 1 }),
    }
}

fn opening(period: &str, opened_at: &str, baseline: f64) -> Opening {
    Opening {
        series: key("churn", &[]),
        period: period.to_owned(),
        revision: Revision { meaning: 1, goal: 1 },
        opened_at: at(opened_at),
        baseline: Some(baseline),
        target: None,
        target_lower: None,
        target_upper: None,
    }
}

async fn live(store: &Store, from: &str, days: i64) {
    for hours in 0..=days * 2 {
        let now = (at(from) + TimeDelta::hours(hours * 12)).to_rfc3339();
        let points = vec![point(key("churn", &[]), &now, hours as f64)];
        store.commit(&evaluation(&now, points)).await.unwrap();
    }
}

async fn days(store: &Store) -> Vec<String> {
    let points = store.history("churn", None, day("1900-01-01"), day("2200-01-01")).await.unwrap();
    points.into_iter().map(|point| point.day.to_string()).collect()
}

/// Lived from 1 to 12 May; then the clock leapt to 13 June, a month was closed and the days between
/// were caught up with.
async fn leapt() -> Store {
    let store = Store::open(":memory:").await.unwrap();
    live(&store, "2026-05-01T12:00:00Z", 11).await;
    let ahead = "2026-06-13T12:00:00Z";
    let mut future = evaluation(ahead, vec![point(key("churn", &[]), ahead, 9.0)]);
    future.closings = vec![closing("2026-05", "2026-06-01T00:00:00Z", ahead)];
    future.openings = vec![opening("2026-06", ahead, 9.0)];
    let mut memory = memory(Some(9.0));
    memory.point.day = day("2026-06-13");
    future.statuses.insert(key("churn", &[]), memory);
    store.commit(&future).await.unwrap();
    store.backfill(&[point(key("churn", &[]), "2026-05-20T00:00:00Z", 9.0)]).await.unwrap();
    store
}

#[tokio::test]
async fn a_future_that_did_not_come_is_undone_and_nothing_before_it() {
    let store = leapt().await;
    let before = days(&store).await.len();
    let now = at("2026-05-12T12:10:00Z");
    let undone = store.undo_future(now).await.unwrap().unwrap();
    let ahead = at("2026-06-13T12:00:00Z");
    // Closing, opening, two days, a change, a status.
    assert_eq!(undone, Undone { rows: 6, since: ahead, until: ahead });
    let left = days(&store).await;
    assert_eq!((left.len(), left.last().unwrap().as_str()), (before - 2, "2026-05-12"));
    assert!(store.last_closings(ahead).await.unwrap().is_empty());
    assert!(store.load_statuses().await.unwrap().is_empty());
    assert_eq!(store.undo_future(now).await.unwrap(), None, "once");
    // The month ends as if nothing had been.
    live(&store, "2026-05-13T00:00:00Z", 25).await;
    let mut end = evaluation("2026-06-04T12:00:00Z", Vec::new());
    end.closings = vec![closing("2026-05", "2026-06-01T00:00:00Z", "2026-06-04T12:00:00Z")];
    assert_eq!(store.commit(&end).await.unwrap(), [Closed::First]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_by_mistake_undoes_nothing() {
    for (now, why) in [
        ("1970-01-01T00:00:10Z", "a machine without a battery"),
        ("2026-04-20T00:00:00Z", "long before all that was lived"),
        ("2026-06-13T12:00:00Z", "it is no leap back"),
    ] {
        let store = leapt().await;
        let before = days(&store).await;
        assert_eq!(store.undo_future(at(now)).await.unwrap(), None, "{why}");
        assert_eq!(store.prune(at(now), ALL).await.unwrap(), 0, "{why}");
        assert_eq!(days(&store).await, before, "{why}");
    }
    // What was lived for weeks is history, after however long a gap.
    let store = Store::open(":memory:").await.unwrap();
    live(&store, "2026-01-01T12:00:00Z", 10).await;
    live(&store, "2026-05-01T12:00:00Z", 10).await;
    assert_eq!(store.undo_future(at("2026-01-12T00:00:00Z")).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_final_in_a_time_to_come_is_not_final_yet() {
    let store = Store::open(":memory:").await.unwrap();
    // Less than a day ahead: no leap that could be told from a quiet day.
    let mut ahead = evaluation("2026-06-04T20:00:00Z", Vec::new());
    ahead.closings = vec![closing("2026-05", "2026-06-01T00:00:00Z", "2026-06-04T20:00:00Z")];
    ahead.openings = vec![opening("2026-06", "2026-06-04T20:00:00Z", 9.0)];
    store.commit(&ahead).await.unwrap();
    let now = "2026-06-04T02:00:00Z";
    let late = Closing { value: Some(2.0), ..closing("2026-05", "2026-06-01T00:00:00Z", now) };
    let mut back = evaluation(now, Vec::new());
    back.closings = vec![late.clone()];
    back.openings = vec![opening("2026-06", now, 2.0)];
    assert_eq!(store.commit(&back).await.unwrap(), [Closed::Updated]);
    assert_eq!(store.last_closings(at(now)).await.unwrap(), [late]);
    assert!(store.last_closings(at("2026-05-31T00:00:00Z")).await.unwrap().is_empty());
    let opened = opened(&store, "churn", "2026-06").await;
    assert_eq!(opened.iter().map(|one| one.baseline).collect::<Vec<_>>(), [Some(2.0)]);
}

#[tokio::test]
async fn a_clock_years_ahead_lets_go_of_nothing_even_when_it_stays_there() {
    let store = Store::open(":memory:").await.unwrap();
    live(&store, "2026-01-01T12:00:00Z", 100).await;
    let before = days(&store).await.len();
    let ahead = at("2026-04-11T13:00:00Z") + TimeDelta::days(2_200);
    assert_eq!(store.prune(ahead, ALL).await.unwrap(), 0, "before the first write");
    live(&store, &ahead.to_rfc3339(), 0).await;
    assert_eq!(store.prune(ahead, ALL).await.unwrap(), 0, "after it");
    // Two days later the leap is confirmed, and counts as two months.
    live(&store, &ahead.to_rfc3339(), 2).await;
    let later = ahead + TimeDelta::days(2);
    assert_eq!(store.prune(later, ALL).await.unwrap(), 0);
    assert!(days(&store).await.len() > before);
    let back = store.undo_future(at("2026-04-11T14:00:00Z")).await.unwrap();
    assert!(back.is_some());
    assert_eq!(days(&store).await.len(), before);
}

#[tokio::test]
async fn a_machine_that_was_off_for_two_months_prunes_when_it_has_run_for_a_day() {
    let store = Store::open(":memory:").await.unwrap();
    live(&store, "2025-01-01T12:00:00Z", 365).await;
    live(&store, "2026-03-01T12:00:00Z", 0).await;
    assert_eq!(store.prune(at("2026-03-01T13:00:00Z"), ALL).await.unwrap(), 0);
    live(&store, "2026-03-02T00:00:00Z", 1).await;
    let pruned = store.prune(at("2026-03-03T00:00:00Z"), ALL).await.unwrap();
    assert!(pruned > 0);
    assert_eq!(days(&store).await[0], "2025-03-03");
}

#[tokio::test]
async fn a_weekend_is_no_leap_that_has_to_be_confirmed() {
    let store = Store::open(":memory:").await.unwrap();
    live(&store, "2025-01-01T12:00:00Z", 365).await;
    live(&store, "2026-01-04T12:00:00Z", 0).await;
    assert!(store.prune(at("2026-01-04T13:00:00Z"), ALL).await.unwrap() > 0);
    assert_eq!(days(&store).await[0], "2025-01-04");
    // Nothing was ever written: nothing is known of the clock.
    let empty = Store::open(":memory:").await.unwrap();
    empty.backfill(&[point(key("churn", &[]), "2020-01-01T00:00:00Z", 1.0)]).await.unwrap();
    assert_eq!(empty.prune(at("2026-01-04T13:00:00Z"), ALL).await.unwrap(), 0);
}
