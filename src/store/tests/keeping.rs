//! Days, changes and what is let go of.

use chrono::TimeDelta;

use super::{at, day, evaluation, key, memory, point};
use crate::metric::Labels;
use crate::store::{DailyValue, Evaluation, Point, Retention, Revision, Store};

async fn days(store: &Store) -> Vec<(String, Option<f64>)> {
    let points = store.history("churn", None, day("2000-01-01"), day("2100-01-01")).await.unwrap();
    points.into_iter().map(|point| (point.day.to_string(), point.value)).collect()
}

async fn commit(store: &Store, as_of: &str, value: f64) {
    let points = vec![point(key("churn", &[]), as_of, value)];
    store.commit(&evaluation(as_of, points)).await.unwrap();
}

#[tokio::test]
async fn a_day_keeps_its_last_verdict() {
    let store = Store::open(":memory:").await.unwrap();
    commit(&store, "2026-04-29T23:00:00Z", 1.0).await;
    commit(&store, "2026-04-30T10:00:00Z", 2.0).await;
    commit(&store, "2026-04-30T20:00:00Z", 3.0).await;
    let expected = [("2026-04-29", 1.0), ("2026-04-30", 3.0)];
    let expected = expected.map(|(day, value)| (day.to_owned(), Some(value)));
    assert_eq!(days(&store).await, expected);
}

#[tokio::test]
async fn a_backfill_takes_the_place_of_earlier_instants_only() {
    let store = Store::open(":memory:").await.unwrap();
    commit(&store, "2026-04-29T20:00:00Z", 1.0).await;
    commit(&store, "2026-04-30T20:00:00Z", 2.0).await;
    let past = |as_of, value| point(key("churn", &[]), as_of, value);
    let close = "2026-04-30T00:00:00Z";
    let points = [past(close, 10.0), past("2026-04-30T12:00:00Z", 20.0)];
    store.backfill(&points).await.unwrap();
    let expected = [("2026-04-29".to_owned(), Some(10.0)), ("2026-04-30".to_owned(), Some(2.0))];
    assert_eq!(days(&store).await, expected);
    // Another meaning has a value of its own for the same day, which takes no other's place.
    let other = Revision { meaning: 2, goal: 1 };
    let newer = Point { revision: other, ..past("2026-04-30T12:00:00Z", 30.0) };
    store.backfill(&[newer]).await.unwrap();
    let of_the_day: Vec<Option<f64>> = days(&store).await[1..].iter().map(|day| day.1).collect();
    assert_eq!(of_the_day, [Some(2.0), Some(30.0)]);
    store.backfill(&[past("2026-04-30T23:00:00Z", 40.0)]).await.unwrap();
    assert_eq!(days(&store).await[1].1, Some(40.0));
    let raw =
        store.raw_history("churn", None, at("2000-01-01T00:00:00Z"), at("2100-01-01T00:00:00Z"));
    assert_eq!(raw.await.unwrap().len(), 2);
}

#[tokio::test]
async fn daily_values_are_those_of_each_label_set() {
    let store = Store::open(":memory:").await.unwrap();
    let (eu, us) = (key("churn", &[("region", "EU")]), key("churn", &[("region", "US")]));
    let points = vec![
        point(eu.clone(), "2026-04-28T12:00:00Z", 1.0),
        point(eu.clone(), "2026-04-29T12:00:00Z", 2.0),
        Point { value: None, ..point(eu.clone(), "2026-04-30T12:00:00Z", 0.0) },
        Point { sums: None, ..point(us.clone(), "2026-04-30T12:00:00Z", 4.0) },
        point(key("mrr", &[]), "2026-04-30T12:00:00Z", 5.0),
    ];
    let value = |point: &Point| DailyValue {
        day: point.day,
        revision: Revision { meaning: 1, goal: 1 },
        period: "2026-Q2".to_owned(),
        value: point.value.unwrap(),
        sums: point.sums,
    };
    let expected =
        [(eu.labels, vec![value(&points[1])]), (us.labels, vec![value(&points[3])])].into();
    store.commit(&evaluation("2026-04-30T12:00:00Z", points)).await.unwrap();
    let values = store.daily_values("churn", day("2026-04-29"), day("2026-04-30")).await.unwrap();
    assert_eq!(values, expected);
}

