//! The tables: for each kind of KPI how often the alarm rings for nothing, how many falls it sees before
//! the close and after how many days, by the rule that was and by the rule that is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::alarms::{Alarm, Said, Tally, live};
use super::business::BUSINESSES;
use super::world::{Case, Event, Length, Measure};

/// The cores of a small machine.
const THREADS: usize = 2;
/// Slow declines and recoveries need fewer runs: nothing is promised of them.
const OF_OTHERS: u64 = 4;

/// Which tables, how often, and from which seed on.
pub(crate) struct Order {
    pub(crate) runs: u64,
    pub(crate) seed: u64,
    /// Only groups and lengths whose name contains this.
    pub(crate) only: String,
}

/// Prints all tables.
pub(crate) fn report(order: &Order) {
    println!(
        "false: alarms per KPI-half-year in periods without an accident that met their target"
    );
    println!("seen: falls by 30 % a third of the way that raised the alarm before the close (%)");
    println!(
        "days: median from the fall to the alarm; slow and back: the same seen (%) for a slow"
    );
    println!("decline by 30 % and for a fall that is over after a sixth of the period");
    for length in [Length::Quarter, Length::Month] {
        for (name, measures) in groups() {
            let title = format!("{name}, {}", length.plural());
            if title.contains(&order.only) {
                println!("\n| {title} | rule | false | seen | days | slow | back |");
                println!("|---|---|---|---|---|---|---|");
                group(&measures, length, order);
            }
        }
    }
}

pub(crate) fn groups() -> [(&'static str, Vec<Measure>); 5] {
    [
        ("flows", (0..BUSINESSES.len()).map(Measure::Flow).collect()),
        (
            "trailing levels",
            vec![
                Measure::Trailing(0, 0.2),
                Measure::Trailing(2, 0.3),
                Measure::Trailing(3, 0.2),
                Measure::Trailing(6, 0.3),
            ],
        ),
        (
            "trailing shares",
            vec![
                Measure::Share(0.12, 0.16, 50.0),
                Measure::Share(0.12, 0.16, 500.0),
                Measure::Share(0.05, 0.07, 200.0),
                Measure::Share(0.3, 0.36, 50.0),
            ],
        ),
        (
            "shares to date",
            vec![
                Measure::ShareToDate(0.12, 50.0),
                Measure::ShareToDate(0.12, 500.0),
                Measure::ShareToDate(0.3, 200.0),
            ],
        ),
        (
            "stocks",
            vec![
                Measure::Stock(0.1, 0.01, 0.5),
                Measure::Stock(0.2, 0.03, 0.8),
                Measure::Stock(0.3, 0.05, 0.3),
            ],
        ),
    ]
}

fn group(measures: &[Measure], length: Length, order: &Order) {
    for seasonal in [false, true] {
        for earlier in [2, 6] {
            let cases = cases(measures, (length, earlier, seasonal), order);
            let said = live_all(&cases);
            for alarm in [Alarm::AtRisk, Alarm::OffTrack] {
                for rule in ["old", "new"] {
                    let statuses = |said: &Said| {
                        if rule == "old" { said.old.clone() } else { said.new.clone() }
                    };
                    let mut sums = Sums::default();
                    for (case, said) in cases.iter().zip(&said) {
                        let tally = sums.of(case.event);
                        let day = said.event_day;
                        tally.add(case.event, alarm, &statuses(said), said.met, day);
                    }
                    let path = if seasonal { ", seasonal" } else { "" };
                    println!(
                        "| {}, {earlier} earlier{path} | {rule} | {} |",
                        alarm.words(),
                        sums.row(length)
                    );
                }
            }
        }
    }
}

fn cases(
    measures: &[Measure],
    (length, earlier, seasonal): (Length, u32, bool),
    order: &Order,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, measure) in (0_u64..).zip(measures) {
        for event in [Event::None, Event::Fall, Event::Decline, Event::Recovery] {
            let few = matches!(event, Event::Decline | Event::Recovery);
            let runs = if few { order.runs.div_ceil(OF_OTHERS) } else { order.runs };
            cases.extend((0..runs).map(|run| Case {
                measure: *measure,
                length,
                earlier,
                seasonal,
                event,
                window: 30,
                plan: 1.0,
                seed: order.seed * 1_000_003 + run * 61 + index * 7919,
            }));
        }
    }
    cases
}

/// Lives through all cases.
fn live_all(cases: &[Case]) -> Vec<Said> {
    all_of(cases, live)
}

/// What comes of each case, some at a time.
pub(crate) fn all_of<T: Send>(cases: &[Case], of: impl Fn(&Case) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(cases.len()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { return };
                    let said = of(case);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, said));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, said)| said).collect()
}

/// What came of the cases with each event.
#[derive(Default)]
struct Sums {
    /// Quiet periods and falls.
    falls: Tally,
    declines: Tally,
    recoveries: Tally,
}

impl Sums {
    fn of(&mut self, event: Event) -> &mut Tally {
        match event {
            Event::None | Event::Fall => &mut self.falls,
            Event::Decline => &mut self.declines,
            Event::Recovery => &mut self.recoveries,
        }
    }

    fn row(&self, length: Length) -> String {
        let percent = |tally: &Tally| {
            tally.seen().map_or_else(|| "–".to_owned(), |seen| format!("{:.0}", 100.0 * seen))
        };
        let days = self.falls.median().map_or_else(|| "–".to_owned(), |days| days.to_string());
        let falls = length.in_half_a_year() * self.falls.false_share();
        let (seen, slow) = (percent(&self.falls), percent(&self.declines));
        format!("{falls:.2} | {seen} | {days} | {slow} | {}", percent(&self.recoveries))
    }
}
