//! The ways to project a period, each from what a [`View`] shows. Not for choosing among them.

use super::history::{Kind, View, whole};
use super::holt::{self, SHAPE_PERIODS};
use super::weekday::{Week, at, cumulative};

/// Before this share of a period its own steps say too little about its total: the model, which
/// sees the periods before as well, does better than the blend.
const EARLY: f64 = 0.2;

/// How a projection was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The period is over: its value.
    Final,
    /// Flow: value so far / share of the steps that have passed.
    Linear,
    /// Value so far / its usual share of the final value, from up to 3 earlier periods.
    Seasonal,
    /// Flow: value so far + mean of the newest steps, as many as a period has, for each step left.
    /// Level: the newest value, moving on as it did over as many steps.
    Trailing,
    /// Exponential smoothing with a damped trend on values freed of the shape of the period.
    Model,
    /// Geometric mean of `Seasonal` and `Model`.
    Blend,
    /// Level: the newest value.
    Last,
}

impl Method {
    /// Word for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Linear => "linear",
            Self::Seasonal => "seasonal",
            Self::Trailing => "trailing",
            Self::Model => "model",
            Self::Blend => "blend",
            Self::Last => "last",
        }
    }

    /// The methods for a point: the first that applies is used unless another did clearly better.
    pub(super) fn by_preference(view: &View<'_>) -> [Self; 5] {
        let early = view.elapsed < EARLY * view.length as f64;
        match view.kind {
            Kind::Level => [Self::Last, Self::Seasonal, Self::Trailing, Self::Model, Self::Blend],
            Kind::Flow if early => {
                [Self::Model, Self::Blend, Self::Trailing, Self::Seasonal, Self::Linear]
            }
            Kind::Flow => [Self::Blend, Self::Model, Self::Seasonal, Self::Trailing, Self::Linear],
        }
    }

    /// Earlier periods below which the method is not trusted.
    pub(super) fn needs(self) -> usize {
        match self {
            Self::Seasonal | Self::Model | Self::Blend => 2,
            Self::Trailing => 1,
            Self::Final | Self::Linear | Self::Last => 0,
        }
    }
}

/// What every method says at one point; `None` where it cannot say anything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Projections {
    steady: f64,
    seasonal: Option<f64>,
    trailing: Option<f64>,
    model: Option<f64>,
}

impl Projections {
    pub(super) fn at(view: &View<'_>) -> Self {
        Self {
            steady: match view.kind {
                Kind::Flow => view.so_far() * view.length as f64 / view.elapsed,
                Kind::Level => view.so_far(),
            },
            seasonal: seasonal(view),
            trailing: trailing(view),
            model: holt::project(view),
        }
    }

    pub(super) fn by(&self, method: Method) -> Option<f64> {
        let value = match method {
            Method::Linear | Method::Last => Some(self.steady),
            Method::Seasonal => self.seasonal,
            Method::Trailing => self.trailing,
            Method::Model => self.model,
            Method::Blend => self.seasonal.zip(self.model).map(|(a, b)| middle(a, b)),
            Method::Final => None,
        };
        value.filter(|value| value.is_finite())
    }
}

/// Geometric mean; of numbers that are not positive, the arithmetic one.
fn middle(a: f64, b: f64) -> f64 {
    if a > 0.0 && b > 0.0 { (a * b).sqrt() } else { f64::midpoint(a, b) }
}

fn seasonal(view: &View<'_>) -> Option<f64> {
    let week = Week::of(view);
    let recent = view.earlier.len().saturating_sub(SHAPE_PERIODS);
    let shares = view.earlier[recent..].iter().filter_map(|season| {
        let share = match view.kind {
            Kind::Flow => flow_share(view, &week, &season.steps, season.first_weekday),
            Kind::Level => level_share(view, &season.steps),
        };
        share.filter(|share| share.is_finite() && *share > 0.0)
    });
    let shares: Vec<f64> = shares.collect();
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    (!shares.is_empty()).then(|| view.so_far() / mean)
}

/// Share of its total that an earlier period would have had at this point if its weekdays had
/// fallen as those of the current one. Positions are compared relative to the length.
fn flow_share(view: &View<'_>, week: &Week, steps: &[f64], first: Option<usize>) -> Option<f64> {
    let weights = week.cumulative(first, steps.len());
    let freed = steps.iter().enumerate().map(|(index, value)| {
        let weight = weights[index + 1] - weights[index];
        if weight > 0.0 { value / weight } else { 0.0 }
    });
    let freed = cumulative(freed);
    let scale = steps.len() as f64 / view.length as f64;
    let own = week.cumulative(view.first_weekday, view.length);
    let fallen = (0..view.length).map(|index| {
        let weight = own[index + 1] - own[index];
        let (from, to) = (index as f64 * scale, (index + 1) as f64 * scale);
        weight * (at(&freed, to) - at(&freed, from))
    });
    let fallen = cumulative(fallen);
    let total = fallen[view.length];
    (total > 0.0).then(|| at(&fallen, view.elapsed) / total)
}

fn level_share(view: &View<'_>, steps: &[f64]) -> Option<f64> {
    let position = view.elapsed * steps.len() as f64 / view.length as f64;
    let then = steps.get(whole(position.round()).max(1) - 1)?;
    let end = steps.last()?;
    (*then > 0.0 && *end > 0.0).then(|| then / end)
}

fn trailing(view: &View<'_>) -> Option<f64> {
    match view.kind {
        Kind::Flow => {
            let week = Week::of(view);
            let (mut sum, mut weight) = (0.0, 0.0);
            for (value, day) in view.newest(view.length) {
                sum += value;
                weight += week.weight(day);
            }
            let own = week.cumulative(view.first_weekday, view.length);
            let left = own[view.length] - at(&own, view.elapsed);
            (weight > 0.0).then(|| view.so_far() + sum / weight * left)
        }
        Kind::Level => {
            let newest: Vec<f64> = view.newest(view.length + 1).map(|(value, _)| value).collect();
            let (now, then) = (*newest.first()?, *newest.last()?);
            let steps = newest.len() - 1;
            let left = view.length as f64 - view.elapsed;
            (steps > 0).then(|| view.so_far() + (now - then) / steps as f64 * left)
        }
    }
}
