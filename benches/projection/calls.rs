//! Years of public monthly series through the real engine, their months spread over their days: how
//! many misses are called off track by the end of month 6, and how many hits. The old rule is the
//! fixed 0.80 on the straight line, said at two fetches in a row.

use chrono::{Datelike, NaiveDate};
use kpi_exporter::assess::Status;
use kpi_exporter::forecast::forecast;

use super::replay::{Replay, Table};
use super::series::Series;
use super::{HISTORY, YEAR, case};

/// The running year.
const RUNS: i32 = 2025;
/// Months by whose end a miss should be called.
const MONTHS: u32 = 6;
const OLD_LIMIT: f64 = 0.80;
/// Days from one fetch to the next: as long as chance has to last.
const APART: usize = 6;
/// Limits of the chance at the close of that month.
const LIMITS: [f64; 4] = [0.05, 0.1, 0.15, 0.2];

/// Prints the table for some of the series.
pub(crate) fn report(all: &[&Series], most: usize) {
    println!("\nmisses, and hits, called off track by the end of month {MONTHS} (%)");
    println!("| rule | misses | hits |");
    println!("|---|---|---|");
    let every = all.len().div_ceil(most).max(1);
    let mut sums = [(0.0, 0.0); 3];
    let (mut misses, mut hits) = (0.0_f64, 0.0_f64);
    for series in all.iter().step_by(every) {
        let Some(case) = case(&series.values, 1) else { continue };
        let hit = case.actual >= case.target;
        *if hit { &mut hits } else { &mut misses } += 1.0;
        let (straight, old) = called(&series.values, case.target, "");
        let (seasonal, _) = called(&series.values, case.target, ", path: seasonal");
        for (sum, called) in sums.iter_mut().zip([old, straight, seasonal]) {
            *if hit { &mut sum.1 } else { &mut sum.0 } += f64::from(u8::from(called));
        }
    }
    for (rule, (right, wrong)) in ["old", "new", "new, path: seasonal"].iter().zip(sums) {
        let (right, wrong) = (100.0 * right / misses.max(1.0), 100.0 * wrong / hits.max(1.0));
        println!("| {rule} | {right:.1} | {wrong:.1} |");
    }
    println!("{misses} misses, {hits} hits");
    by_chance(all);
}

/// How many would be called if only the chance at the close of that month counted.
fn by_chance(all: &[&Series]) {
    println!("\nthe same at the close of month {MONTHS}, by the chance alone");
    println!("| chance below | misses | hits |");
    println!("|---|---|---|");
    let chances: Vec<(bool, f64)> = all
        .iter()
        .filter_map(|series| case(&series.values, MONTHS as usize))
        .filter_map(|case| {
            let chance = forecast(&case.seasons)?.hit_probability(case.target, true)?;
            Some((case.actual >= case.target, chance))
        })
        .collect();
    for limit in LIMITS {
        let share = |hit: bool| {
            let of: Vec<f64> =
                chances.iter().filter(|(is, _)| *is == hit).map(|(_, chance)| *chance).collect();
            let called = of.iter().filter(|chance| **chance < limit).count();
            100.0 * called as f64 / of.len().max(1) as f64
        };
        println!("| {limit} | {:.1} | {:.1} |", share(false), share(true));
    }
}

/// By the rule of the program, and by the old one.
fn called(values: &[f64], target: f64, path: &str) -> (bool, bool) {
    let months = ((HISTORY + 1) * YEAR).min(values.len() / YEAR * YEAR);
    let values = &values[values.len() - months..];
    let years = i32::try_from(months / YEAR).unwrap_or(1);
    let (first, start) = (first_of(RUNS + 1 - years, 0), first_of(RUNS, 0));
    let month = |day: NaiveDate| {
        let months = (day.year() - first.year()) * 12 + i32::try_from(day.month0()).unwrap_or(0);
        values[usize::try_from(months).unwrap_or(0)] / f64::from(day.num_days_in_month())
    };
    let end = first_of(RUNS, MONTHS);
    let days = first.iter_days().take_while(|day| *day < end);
    let table = Table { first, above: days.map(month).collect(), below: Vec::new(), stock: false };
    let kpi = format!(
        "{{ kind: lagging, direction: increase, period: year, formula: m, accumulation: flow, unit: EUR, \
         target: {target}{path} }}"
    );
    let mut replay = Replay::new(&kpi, &table, first, start);
    let (mut new, mut old, mut behind) = (false, false, false);
    let last = usize::try_from((end - start).num_days()).unwrap_or(0);
    for day in (1..=last).filter(|day| day % APART == last % APART) {
        let now = replay.fetch(&table, replay.close(day));
        new |= now.status == Status::OffTrack;
        let straight = now.value.unwrap_or(0.0) / (target * now.elapsed_ratio);
        let is_behind = straight < OLD_LIMIT && now.status != Status::TooEarly;
        old |= is_behind && behind;
        behind = is_behind;
    }
    (new, old)
}

fn first_of(year: i32, month0: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month0 % 12 + 1, 1).unwrap_or_default()
}
