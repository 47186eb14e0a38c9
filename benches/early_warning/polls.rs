//! A day of five-minute polls in the middle of a period, from noon to noon, after daily closes: what
//! changes at midnight and should not. By the rule of the program, and by the one it had before,
//! whose trailing windows held the running day: at midnight they were a day shorter.

use chrono::{TimeDelta, Timelike};
use kpi_exporter::assess::{Assessment, progress};
use kpi_exporter::kpi::Kpi;

use super::alarms::{Alarm, Old};
use super::tables::{Order, all_of, groups};
use super::world::{Case, Event, Length, Measure};

const FIVE_MINUTES: i64 = 300;
const POLLS: i64 = 86_400 / FIVE_MINUTES;
/// Alarms before this hour are called at night.
const MORNING: u32 = 8;
/// Days of closes before, at most.
const DAYS: u64 = 40;
/// What is polled is polled often: few cases tell.
const OF_RUNS: u64 = 4;

/// Prints the table.
pub(crate) fn report(order: &Order) {
    println!(
        "\nnight, day: alarms (at risk or worse) that begin from midnight to 8, and later, in 100 days"
    );
    println!(
        "of five-minute polls without an accident; midnight, else: the largest step of the value (%)"
    );
    println!("| polls, quarters | rule | night | day | midnight | else |");
    println!("|---|---|---|---|---|---|");
    for (name, measures) in groups() {
        let trails = |m: &Measure| matches!(m, Measure::Trailing(..) | Measure::Share(..));
        let windows: &[u16] = if measures.iter().any(trails) { &[7, 30] } else { &[30] };
        for window in windows {
            let days = all_of(&cases(&measures, *window, order), polled);
            let title = if measures.iter().any(trails) {
                format!("{name}, {window} days")
            } else {
                name.to_owned()
            };
            for (rule, of) in [("old", 0), ("new", 1)] {
                let sum =
                    |part: fn(&Polled) -> f64| days.iter().map(|day| part(&day[of])).sum::<f64>();
                let most = |part: fn(&Polled) -> f64| {
                    days.iter().map(|day| part(&day[of])).fold(0.0, f64::max)
                };
                let hundred = 100.0 / days.len() as f64;
                println!(
                    "| {title} | {rule} | {:.1} | {:.1} | {:.1} | {:.1} |",
                    hundred * sum(|day| day.night),
                    hundred * sum(|day| day.day),
                    100.0 * most(|day| day.at_midnight),
                    100.0 * most(|day| day.later),
                );
            }
        }
    }
}

fn cases(measures: &[Measure], window: u16, order: &Order) -> Vec<Case> {
    let runs = order.runs.div_ceil(OF_RUNS).max(1) * 8 / measures.len() as u64;
    let case = |(index, measure): (u64, &Measure)| {
        let measure = *measure;
        (0..runs).map(move |run| Case {
            measure,
            length: Length::Quarter,
            earlier: 2,
            seasonal: false,
            event: Event::None,
            window,
            plan: 1.0,
            seed: order.seed * 1_000_003 + run * 61 + index * 7919,
        })
    };
    (0..).zip(measures).flat_map(case).collect()
}

/// What a day of polls brought.
#[derive(Debug, Clone, Copy, Default)]
struct Polled {
    night: f64,
    day: f64,
    at_midnight: f64,
    later: f64,
}

impl Polled {
    fn add(&mut self, before: (bool, f64), now: (bool, f64), hour: u32, midnight: bool) {
        if now.0 && !before.0 {
            *if hour < MORNING { &mut self.night } else { &mut self.day } += 1.0;
        }
        let step = if before.1 == 0.0 { 0.0 } else { (now.1 / before.1 - 1.0).abs() };
        let most = if midnight { &mut self.at_midnight } else { &mut self.later };
        *most = most.max(step);
    }
}

/// By the old rule and by the new one.
fn polled(case: &Case) -> [Polled; 2] {
    let world = case.world();
    let mut replay = world.replay();
    let (mut old, mut polled) = (Old::default(), [Polled::default(); 2]);
    let mut before: Option<[(bool, f64); 2]> = None;
    let days = usize::try_from(20 + case.seed % DAYS).unwrap_or(0);
    let closes = (1..=days).map(|day| replay.close(day));
    let noon = replay.close(days) + TimeDelta::hours(12);
    let polls = (0..=POLLS).map(|poll| noon + TimeDelta::seconds(poll * FIVE_MINUTES));
    let mut last = (f64::NAN, noon.date_naive());
    let mut shown = false;
    for at in closes.collect::<Vec<_>>().into_iter().chain(polls) {
        let now = replay.fetch(&world.table, at);
        let value = now.value.unwrap_or(0.0);
        let held_today = match case.measure {
            Measure::Trailing(..) | Measure::Share(..) => {
                replay.value_with_today(&world.table, u64::from(case.window), at)
            }
            _ => value,
        };
        // A data point is a changed value or the first of a new day.
        if (held_today, at.date_naive()) != last {
            let then = with(replay.kpi(), &now, held_today);
            shown = Alarm::AtRisk.rings(old.next(replay.kpi(), false, &then));
            last = (held_today, at.date_naive());
        }
        let both = [(shown, held_today), (Alarm::AtRisk.rings(now.status), value)];
        let midnight = at.hour() == 0 && at.minute() == 0;
        if let Some(before) = before.filter(|_| at > noon) {
            for ((polled, before), now) in polled.iter_mut().zip(before).zip(both) {
                polled.add(before, now, at.hour(), midnight);
            }
        }
        before = Some(both);
    }
    polled
}

/// The same with another value.
fn with(kpi: &Kpi, now: &Assessment, value: f64) -> Assessment {
    let on_the_way = || progress(value, now.baseline_value?, now.target_value?);
    let ratio = |of: Option<f64>| of.map(|of| of * value / now.value.unwrap_or(value));
    Assessment {
        value: Some(value),
        progress_ratio: if kpi.target.is_limit() {
            None
        } else {
            on_the_way().or(now.progress_ratio)
        },
        target_ratio: ratio(now.target_ratio),
        ..now.clone()
    }
}
