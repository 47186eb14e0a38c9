//! `kill -9` at any moment: the file stays sound, what was acknowledged is there, and of what was
//! being written all is there or nothing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kpi_exporter::assess::Status;
use kpi_exporter::assess::hysteresis::{DataPoint, StatusMemory};
use kpi_exporter::calendar::Window;
use kpi_exporter::kpi::SeriesKey;
use kpi_exporter::metric::{Few, Labels, Measurement, Series, Span};
use kpi_exporter::store::{Closing, Evaluation, Opening, Point, Revision, Store, StoredRun};
use tokio::time::Instant;

/// Two hundred kills in all; files of several ages are met, and many creations.
const FILES: u32 = 8;
const KILLS: u32 = 25;
const SERIES: u32 = 10;
/// Evaluations of one period: the first opens it, all of them close it.
const PERIOD: u32 = 16;
/// Where the child finds its store; only set by the parent.
const STORE: &str = "KPI_EXPORTER_TEST_STORE";

/// Evaluation number `n`: every part of it tells the number.
fn evaluation(n: u32) -> Evaluation {
    let at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(i64::from(n));
    let keys: Vec<SeriesKey> =
        (0..SERIES).map(|i| SeriesKey { kpi: "orders".into(), labels: labels(i) }).collect();
    Evaluation {
        at,
        runs: vec![run(n, at)],
        statuses: keys.iter().map(|key| (key.clone(), memory(n, at))).collect(),
        points: keys.iter().map(|key| point(key, n, at)).collect(),
        openings: keys.iter().map(|key| opening(key, n, at)).collect(),
        closings: keys.iter().map(|key| closing(key, n)).collect(),
    }
}

fn labels(i: u32) -> Labels {
    [("region", i.to_string())].into_iter().collect()
}

fn day(at: DateTime<Utc>) -> NaiveDate {
    at.date_naive()
}

fn run(n: u32, as_of: DateTime<Utc>) -> StoredRun {
    let values: Few<f64> = [("value", f64::from(n))].into();
    let series =
        (0..SERIES).map(|i| (labels(i), Series { values: values.clone(), ..Series::default() }));
    let measured = Measurement { series: series.collect(), ..Measurement::default() };
    let window = Window { start: DateTime::<Utc>::UNIX_EPOCH, end: as_of };
    let span = Span { window, period: window, as_of };
    StoredRun {
        metric: "orders".into(),
        fingerprint: String::new(),
        as_of,
        measurements: BTreeMap::from([(span, Arc::new(measured))]),
    }
}

fn memory(n: u32, at: DateTime<Utc>) -> StatusMemory {
    let point = DataPoint { value: Some(f64::from(n)), data_through: None, day: day(at) };
    StatusMemory { period: String::new(), shown: Status::OnTrack, band: None, waiting: None, point }
}

fn point(key: &SeriesKey, n: u32, as_of: DateTime<Utc>) -> Point {
    Point {
        series: key.clone(),
        day: day(as_of),
        as_of,
        revision: Revision { meaning: 1, goal: 1 },
        period: n.to_string(),
        elapsed_ratio: 0.5,
        value: Some(f64::from(n)),
        sums: None,
        baseline: None,
        target: None,
        target_ratio: None,
        progress_ratio: None,
        pace_ratio: None,
        expected: None,
        status: Status::OnTrack,
        data_through: None,
    }
}

/// Only the first of a period is kept, so all that follow may say something else.
fn opening(key: &SeriesKey, n: u32, opened_at: DateTime<Utc>) -> Opening {
    Opening {
        series: key.clone(),
        period: (n / PERIOD).to_string(),
        revision: Revision { meaning: 1, goal: 1 },
        opened_at,
        baseline: Some(f64::from(n)),
        target: None,
        target_lower: None,
        target_upper: None,
    }
}

/// Each takes the place of the one before in its period.
fn closing(key: &SeriesKey, n: u32) -> Closing {
    let instant = |n: u32| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(i64::from(n));
    Closing {
        series: key.clone(),
        period: (n / PERIOD).to_string(),
        start: instant(n / PERIOD * PERIOD),
        end: instant((n / PERIOD + 1) * PERIOD),
        value: Some(f64::from(n)),
        target: None,
        target_ratio: None,
        status: Status::Achieved,
        closed_at: instant((n / PERIOD * PERIOD).max(1)),
        final_at: None,
        revision: None,
    }
}

