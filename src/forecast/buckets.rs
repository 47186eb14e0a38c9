//! The steps of all periods in sight as one series of evenly weighed buckets: days of long periods in
//! weeks, other steps as they are. Not for forecasting them (`model`).

use super::history::{StepKind, View, whole};
use super::weekday::{Week, at, cumulative};

/// Periods that tell the shape.
pub(super) const SHAPE_PERIODS: usize = 3;
/// Buckets of history that are smoothed, as far as whole periods above `SHAPE_PERIODS` go.
const MAX_BUCKETS: usize = 120;
/// Periods of more steps, and days, are smoothed in buckets of about seven steps.
const MAX_STEPS: usize = 60;

/// Periods cut into the same number of buckets.
pub(super) struct Buckets {
    /// Value per unit of weight (flow) or value at the end (level), oldest first, up to now.
    pub(super) rates: Vec<f64>,
    /// Buckets of a period.
    pub(super) count: usize,
    /// Complete buckets of the current period.
    pub(super) done: usize,
    /// Weight that is left of each bucket that is not complete.
    pub(super) left: Vec<f64>,
}

impl Buckets {
    pub(super) fn of(view: &View<'_>, week: &Week) -> Option<Self> {
        let weekly = view.first_weekday.is_some() && view.length > 7 || view.length > MAX_STEPS;
        let count = if weekly { (view.length + 3) / 7 } else { view.length };
        let periods = (MAX_BUCKETS / count).max(SHAPE_PERIODS).min(view.earlier.len());
        let earlier = &view.earlier[view.earlier.len() - periods..];
        if earlier.is_empty() {
            return None;
        }
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
}

/// Rate of each bucket, given by its ends in steps.
fn bucket_rates(
    kind: StepKind,
    steps: &[f64],
    weights: &[f64],
    ends: impl Iterator<Item = (f64, f64)>,
) -> Option<Vec<f64>> {
    let sums = cumulative(steps.iter().copied());
    ends.map(|(from, to)| match kind {
        StepKind::Level => steps.get(whole(to.ceil()).saturating_sub(1)).copied(),
        StepKind::Flow => {
            let weight = at(weights, to) - at(weights, from);
            (weight > 0.0).then(|| (at(&sums, to) - at(&sums, from)) / weight)
        }
    })
    .collect()
}
