//! The world of the simulation: the real evaluator, engine, store and pages; simulated sources, clock and
//! mishaps, all from one seed. Not here: what has to hold (`simulation`).

use std::cell::Cell as Slot;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::DurationRound as _;
use tempfile::TempDir;

use super::*;
use crate::calendar::Window;
use crate::config::{Environment, load_text};
use crate::engine::{Readers, spans_of};
use crate::metric::{Cell, FetchError, FetchErrorKind, Measurement, Metric, Span, Table};

const KPIS: usize = 8;
pub(super) const SOURCES: usize = 3;

thread_local! {
    pub(super) static NOW: Slot<DateTime<Utc>> = const { Slot::new(DateTime::UNIX_EPOCH) };
}

pub(super) fn clock() -> DateTime<Utc> {
    NOW.get()
}

/// All chance comes from here.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mood {
    Good,
    Down,
    Garbage,
    Twice,
}

/// What a run of the simulation did, for people.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) steps: u32,
    pub(super) kills: u32,
    pub(super) restarts: u32,
    pub(super) reloads: u32,
    pub(super) clock_steps: u32,
    pub(super) leaps: u32,
    pub(super) failed_runs: u32,
    pub(super) final_closings: usize,
    /// Stands for every page that was shown.
    pub(super) pages: u64,
}

pub(super) struct World {
    pub(super) seed: u64,
    chance: Chance,
    pub(super) folder: TempDir,
    /// Which copy of the store is in use.
    pub(super) life: u32,
    pub(super) target: u32,
    pub(super) prepared: Prepared,
    pub(super) readers: Readers,
    pub(super) store: Arc<Store>,
    pub(super) shared: Arc<Shared>,
    pub(super) evaluator: Option<evaluator::Evaluator>,
    pub(super) moods: [(Mood, u32); SOURCES],
    /// So far ahead of true time is the clock.
    pub(super) ahead: TimeDelta,
    /// The last good run of each metric that was shown.
    pub(super) shown: BTreeMap<String, DateTime<Utc>>,
    pub(super) finals: BTreeMap<(String, String), Option<f64>>,
    pub(super) told: Told,
}

