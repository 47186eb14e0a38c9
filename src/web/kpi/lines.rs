//! The lines of a chart, in days and values: what was, the way to the target, where it is heading. Not here:
//! how they are drawn (`chart`).

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::axis::Frame;
use crate::assess::Assessment;
use crate::engine::ChartDay;
use crate::kpi::{Accumulation, Kpi, same};
use crate::snapshot::Snapshot;

/// A hole in history longer than this is a hole in the line.
const MAX_GAP: i64 = 7;

/// Days before the running period that are shown at least, where they are known.
const LEAST_BEFORE: i64 = 91;

/// Pieces in which what is left of the path is drawn.
const PIECES: u32 = 12;

/// A place: days since the first day of the chart, and a value.
pub(super) type Spot = (f64, f64);

/// What is drawn, in days and values.
pub(super) struct Lines {
    pub(super) first: NaiveDate,
    /// Where the running period begins and ends.
    pub(super) begin: f64,
    pub(super) end: f64,
    /// Of earlier periods, in stretches without a hole.
    pub(super) before: Vec<Vec<Spot>>,
    pub(super) running: Vec<Spot>,
    pub(super) path: Vec<Spot>,
    /// Between off track and on track: x, low, high.
    pub(super) risk: Vec<(f64, f64, f64)>,
    /// The newest value.
    pub(super) now: Spot,
    /// The instant of the evaluation.
    pub(super) today: f64,
}

impl Lines {
    /// Where the newest value is.
    pub(super) fn spot(&self, frame: &Frame) -> Spot {
        (frame.x(self.now.0), frame.y(self.now.1))
    }

    /// The lines that words stay off, in units of the picture.
    pub(super) fn drawn(&self, frame: &Frame, a: &Assessment) -> Vec<Vec<Spot>> {
        let ahead = projected(self, a).map(|end| vec![self.now, (self.end, end)]);
        let all = self.before.iter().chain([&self.running]).chain(&ahead);
        let place = |(x, y): &Spot| (frame.x(*x), frame.y(*y));
        all.map(|line| line.iter().map(place).collect()).collect()
    }

    pub(super) fn of(
        snapshot: &Snapshot,
        kpi: &Kpi,
        a: &Assessment,
        days: &[ChartDay],
    ) -> Option<Self> {
        let value = a.value?;
        let begins = a.period.first_day;
        let length = (a.period.end_day - begins).num_days();
        let earliest =
            begins.checked_sub_days(Days::new(length.max(LEAST_BEFORE).unsigned_abs()))?;
        let first = days.iter().map(|day| day.day).find(|day| *day >= earliest);
        let first = first.unwrap_or(begins).min(begins);
        let place = |day: NaiveDate| (day - first).num_days() as f64;
        let instant = |at: DateTime<Utc>| {
            let local = at.with_timezone(&snapshot.timezone).naive_local();
            let seconds = local.signed_duration_since(first.and_time(chrono::NaiveTime::MIN));
            seconds.num_seconds() as f64 / 86_400.0
        };
        let now = (instant(a.data_through.unwrap_or(snapshot.as_of)), value);
        // A day's value is that of its end.
        let closes = |day: &ChartDay| place(day.day) + 1.0;
        let shown = || days.iter().filter(|day| day.day >= first && closes(day) < now.0);
        let before = shown().filter(|day| day.day < begins).map(|day| (closes(day), day.value));
        let mut running: Vec<Spot> =
            shown().filter(|day| day.day >= begins).map(|day| (closes(day), day.value)).collect();
        running.push(now);
        let (begin, end) = (place(begins), place(a.period.end_day));
        let due = shown().filter(|day| day.day >= begins);
        let due = due.filter_map(|day| Some((closes(day), day.expected?)));
        let path = path(kpi, a, (begin, end), now.0, due.collect());
        let risk = path.iter().filter_map(|(x, due)| {
            let (low, high) = a.at_risk_around(kpi, *due)?;
            Some((*x, low, high))
        });
        Some(Self {
            first,
            begin,
            end,
            before: stretches(before, kpi.accumulation == Accumulation::Flow),
            risk: risk.collect(),
            running,
            path,
            now,
            today: instant(snapshot.as_of).min(end),
        })
    }

    /// All that has to fit.
    pub(super) fn values(&self, a: &Assessment) -> Vec<f64> {
        let lines = self.before.iter().flatten().chain(&self.running).chain(&self.path);
        let single = [
            a.target_value,
            a.target_lower_value,
            a.target_upper_value,
            a.projected_value,
            a.projected_lower_value,
            a.projected_upper_value,
        ];
        lines.map(|(_, value)| *value).chain(single.into_iter().flatten()).collect()
    }
}

/// From the start of the period through what was and is due to the target at its end.
fn path(
    kpi: &Kpi,
    a: &Assessment,
    (begin, end): (f64, f64),
    now: f64,
    due: Vec<Spot>,
) -> Vec<Spot> {
    let (Some(expected), Some(target)) = (a.expected_value, a.target_value) else {
        return Vec::new();
    };
    let start = if kpi.accumulation == Accumulation::Flow {
        Some(0.0)
    } else if same(expected, target) {
        Some(target)
    } else {
        a.baseline_value
    };
    let mut path: Vec<Spot> = start.map(|start| (begin, start)).into_iter().collect();
    let known = !due.is_empty();
    path.extend(due);
    let mut to = |(x, value): Spot, pieces: u32| {
        let Some(&(from, start)) = path.last() else { return path.push((x, value)) };
        path.extend((1..=pieces).map(|piece| {
            let share = f64::from(piece) / f64::from(pieces);
            (from + (x - from) * share, start + (value - start) * share)
        }));
    };
    to((now, expected), if known { 1 } else { PIECES });
    if end > now {
        to((end, target), PIECES);
    }
    path
}

/// Lines without holes; a flow that starts again at zero starts a new one.
fn stretches(spots: impl Iterator<Item = Spot>, flow: bool) -> Vec<Vec<Spot>> {
    let mut all: Vec<Vec<Spot>> = Vec::new();
    for spot in spots {
        let follows =
            |before: &Spot| spot.0 - before.0 <= MAX_GAP as f64 && !(flow && spot.1 < before.1);
        match all.last_mut() {
            Some(line) if line.last().is_some_and(follows) => line.push(spot),
            _ => all.push(vec![spot]),
        }
    }
    all
}

/// Where it is heading, while there are days left.
pub(super) fn projected(lines: &Lines, a: &Assessment) -> Option<f64> {
    a.projected_value.filter(|_| lines.now.0 < lines.end)
}
