//! Series differ in how hard they are. The goals were set on 300 of which the straight line called
//! 75.8 % right after 3 months and the seasonal share 82.8 %: here are draws of 300 that are as hard.

use kpi_exporter::forecast::{Method, forecast, forecast_by};

use super::noise::Noise;
use super::series::Series;
use super::{MONTHS_DONE, case};

const SIZE: usize = 300;
const DRAWS: usize = 40_000;
/// Right calls after 3 months, and how near to them a draw has to be.
const STRAIGHT: f64 = 0.758;
const SEASONAL: f64 = 0.828;
const NEAR: f64 = 0.01;
/// Of `MONTHS_DONE`.
const THREE_MONTHS: usize = 1;

/// After each number of months: whether the straight line, the seasonal share and the selection
/// were right, and the Brier score of the last.
type Row = [[f64; 4]; MONTHS_DONE.len()];

/// Prints a line for some series.
pub(crate) fn report(name: &str, all: &[&Series]) {
    let rows: Vec<Row> = all.iter().filter_map(|series| row(series)).collect();
    if rows.is_empty() {
        return;
    }
    let noise = &mut Noise(300);
    let (mut count, mut sums) = (0.0_f64, Row::default());
    for _ in 0..DRAWS {
        let drawn = draw(&rows, noise);
        let [straight, seasonal, ..] = drawn[THREE_MONTHS];
        if (straight - STRAIGHT).abs() < NEAR && (seasonal - SEASONAL).abs() < NEAR {
            count += 1.0;
            add(&mut sums, &drawn, 1.0);
        }
    }
    let said = sums.map(|[.., right, brier]| {
        format!("{:5.1} {:.3}", 100.0 * right / count.max(1.0), brier / count.max(1.0))
    });
    println!("\n{name}, draws of {SIZE} as hard as those of the goals ({count}): right (%), Brier");
    println!("{:>10} {}", "selection", said.join(" | "));
}

fn row(series: &Series) -> Option<Row> {
    let mut row = Row::default();
    for (row, done) in row.iter_mut().zip(MONTHS_DONE) {
        let case = case(&series.values, done)?;
        let hit = case.actual >= case.target;
        let right = |value: f64| f64::from(u8::from((value >= case.target) == hit));
        let selected = forecast(&case.seasons)?;
        let straight = forecast_by(&case.seasons, Method::Linear)?;
        let seasonal = forecast_by(&case.seasons, Method::Seasonal)?;
        let chance = selected.hit_probability(case.target, true)?;
        let brier = (chance - f64::from(u8::from(hit))).powi(2);
        *row = [right(straight.value), right(seasonal.value), right(selected.value), brier];
    }
    Some(row)
}

fn draw(rows: &[Row], noise: &mut Noise) -> Row {
    let mut sums = Row::default();
    for _ in 0..SIZE {
        let row = &rows[noise.below(rows.len())];
        add(&mut sums, row, 1.0 / SIZE as f64);
    }
    sums
}

fn add(sums: &mut Row, row: &Row, weight: f64) {
    for (sum, part) in sums.iter_mut().flatten().zip(row.iter().flatten()) {
        *sum += weight * part;
    }
}
