//! What happened within a period, in one sentence: lost and won back, fallen behind, reached. A sentence
//! only where days tell it clearly.

use chrono::NaiveDate;

use crate::assess::Assessment;
use crate::engine::ChartDay;
use crate::kpi::{Accumulation, Direction, Kpi};

/// A loss of less than this share of the way to the target is not worth a word.
const LOSS: f64 = 0.2;
/// Won back by this share of what was missing at the lowest point.
const MOSTLY: f64 = 0.5;
const PARTLY: f64 = 0.2;

/// What happened so far in the period that the assessment is about.
pub(super) fn story(kpi: &Kpi, a: &Assessment, days: &[ChartDay]) -> Option<String> {
    let within = |day: &&ChartDay| (a.period.first_day..a.period.end_day).contains(&day.day);
    let days: Vec<&ChartDay> = days.iter().filter(within).collect();
    let way = Way::of(kpi, a)?;
    if a.target_ratio.is_some_and(|ratio| ratio >= 1.0) {
        return reached(&way, &days);
    }
    if kpi.accumulation != Accumulation::Flow
        && let Some(told) = lost_and_won(kpi, a, &way, &days)
    {
        return Some(told);
    }
    behind(&way, &days)
}

/// Which way is ahead, and where to.
struct Way {
    sign: f64,
    target: f64,
}

impl Way {
    fn of(kpi: &Kpi, a: &Assessment) -> Option<Self> {
        let sign = match kpi.direction {
            Direction::Increase => 1.0,
            Direction::Decrease => -1.0,
            Direction::Maintain => return None,
        };
        Some(Self { sign, target: a.target_value? })
    }

    /// By how much one value is better than another.
    fn ahead(&self, value: f64, other: f64) -> f64 {
        self.sign * (value - other)
    }
}

fn reached(way: &Way, days: &[&ChartDay]) -> Option<String> {
    let short = |day: &&&ChartDay| way.ahead(day.value, way.target) < 0.0;
    let last_short = days.iter().rposition(|day| short(&day))?;
    let day = days.get(last_short + 1)?;
    Some(format!("Target reached on {}.", date(day.day)))
}

fn lost_and_won(kpi: &Kpi, a: &Assessment, way: &Way, days: &[&ChartDay]) -> Option<String> {
    let (start, now) = (a.baseline_value?, a.value?);
    let worst =
        days.iter().min_by(|x, y| way.ahead(x.value, 0.0).total_cmp(&way.ahead(y.value, 0.0)))?;
    let lost = way.ahead(start, worst.value);
    if lost < LOSS * way.ahead(way.target, start).abs() {
        return None;
    }
    let missing = way.ahead(way.target, worst.value);
    let won = way.ahead(now, worst.value) / missing;
    let [from, to, now] = kpi.unit.show_apart([start, worst.value, now]);
    let month = worst.day.format("%B");
    let since = if won >= MOSTLY {
        format!("mostly recovered since, to {now}")
    } else if won >= PARTLY {
        format!("partly recovered since, to {now}")
    } else {
        "not recovered since".to_owned()
    };
    Some(format!("Lost in {month}: from {from} to {to} on {}; {since}.", date(worst.day)))
}

fn behind(way: &Way, days: &[&ChartDay]) -> Option<String> {
    let ahead = |day: &ChartDay| Some(way.ahead(day.value, day.expected?) >= 0.0);
    if ahead(days.last()?)? {
        return None;
    }
    let Some(last) = days.iter().rposition(|day| ahead(day) == Some(true)) else {
        return Some("Behind its path all along.".to_owned());
    };
    let since = days.get(last + 1)?.day;
    Some(format!("Behind its path since {}.", date(since)))
}

pub(super) fn date(day: NaiveDate) -> String {
    day.format("%-d %B").to_string()
}
