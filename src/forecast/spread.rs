//! How far off a projection may be: the interval and the probability of reaching a target, from
//! back-test errors. Not for making errors.

use super::history::View;
use super::student;

/// Share of periods that the interval should hold.
const COVERAGE: f64 = 0.8;
/// What is still to come is never known better than to this share of the whole.
const FLOOR: f64 = 0.005;
/// Nothing is certain while the period runs.
const CERTAIN: f64 = 0.999;

/// How errors are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// ln(actual / projected): all are positive.
    Log,
    /// actual - projected.
    Plain,
}

impl Scale {
    /// Error of a projection.
    pub(super) fn error(self, actual: f64, said: f64) -> f64 {
        match self {
            Self::Log => (actual / said).ln(),
            Self::Plain => actual - said,
        }
    }

    /// A standard deviation in the unit of the steps as one of errors.
    pub(super) fn relative(self, deviation: f64, value: f64) -> f64 {
        match self {
            Self::Log => deviation / value,
            Self::Plain => deviation,
        }
    }

    /// Error below which no record is believed: history repeats itself only so well.
    pub(super) fn floor(self, view: &View<'_>, value: f64) -> f64 {
        let left = 1.0 - view.elapsed / view.length as f64;
        let unit = if self == Self::Log { 1.0 } else { value.abs() };
        FLOOR * left * unit
    }
}

/// Spread of the errors around a projection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    scale: Scale,
    /// Standard deviation of the error.
    error: f64,
    /// How well it is known.
    freedom: u32,
    /// A flow that only grows ends no lower than it stands.
    at_least: f64,
}

impl Spread {
    /// No spread at all: the period is over.
    pub(super) fn none(value: f64) -> Self {
        Self { scale: Scale::Plain, error: 0.0, freedom: 1, at_least: value }
    }

    /// The spread that an `error` known with so many degrees of `freedom` tells.
    pub(super) fn of(view: &View<'_>, scale: Scale, error: f64, freedom: usize) -> Option<Self> {
        let freedom = u32::try_from(freedom).ok().filter(|n| *n > 0 && error.is_finite())?;
        Some(Self { scale, error, freedom, at_least: view.least() })
    }

    /// A relative error that many trials have made.
    #[cfg(test)]
    pub(super) fn known(error: f64) -> Self {
        Self { scale: Scale::Log, error, freedom: 1000, at_least: f64::NEG_INFINITY }
    }

    pub(super) fn interval(&self, value: f64) -> Option<(f64, f64)> {
        let reach = self.error * student::quantile(f64::midpoint(1.0, COVERAGE), self.freedom);
        let (low, high) = match self.scale {
            Scale::Log => (value * (-reach).exp(), value * reach.exp()),
            Scale::Plain => (value - reach, value + reach),
        };
        // The projection itself may lie below what stands already, when steps were negative.
        let low = low.max(self.at_least.min(value));
        (low.is_finite() && high.is_finite()).then_some((low, high))
    }

    /// Probability that the final value is `target` or more.
    pub(super) fn probability_above(&self, value: f64, target: f64) -> f64 {
        let sure = target <= self.at_least || (self.scale == Scale::Log && target <= 0.0);
        let chance = if sure {
            1.0
        } else {
            student::cdf(self.scale.error(value, target) / self.error, self.freedom)
        };
        if chance.is_nan() { 0.5 } else { chance.clamp(1.0 - CERTAIN, CERTAIN) }
    }
}
