//! Whatever comes, in whatever order: an engine that evaluates only what is new finds what one finds that
//! evaluates everything.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use proptest::prelude::*;

use super::super::runs::SourceFacts;
use super::super::{
    Book, Engine, Evaluated, News, Readers, Run, RunLog, share_unchanged, spans_of,
};
use crate::config::{Environment, load_text};
use crate::kpi::Definitions;
use crate::metric::{FetchError, FetchErrorKind, Labels, Measurement, Metric, Series, Span};
use crate::record::Remembered;
use crate::snapshot::KpiState;

const CONFIG: &str = "
version: 1
calendar: { timezone: Europe/Berlin }
defaults: { period: week, max_age: 30h }
sources: { s: { files: { tables: { t: t.csv } } }, other: { files: { tables: { t: t.csv } } } }
metrics:
  m0: { source: s, query: 'SELECT 1 AS value FROM t WHERE d < :window_end_date AND d >= :window_start_date' }
  m1: { source: s, labels: [region], query: 'SELECT 1 AS value, region FROM t WHERE d < :window_end_date' }
  m2: { source: other, labels: [region], query: 'SELECT 1 AS value, region FROM t WHERE d < :as_of AND d >= :window_start_date' }
  m3: { source: other, query: 'SELECT 1 AS value FROM t WHERE :period_start < :window_end' }
kpis:
  flow: { kind: lagging, formula: m0, accumulation: flow, unit: count, direction: increase, baseline: previous_period, target: +10%, predicts: [share] }
  plain: { kind: leading, formula: m0, accumulation: level, window: 3d, unit: count, direction: increase, baseline: 10, target: 50, period: month }
  share: { kind: efficiency, formula: m1 / m2, accumulation: ratio, unit: count, direction: increase, baseline: previous_period, target: +10%, max_age: 2h }
  many: { kind: leading, formula: m1, accumulation: level, unit: count, target: { min: 20 }, status: { confirm_for: 5h } }
  mixed: { kind: leading, formula: m0 + m3, accumulation: flow, unit: count, direction: increase, baseline: 0, target: 100, path: seasonal, period: month }
  parts: { kind: lagging, formula: m2, breakdown: [region], accumulation: flow, unit: count, direction: decrease, baseline: previous_period, target: -10%, max_age: 90m }
  soon: { kind: leading, formula: m3, accumulation: level, unit: count, direction: increase, baseline: 0, target: { formula: m0 }, max_age: 10m, status: { confirm: 1 } }
";

#[derive(Debug, Clone)]
pub(in crate::engine) enum Step {
    /// Time passes.
    Pass(TimeDelta),
    /// Runs of some metrics, each with a number that decides what it finds.
    Runs(Vec<(usize, u64)>),
    /// Runs of some metrics that find what was found before.
    Unchanged(Vec<usize>),
    /// An update, on a tick if it is time for one.
    Update,
    /// A past day comes in, and is learned from or not.
    Past(bool),
}

pub(in crate::engine) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seconds = prop_oneof![
        6 => 0..15_i64,
        3 => 15..1_000_i64,
        3 => 1_000..10_000_i64,
        2 => 10_000..100_000_i64,
        1 => 100_000..1_000_000_i64,
        1 => -10_000..0_i64,
    ];
    let step = prop_oneof![
        4 => seconds.prop_map(|seconds| Step::Pass(TimeDelta::seconds(seconds))),
        4 => prop::collection::vec((0..4_usize, any::<u64>()), 1..4).prop_map(Step::Runs),
        4 => prop::collection::vec(0..4_usize, 1..4).prop_map(Step::Unchanged),
        6 => Just(Step::Update),
        1 => any::<bool>().prop_map(Step::Past),
    ];
    prop::collection::vec(step, 1..60)
}

fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// What a run finds over a span: rows of some regions, or one row; complete up to an instant or without
/// saying so; sometimes no number.
fn measured(metric: &Metric, span: Span, seed: u64) -> Measurement {
    let window = span.window;
    let chance = mixed(seed ^ window.start.timestamp().unsigned_abs().rotate_left(20));
    let row = |number: u64| {
        let chance = mixed(chance ^ number);
        let value = (!chance.is_multiple_of(11)).then_some(((chance >> 8) % 60) as f64);
        let lag = TimeDelta::hours(i64::try_from((chance >> 20) % 40).unwrap());
        let data_through = match seed % 6 {
            0 => Some(window.end - lag),
            // As long as it is the same day.
            3 => Some(window.end.duration_trunc(TimeDelta::days(1)).unwrap() - lag),
            _ => None,
        };
        let values = value.map(|value| ("value".to_owned(), value)).into_iter().collect();
        Series { values, data_through, ..Series::default() }
    };
    let series: BTreeMap<Labels, Series> = if metric.labels.is_empty() {
        BTreeMap::from([(Labels::default(), row(0))])
    } else {
        let regions = ["de", "fr", "us"].into_iter().zip(1..);
        let here = regions.filter(|(_, number)| !mixed(seed ^ *number).is_multiple_of(4));
        here.map(|(region, number)| ([("region", region)].into_iter().collect(), row(number)))
            .collect()
    };
    Measurement { series, ..Measurement::default() }
}

