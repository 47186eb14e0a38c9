//! Signals on weekly series with season and memory: how many begin for nothing in half a year, and how
//! many lasting shifts by 1.5 σ are seen within 8 points; beside it what a chart sees at most.

use std::f64::consts::TAU;

use kpi_exporter::signals::{Signal, detect_in_season};

use super::noise::Noise;

const YEAR: usize = 52;
const HALF: usize = 26;
/// Points within which a shift should be seen.
const SOON: usize = 8;
const SHIFT: f64 = 1.5;
const MEMORIES: [f64; 4] = [0.0, 0.3, 0.5, 0.7];
/// False signals in half a year that are allowed.
const ALLOWED: f64 = 0.25;

/// Prints the tables; each row rests on so many series.
pub(crate) fn report(series: u64, seed: u64) {
    println!("\n| signals: memory, season, weeks known | false | seen (%) |");
    println!("|---|---|---|");
    for weeks in [YEAR / 2 + HALF, 2 * YEAR, 3 * YEAR] {
        let steady = MEMORIES.map(|memory| (memory, 0.0));
        for (memory, season) in steady.into_iter().chain([(0.0, 0.7), (0.0, 1.5), (0.5, 1.5)]) {
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
    println!("\n| at most, when all but the day is known: memory | false | seen (%) |");
    println!("|---|---|---|");
    for memory in MEMORIES {
        let (false_ones, share) = at_most(memory, series * 4, seed);
        println!("| {memory} | {false_ones:.2} | {share:.0} |");
    }
}

fn is_on(series: &[Option<f64>]) -> bool {
    detect_in_season(series, YEAR, 0).signal != Signal::None
}

/// Signals that begin in the newest half-year.
fn onsets(series: &[Option<f64>]) -> usize {
    let on = |end: usize| is_on(&series[..end]);
    begun(&(series.len() - HALF..=series.len()).map(on).collect::<Vec<_>>())
}

fn begun(on: &[bool]) -> usize {
    on.windows(2).filter(|pair| !pair[0] && pair[1]).count()
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

/// What the cumulative sum of likelihoods does that knows level, spread, memory and the size of the
/// shift, with the limit that allows as many false signals as are allowed: no other rule finds such
/// a shift sooner (Moustakides 1986, for independent points).
fn at_most(memory: f64, series: u64, seed: u64) -> (f64, f64) {
    let steps = |fallen: usize| {
        let of = |run: u64| {
            let mut weeks = lived(&mut Noise(seed * 7_368_787 + run), 2 * YEAR, memory, 0.0);
            let shifted = weeks.len() - fallen;
            weeks[shifted..].iter_mut().flatten().for_each(|value| *value -= SHIFT);
            sums(&weeks.into_iter().flatten().collect::<Vec<_>>(), memory)
        };
        (0..series).map(of).collect::<Vec<_>>()
    };
    let (quiet, fallen) = (steps(0), steps(SOON));
    let each = |count: usize| count as f64 / series as f64;
    let false_ones = |limit: f64| {
        let on = |sums: &Vec<f64>| {
            let newest = &sums[sums.len() - HALF - 1..];
            begun(&newest.iter().map(|sum| *sum > limit).collect::<Vec<_>>())
        };
        each(quiet.iter().map(on).sum())
    };
    let limits = (0..200).map(|step| 1.0 + 0.05 * f64::from(step));
    let limit = limits.into_iter().find(|limit| false_ones(*limit) <= ALLOWED).unwrap_or(11.0);
    let noticed = |sums: &&Vec<f64>| sums[sums.len() - SOON..].iter().any(|sum| *sum > limit);
    (false_ones(limit), 100.0 * each(fallen.iter().filter(noticed).count()))
}

/// After each point: how much likelier a shift that has begun by then makes all since, at best.
fn sums(weeks: &[f64], memory: f64) -> Vec<f64> {
    let mut sum = 0.0_f64;
    let next = |pair: &[f64]| {
        let news = memory * pair[0] - pair[1];
        let likelier = |fall: f64| fall * (news - fall / 2.0) / (1.0 - memory * memory);
        sum = (sum + likelier(SHIFT * (1.0 - memory))).max(likelier(SHIFT));
        sum
    };
    weeks.windows(2).map(next).collect()
}
