//! What is read after a restart is what was written before it, to the last digit.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{Folder, at, day, evaluation, key, memory, point};
use crate::assess::Status;
use crate::calendar::Window;
use crate::kpi::SeriesKey;
use crate::metric::{Labels, Measurement, Series, Span};
use crate::store::{Evaluation, Store, StoredRun};

fn span(end: DateTime<Utc>) -> Span {
    let window = Window { start: at("2026-04-01T04:00:00Z"), end };
    Span { window, period: window, as_of: end }
}

fn run(metric: &str, measurements: Vec<(Span, Measurement)>) -> StoredRun {
    StoredRun {
        metric: metric.into(),
        fingerprint: "f1".to_owned(),
        as_of: at("2026-04-30T12:00:00.123456789Z"),
        measurements: measurements.into_iter().map(|(s, m)| (s, Arc::new(m))).collect(),
    }
}

fn runs(runs: Vec<StoredRun>) -> Evaluation {
    Evaluation { at: at("2026-04-30T12:00:01Z"), runs, ..Evaluation::default() }
}

async fn committed_and_reopened(evaluation: &Evaluation) -> (Folder, Store) {
    let folder = Folder::new();
    let store = folder.open().await;
    store.commit(evaluation).await.unwrap();
    store.close().await;
    let store = folder.open().await;
    (folder, store)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn labels() -> impl Strategy<Value = Labels> {
    prop::collection::btree_map("[a-z_]{1,8}", any::<String>(), 0..4).prop_map(Labels::from_iter)
}

fn number() -> impl Strategy<Value = f64> {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    let edges = prop_oneof![Just(DateTime::<Utc>::MIN_UTC), Just(DateTime::<Utc>::MAX_UTC)];
    let usual = (-3_000_000_000_i64..300_000_000_000, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap());
    prop_oneof![1 => edges, 20 => usual]
}

fn series() -> impl Strategy<Value = Series> {
    let values = prop::collection::btree_map("[a-z]{1,6}", number(), 0..3);
    (values, prop::option::of(instant())).prop_map(|(values, data_through)| Series {
        values: values.into_iter().collect(),
        data_through,
        ..Series::default()
    })
}

fn measurement() -> impl Strategy<Value = Measurement> {
    let all = prop::collection::btree_map(labels(), series(), 0..4);
    let totals = prop::option::of(prop::collection::btree_map(labels(), series(), 0..2));
    let text = || prop::option::of(any::<String>());
    (all, totals, 0..3_u64, text(), text()).prop_map(
        |(series, totals, bad_rows, first_bad_row, doubt)| Measurement {
            series,
            totals,
            bad_rows,
            first_bad_row,
            doubt,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn measurements_come_back_to_the_last_digit(
        measured in prop::collection::vec((instant(), measurement()), 0..3),
    ) {
        let stored = run("orders", measured.into_iter().map(|(end, m)| (span(end), m)).collect());
        let back = block_on(async {
            let store = Store::open(":memory:").await.unwrap();
            store.commit(&runs(vec![stored.clone()])).await.unwrap();
            store.load_runs().await.unwrap()
        });
        prop_assert_eq!(back, vec![stored]);
    }

    #[test]
    fn memories_and_points_come_back_whatever_the_labels(
        all in prop::collection::btree_map(labels(), (prop::option::of(number()), instant()), 1..5),
    ) {
        let mut evaluation = Evaluation { at: at("2026-04-30T12:00:00Z"), ..Evaluation::default() };
        for (labels, (value, through)) in all {
            let key = SeriesKey { kpi: "churn".into(), labels };
            let mut memory = memory(value);
            memory.point.data_through = Some(through);
            evaluation.statuses.insert(key.clone(), memory);
            let point = point(key, "2026-04-30T12:00:00Z", 0.0);
            evaluation.points.push(crate::store::Point { value, ..point });
        }
        let (statuses, points) = block_on(async {
            let store = Store::open(":memory:").await.unwrap();
            store.commit(&evaluation).await.unwrap();
            let (from, to) = (day("2026-01-01"), day("2026-12-31"));
            let points = store.history("churn", None, from, to).await.unwrap();
            for point in &points {
                let one = store.history("churn", Some(&point.series.labels), from, to).await.unwrap();
                assert_eq!(&one, &vec![point.clone()]);
            }
            (store.load_statuses().await.unwrap(), points)
        });
        prop_assert_eq!(statuses, evaluation.statuses);
        let by_labels = |points: Vec<crate::store::Point>| -> BTreeMap<_, _> {
            points.into_iter().map(|point| (point.series.clone(), point)).collect()
        };
        prop_assert_eq!(by_labels(points), by_labels(evaluation.points));
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let series = key("churn", &[("plan", "pro \"2\""), ("region", "Zürich\n")]);
    let number = Series { values: [("value".to_owned(), 0.1 + 0.2)].into(), ..Series::default() };
    let measured =
        Measurement { series: [(series.labels.clone(), number)].into(), ..Default::default() };
    let ends = ["2026-04-30T12:00:00.123456789Z", "2026-04-01T04:00:00Z"];
    let measured = ends.map(|end| (span(at(end)), measured.clone())).to_vec();
    let evaluation = Evaluation {
        at: at("2026-04-30T12:00:01Z"),
        runs: vec![run("empty", Vec::new()), run("members", measured)],
        statuses: [(series.clone(), memory(Some(0.1 + 0.2)))].into(),
        points: vec![point(series, "2026-04-30T12:00:00Z", 0.1 + 0.2)],
        ..Evaluation::default()
    };
    let (_folder, store) = committed_and_reopened(&evaluation).await;
    assert_eq!(store.load_runs().await.unwrap(), evaluation.runs);
    assert_eq!(store.load_statuses().await.unwrap(), evaluation.statuses);
    let days = store.history("churn", None, day("2026-04-30"), day("2026-04-30")).await.unwrap();
    assert_eq!(days, evaluation.points);
}

#[tokio::test]
async fn a_memory_without_a_band_or_a_value_comes_back() {
    let mut none = memory(None);
    (none.shown, none.band, none.waiting, none.point.data_through) =
        (Status::NoData, None, None, None);
    let statuses = BTreeMap::from([(key("churn", &[]), none)]);
    let evaluation = Evaluation { statuses, ..Evaluation::default() };
    let (_folder, store) = committed_and_reopened(&evaluation).await;
    assert_eq!(store.load_statuses().await.unwrap(), evaluation.statuses);
}

fn one_row(value: f64) -> Measurement {
    let values = [("value".to_owned(), value)].into();
    let row = (Labels::default(), Series { values, ..Series::default() });
    Measurement { series: [row].into(), ..Measurement::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whichever windows say what they said, or what another one said.
    #[test]
    fn answers_that_stay_the_same_are_as_good_as_new_ones(
        steps in prop::collection::vec(prop::collection::btree_map(0..4_i64, 0..3_usize, 0..4), 1..6),
    ) {
        let answers = [1.0, 2.0, 3.0].map(|value| Arc::new(one_row(value)));
        block_on(async {
            let store = Store::open(":memory:").await.unwrap();
            for step in steps {
                let window = |end: i64| span(at("2026-04-30T12:00:00Z") + TimeDelta::hours(end));
                let measured = |(end, of): (i64, usize)| (window(end), Arc::clone(&answers[of]));
                let measurements = step.into_iter().map(measured).collect();
                let run = StoredRun { measurements, ..run("orders", Vec::new()) };
                store.commit(&runs(vec![run.clone()])).await.unwrap();
                assert_eq!(store.load_runs().await.unwrap(), [run]);
            }
        });
    }
}

#[tokio::test]
async fn the_next_run_takes_the_place_of_the_last() {
    let store = Store::open(":memory:").await.unwrap();
    let (quarter, noon, later) = (
        span(at("2026-04-01T04:00:00Z")),
        span(at("2026-04-30T12:00:00Z")),
        span(at("2026-04-30T12:05:00Z")),
    );
    let first = run("orders", vec![(quarter, one_row(1.0)), (noon, one_row(2.0))]);
    let other = run("visits", vec![(noon, one_row(9.0))]);
    store.commit(&runs(vec![first, other.clone()])).await.unwrap();
    let mut second = run("orders", vec![(quarter, one_row(1.5)), (later, one_row(3.0))]);
    second.fingerprint = "f2".to_owned();
    store.commit(&runs(vec![second.clone()])).await.unwrap();
    assert_eq!(store.load_runs().await.unwrap(), [second, other]);
}

#[tokio::test]
async fn the_same_value_is_no_news_after_a_restart() {
    let series = key("churn", &[]);
    let first = vec![point(series.clone(), "2026-04-30T12:00:00Z", 0.03)];
    let (_folder, store) = committed_and_reopened(&evaluation("2026-04-30T12:00:00Z", first)).await;
    for (at, value) in [("2026-04-30T12:05:00Z", 0.03), ("2026-04-30T12:10:00Z", 0.04)] {
        let points = vec![point(series.clone(), at, value)];
        store.commit(&evaluation(at, points)).await.unwrap();
    }
    let (from, to) = (at("2026-04-30T00:00:00Z"), at("2026-05-01T00:00:00Z"));
    let raw = store.raw_history("churn", None, from, to).await.unwrap();
    let values: Vec<_> = raw.iter().map(|raw| (raw.at.to_rfc3339(), raw.value)).collect();
    let expected = [("2026-04-30T12:00:00+00:00", 0.03), ("2026-04-30T12:10:00+00:00", 0.04)];
    assert_eq!(values, expected.map(|(at, value)| (at.to_owned(), Some(value))));
}