/// The number of the last evaluation in the file, having checked that all of it and all before it
/// are there. Opening checks the file itself.
async fn last_in(path: &Path) -> u32 {
    let store = Store::open(path).await.unwrap();
    let runs = store.load_runs().await.unwrap();
    let Some(run) = runs.first() else { return 0 };
    let n = u32::try_from((run.as_of - DateTime::<Utc>::UNIX_EPOCH).num_days()).unwrap();
    let whole = evaluation(n);
    assert_eq!(runs, whole.runs);
    assert_eq!(store.load_statuses().await.unwrap(), whole.statuses, "evaluation {n}");
    let first = day(DateTime::<Utc>::UNIX_EPOCH);
    let daily = store.daily_values("orders", first, day(run.as_of)).await.unwrap();
    let expected: Vec<f64> = (1..=n).map(f64::from).collect();
    assert_eq!(daily.len(), SERIES as usize);
    for days in daily.values() {
        assert_eq!(days.iter().map(|day| day.value).collect::<Vec<_>>(), expected);
    }
    let openings = store.openings(&[("orders".into(), (n / PERIOD).to_string())]).await.unwrap();
    let first = f64::from((n / PERIOD * PERIOD).max(1));
    assert_eq!(openings.len(), SERIES as usize);
    assert!(openings.iter().all(|opening| opening.baseline == Some(first)), "evaluation {n}");
    assert_eq!(
        store.last_closings(chrono::DateTime::<chrono::Utc>::MAX_UTC).await.unwrap(),
        whole.closings
    );
    n
}

#[tokio::test]
#[ignore = "the child of the test below"]
#[expect(clippy::disallowed_methods, reason = "how the parent tells it from a run by hand")]
async fn writer() {
    let Some(path) = std::env::var_os(STORE).map(PathBuf::from) else { return };
    let store = Store::open(&path).await.unwrap();
    let runs = store.load_runs().await.unwrap();
    let last = runs.first().map_or(0, |run| (run.as_of - DateTime::<Utc>::UNIX_EPOCH).num_days());
    let mut output = std::io::stdout();
    for n in u32::try_from(last).unwrap() + 1.. {
        store.commit(&evaluation(n)).await.unwrap();
        writeln!(output, "\ncommitted {n}").unwrap();
        output.flush().unwrap();
    }
}

/// When a writer is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// As soon as it has made a file of this name in the folder, which may be before the store is whole.
    Made(&'static str),
    /// As soon as it has acknowledged so many evaluations; it is at the next one then.
    Acknowledged(u32),
}

/// Starts a writer, kills it at a moment, and gives the last number that it acknowledged.
fn write_and_be_killed(path: &Path, moment: Moment) -> Option<u32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::writer", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, acknowledged) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let lines = output.lines().map_while(Result::ok);
        for n in lines.filter_map(|line| line.strip_prefix("committed ")?.parse::<u32>().ok()) {
            sender.send(n).unwrap();
        }
    });
    let mut last = None;
    let deadline = Instant::now() + Duration::from_mins(1);
    match moment {
        Moment::Made(suffix) => {
            let made = PathBuf::from(format!("{}{suffix}", path.display()));
            while !made.exists() {
                assert!(Instant::now() < deadline, "{} is not made", made.display());
                std::thread::yield_now();
            }
        }
        Moment::Acknowledged(times) => {
            for _ in 0..times {
                last = Some(acknowledged.recv_timeout(Duration::from_mins(1)).unwrap());
            }
        }
    }
    assert!(child.try_wait().unwrap().is_none(), "the writer ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    acknowledged.try_iter().last().or(last)
}

#[tokio::test]
async fn two_hundred_kills_lose_at_most_the_evaluation_in_progress() {
    let folder = tempfile::tempdir().unwrap();
    for file in 0..FILES {
        let path = folder.path().join(format!("{file}.db"));
        let mut before = 0;
        for kill in 0..KILLS {
            // Some die before there is a whole file, others many commits in.
            let moment = match kill % 4 {
                0 => Moment::Made(["-wal", ".lock", ""][usize::try_from(kill / 4 % 3).unwrap()]),
                by => Moment::Acknowledged(by + (file * KILLS + kill) * 7_919 % 40),
            };
            let acknowledged = write_and_be_killed(&path, moment).unwrap_or(before);
            let found = last_in(&path).await;
            // One more may have been written just before it could be acknowledged.
            let expected = acknowledged..=acknowledged + 1;
            assert!(expected.contains(&found), "{found} found, {acknowledged} acknowledged");
            let is_late = matches!(moment, Moment::Acknowledged(_));
            assert!(!is_late || found > before, "nothing was written after {before}");
            before = found;
        }
    }
}