fn config(target: u32, store: &Path) -> Config {
    let mut text = format!(
        "version: 1\ncalendar: {{ timezone: Europe/Berlin }}\nstore: {{ path: {}, backfill: off }}\n\
         defaults: {{ schedule: every 5m, period: month, max_age: 48h }}\nsources:\n",
        store.display()
    );
    for n in 0..SOURCES {
        writeln!(text, "  s{n}: {{ files: {{ tables: {{ t: t.csv }} }} }}").unwrap();
    }
    text.push_str("metrics:\n");
    let query = "SELECT 1 AS value FROM t WHERE :window_start < :window_end";
    for n in 0..KPIS {
        writeln!(text, "  m{n}: {{ source: s{}, query: '{query}' }}", n % SOURCES).unwrap();
    }
    text.push_str("kpis:\n");
    for n in 0..KPIS {
        let goal = match n % 3 {
            0 => format!("target: {{ min: {target} }}"),
            1 => "direction: increase, baseline: previous_period, target: +10%".to_owned(),
            _ => format!("direction: increase, baseline: 0, target: {}", 10_000 + target),
        };
        let kind = "kind: lagging, accumulation: flow, unit: count";
        writeln!(text, "  k{n}: {{ formula: m{n}, {kind}, {goal} }}").unwrap();
    }
    let config = load_text("simulation.yaml", &text, Path::new(""), &Environment::default());
    config.unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

impl World {
    pub(super) async fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Over a change to summer time and ends of months.
        NOW.set("2026-03-18T09:00:00Z".parse().unwrap());
        let path = folder.path().join("life0/history.db");
        let prepared = Prepared::of(config(100, &path), clock, None).unwrap();
        let shared = Arc::new(Shared::new(Arc::clone(&prepared.self_metrics)));
        let store = Arc::new(Store::open(&path).await.unwrap());
        let readers = Readers::of(&prepared.definitions);
        let mut world = Self {
            seed,
            chance: Chance(seed),
            folder,
            life: 0,
            target: 100,
            prepared,
            readers,
            store,
            shared,
            evaluator: None,
            moods: [(Mood::Good, 0); SOURCES],
            ahead: TimeDelta::zero(),
            shown: BTreeMap::new(),
            finals: BTreeMap::new(),
            told: Told::default(),
        };
        world.begin(Carried::default()).await;
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(format!("life{}/history.db", self.life))
    }

    async fn begin(&mut self, carried: Carried) {
        let memory = Memory::of(&self.prepared, Some(&self.store), carried).await;
        self.evaluator =
            Some(generation::evaluator(&self.prepared, &self.shared, memory, Vec::new()));
    }

    /// What the source says at `at` of a metric over a window: what happened in each hour, of the last
    /// six hours only every other one yet.
    pub(super) fn truth(&self, metric: usize, window: Window, at: DateTime<Utc>) -> f64 {
        let hour = TimeDelta::hours(1);
        let end = window.end.min(at.duration_trunc(hour).unwrap());
        let (mut sum, mut now) = (0_u64, window.start);
        while now < end {
            let number = u64::try_from(now.timestamp() / 3600).unwrap();
            let amount = mixed(self.seed ^ (number << 8) ^ metric as u64) % 50;
            let is_late = at - now < hour * 6 && number.is_multiple_of(2);
            sum += if is_late { 0 } else { amount };
            now += hour;
        }
        sum as f64
    }

    fn table(&self, metric: usize, span: Span, at: DateTime<Utc>, twice: bool) -> Table {
        let row = vec![Cell::Number(self.truth(metric, span.window, at))];
        let rows = if twice { vec![row.clone(), row] } else { vec![row] };
        Table { columns: vec!["value".into()], rows, ..Table::default() }
    }

    pub(super) fn run_of(&mut self, number: usize, metric: &Metric) -> Run {
        let (at, mood) = (clock(), self.moods[number % SOURCES].0);
        let calendar = &self.prepared.definitions.calendar;
        let failed = |kind| Err(FetchError::new(kind, "as simulated"));
        let outcome = match mood {
            Mood::Down => failed(FetchErrorKind::Unreachable),
            Mood::Garbage => failed(FetchErrorKind::Shape),
            Mood::Good | Mood::Twice => {
                let spans = spans_of(metric, self.readers.kpis(&metric.id), calendar, at);
                let measure = |span: Span| {
                    let table = self.table(number, span, at, mood == Mood::Twice);
                    let measured = Measurement::from_table(metric, calendar.timezone, &table)?;
                    Ok((span, Arc::new(measured)))
                };
                spans.into_iter().map(measure).collect()
            }
        };
        self.told.failed_runs += u32::from(outcome.is_err());
        Run::known(metric.id.clone(), at, outcome)
    }

    /// Polls, evaluates and shows, unless it is killed in between.
    pub(super) async fn step(&mut self) {
        self.told.steps += 1;
        let pause = [5, 5, 15, 60, 180, 420][usize::try_from(self.chance.below(6)).unwrap()];
        NOW.set(clock() + TimeDelta::minutes(pause));
        for source in 0..SOURCES {
            let (_, left) = self.moods[source];
            if left > 0 {
                self.moods[source].1 -= 1;
            } else if self.chance.once_in(12) {
                let moods = [Mood::Down, Mood::Garbage, Mood::Twice];
                let mood = moods[usize::try_from(self.chance.below(3)).unwrap()];
                self.moods[source] = (mood, u32::try_from(self.chance.below(30)).unwrap());
            } else {
                self.moods[source].0 = Mood::Good;
            }
        }
        self.mishap().await;
        self.poll().await;
    }

    async fn poll(&mut self) {
        let metrics: Vec<Arc<Metric>> =
            self.prepared.definitions.metrics.values().cloned().collect();
        for (number, metric) in metrics.iter().enumerate() {
            // Not everything is due.
            if self.chance.once_in(4) {
                continue;
            }
            let run = self.run_of(number, metric);
            self.evaluator.as_mut().unwrap().take(run);
            if self.chance.once_in(400) {
                self.kill().await;
            }
        }
        self.evaluator.as_mut().unwrap().publish(true).await;
        self.check().await;
    }

    async fn mishap(&mut self) {
        match self.chance.below(60) {
            0 => self.kill().await,
            1 => {
                self.told.restarts += 1;
                drop(self.evaluator.take());
                let path = self.path();
                let next = Prepared::of(config(self.target, &path), clock, None).unwrap();
                self.prepared = next;
                self.reopen(path).await;
            }
            2 | 3 => {
                self.told.reloads += 1;
                self.target = u32::try_from(100 + self.chance.below(3)).unwrap();
                let next = config(self.target, &self.path());
                let next = Prepared::of(next, clock, Some(&self.prepared)).unwrap();
                let before = std::mem::replace(&mut self.prepared, next);
                let metrics = self.prepared.definitions.metrics.keys().cloned().collect();
                let carried = self.evaluator.take().unwrap().end();
                let carried = self.prepared.goes_on_with(carried, &before.definitions, &metrics);
                self.begin(carried).await;
            }
            4 => {
                self.told.clock_steps += 1;
                let step = TimeDelta::minutes(i64::try_from(self.chance.below(180)).unwrap() - 90);
                NOW.set(clock() + step);
                self.shown.clear();
            }
            5 if self.ahead.is_zero() => {
                self.told.leaps += 1;
                self.ahead = TimeDelta::days(32);
                NOW.set(clock() + self.ahead);
            }
            6..=20 if !self.ahead.is_zero() => {
                NOW.set(clock() - self.ahead);
                self.ahead = TimeDelta::zero();
                self.shown.clear();
            }
            _ => {}
        }
    }

    /// What was on the disk at this moment is all that is left.
    async fn kill(&mut self) {
        self.told.kills += 1;
        let old = self.path();
        self.life += 1;
        let new = self.path();
        std::fs::create_dir_all(new.parent().unwrap()).unwrap();
        for suffix in ["", "-wal"] {
            let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            if name(&old).exists() {
                std::fs::copy(name(&old), name(&new)).unwrap();
            }
        }
        drop(self.evaluator.take());
        let next = Prepared::of(config(self.target, &new), clock, None).unwrap();
        self.prepared = next;
        self.reopen(new).await;
    }

    async fn reopen(&mut self, path: PathBuf) {
        // Another folder while the old one is being closed.
        let none = Arc::new(Store::open(":memory:").await.unwrap());
        let old = std::mem::replace(&mut self.store, none);
        Arc::into_inner(old).unwrap().close().await;
        self.store = Arc::new(Store::open(&path).await.unwrap());
        self.begin(Carried::default()).await;
        let before = self.shown.clone();
        self.evaluator.as_mut().unwrap().publish(true).await;
        // What is too old to be shown has no age either.
        let young = |at: &DateTime<Utc>| clock() - *at < TimeDelta::hours(47);
        for (metric, at) in before.into_iter().filter(|(_, at)| young(at)) {
            let now = self.last_success(&metric);
            assert!(now >= Some(at), "{metric}: {at} was shown, and after a restart {now:?}");
        }
    }

    fn last_success(&self, kpi: &str) -> Option<DateTime<Utc>> {
        let snapshot = self.shared.snapshot().unwrap();
        snapshot.kpis.iter().find(|state| state.kpi.id == *kpi).unwrap().last_success
    }
}
