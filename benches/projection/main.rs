//! Scores projections on public monthly series: `cargo bench --bench projection -- FILE`, where
//! `benches/projection/run.sh` makes FILE, and on simulated months and quarters of daily data. Without a file only on those;
//! `cargo test` runs few of them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

#[path = "../support/business.rs"]
mod business;
mod calls;
mod matched;
mod months;
#[path = "../support/noise.rs"]
mod noise;
#[path = "../support/replay.rs"]
mod replay;
mod score;
mod series;

use std::process::ExitCode;
use std::time::Instant;

use kpi_exporter::forecast::{
    Method, Projection, Season, Seasons, StepKind, forecast, forecast_by,
};

use score::Score;
use series::Series;

const YEAR: usize = 12;
const MONTHS_DONE: [usize; 4] = [1, 3, 6, 9];
/// Earlier years a projection sees, as a store with five years of history would show.
const HISTORY: usize = 5;
/// Earlier years without which a series is left out.
const MIN_HISTORY: usize = 4;

/// Runs of each simulated business: under `cargo bench`, and to see that all works.
const RUNS: u64 = 160;
const FEW_RUNS: u64 = 1;

/// Held-out series that are lived through day by day.
const CALLED: usize = 400;

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        months::report(FEW_RUNS);
        return ExitCode::SUCCESS;
    }
    let Some(file) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        println!("no series given: `benches/projection/run.sh` fetches them and runs this");
        months::report(RUNS);
        return ExitCode::SUCCESS;
    };
    // `FILE --only calls` (or `months`, `tables`) for a part of it.
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1);
    match series::read(&file) {
        Ok(all) => {
            let is = |part: &str| only.as_deref().is_none_or(|only| only == part);
            if is("tables") {
                report(&all);
            }
            if is("calls") {
                let held_out: Vec<&Series> = all.iter().filter(|one| !one.for_tuning()).collect();
                calls::report(&held_out, CALLED);
            }
            if is("months") {
                months::report(RUNS);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn report(all: &[Series]) {
    println!("after 1, 3, 6 and 9 of 12 months: hit-or-miss calls that are right (%),");
    println!("Brier score, final values inside the 80 % interval (%)");
    let part = |of: &dyn Fn(&Series) -> bool| all.iter().filter(|series| of(series)).collect();
    let tables: [(&str, Vec<&Series>); 3] = [
        ("tuning half", part(&Series::for_tuning)),
        ("held-out half", part(&|series| !series.for_tuning())),
        ("all", part(&|_| true)),
    ];
    for (name, series) in tables {
        table(name, &series);
    }
    let mut sets: Vec<&str> = all.iter().map(|series| series.set.as_str()).collect();
    sets.dedup();
    for set in sets {
        table(set, &part(&|series| series.set == set));
    }
    matched::report("held-out half", &part(&|series| !series.for_tuning()));
    matched::report("all", &part(&|_| true));
    time_of_daily_steps();
}

/// One row per way of projecting, one group of columns per number of months done.
fn table(name: &str, all: &[&Series]) {
    type Project = fn(&Seasons) -> Option<Projection>;
    let rows: [(&str, Project); 4] = [
        ("linear", |seasons| forecast_by(seasons, Method::Linear)),
        ("seasonal", |seasons| forecast_by(seasons, Method::Seasonal)),
        ("model", |seasons| forecast_by(seasons, Method::Model)),
        ("selection", forecast),
    ];
    let (mut cases, mut hits) = (0, 0);
    for case in all.iter().filter_map(|series| case(&series.values, 1)) {
        cases += 1;
        hits += usize::from(case.actual >= case.target);
    }
    println!("\n{name}: {cases} series, {hits} hit their target");
    for (row, project) in rows {
        let scores = MONTHS_DONE.map(|done| {
            let mut score = Score::default();
            for series in all {
                if let Some(case) = case(&series.values, done) {
                    score.add(project(&case.seasons).as_ref(), case.target, case.actual);
                }
            }
            score
        });
        println!("{row:>10} {}", scores.map(|score| score.to_string()).join(" | "));
        if row == "selection" {
            let all = scores.into_iter().fold(Score::default(), Score::and);
            println!("{:>10} {}", "said", all.calibration());
        }
    }
}

/// The last year of a series after some months, with what it should reach and what it reached.
struct Case {
    seasons: Seasons,
    target: f64,
    actual: f64,
}

/// The target is last year's total times the mean growth of the years before: about half hit.
fn case(values: &[f64], done: usize) -> Option<Case> {
    let years: Vec<&[f64]> = values.rchunks_exact(YEAR).take(HISTORY + 1).collect();
    let (last, earlier) = years.split_first()?;
    let totals: Vec<f64> = earlier.iter().map(|year| year.iter().sum()).collect();
    if earlier.len() < MIN_HISTORY || totals.iter().any(|total| *total <= 0.0) {
        return None;
    }
    let (newest, oldest) = (totals.first()?, totals.last()?);
    let growth = (newest / oldest).powf(1.0 / (totals.len() - 1) as f64);
    let season = |steps: &[f64]| Season { steps: steps.to_vec(), first_weekday: None };
    let seasons = Seasons {
        kind: StepKind::Flow,
        earlier: earlier.iter().rev().map(|year| season(year)).collect(),
        current: season(&last[..done]),
        elapsed: done as f64,
        length: YEAR,
    };
    Some(Case { seasons, target: newest * growth, actual: last.iter().sum() })
}

/// A month, a quarter and a year of daily steps, each with two years before it.
fn time_of_daily_steps() {
    println!("\none projection with two years of daily steps");
    for (name, length, periods) in [("month", 30, 24), ("quarter", 91, 8), ("year", 365, 2)] {
        let day = |index: usize| 100.0 + (index % 7) as f64 * 9.0 + (index * 37 % 41) as f64;
        let season = |period: usize, steps: usize| Season {
            steps: (0..steps).map(|step| day(period * length + step)).collect(),
            first_weekday: Some(period * length),
        };
        let seasons = Seasons {
            kind: StepKind::Flow,
            earlier: (0..periods).map(|period| season(period, length)).collect(),
            current: season(periods, length / 3),
            elapsed: (length / 3) as f64,
            length,
        };
        #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let start = Instant::now();
        let projections = (0..50).filter_map(|_| forecast(std::hint::black_box(&seasons)));
        let count = projections.count();
        println!("{name:>10} {:?} ({count} runs)", start.elapsed() / 50);
    }
}
