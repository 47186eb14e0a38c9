//! Where a period will end, how sure that is, and how likely a target is reached: numbers in,
//! numbers out.
//!
//! Not for KPI types, calendars or clocks: a caller turns a period into steps (days or months),
//! says how many have passed, and gets a [`Projection`]. A ratio is projected by its numerator and
//! denominator, or, period to date, as a level.

mod backtest;
mod buckets;
mod days;
mod differences;
mod estimate;
mod history;
mod methods;
mod mixture;
mod model;
mod smoothing;
mod spread;
mod student;
mod weekday;

#[cfg(test)]
mod tests;

pub use history::{Season, Seasons, StepKind};
pub use methods::Method;
pub use spread::Spread;

use backtest::Record;
use history::View;

/// Where the period will end.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Value at the end of the period, in the unit of the steps.
    pub value: f64,
    /// How it was found.
    pub method: Method,
    /// How far off the method was at this point of earlier periods; `None` without two of them.
    pub spread: Option<Spread>,
}

impl Projection {
    /// A projection with a relative error of its method, for tests of what follows from it.
    #[cfg(test)]
    pub(crate) fn with_error(value: f64, error: f64) -> Self {
        Self { value, method: Method::Blend, spread: Some(Spread::known(error)) }
    }

    /// Bounds that hold the final value in 8 of 10 periods, lower first; `None` without history.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.spread?.interval(self.value)
    }

    /// Probability, strictly between 0 and 1, that the period ends at `target` or above
    /// (`at_least`) or at `target` or below; `None` without history.
    pub fn hit_probability(&self, target: f64, at_least: bool) -> Option<f64> {
        let above = self.spread?.probability_above(self.value, target);
        Some(if at_least { above } else { 1.0 - above })
    }
}

/// Projects the end of the current period by the method that did best at the same point of earlier
/// ones. `None` before the first step, and when a number is not finite or `elapsed` does not fit
/// the steps given.
pub fn forecast(seasons: &Seasons) -> Option<Projection> {
    let view = View::new(seasons)?;
    if view.is_over() {
        let value = view.so_far();
        return Some(Projection {
            value,
            method: Method::Final,
            spread: Some(Spread::none(value)),
        });
    }
    Some(Record::of(&view, Method::by_preference(&view)).best()?.projection(&view))
}

/// Projects by one named method, with that method's own back-test errors; `None` where it does
/// not apply. For comparing methods.
pub fn forecast_by(seasons: &Seasons, method: Method) -> Option<Projection> {
    let view = View::new(seasons)?;
    Some(Record::of(&view, &[method]).best()?.projection(&view))
}