#[tokio::test]
async fn an_evaluation_without_news_writes_nothing() {
    let store = Store::open(":memory:").await.unwrap();
    let changes = || async {
        sqlx::query_scalar::<_, i64>("SELECT total_changes()")
            .fetch_one(&store.pool())
            .await
            .unwrap()
    };
    let mut same = evaluation(
        "2026-04-30T12:00:00Z",
        vec![point(key("churn", &[]), "2026-04-30T12:00:00Z", 1.0)],
    );
    same.statuses.insert(key("churn", &[]), memory(Some(1.0)));
    store.commit(&same).await.unwrap();
    let before = changes().await;
    same.at += TimeDelta::seconds(10);
    store.commit(&same).await.unwrap();
    assert_eq!(changes().await, before);
}

#[tokio::test]
async fn what_is_too_old_is_pruned_and_nothing_else() {
    let store = Store::open(":memory:").await.unwrap();
    let start = at("2020-01-01T12:00:00Z");
    // More than one step of deletions.
    let points = (0..2_500).map(|i| {
        let as_of = (start + TimeDelta::days(i)).to_rfc3339();
        point(key("churn", &[]), &as_of, i as f64)
    });
    for point in points {
        let evaluation =
            Evaluation { at: point.as_of, points: vec![point], ..Evaluation::default() };
        store.commit(&evaluation).await.unwrap();
    }
    let old = point(key("gone", &[("region", "EU")]), "2020-01-01T12:00:00Z", 1.0);
    let mut last = evaluation("2020-01-01T12:00:00Z", vec![old]);
    last.statuses.insert(key("churn", &[]), memory(Some(1.0)));
    store.commit(&last).await.unwrap();

    let now = start + TimeDelta::days(2_500);
    let deleted = store.prune(now, Retention::default()).await.unwrap();
    let kept_days = 5 * 366;
    // Of days that are over, changes of the value alone say nothing any more.
    let kept_raw = 2;
    // Of the KPI that is gone: its day, its change, its series.
    assert_eq!(deleted, (2_500 - kept_days) + (2_500 - kept_raw) + 3);
    let days = days(&store).await;
    assert_eq!(days.len() as u64, kept_days);
    assert_eq!(days.last().unwrap().1, Some(2_499.0));
    let raw = store.raw_history("churn", Some(&Labels::default()), start, now).await.unwrap();
    assert_eq!(raw.len() as u64, kept_raw);
    assert_eq!(store.load_statuses().await.unwrap(), last.statuses);
    assert_eq!(store.prune(now, Retention::default()).await.unwrap(), 0);

    // A series that was forgotten may come back.
    let back = point(key("gone", &[("region", "EU")]), "2026-11-01T12:00:00Z", 1.0);
    store.commit(&evaluation("2026-11-01T12:00:00Z", vec![back.clone()])).await.unwrap();
    let found = store.history("gone", None, day("2026-01-01"), day("2026-12-31")).await.unwrap();
    assert_eq!(found, [back]);
}

#[tokio::test]
async fn a_commit_that_is_given_up_on_spoils_nothing() {
    let store = Store::open(":memory:").await.unwrap();
    for n in 0..60_u32 {
        // New series each time: their numbers must not be taken for given before they are.
        let series = (0..20).map(|i| key("churn", &[("n", &(n * 20 + i).to_string())]));
        let points = series.map(|key| point(key, "2026-04-30T12:00:00Z", f64::from(n)));
        let evaluation = evaluation("2026-04-30T12:00:00Z", points.collect());
        let patience = std::time::Duration::from_micros(u64::from(n) * 100);
        // Whether it got through by then does not matter.
        let _ = tokio::time::timeout(patience, store.commit(&evaluation)).await;
        store.commit(&evaluation).await.unwrap();
        assert_eq!(days(&store).await.len(), (n as usize + 1) * 20);
    }
}
