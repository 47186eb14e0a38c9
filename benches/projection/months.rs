//! Months and quarters of daily data, simulated: how many final values the 80 % interval holds, and how far
//! off projections are.

use kpi_exporter::forecast::{Season, Seasons, StepKind, forecast};

use super::business::{BUSINESSES, Business};
use super::noise::Noise;

const MONTHS: [usize; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const QUARTERS: [usize; 4] = [90, 91, 92, 92];

/// Prints a table for months after some days and another for quarters. Fewer `runs` are faster.
pub(crate) fn report(runs: u64) {
    println!("\ndaily data, simulated: finals inside the 80 % interval (%) · mean error (%)");
    println!("months after 3, 8, 15 and 22 days");
    table(&MONTHS, &[2, 3, 4, 6, 12], [3, 8, 15, 22], runs);
    println!("quarters after 8, 25, 45 and 70 days");
    table(&QUARTERS, &[2, 3, 4, 6, 10], [8, 25, 45, 70], runs);
}

/// One row per number of earlier periods, one group of columns per number of days done.
fn table(lengths: &[usize], histories: &[usize], days: [usize; 4], runs: u64) {
    for earlier in histories {
        let sums = days.map(|done| {
            let mut sum = Sum::default();
            for (index, business) in BUSINESSES.iter().enumerate() {
                for run in 0..runs {
                    let seed = run * 1000 + index as u64;
                    sum.add(&case(business, seed, lengths, *earlier), done);
                }
            }
            format!("{:5.1} · {:4.1}", sum.of(sum.held), sum.of(sum.error))
        });
        println!("  {earlier:>2} earlier: {}", sums.join(" | "));
    }
}

#[derive(Default)]
struct Sum {
    count: f64,
    held: f64,
    error: f64,
}

impl Sum {
    fn of(&self, part: f64) -> f64 {
        100.0 * part / self.count.max(1.0)
    }

    /// Adds what a projection after `done` days says about the last of these periods.
    fn add(&mut self, periods: &[Season], done: usize) {
        let Some((last, earlier)) = periods.split_last() else { return };
        let actual: f64 = last.steps.iter().sum();
        let current = Season { steps: last.steps[..done].to_vec(), ..last.clone() };
        let seasons = Seasons {
            kind: StepKind::Flow,
            earlier: earlier.to_vec(),
            current,
            elapsed: done as f64,
            length: last.steps.len(),
        };
        let Some(projection) = forecast(&seasons) else { return };
        let Some((low, high)) = projection.interval() else { return };
        self.count += 1.0;
        self.held += f64::from(u8::from((low..=high).contains(&actual)));
        self.error += (projection.value / actual - 1.0).abs();
    }
}

fn case(business: &Business, seed: u64, lengths: &[usize], earlier: usize) -> Vec<Season> {
    let start = usize::try_from(seed % 12).unwrap_or(0);
    let lengths: Vec<usize> =
        (0..=earlier).map(|index| lengths[(start + index) % lengths.len()]).collect();
    let all = business.days(&mut Noise(seed), 0, lengths.iter().sum());
    let mut first = 0;
    let season = |length: usize| {
        let steps = all[first..first + length].to_vec();
        let season = Season { steps, first_weekday: Some(first % 7) };
        first += length;
        season
    };
    lengths.into_iter().map(season).collect()
}