pub(in crate::engine) struct World {
    pub(in crate::engine) definitions: Arc<Definitions>,
    readers: Readers,
    pub(in crate::engine) book: Book,
    pub(in crate::engine) log: RunLog,
    pub(in crate::engine) now: DateTime<Utc>,
    news: News,
    pub(in crate::engine) all: Engine,
    few: Engine,
    next_tick: DateTime<Utc>,
    /// Of the last good run of each metric.
    seeds: [Option<u64>; 4],
}

impl World {
    pub(in crate::engine) fn new() -> Self {
        let config = load_text("a.yaml", CONFIG, Path::new(""), &Environment::default());
        let config = config.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let definitions = Arc::new(config.definitions);
        let facts = ["s", "other"].map(|id| (id.into(), SourceFacts::default())).into();
        let now = "2026-03-20T10:00:00Z".parse().unwrap();
        let book = Book::default();
        Self {
            readers: Readers::of(&definitions),
            log: RunLog::new(&definitions, &facts, &book, now),
            book,
            now,
            next_tick: now,
            news: News::default(),
            all: Engine::new(Arc::clone(&definitions)),
            few: Engine::new(Arc::clone(&definitions)),
            definitions,
            seeds: [None; 4],
        }
    }

    pub(in crate::engine) fn run(&mut self, number: usize, seed: u64) {
        let metric = self.definitions.metrics.values().nth(number).unwrap();
        let calendar = &self.definitions.calendar;
        let outcome = if seed.is_multiple_of(7) {
            Err(FetchError::new(FetchErrorKind::Query, format!("failure {}", seed % 3)))
        } else {
            self.seeds[number] = Some(seed);
            let spans = spans_of(metric, self.readers.kpis(&metric.id), calendar, self.now);
            let measured = |span| (span, Arc::new(measured(metric, span, seed)));
            let mut found = spans.into_iter().map(measured).collect();
            if let Some(before) = self.book.get(&metric.id) {
                share_unchanged(&mut found, &before.measurements);
            }
            Ok(found)
        };
        let run = Run::known(metric.id.clone(), self.now, outcome);
        self.log.note(&metric.source, &run);
        self.news.metrics.insert(metric.id.clone());
        self.book.apply(run);
    }

    fn past(&mut self, learn: bool) {
        let mut engine = Engine::instantaneous(Arc::clone(&self.definitions));
        let found = engine.evaluate(&self.book, &self.log, self.now);
        let day = crate::record::finish(found, &self.definitions, &Remembered::default());
        for engine in [&mut self.all, &mut self.few] {
            engine.note_past(&day);
            if learn {
                engine.learn();
            }
        }
        self.update(true);
    }

    pub(in crate::engine) fn update(&mut self, tick: bool) {
        let mut news = std::mem::take(&mut self.news);
        news.tick = tick;
        if tick || self.now + TimeDelta::seconds(15) < self.next_tick {
            self.next_tick = self.now + TimeDelta::seconds(15);
        }
        self.book.forget_after(self.now + TimeDelta::minutes(1));
        self.log.forget_after(self.now + TimeDelta::minutes(1));
        let few = self.few.update(&self.book, &self.log, &news, self.now);
        let all = self.all.evaluate(&self.book, &self.log, self.now);
        self.compare(&all, &few, tick);
    }

    pub(in crate::engine) fn compare(&self, all: &Evaluated, few: &Evaluated, tick: bool) {
        assert_eq!((&all.metrics, &all.sources), (&few.metrics, &few.sources));
        assert_eq!(all.kpis.len(), few.kpis.len());
        for (all, few) in all.kpis.iter().zip(&few.kpis) {
            let kpi = &all.kpi;
            let is_in_book = |metric: &_| self.book.get(metric).is_some();
            let straddles = kpi.metrics().into_iter().all(is_in_book);
            if is_without_data(all) && (!tick || straddles) {
                // As of the last tick.
                assert!(is_without_data(few), "{few:#?}");
                continue;
            }
            assert!(all.says_what(few), "{}: all: {all:#?}\nfew: {few:#?}", kpi.id);
        }
        if tick {
            // Without data, as of the last tick.
            let frozen = |engine: &Engine| -> Vec<_> {
                let all = engine.openings().iter();
                all.map(|(key, id, is)| (key.clone(), id.clone(), is.baseline, is.target)).collect()
            };
            assert_eq!(frozen(&self.all), frozen(&self.few));
            assert_eq!(self.all.history(), self.few.history());
        }
        for (key, memory) in self.all.memories().unwrap() {
            let other = &self.few.memories().unwrap()[key];
            assert!(
                memory == other || memory.point.value.is_none(),
                "{key:?}: {memory:#?} {other:#?}"
            );
        }
    }
}

