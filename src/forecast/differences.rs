//! Two models of seasonal differences, over small grids of settings: Box, Jenkins and Reinsel, "Time Series
//! Analysis: Forecasting and Control", 9.2. Not for periods: a series, its season, and what comes
//! next.

use super::mixture::{MixtureMember, mean_path};

/// Share of an error that does not last, from one step to the next.
const STEP_NOISE: [f64; 3] = [0.4, 0.7, 0.9];
/// The same from one season to the next.
const SEASON_NOISE: [f64; 4] = [0.0, 0.4, 0.7, 0.9];
/// Share of the distance from the same step of the last season that is kept for the next step.
const MEMORY: [f64; 5] = [0.0, 0.4, 0.7, 0.9, 0.97];

/// The "airline" model (0,1,1)(0,1,1): the change from the step before is that of a season ago.
pub(super) fn airline(values: &[f64], season: usize, ahead: usize) -> Option<Vec<f64>> {
    let model = |step: f64, noise: f64| {
        move |past: &[f64], errors: &[f64]| {
            let now = past.len();
            let change = past[now - season] - past[now - season - 1];
            past[now - 1] + change - step * errors[now - 1] - noise * errors[now - season]
                + step * noise * errors[now - season - 1]
        }
    };
    let members = STEP_NOISE
        .into_iter()
        .flat_map(|step| SEASON_NOISE.map(|noise| run(values, season, ahead, model(step, noise))));
    mixed(values, season, members)
}

/// (1,0,0)(0,1,1) with drift: the same step of a season ago, moved on by the usual growth and by
/// what is left of the latest distance from that.
pub(super) fn seasonal_memory(values: &[f64], season: usize, ahead: usize) -> Option<Vec<f64>> {
    let growth = growth(values, season)?;
    let model = |memory: f64, noise: f64| {
        move |past: &[f64], errors: &[f64]| {
            let now = past.len();
            let latest = past[now - 1] - past[now - 1 - season] - growth;
            past[now - season] + growth + memory * latest - noise * errors[now - season]
        }
    };
    let members = MEMORY.into_iter().flat_map(|memory| {
        SEASON_NOISE.map(|noise| run(values, season, ahead, model(memory, noise)))
    });
    mixed(values, season, members)
}

/// Mean growth from one season to the next.
fn growth(values: &[f64], season: usize) -> Option<f64> {
    let newest = values.len().checked_sub(season).filter(|rest| *rest > season)?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / season as f64;
    let seasons = values.len() as f64 / season as f64;
    Some((mean(&values[newest..]) - mean(&values[..season])) / (seasons - 1.0))
}

/// Errors of `model` one step ahead, and its next values; what is not yet known has no error.
fn run(
    values: &[f64],
    season: usize,
    ahead: usize,
    model: impl Fn(&[f64], &[f64]) -> f64,
) -> MixtureMember {
    let first = (season + 1).min(values.len());
    let mut past = values[..first].to_vec();
    let mut errors = vec![0.0; first];
    for value in values.iter().skip(first) {
        let error = value - model(&past, &errors);
        past.push(*value);
        errors.push(error);
    }
    for _ in 0..ahead {
        let next = model(&past, &errors);
        past.push(next);
        errors.push(0.0);
    }
    let squares = errors.iter().map(|error| error * error).sum();
    MixtureMember { squares, parameters: 2.0, path: past.split_off(values.len()) }
}

fn mixed(
    values: &[f64],
    season: usize,
    members: impl Iterator<Item = MixtureMember>,
) -> Option<Vec<f64>> {
    // Two whole seasons and a step: before that there is no difference of differences to learn from.
    if values.len() < 2 * season + 2 {
        return None;
    }
    let size = values.iter().map(|value| value * value).sum();
    let members: Vec<MixtureMember> = members.collect();
    mean_path(&members, values.len() - season - 1, size)
}
