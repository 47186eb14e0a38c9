//! Reproducible random numbers for the simulations in this room's tests. Not for anything else.

use std::f64::consts::TAU;

/// splitmix64 (Steele, Lea & Flood 2014) feeding Box–Muller: the same numbers on every machine.
pub(in crate::signals) struct Noise(pub(in crate::signals) u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1).
    pub(in crate::signals) fn uniform(&mut self) -> f64 {
        ((self.next() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Standard normal.
    pub(in crate::signals) fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// `count` points of a first-order autoregression with unit variance, after a warm-up.
    pub(in crate::signals) fn autoregressive(&mut self, count: usize, phi: f64) -> Vec<f64> {
        let innovation = (1.0 - phi * phi).sqrt();
        let mut level = self.normal();
        let step = |_| {
            level = phi * level + innovation * self.normal();
            level
        };
        (0..count).map(step).collect()
    }

    /// `count` points of a random walk with unit steps.
    pub(in crate::signals) fn walk(&mut self, count: usize) -> Vec<f64> {
        let mut level = 0.0;
        let step = |_| {
            level += self.normal();
            level
        };
        (0..count).map(step).collect()
    }
}

/// How often `happens` is true in `runs` runs that share one stream of noise.
pub(in crate::signals) fn rate(
    runs: u32,
    seed: u64,
    mut happens: impl FnMut(&mut Noise) -> bool,
) -> f64 {
    let mut noise = Noise(seed);
    let hits = (0..runs).filter(|_| happens(&mut noise)).count();
    hits as f64 / f64::from(runs)
}
