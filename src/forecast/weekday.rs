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
    /// than a week (its own shape says it then), fewer than two weeks are known, the sums of a
    /// weekday are not positive, or most days carry nothing: then it is chance which do.
    pub(super) fn of(view: &View<'_>) -> Self {
        let even = Self([1.0; 7]);
        if !view.has_weeks() {
            return even;
        }
        let all = Tally::of(view.newest(usize::MAX));
        let newest = Tally::of(view.newest(DAYS));
        if newest.days.iter().any(|days| *days < 2) || all.is_lumpy() || newest.is_lumpy() {
            return even;
        }
        // A weekday that once carried something is not idle for having carried nothing lately.
        let means: [f64; 7] = std::array::from_fn(|day| {
            if newest.sums[day] == 0.0 { all.mean(day) } else { newest.mean(day) }
        });
        let mean = means.iter().sum::<f64>() / 7.0;
        let known = mean > 0.0 && means.iter().all(|mean| *mean >= 0.0);
        if known { Self(means.map(|day| day / mean)) } else { even }
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

/// What the days of each weekday carried.
#[derive(Default)]
struct Tally {
    sums: [f64; 7],
    days: [u32; 7],
    /// Days that carried nothing.
    empty: [u32; 7],
}

impl Tally {
    fn of(days: impl Iterator<Item = (f64, Option<usize>)>) -> Self {
        let mut tally = Self::default();
        for (value, day) in days {
            let Some(day) = day else { continue };
            tally.sums[day] += value;
            tally.days[day] += 1;
            tally.empty[day] += u32::from(value == 0.0);
        }
        tally
    }

    fn mean(&self, day: usize) -> f64 {
        self.sums[day] / f64::from(self.days[day])
    }

    /// Whether most days of the weekdays that are open (carried anything at all) are empty.
    fn is_lumpy(&self) -> bool {
        let open = (0..7).filter(|day| self.empty[*day] < self.days[*day]);
        let (days, empty) = open
            .fold((0, 0), |(days, empty), day| (days + self.days[day], empty + self.empty[day]));
        2 * empty > days
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
