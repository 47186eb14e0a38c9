//! Signals on weekly series with season and memory: how many begin for nothing in half a year, and how
//! many lasting shifts by 1.5 σ are seen within 8 points.

use std::f64::consts::TAU;

use kpi_exporter::signals::{Signal, detect_in_season};

use super::noise::Noise;

const YEAR: usize = 52;
const HALF: usize = 26;
/// Points within which a shift should be seen.
const SOON: usize = 8;
const SHIFT: f64 = 1.5;

/// Prints the table; each row rests on so many series.
pub(crate) fn report(series: u64, seed: u64) {
    println!("\n| signals: memory, season, weeks known | false | seen (%) |");
    println!("|---|---|---|");
    for weeks in [YEAR / 2 + HALF, 2 * YEAR, 3 * YEAR] {
        for (memory, season) in
            [(0.0, 0.0), (0.3, 0.0), (0.5, 0.0), (0.7, 0.0), (0.0, 0.7), (0.0, 1.5), (0.5, 1.5)]
        {
            let (mut begun, mut noticed) = (0, 0);
            for run in 0..series {
                let noise = &mut Noise(seed * 7_368_787 + run);
                begun += onsets(&lived(noise, weeks, memory, season));
                let mut fallen = lived(noise, weeks, memory, season);
                let fall = weeks - SOON;
                fallen[fall..].iter_mut().flatten().for_each(|value| *value -= SHIFT);
                let on = |end| is_on(&fallen[..end]);
                noticed += usize::from((fall + 1..=weeks).any(on));
            }
            let each = |count: usize| count as f64 / series as f64;
            let (false_ones, share) = (each(begun), 100.0 * each(noticed));
            println!("| {memory}, {season} σ, {weeks} | {false_ones:.2} | {share:.0} |");
        }
    }
}

fn is_on(series: &[Option<f64>]) -> bool {
    detect_in_season(series, YEAR, 0).signal != Signal::None
}

/// Signals that begin in the newest half-year.
fn onsets(series: &[Option<f64>]) -> usize {
    let on = |end: usize| is_on(&series[..end]);
    let newest: Vec<bool> = (series.len() - HALF..=series.len()).map(on).collect();
    newest.windows(2).filter(|pair| !pair[0] && pair[1]).count()
}

/// Weeks whose noise has a standard deviation of 1.
fn lived(noise: &mut Noise, weeks: usize, memory: f64, season: f64) -> Vec<Option<f64>> {
    let phase = noise.uniform();
    let fresh = (1.0 - memory * memory).sqrt();
    let mut off = noise.normal();
    let week = |week: usize| {
        off = memory * off + fresh * noise.normal();
        Some(off + season * (TAU * (week as f64 / 52.18 + phase)).sin())
    };
    (0..weeks).map(week).collect()
}
