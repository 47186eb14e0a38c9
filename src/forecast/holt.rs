//! The model: exponential smoothing of what remains when the shape of the period is taken out.
//!
//! Seasonal indices are those of a classical decomposition; level and trend follow Holt's method
//! with a damped trend (Hyndman and Athanasopoulos, "Forecasting:
//! Principles and Practice", 3rd ed., 8.2), the parameters by least squares over a grid. Not for
//! intervals: those come from back-tests.

use super::history::{Kind, View, whole};
use super::weekday::{Week, at, cumulative};

/// Periods that tell the shape.
pub(super) const SHAPE_PERIODS: usize = 3;
/// Buckets of history that are smoothed, as far as whole periods above `SHAPE_PERIODS` go.
const MAX_BUCKETS: usize = 120;
/// Periods of more steps, and days, are smoothed in buckets of about seven steps.
const MAX_STEPS: usize = 60;

const LEVEL_GAINS: [f64; 6] = [0.1, 0.2, 0.35, 0.5, 0.7, 0.9];
/// Gain of the trend and its damping per bucket; the first is no trend.
const TRENDS: [(f64, f64); 7] =
    [(0.0, 0.0), (0.05, 0.85), (0.05, 0.95), (0.1, 0.85), (0.1, 0.95), (0.2, 0.85), (0.2, 0.95)];

/// Final value of the period; `None` without an earlier one.
pub(super) fn project(view: &View<'_>) -> Option<f64> {
    let buckets = Buckets::of(view)?;
    let rates = buckets.forecast();
    Some(match view.kind {
        Kind::Level => *rates.last()?,
        Kind::Flow => {
            let rest = rates.iter().zip(&buckets.left).map(|(rate, weight)| rate * weight);
            view.so_far() + rest.sum::<f64>()
        }
    })
}

/// Periods cut into the same number of buckets.
struct Buckets {
    /// Value per unit of weight (flow) or value at the end (level), oldest first, up to now.
    rates: Vec<f64>,
    /// Buckets of a period.
    count: usize,
    /// Complete buckets of the current period.
    done: usize,
    /// Weight that is left of each bucket that is not complete.
    left: Vec<f64>,
}

impl Buckets {
    fn of(view: &View<'_>) -> Option<Self> {
        let weekly = view.first_weekday.is_some() && view.length > 7 || view.length > MAX_STEPS;
        let count = if weekly { (view.length + 3) / 7 } else { view.length };
        let periods = (MAX_BUCKETS / count).max(SHAPE_PERIODS).min(view.earlier.len());
        let earlier = &view.earlier[view.earlier.len() - periods..];
        if earlier.is_empty() {
            return None;
        }
        let week = Week::of(view);
        let edge = |index: usize, length: usize| (index * length) as f64 / count as f64;
        let done = (0..count).take_while(|i| edge(i + 1, view.length) <= view.elapsed).count();
        let mut rates = Vec::with_capacity((periods + 1) * count);
        for season in earlier {
            let (steps, length) = (&season.steps, season.steps.len());
            let weights = week.cumulative(season.first_weekday, length);
            let ends = (0..count).map(|i| (edge(i, length), edge(i + 1, length)));
            rates.extend(bucket_rates(view.kind, steps, &weights, ends)?);
        }
        let weights = week.cumulative(view.first_weekday, view.length);
        let ends = (0..done).map(|i| (edge(i, view.length), edge(i + 1, view.length)));
        rates.extend(bucket_rates(view.kind, view.done, &weights, ends)?);
        let left = (done..count).map(|i| {
            let from = edge(i, view.length).max(view.elapsed);
            at(&weights, edge(i + 1, view.length)) - at(&weights, from)
        });
        Some(Self { rates, count, done, left: left.collect() })
    }

    /// Rates of the buckets that are not complete.
    fn forecast(&self) -> Vec<f64> {
        let multiplicative = self.rates.iter().all(|rate| *rate > 0.0);
        let indices = self.indices(multiplicative);
        let level = |(index, rate): (usize, &f64)| {
            let usual = indices[index % self.count];
            if multiplicative { (rate / usual).ln() } else { rate - usual }
        };
        let levels: Vec<f64> = self.rates.iter().enumerate().map(level).collect();
        let path = Holt::fit(&levels, self.count).path(self.count - self.done);
        let usual = &indices[self.done..];
        if multiplicative {
            path.iter().zip(usual).map(|(level, usual)| level.exp() * usual).collect()
        } else {
            path.iter().zip(usual).map(|(level, usual)| level + usual).collect()
        }
    }

    /// What each bucket usually is, compared with the mean of its period.
    fn indices(&self, multiplicative: bool) -> Vec<f64> {
        let earlier = &self.rates[..self.rates.len() - self.done];
        let shapes = earlier.rchunks(self.count).take(SHAPE_PERIODS);
        let used = shapes.len() as f64;
        let mut indices = vec![0.0; self.count];
        for shape in shapes {
            let mean = shape.iter().sum::<f64>() / self.count as f64;
            for (index, rate) in indices.iter_mut().zip(shape) {
                *index += if multiplicative { rate / mean } else { rate - mean } / used;
            }
        }
        indices
    }
}

/// Rate of each bucket, given by its ends in steps.
fn bucket_rates(
    kind: Kind,
    steps: &[f64],
    weights: &[f64],
    ends: impl Iterator<Item = (f64, f64)>,
) -> Option<Vec<f64>> {
    let sums = cumulative(steps.iter().copied());
    ends.map(|(from, to)| match kind {
        Kind::Level => steps.get(whole(to.ceil()).saturating_sub(1)).copied(),
        Kind::Flow => {
            let weight = at(weights, to) - at(weights, from);
            (weight > 0.0).then(|| (at(&sums, to) - at(&sums, from)) / weight)
        }
    })
    .collect()
}

/// A level and a trend that fades.
#[derive(Clone, Copy)]
struct Holt {
    level: f64,
    trend: f64,
    damping: f64,
}

impl Holt {
    /// The member of the grid with the smallest squared error one step ahead. Starts from the mean
    /// of the first `season` values and the change to the mean of the next.
    fn fit(values: &[f64], season: usize) -> Self {
        let (first, rest) = values.split_at(season);
        let level = mean(first);
        let next = if rest.len() < season { level } else { mean(&rest[..season]) };
        let trend = (next - level) / season as f64;
        let mut best = (f64::INFINITY, Self { level, trend: 0.0, damping: 0.0 });
        for (trend_gain, damping) in TRENDS {
            let start = Self { level, trend: if damping > 0.0 { trend } else { 0.0 }, damping };
            for level_gain in LEVEL_GAINS {
                let (error, end) = start.smoothed(rest, level_gain, level_gain * trend_gain);
                if error < best.0 {
                    best = (error, end);
                }
            }
        }
        best.1
    }

    /// Sum of squared errors one step ahead, and the state after the last value.
    fn smoothed(mut self, values: &[f64], level_gain: f64, trend_gain: f64) -> (f64, Self) {
        let mut squares = 0.0;
        for value in values {
            let carried = self.damping * self.trend;
            let error = value - (self.level + carried);
            squares += error * error;
            self.level += carried + level_gain * error;
            self.trend = carried + trend_gain * error;
        }
        (squares, self)
    }

    /// The next `count` values.
    fn path(self, count: usize) -> Vec<f64> {
        let steps = (0..count).scan(self, |state, _| {
            state.trend *= state.damping;
            state.level += state.trend;
            Some(state.level)
        });
        steps.collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
