//! How good a number of projections were.

use std::fmt;

use kpi_exporter::forecast::Projection;

/// Sums over projections.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Score {
    count: usize,
    right: usize,
    squares: f64,
    judged: usize,
    held: usize,
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
        }
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
