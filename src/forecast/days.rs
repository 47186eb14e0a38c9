//! Days that go on at their newest level: what a month of daily data is projected by. The level
//! moves slowly, a distance from it fades from day to day; how slowly and how fast, the past days say. Not for longer
//! seasons than a week, which the model knows.

use super::estimate::{Estimate, spread};
use super::history::{View, whole};
use super::mixture::{MixtureMember, mean_path, score};
use super::weekday::Week;

/// Days that tell how the level moves: nine months.
const DAYS: usize = 280;
/// Days that tell where it began, and below which nothing is learned.
const FIRST_DAYS: usize = 14;
/// Share of a day's surprise that lasts.
const LEVEL_GAINS: [f64; 4] = [0.01, 0.04, 0.1, 0.25];
/// Share of the rest of it that is left the day after.
const MEMORY: [f64; 3] = [0.0, 0.4, 0.8];
/// Weekdays below this weight are idle.
const IDLE: f64 = 0.02;

/// So far, and the newest level for each day left. For flows of more than a week in days.
pub(super) fn project(view: &View<'_>, week: &Week) -> Option<Estimate> {
    let open: Vec<f64> = view
        .newest(DAYS)
        .filter_map(|(value, day)| {
            let weight = week.weight(day);
            (weight > IDLE).then_some(value / weight)
        })
        .collect();
    let values: Vec<f64> = open.into_iter().rev().collect();
    let (first, rest) = values.split_at_checked(FIRST_DAYS)?;
    let left = left(view, week);
    let start = first.iter().sum::<f64>() / FIRST_DAYS as f64;
    let size = values.iter().map(|value| value * value).sum();
    let mut members = Vec::new();
    let mut best: Option<(f64, f64, (f64, f64))> = None;
    for gain in LEVEL_GAINS {
        for memory in MEMORY {
            let (squares, path) = run(start, rest, gain, memory, left.len());
            let points = score(squares, 0.0, rest.len(), size);
            if best.is_none_or(|(most, ..)| points > most) {
                best = Some((points, squares, (gain, memory)));
            }
            members.push(MixtureMember { squares, parameters: 0.0, path });
        }
    }
    let path = mean_path(&members, rest.len(), size)?;
    let to_come: f64 = path.iter().zip(&left).map(|(level, weight)| level * weight).sum();
    let (_, squares, (gain, memory)) = best?;
    let sigma = (squares / rest.len().max(1) as f64).sqrt();
    let mut kept = 1.0 - gain;
    let later = (1..left.len()).map(|_| {
        kept *= memory;
        gain + kept
    });
    let response: Vec<f64> = [1.0].into_iter().chain(later).collect();
    Some(Estimate {
        value: view.so_far() + to_come,
        spread: Some(sigma * spread(&left, &response)),
    })
}

/// Weights of the open days that are left, the rest of the running one first.
fn left(view: &View<'_>, week: &Week) -> Vec<f64> {
    let running = whole(view.elapsed);
    let weight = |index: usize| {
        let passed = (view.elapsed - index as f64).max(0.0);
        week.weight(view.weekday(index)) * (1.0 - passed)
    };
    (running..view.length).map(weight).filter(|weight| *weight > 0.0).collect()
}

/// Sum of squared errors one day ahead, and the next levels.
fn run(start: f64, values: &[f64], gain: f64, memory: f64, ahead: usize) -> (f64, Vec<f64>) {
    let (mut level, mut off, mut squares) = (start, 0.0, 0.0);
    for value in values {
        let error = value - level - memory * off;
        squares += error * error;
        level += gain * error;
        off = memory * off + (1.0 - gain) * error;
    }
    let path = (0..ahead).map(|_| {
        off *= memory;
        level + off
    });
    (squares, path.collect())
}
