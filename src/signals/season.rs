//! Takes a yearly season out of a series, so that winter is no news. Not here: control limits.

use super::chart::{self, Reading};

/// Points on either side of the same point a year ago that tell the season there.
const REACH: usize = 4;
/// A season is taken out only where that makes the series this much calmer; else it adds noise.
const CALMER: f64 = 0.95;
/// How much wider limits have to be around what is left, with one year that tells the season; with
/// more years it is known that much better.
const WIDER: f64 = 0.08;
/// Points that are judged and do not move their own limits: half a year of weeks.
const JUDGED: usize = 26;
/// Points with a year before them, below which a season cannot be told from chance.
const POINTS_TO_TELL: usize = 20;

/// Reads the current signal from a series of residuals as [`chart::detect`] does, from that at
/// `start` on, free of the season where the years before show one.
pub fn detect_in_season(series: &[Option<f64>], year: usize, start: usize) -> Reading {
    let start = start.min(series.len());
    let reading = match without_season(series, year) {
        Some(freed) => {
            let years = (series.len().saturating_sub(1) / year.max(1)).max(1);
            chart::detect_wider(&freed[start..], 1.0 + WIDER / years as f64, JUDGED)
        }
        None => chart::detect_wider(&series[start..], 1.0, JUDGED),
    };
    Reading { since: reading.since.map(|index| index + start), ..reading }
}

/// The series less what the same time of earlier years was above its mean, from the second year
/// on; `None` where no season shows. What it starts with cannot be freed and is absent then.
fn without_season(series: &[Option<f64>], year: usize) -> Option<Vec<Option<f64>>> {
    let freed: Vec<Option<f64>> =
        (0..series.len()).map(|at| Some(series[at]? - usual(series, year, at)?)).collect();
    let pairs = || series.iter().zip(&freed).filter_map(|(is, freed)| (*is).zip(*freed));
    let raw: Vec<f64> = pairs().map(|(is, _)| is).collect();
    let calm: Vec<f64> = pairs().map(|(_, freed)| freed).collect();
    let known = raw.len() >= POINTS_TO_TELL && variance(&calm) < CALMER * variance(&raw);
    known.then_some(freed)
}

/// Mean around the same point of the years before, less the mean of those years.
fn usual(series: &[Option<f64>], year: usize, at: usize) -> Option<f64> {
    let years = at.checked_div(year).filter(|years| *years > 0)?;
    let around = (1..=years).flat_map(|back| {
        let same = at - back * year;
        let newest = (same + REACH + 1).min(at);
        series[same.saturating_sub(REACH)..newest].iter().copied().flatten()
    });
    let whole = series[at - years * year..at].iter().copied().flatten();
    Some(mean(around)? - mean(whole)?)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn variance(values: &[f64]) -> f64 {
    let middle = mean(values.iter().copied()).unwrap_or(0.0);
    values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::signals::chart::BASELINE_POINTS;
    use crate::signals::tests::simulate::Noise;
    use crate::signals::{Signal, tests::simulate};

    const YEAR: usize = 52;
    const HALF: usize = 26;

    fn seasonal(noise: &mut Noise, count: usize, phi: f64, size: f64) -> Vec<f64> {
        let phase = noise.uniform();
        let season = |week: usize| size * (TAU * (week as f64 / 52.18 + phase)).sin();
        let series = noise.autoregressive(count, phi);
        series.iter().enumerate().map(|(week, value)| value + season(week)).collect()
    }

    /// Signals that begin in the newest half-year of `weeks` weeks.
    fn onsets(values: &[f64]) -> u32 {
        let series: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
        let on = |end: usize| detect_in_season(&series[..end], YEAR, 0).signal != Signal::None;
        let newest: Vec<bool> = (series.len() - HALF..=series.len()).map(on).collect();
        u32::try_from(newest.windows(2).filter(|pair| !pair[0] && pair[1]).count()).unwrap()
    }

    fn false_signals(phi: f64, size: f64, weeks: usize) -> f64 {
        let runs = 800;
        let mut noise = Noise(11);
        let all: u32 = (0..runs).map(|_| onsets(&seasonal(&mut noise, weeks, phi, size))).sum();
        f64::from(all) / f64::from(runs)
    }

    #[test]
    fn a_yearly_season_gives_at_most_a_quarter_of_a_false_signal_in_half_a_year() {
        for (phi, size) in [(0.7, 0.0), (0.0, 1.5), (0.5, 1.5)] {
            let measured = false_signals(phi, size, 2 * YEAR);
            assert!(measured <= 0.25, "phi {phi}, season {size}: {measured}");
        }
    }

    fn share_seen(weeks: usize, phi: f64, size: f64) -> f64 {
        simulate::rate(600, 5, |noise| {
            let mut values = seasonal(noise, weeks, phi, size);
            let fall = values.len() - 8;
            for value in &mut values[fall..] {
                *value -= 1.5;
            }
            let series: Vec<Option<f64>> = values.into_iter().map(Some).collect();
            (fall + 1..=series.len())
                .any(|end| detect_in_season(&series[..end], YEAR, 0).signal != Signal::None)
        })
    }

    #[test]
    fn a_fall_is_seen_in_spite_of_a_season_that_is_taken_out() {
        let seen = share_seen(3 * YEAR, 0.0, 1.5);
        assert!(seen >= 0.75, "{seen}");
    }

    /// What can be seen at most, with as few false signals: 88, 75 and 66 % (`benches/early_warning`).
    #[test]
    fn a_fall_is_seen_where_weeks_resemble_their_neighbours() {
        for (weeks, phi, least) in
            [(3 * YEAR, 0.3, 0.75), (3 * YEAR, 0.5, 0.6), (2 * YEAR, 0.5, 0.55)]
        {
            let seen = share_seen(weeks, phi, 0.0);
            assert!(seen >= least, "{phi}, {weeks} weeks: {seen}");
        }
    }

    #[test]
    fn nothing_is_taken_out_without_a_year_before_or_where_no_season_shows() {
        let mut noise = Noise(3);
        let short: Vec<Option<f64>> =
            noise.autoregressive(YEAR + BASELINE_POINTS - 2, 0.0).into_iter().map(Some).collect();
        assert_eq!(without_season(&short, YEAR), None);
        assert_eq!(detect_in_season(&short, YEAR, 3).since, chart::detect(&short).since);
        let white: Vec<Option<f64>> =
            noise.autoregressive(3 * YEAR, 0.0).into_iter().map(Some).collect();
        assert_eq!(without_season(&white, YEAR), None);
        assert_eq!(without_season(&[], YEAR), None);
        assert_eq!(without_season(&[Some(1.0), None], 0), None);
    }
}
