//! Sources that answer in simulated time, and fail in every way that sources do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::company::{SOURCES, told};
use super::time::{truly, truly_at};
use crate::engine::{SourceHandle, Sources};
use crate::metric::{Cell, FetchError, FetchErrorKind, Table};
use crate::source::{Request, Source};

/// Answers come at whole multiples of this, so that one evaluation is that of many.
const TURN: TimeDelta = TimeDelta::seconds(30);

/// A source gives up by itself.
const LIMIT: Duration = Duration::from_secs(30);

/// A slow one needs nearly as long.
const NEARLY: Duration = Duration::from_secs(19);

/// As many as a source is asked at a time.
const PLACES: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    /// Answers, but near its time limit.
    Slow,
    Down,
    Hangs,
    Garbage,
    Twice,
}

/// What time it was when a metric was asked, by what the clock said.
type Asked = BTreeMap<(usize, DateTime<Utc>), DateTime<Utc>>;

/// What all sources have in common.
#[derive(Debug)]
pub(super) struct Said {
    seed: u64,
    moods: Mutex<[Mood; SOURCES]>,
    asked: Mutex<Asked>,
    pub(super) failures: AtomicU64,
}

struct Simulated {
    number: usize,
    said: Arc<Said>,
}

impl Said {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            seed,
            moods: Mutex::new([Mood::Good; SOURCES]),
            asked: Mutex::default(),
            failures: AtomicU64::new(0),
        })
    }

    pub(super) fn sources(self: &Arc<Self>) -> Sources {
        let source = |number| {
            let source: Arc<dyn Source> = Arc::new(Simulated { number, said: Arc::clone(self) });
            (format!("s{number}").into(), SourceHandle::new(source, PLACES))
        };
        (0..SOURCES).map(source).collect()
    }

    pub(super) fn feel(&self, moods: [Mood; SOURCES]) {
        *self.moods.lock().unwrap() = moods;
    }

    /// What time it was when a run asked for a metric; `None` if there was no such run lately.
    pub(super) fn asked_at(&self, metric: usize, as_of: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.asked.lock().unwrap().get(&(metric, as_of)).copied()
    }

    /// Forgets what was asked before.
    pub(super) fn forget_before(&self, time: DateTime<Utc>) {
        self.asked.lock().unwrap().retain(|_, at| *at >= time);
    }

    fn failed(&self, kind: FetchErrorKind) -> Result<Table, FetchError> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        Err(FetchError::new(kind, "as simulated"))
    }

    async fn answer(&self, source: usize, request: &Request) -> Result<Table, FetchError> {
        let metric: usize = request.metric.id.as_str()[1..].parse().unwrap();
        let at = truly_at(request.asked);
        self.asked.lock().unwrap().insert((metric, request.span.as_of), at);
        let mood = || self.moods.lock().unwrap()[source];
        match mood() {
            Mood::Hangs => {
                sleep(LIMIT).await;
                return self.failed(FetchErrorKind::Timeout);
            }
            Mood::Slow => sleep(NEARLY).await,
            _ => {}
        }
        let turn = TURN.num_milliseconds();
        let left = turn - truly().timestamp_millis().rem_euclid(turn);
        sleep(Duration::from_millis(u64::try_from(left).unwrap())).await;
        let row = vec![Cell::Number(told(self.seed, metric, request.span.window, at))];
        let (column, rows) = match mood() {
            Mood::Down => return self.failed(FetchErrorKind::Unreachable),
            Mood::Garbage => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                ("valeu", vec![row])
            }
            Mood::Twice => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                ("value", vec![row.clone(), row])
            }
            Mood::Good | Mood::Slow | Mood::Hangs => ("value", vec![row]),
        };
        Ok(Table { columns: vec![column.into()], rows, ..Table::default() })
    }
}

impl Source for Simulated {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.said.answer(self.number, request).boxed()
    }
}
