//! Seasonal exponential smoothing with a damped trend, the additive state-space form ETS(A,Ad,A) of
//! Hyndman, Koehler, Ord and Snyder, "Forecasting with Exponential Smoothing", 2.5, over a small grid of settings. Not for
//! periods: a series, its season, and what comes next.

use super::mixture::{MixtureMember, mean_path, score};

/// Level gains above a half follow noise: yearly flows lost a point of right calls by them.
const LEVEL_GAINS: [f64; 4] = [0.05, 0.15, 0.3, 0.5];
/// Gain of the trend, as a share of the level's, and its damping; the first is no trend.
const TRENDS: [(f64, f64); 3] = [(0.0, 0.0), (0.05, 0.95), (0.2, 0.9)];
/// Gain of the season, as a share of what the level leaves.
const SEASON_GAINS: [f64; 3] = [0.0, 0.1, 0.3];

/// What comes next, and how much of it is known.
pub(super) struct Smoothed {
    /// The next values.
    pub(super) path: Vec<f64>,
    /// Standard deviation of the errors one step ahead.
    pub(super) sigma: f64,
    /// What an error of 1 adds to the values from its own step on.
    pub(super) response: Vec<f64>,
}

#[derive(Clone, Copy)]
struct Gains {
    level: f64,
    trend: f64,
    damping: f64,
    season: f64,
}

/// The next `ahead` values of a series of at least one season; `None` of a shorter one.
pub(super) fn smooth(values: &[f64], season: usize, ahead: usize) -> Option<Smoothed> {
    let shape = shape(values, season)?;
    let size: f64 = values.iter().map(|value| value * value).sum();
    let mut members = Vec::new();
    let mut best: Option<(f64, f64, Gains)> = None;
    for gains in grid() {
        let (squares, path) = gains.run(values, &shape, ahead);
        let parameters = gains.parameters();
        let points = score(squares, parameters, values.len(), size);
        if best.is_none_or(|(most, ..)| points > most) {
            best = Some((points, squares, gains));
        }
        members.push(MixtureMember { squares, parameters, path });
    }
    let (_, squares, gains) = best?;
    let path = mean_path(&members, values.len(), size)?;
    let sigma = (squares / values.len() as f64).sqrt();
    Some(Smoothed { path, sigma, response: gains.response(ahead) })
}

fn grid() -> impl Iterator<Item = Gains> {
    LEVEL_GAINS.into_iter().flat_map(|level| {
        TRENDS.into_iter().flat_map(move |(trend, damping)| {
            let of = move |season| Gains {
                level,
                trend: level * trend,
                damping,
                season: season * (1.0 - level),
            };
            SEASON_GAINS.into_iter().map(of)
        })
    })
}

impl Gains {
    fn parameters(self) -> f64 {
        let trend = if self.damping > 0.0 { 2.0 } else { 0.0 };
        1.0 + trend + if self.season > 0.0 { 1.0 } else { 0.0 }
    }

    /// Sum of squared errors one step ahead, and the next values. Starts from the mean of the first
    /// season and, with a trend, the change to the mean of the next.
    fn run(self, values: &[f64], shape: &[f64], ahead: usize) -> (f64, Vec<f64>) {
        let count = shape.len();
        let first = mean(&values[..count]);
        let next = values.get(count..2 * count).map_or(first, mean);
        let mut trend = if self.damping > 0.0 { (next - first) / count as f64 } else { 0.0 };
        let mut level = first - trend * (count as f64 + 1.0) / 2.0;
        let mut shape = shape.to_vec();
        let mut squares = 0.0;
        let mut at = 0;
        for value in values {
            let carried = level + self.damping * trend;
            let error = value - carried - shape[at];
            squares += error * error;
            level = carried + self.level * error;
            trend = self.damping * trend + self.trend * error;
            shape[at] += self.season * error;
            at = (at + 1) % count;
        }
        let mut path = Vec::with_capacity(ahead);
        for _ in 0..ahead {
            trend *= self.damping;
            level += trend;
            path.push(level + shape[at]);
            at = (at + 1) % count;
        }
        (squares, path)
    }

    fn response(self, ahead: usize) -> Vec<f64> {
        let mut damped = 0.0;
        let mut power = 1.0;
        let later = (1..ahead).map(|_| {
            power *= self.damping;
            damped += power;
            self.level + self.trend * damped
        });
        [1.0].into_iter().chain(later).collect()
    }
}

/// What each step of a season usually is above the moving average of a season around it; with less
/// than two seasons, above the mean of the first. `None` with less than one.
fn shape(values: &[f64], season: usize) -> Option<Vec<f64>> {
    let first = values.get(..season).filter(|first| !first.is_empty())?;
    if values.len() < 2 * season {
        let mean = mean(first);
        return Some(first.iter().map(|value| value - mean).collect());
    }
    let reach = season / 2;
    let (mut sums, mut counts) = (vec![0.0; season], vec![0_u32; season]);
    for index in reach..values.len() - reach {
        let around: f64 = values[index - reach..=index + reach].iter().sum();
        // An even season has no middle: its first and last step count by half.
        let ends = if season.is_multiple_of(2) {
            f64::midpoint(values[index - reach], values[index + reach])
        } else {
            0.0
        };
        sums[index % season] += values[index] - (around - ends) / season as f64;
        counts[index % season] += 1;
    }
    let shape: Vec<f64> =
        sums.iter().zip(counts).map(|(sum, count)| sum / f64::from(count.max(1))).collect();
    let middle = mean(&shape);
    Some(shape.iter().map(|value| value - middle).collect())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
