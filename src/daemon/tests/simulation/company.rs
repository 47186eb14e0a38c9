//! The company that is simulated: what happens in it every hour, what its sources say of that, and the
//! KPIs that are made of it.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use super::chance::mixed;
use crate::calendar::Window;
use crate::config::{Config, Environment, load_text};

pub(super) const SOURCES: usize = 3;

/// How much is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    pub(super) kpis: usize,
    pub(super) days: u32,
    /// Minutes between two polls.
    pub(super) every: u32,
}

/// What is late is there after this.
pub(super) const LATE: TimeDelta = TimeDelta::hours(6);

/// What happens in an hour, on average.
const MEAN: u32 = 25;

/// What a source says at `at` of a metric over a window: what happened in each whole hour, of the last six
/// hours only every other one yet.
pub(super) fn told(seed: u64, metric: usize, window: Window, at: DateTime<Utc>) -> f64 {
    let hour = TimeDelta::hours(1);
    let end = window.end.min(at.duration_trunc(hour).unwrap());
    let (mut sum, mut now) = (0_u64, window.start);
    while now < end {
        let number = u64::try_from(now.timestamp() / 3600).unwrap();
        let is_late = at - now < LATE && number.is_multiple_of(2);
        // Better and worse times of five days, so that statuses change.
        let times = 60 + 40 * (mixed(seed ^ (number / 120) ^ ((metric as u64) << 32)) % 3);
        let amount = mixed(seed ^ (number << 8) ^ metric as u64) % u64::from(2 * MEAN + 1);
        let amount = amount * times / 100;
        sum += if is_late { 0 } else { amount };
        now += hour;
    }
    sum as f64
}

/// Those whose value is what one metric says; the others are a quotient of two.
pub(super) fn is_plain(kpi: usize) -> bool {
    kpi % 5 != 3
}

/// The configuration; `goal` is one of several.
pub(super) fn config(size: Size, goal: u32, store: &Path) -> Config {
    let mut text = format!(
        "version: 1\ncalendar: {{ timezone: Europe/Berlin }}\nserver: {{ accept_notes: true }}\n\
         store: {{ path: {}, backfill: off }}\n\
         defaults: {{ schedule: every {}m, period: month, max_age: 48h }}\nsources:\n",
        store.display(),
        size.every
    );
    for n in 0..SOURCES {
        writeln!(text, "  s{n}: {{ files: {{ tables: {{ t: t.csv }} }} }}").unwrap();
    }
    text.push_str("metrics:\n");
    let query = "SELECT 1 AS value FROM t WHERE :window_start < :window_end";
    for n in 0..size.kpis {
        writeln!(text, "  m{n}: {{ source: s{}, query: '{query}' }}", n % SOURCES).unwrap();
    }
    text.push_str("kpis:\n");
    for n in 0..size.kpis {
        writeln!(text, "  k{n}: {{ kind: lagging, {} }}", kpi(n, size.kpis, goal)).unwrap();
    }
    let config = load_text("simulation.yaml", &text, Path::new(""), &Environment::default());
    config.unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// Targets are near what is to be expected: a status near its limits has something to confirm.
fn kpi(n: usize, kpis: usize, goal: u32) -> String {
    let per_day = 24 * MEAN;
    let near = |days: u32| per_day * days * (97 + goal * 2) / 100;
    let flow = "accumulation: flow, unit: count";
    match n % 5 {
        0 => format!("formula: m{n}, {flow}, target: {{ min: {} }}", near(30)),
        1 => format!(
            "formula: m{n}, {flow}, direction: increase, baseline: previous_period, target: +{}%",
            goal + 1
        ),
        2 => format!(
            "formula: m{n}, {flow}, period: week, direction: increase, baseline: 0, target: {}",
            near(7)
        ),
        3 => format!(
            "formula: m{n} / m{}, accumulation: ratio, unit: ratio, period: week, target: {{ min: 0.{} }}",
            (n + 1) % kpis,
            97 + goal.min(2)
        ),
        _ => format!(
            "formula: m{n}, accumulation: level, unit: count, window: 7d, period: quarter, \
             target: {{ min: {} }}",
            near(7)
        ),
    }
}
