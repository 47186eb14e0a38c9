//! How much of a usual week falls on each day, so that a month with five Sundays is no surprise.
//! Not for holidays, nor for seasons longer than a week.

use super::history::{View, weekday, whole};

/// Days that tell the weekday pattern: eight weeks.
const DAYS: usize = 56;

/// Weights of the seven weekdays, 1 on average.
#[derive(Debug, Clone, Copy)]
pub(super) struct Week([f64; 7]);

impl Week {
    /// The pattern of the newest days in sight; even when steps are no days, a period is no longer
    /// than a week (its own shape says it then), fewer than two weeks are known or the sums of a
    /// weekday are not positive.
    pub(super) fn of(view: &View<'_>) -> Self {
        let even = Self([1.0; 7]);
        if view.first_weekday.is_none() || view.length <= 7 {
            return even;
        }
        let (mut sums, mut counts) = ([0.0; 7], [0_u32; 7]);
        for (value, day) in view.newest(DAYS) {
            let Some(day) = day else { return even };
            sums[day] += value;
            counts[day] += 1;
        }
        if counts.iter().any(|count| *count < 2) || sums.iter().any(|sum| *sum < 0.0) {
            return even;
        }
        let means: [f64; 7] = std::array::from_fn(|day| sums[day] / f64::from(counts[day]));
        let mean = means.iter().sum::<f64>() / 7.0;
        if mean > 0.0 { Self(means.map(|day| day / mean)) } else { even }
    }

    /// Weight of a step.
    pub(super) fn weight(&self, day: Option<usize>) -> f64 {
        day.map_or(1.0, |day| self.0[day % 7])
    }

    /// Cumulative weights of the `length` steps of a period: `length + 1` numbers from 0.
    pub(super) fn cumulative(&self, first: Option<usize>, length: usize) -> Vec<f64> {
        cumulative((0..length).map(|index| self.weight(first.map(|first| weekday(first, index)))))
    }
}

/// Running sums, starting with 0.
pub(super) fn cumulative(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let sums = values.scan(0.0, |sum, value| {
        *sum += value;
        Some(*sum)
    });
    [0.0].into_iter().chain(sums).collect()
}

/// A running sum at a fractional position, linear inside a step; the last one beyond the end.
pub(super) fn at(sums: &[f64], position: f64) -> f64 {
    let last = sums.len() - 1;
    let below = whole(position).min(last);
    let above = (below + 1).min(last);
    sums[below] + (sums[above] - sums[below]) * (position - below as f64).clamp(0.0, 1.0)
}