fn is_without_data(state: &KpiState) -> bool {
    state.verdicts.iter().all(|verdict| verdict.assessment.data_through.is_none())
}

/// Where some steps lead to.
pub(in crate::engine) fn walk(steps: Vec<Step>) -> World {
    let mut world = World::new();
    for step in steps {
        match step {
            Step::Pass(time) => world.now += time,
            Step::Runs(runs) => runs.into_iter().for_each(|(metric, seed)| world.run(metric, seed)),
            Step::Unchanged(metrics) => {
                for metric in metrics {
                    if let Some(seed) = world.seeds[metric] {
                        world.run(metric, seed);
                    }
                }
            }
            Step::Update => world.update(world.now >= world.next_tick),
            Step::Past(learn) => world.past(learn),
        }
    }
    world.update(true);
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_evaluated_alone_is_as_if_all_had_been(steps in steps()) {
        walk(steps);
    }
}

#[test]
fn a_run_evaluates_the_kpis_that_draw_on_it_and_nothing_else() {
    let mut world = World::new();
    (0..4).for_each(|metric| world.run(metric, 1));
    for _ in 0..3 {
        world.update(true);
        world.now += TimeDelta::seconds(15);
    }
    let states = |world: &World| world.few.last_states();
    let before = states(&world);
    world.update(true);
    assert!(before.iter().zip(states(&world)).all(|(a, b)| Arc::ptr_eq(a, &b)), "nothing came");
    world.run(3, 2);
    world.update(false);
    let new = before.iter().zip(states(&world)).filter(|(a, b)| !Arc::ptr_eq(a, b));
    let new: Vec<_> = new.map(|(_, state)| state.kpi.id.to_string()).collect();
    assert_eq!(new, ["mixed", "soon"]);
    // Data gets too old by itself.
    world.now += TimeDelta::minutes(10);
    world.update(false);
    let soon = states(&world).pop().unwrap();
    assert_eq!(soon.verdicts[0].assessment.value, None);
}

#[test]
fn a_run_that_finds_the_same_makes_what_is_known_fresher_and_nothing_else() {
    // Complete up to an instant of the day: some of it is too old for those who want it fresh.
    let with_values = |seed: u64| {
        let mut world = World::new();
        (0..4).for_each(|metric| world.run(metric, seed));
        for _ in 0..3 {
            world.update(true);
            world.now += TimeDelta::seconds(15);
        }
        let states = world.few.last_states();
        let of_days = states.iter().filter(|state| ["plain", "many"].contains(&&*state.kpi.id));
        let mut verdicts = of_days.flat_map(|state| state.verdicts.iter());
        verdicts.all(|verdict| verdict.assessment.value.is_some()).then_some((world, seed))
    };
    let (mut world, seed) = (0..100).map(|n| 6 * n + 3).find_map(with_values).unwrap();
    let before = world.few.last_states();
    (0..4).for_each(|metric| world.run(metric, seed));
    world.update(false);
    let now = world.few.last_states();
    let mut fresher = Vec::new();
    for (before, now) in before.iter().zip(&now) {
        assert!(Arc::ptr_eq(&before.last_period, &now.last_period), "{}", now.kpi.id);
        if Arc::ptr_eq(&before.verdicts, &now.verdicts) && now.last_success == Some(world.now) {
            fresher.push(now.kpi.id.as_str());
        }
    }
    assert_eq!(fresher, ["plain", "many"]);
}

/// One of two metrics has come to the new month, and the source of the other one is down for days.
#[test]
fn what_holds_over_a_roll_over_does_not_hold_for_ever() {
    let value = |world: &World| {
        let states = world.few.last_states();
        states.iter().find(|state| state.kpi.id == "mixed").unwrap().verdicts[0].assessment.value
    };
    let at_the_end_of_march = |seed| {
        let mut world = World::new();
        world.now = "2026-03-31T20:00:00Z".parse().unwrap();
        (0..4).for_each(|metric| world.run(metric, seed));
        world.update(true);
        value(&world).map(|value| (world, value))
    };
    let (mut world, shown) = [1, 2, 4, 5, 8].into_iter().find_map(at_the_end_of_march).unwrap();
    world.now += TimeDelta::hours(3);
    world.run(0, 1);
    world.update(true);
    assert_eq!(value(&world), Some(shown));
    world.now += TimeDelta::hours(28);
    world.update(true);
    assert_eq!(value(&world), None, "it is 31 hours old");
}
