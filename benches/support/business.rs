//! Simulated businesses: what they do each day, before anything happens to them.

use std::f64::consts::TAU;

use super::noise::Noise;

/// How a business behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Business {
    /// Mean of a usual day.
    pub(crate) size: f64,
    /// Weights of the days of the week, Monday first.
    pub(crate) week: [f64; 7],
    /// Standard deviation of the logarithm of a day.
    pub(crate) noise: f64,
    /// Autocorrelation of that from day to day.
    pub(crate) memory: f64,
    /// Amplitude of the yearly season, in logarithms.
    pub(crate) season: f64,
    /// Growth in a year, in logarithms.
    pub(crate) growth: f64,
    /// Standard deviation of the daily step of a level that wanders.
    pub(crate) wander: f64,
    /// Whether days are counts of independent events.
    pub(crate) counts: bool,
}

const EVEN: [f64; 7] = [1.0; 7];
const SHOP: [f64; 7] = [1.2, 1.15, 1.1, 1.1, 1.0, 0.8, 0.65];
const OFFICE: [f64; 7] = [1.4, 1.4, 1.4, 1.4, 1.4, 0.0, 0.0];

/// Without noise, season, growth or wander.
const QUIET: Business = Business {
    size: 1000.0,
    week: SHOP,
    noise: 0.15,
    memory: 0.0,
    season: 0.0,
    growth: 0.0,
    wander: 0.0,
    counts: false,
};

/// The businesses of the benchmarks: quiet, noisy, sluggish, sticky, seasonal, growing, wandering, small.
pub(crate) const BUSINESSES: [Business; 8] = [
    QUIET,
    Business { noise: 0.4, ..QUIET },
    Business { noise: 0.2, memory: 0.5, season: 0.1, growth: 0.1, ..QUIET },
    Business { week: OFFICE, noise: 0.15, memory: 0.8, season: 0.1, ..QUIET },
    Business { noise: 0.2, memory: 0.2, season: 0.2, growth: 0.1, ..QUIET },
    Business { week: OFFICE, noise: 0.2, memory: 0.3, growth: 0.4, ..QUIET },
    Business { noise: 0.15, memory: 0.3, season: 0.1, wander: 0.01, ..QUIET },
    Business { size: 8.0, week: EVEN, noise: 0.1, counts: true, ..QUIET },
];

/// One day of a business.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "not every benchmark knows of plans")]
pub(crate) struct Lived {
    /// What it brought.
    pub(crate) value: f64,
    /// What was to be expected of it on the first day of all, growth and season included.
    pub(crate) usual: f64,
    /// How far the level had wandered by then, as a factor.
    pub(crate) level: f64,
}

impl Business {
    /// The days from `first` (days since a Monday, 1 January) on.
    #[allow(dead_code, reason = "not for every benchmark")]
    pub(crate) fn days(&self, noise: &mut Noise, first: usize, count: usize) -> Vec<f64> {
        self.lived(noise, first, count, &|_| 1.0).iter().map(|day| day.value).collect()
    }

    /// The same with what was to be expected. `event` is what happens to a day, as a factor.
    pub(crate) fn lived(
        &self,
        noise: &mut Noise,
        first: usize,
        count: usize,
        event: &dyn Fn(usize) -> f64,
    ) -> Vec<Lived> {
        let phase = noise.uniform();
        let fresh = (1.0 - self.memory * self.memory).sqrt();
        let (mut off, mut level) = (noise.normal(), 0.0);
        let day = |index: usize| {
            off = self.memory * off + fresh * noise.normal();
            level += self.wander * noise.normal();
            let years = index as f64 / 365.25;
            let usual = self.season * (TAU * (years + phase)).sin() + self.growth * years;
            let usual = self.size * self.week[(first + index) % 7] * usual.exp();
            let scatter = self.noise * off - self.noise * self.noise / 2.0;
            let mean = usual * (level + scatter).exp() * event(index);
            let value = if self.counts { poisson(noise, mean) } else { mean };
            Lived { value, usual, level: level.exp() }
        };
        (0..count).map(day).collect()
    }
}

/// A count with this mean, by inversion (Knuth); by the normal one above 50.
pub(crate) fn poisson(noise: &mut Noise, mean: f64) -> f64 {
    if mean > 50.0 {
        return (mean + mean.sqrt() * noise.normal()).round().max(0.0);
    }
    let limit = (-mean).exp();
    let (mut product, mut count) = (noise.uniform(), 0.0);
    while product > limit {
        product *= noise.uniform();
        count += 1.0;
    }
    count
}
