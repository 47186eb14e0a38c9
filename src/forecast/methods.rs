//! The ways to project a period, each from what a [`View`] shows. Not for choosing among them.

use super::buckets::SHAPE_PERIODS;
use super::days;
use super::estimate::{Estimate, middle};
use super::history::{StepKind, View, whole};
use super::model;
use super::weekday::{Week, at, cumulative};

/// How a projection was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The period is over: its value.
    Final,
    /// Flow: value so far / share of the steps that have passed.
    Linear,
    /// Value so far / its usual share of the final value, from up to 3 earlier periods. Where hardly
    /// a day carries anything: value so far + what usually came after this day.
    Seasonal,
    /// Flow: value so far + the newest level of the steps for each step left: days by a level that
    /// moves slowly, other steps by the mean of as many as a period has.
    /// Level: the newest value, moving on as it did over as many steps.
    Trailing,
    /// Mean of two seasonal smoothings and two seasonal difference models.
    Model,
    /// Geometric mean of `Trailing` and `Model`: the one knows days, the other periods.
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
    pub(super) fn by_preference(view: &View<'_>) -> &'static [Self] {
        match view.kind {
            StepKind::Level => &[Self::Last, Self::Seasonal, Self::Trailing, Self::Model],
            StepKind::Flow if view.is_sparse() => &[Self::Seasonal, Self::Trailing, Self::Linear],
            StepKind::Flow if view.has_weeks() => {
                &[Self::Blend, Self::Trailing, Self::Seasonal, Self::Linear]
            }
            StepKind::Flow => &[Self::Model, Self::Seasonal, Self::Trailing, Self::Linear],
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

/// What `method` says; `None` where it cannot say anything.
pub(super) fn estimate(view: &View<'_>, week: &Week, method: Method) -> Option<Estimate> {
    let plain = |value| Some(Estimate { value, spread: None });
    let said = match method {
        Method::Linear => plain(view.so_far() * view.length as f64 / view.elapsed),
        Method::Last => plain(view.so_far()),
        Method::Seasonal if view.is_sparse() => plain(view.so_far() + usual_rest(view)?),
        Method::Seasonal => plain(seasonal(view, week)?),
        Method::Trailing => trailing(view, week),
        Method::Model => model::project(view, week),
        Method::Blend => {
            let (days, model) = (trailing(view, week)?, model::project(view, week)?);
            let value = middle(&[days.value, model.value])?;
            let spreads = days.spread.zip(model.spread);
            Some(Estimate { value, spread: spreads.map(|(a, b)| f64::midpoint(a, b)) })
        }
        Method::Final => None,
    };
    let said = said.filter(|said| said.value.is_finite())?;
    Some(Estimate { value: said.value.max(view.least()), ..said })
}

/// Mean of what came after this day in earlier periods, days counted from the nearer end.
fn usual_rest(view: &View<'_>) -> Option<f64> {
    let length = view.length as f64;
    let rest = |steps: &[f64]| {
        let sums = cumulative(steps.iter().copied());
        let from_end = steps.len() as f64 - (length - view.elapsed);
        let position = if 2.0 * view.elapsed <= length { view.elapsed } else { from_end };
        sums[steps.len()] - at(&sums, position.max(0.0))
    };
    let rests: f64 = view.earlier.iter().map(|season| rest(&season.steps)).sum();
    (!view.earlier.is_empty()).then(|| rests / view.earlier.len() as f64)
}

fn seasonal(view: &View<'_>, week: &Week) -> Option<f64> {
    let recent = view.earlier.len().saturating_sub(SHAPE_PERIODS);
    let shares = view.earlier[recent..].iter().filter_map(|season| {
        let share = match view.kind {
            StepKind::Flow => flow_share(view, week, &season.steps, season.first_weekday),
            StepKind::Level => level_share(view, &season.steps),
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

fn trailing(view: &View<'_>, week: &Week) -> Option<Estimate> {
    let steps_left = view.length as f64 - view.elapsed;
    match view.kind {
        StepKind::Flow if view.has_weeks() => days::project(view, week),
        StepKind::Flow => {
            let newest: Vec<f64> = view.newest(view.length).map(|(value, _)| value).collect();
            let mean = newest.iter().sum::<f64>() / newest.len() as f64;
            Some(Estimate { value: view.so_far() + mean * steps_left, spread: None })
        }
        StepKind::Level => {
            let newest: Vec<f64> = view.newest(view.length + 1).map(|(value, _)| value).collect();
            let (now, then) = (*newest.first()?, *newest.last()?);
            let steps = newest.len() - 1;
            let value = view.so_far() + (now - then) / steps as f64 * steps_left;
            (steps > 0).then_some(Estimate { value, spread: None })
        }
    }
}
