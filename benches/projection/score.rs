//! How good a number of projections were.

use std::fmt;

use kpi_exporter::forecast::Projection;

/// Tenths of probability.
const BINS: usize = 10;

/// Sums over projections.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Score {
    count: usize,
    right: usize,
    squares: f64,
    judged: usize,
    held: usize,
    bins: [Bin; BINS],
}

/// Cases whose probability was nearly the same.
#[derive(Debug, Default, Clone, Copy)]
struct Bin {
    count: usize,
    said: f64,
    hit: usize,
}

impl Score {
    /// Adds a projection; one that is missing counts as a wrong call without probability.
    pub(crate) fn add(&mut self, projection: Option<&Projection>, target: f64, actual: f64) {
        self.count += 1;
        let Some(projection) = projection else { return };
        let hit = actual >= target;
        self.right += usize::from((projection.value >= target) == hit);
        if let (Some(p), Some((low, high))) =
            (projection.hit_probability(target, true), projection.interval())
        {
            self.judged += 1;
            self.squares += (p - if hit { 1.0 } else { 0.0 }).powi(2);
            self.held += usize::from((low..=high).contains(&actual));
            let tenth = (1..BINS).take_while(|tenth| p >= *tenth as f64 / BINS as f64).count();
            let bin = &mut self.bins[tenth];
            bin.count += 1;
            bin.said += p;
            bin.hit += usize::from(hit);
        }
    }

    /// Both together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.count += other.count;
        self.right += other.right;
        self.squares += other.squares;
        self.judged += other.judged;
        self.held += other.held;
        for (bin, more) in self.bins.iter_mut().zip(other.bins) {
            bin.count += more.count;
            bin.said += more.said;
            bin.hit += more.hit;
        }
        self
    }

    /// For each tenth of probability: what was said on average, and how many did hit (%).
    pub(crate) fn calibration(&self) -> String {
        let bins = self.bins.iter().filter(|bin| bin.count > 0).map(|bin| {
            let of = |part: f64| 100.0 * part / bin.count as f64;
            format!("{:.0}→{:.0}", of(bin.said), of(bin.hit as f64))
        });
        bins.collect::<Vec<_>>().join("  ")
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        write!(
            f,
            "{:5.1} {:.3} {:5.1}",
            of(self.right, self.count),
            self.squares / self.judged.max(1) as f64,
            of(self.held, self.judged),
        )
    }
}
