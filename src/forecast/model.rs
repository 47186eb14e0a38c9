//! The model: the mean of what four small models of different kinds say about the rest of a period.
//! None of them is best often enough to be chosen by a few periods of history; their mean errs less
//! than the best. Not for the models (`smoothing`, `differences`), nor for back-tests.

use super::buckets::Buckets;
use super::estimate::{Estimate, middle, spread};
use super::history::{StepKind, View};
use super::weekday::Week;
use super::{differences, smoothing};

/// Final value of the period, and the error that its own steps let expect; `None` without an
/// earlier period.
pub(super) fn project(view: &View<'_>, week: &Week) -> Option<Estimate> {
    let buckets = Buckets::of(view, week)?;
    let rest = Rest { view, buckets: &buckets };
    let (values, season) = (&buckets.rates, buckets.count);
    let ahead = season - buckets.done;
    let logarithmic = values.iter().all(|rate| *rate > 0.0);
    let logs: Vec<f64> = values.iter().map(|rate| rate.ln()).collect();
    let scaled = if logarithmic { &logs } else { values };
    let smoothed = smoothing::smooth(scaled, season, ahead)?;
    let (sigma, response) = (smoothed.sigma, smoothed.response);
    // A sum of steps comes to their means, and the mean of a log-normal step lies above its middle,
    // by half of this if all of sigma were noise.
    let lift = if view.kind == StepKind::Flow { sigma * sigma / 4.0 } else { 0.0 };
    let unscaled = |path: Vec<f64>| -> Vec<f64> {
        if logarithmic { path.into_iter().map(|log| (log + lift).exp()).collect() } else { path }
    };
    let path = unscaled(smoothed.path);
    let spread = sigma * rest.spread(&path, &response, logarithmic);
    let mut said = vec![rest.end(&path)];
    if logarithmic {
        said.extend(smoothing::smooth(values, season, ahead).map(|plain| rest.end(&plain.path)));
    }
    let others = [
        differences::airline(scaled, season, ahead),
        differences::seasonal_memory(scaled, season, ahead),
    ];
    said.extend(others.into_iter().flatten().map(|path| rest.end(&unscaled(path))));
    said.retain(|value| value.is_finite());
    let value = middle(&said)?;
    Some(Estimate { value, spread: Some(spread).filter(|spread| spread.is_finite()) })
}

/// What is left of the period.
struct Rest<'a> {
    view: &'a View<'a>,
    buckets: &'a Buckets,
}

impl Rest<'_> {
    /// Value at the end if the buckets that are not complete run at these rates.
    fn end(&self, rates: &[f64]) -> f64 {
        match self.view.kind {
            StepKind::Level => rates.last().copied().unwrap_or(f64::NAN),
            StepKind::Flow => self.view.so_far() + self.weighed(rates).sum::<f64>(),
        }
    }

    fn weighed(&self, rates: &[f64]) -> impl Iterator<Item = f64> {
        rates.iter().zip(&self.buckets.left).map(|(rate, weight)| rate * weight)
    }

    /// Standard deviation of the value at the end, in the unit of the steps, when each bucket to
    /// come errs by 1 (of its logarithm) and every error lives on as `response` says.
    fn spread(&self, rates: &[f64], response: &[f64], logarithmic: bool) -> f64 {
        let size = |rate: f64| if logarithmic { rate } else { 1.0 };
        let weights: Vec<f64> = match self.view.kind {
            StepKind::Flow => {
                self.weighed(&rates.iter().map(|r| size(*r)).collect::<Vec<_>>()).collect()
            }
            StepKind::Level => {
                let last = rates.len().saturating_sub(1);
                rates
                    .iter()
                    .enumerate()
                    .map(|(i, r)| if i == last { size(*r) } else { 0.0 })
                    .collect()
            }
        };
        spread(&weights, response)
    }
}
