//! What the past says of definitions and targets: K011, K013, K014.

use std::collections::BTreeMap;

use super::{Found, Severity};
use crate::id::KpiId;
use crate::kpi::{Accumulation, Baseline, Direction, Kpi, Target, at_least, at_most};

/// Changes of a definition in 90 days that are still learning.
const CHANGES: u32 = 2;
/// Periods from which a past is one.
const ENOUGH: usize = 4;
/// Periods from which a target can be called always met.
const MANY: usize = 8;
/// Share of them that is nearly always.
const NEARLY: f64 = 0.9;
/// A change that few series make in a year.
const BOLD: f64 = 0.30;

/// What is known of the past.
#[derive(Debug, Default)]
pub struct Past {
    /// How often definitions changed in the last 90 days.
    pub changes: BTreeMap<KpiId, u32>,
    /// How periods ended, by KPI; a KPI with labels is not in it.
    pub periods: BTreeMap<KpiId, Precedent>,
}

/// The values at the close of earlier periods, oldest first, under the meaning of today.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Precedent {
    /// One a period.
    pub values: Vec<f64>,
}

pub(super) fn kpi(found: &mut Found<'_>, kpi: &Kpi, past: &Past) {
    if let Some(changes) = past.changes.get(&kpi.id).filter(|changes| **changes > CHANGES) {
        let message = format!("the definition of `{}` changed {changes} times in 90 days", kpi.id);
        let hint =
            "leave it alone for a quarter, or give what you mean now a KPI of its own".to_owned();
        found.of_kpi("K011", kpi, "", message, hint);
    }
    let periods = past.periods.get(&kpi.id).map(|precedent| precedent.values.as_slice());
    match periods {
        Some(values) if values.len() >= ENOUGH => {
            unheard_of(found, kpi, values);
            always_met(found, kpi, values);
        }
        _ => base_rates(found, kpi),
    }
}

/// The change that the target asks for, as a share of the baseline, and which way; of a change from
/// period to period only.
fn asked(kpi: &Kpi) -> Option<f64> {
    match (&kpi.target, &kpi.baseline) {
        (
            Target::Relative(change),
            Baseline::PreviousPeriod | Baseline::Fixed(_) | Baseline::SamePeriodLastYear,
        ) => Some(*change),
        (Target::Absolute(target), Baseline::Fixed(baseline)) if *baseline > 0.0 => {
            Some((target - baseline) / baseline)
        }
        _ => None,
    }
}

/// K013: more than any period before gained on the one before it, and more than was ever reached.
fn unheard_of(found: &mut Found<'_>, kpi: &Kpi, values: &[f64]) {
    let Some(last) = values.last().copied().filter(|last| *last > 0.0) else { return };
    let target = match (&kpi.target, &kpi.baseline) {
        (Target::Absolute(target), Baseline::Fixed(_) | Baseline::PreviousPeriod) => *target,
        (Target::Relative(change), Baseline::Fixed(baseline)) => baseline * (1.0 + change),
        (Target::Relative(change), Baseline::PreviousPeriod) => last * (1.0 + change),
        _ => return,
    };
    let asked = (target - last) / last;
    let changes: Vec<f64> = values
        .windows(2)
        .filter(|pair| pair[0] > 0.0)
        .map(|pair| (pair[1] - pair[0]) / pair[0])
        .collect();
    if changes.len() + 1 < ENOUGH {
        return;
    }
    let (best, record, beyond) = match kpi.direction {
        Direction::Increase => {
            let best = changes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let record = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (best, record, asked > best.max(0.0) && !at_least(record, target))
        }
        Direction::Decrease => {
            let best = changes.iter().copied().fold(f64::INFINITY, f64::min);
            let record = values.iter().copied().fold(f64::INFINITY, f64::min);
            (best, record, asked < best.min(0.0) && !at_most(record, target))
        }
        Direction::Maintain => return,
    };
    if !beyond {
        return;
    }
    let unit = &kpi.unit;
    let message = format!(
        "the target of `{}` asks for {} on the period before; the best of {} periods was {}, the record is {}",
        kpi.id,
        signed(asked),
        changes.len(),
        signed(best),
        unit.show(record)
    );
    let hint = "aim at the best change so far, or write down in the description what is different this time".to_owned();
    found.of_kpi("K013", kpi, "target", message, hint);
}

/// K013 without a past: what series of others did.
fn base_rates(found: &mut Found<'_>, kpi: &Kpi) {
    let Some(asked) = asked(kpi).filter(|_| kpi.direction == Direction::Increase) else {
        return;
    };
    if asked < BOLD {
        return;
    }
    let message = format!(
        "the target of `{}` asks for {}, and nothing is known of its past",
        kpi.id,
        signed(asked)
    );
    let hint = "of 1,864 public monthly series 66 % grew in a year, 20 % by 10 % or more, 2.4 % by 30 % or more; \
                with `store` or `--connect` its own past is looked at";
    found.of_kpi_as(Severity::Info, "K013", kpi, "target", message, hint.to_owned());
}

/// K014: met in nearly all earlier periods, by the goal of today.
fn always_met(found: &mut Found<'_>, kpi: &Kpi, values: &[f64]) {
    let met = |value: f64, before: Option<f64>| -> Option<bool> {
        let goal = match &kpi.target {
            Target::Absolute(target) => *target,
            Target::Relative(change) if kpi.baseline == Baseline::PreviousPeriod => {
                before? * (1.0 + change)
            }
            Target::Delta(change) if kpi.baseline == Baseline::PreviousPeriod => before? + change,
            _ => return None,
        };
        Some(match kpi.direction {
            Direction::Increase => at_least(value, goal),
            Direction::Decrease => at_most(value, goal),
            Direction::Maintain => return None,
        })
    };
    // A limit to keep, and a budget, are meant to be kept.
    if kpi.accumulation == Accumulation::Flow && kpi.direction == Direction::Decrease {
        return;
    }
    let results: Vec<bool> = values
        .iter()
        .enumerate()
        .filter_map(|(at, value)| {
            met(*value, at.checked_sub(1).and_then(|before| values.get(before)).copied())
        })
        .collect();
    let count = results.iter().filter(|met| **met).count();
    if results.len() < MANY || (count as f64) < NEARLY * results.len() as f64 {
        return;
    }
    let message = format!(
        "the target of `{}` would have been met in {count} of {} periods",
        kpi.id,
        results.len()
    );
    let hint =
        "raise it to what half of them reached, or keep it as a limit: `{ min: … }`, `{ max: … }`"
            .to_owned();
    found.of_kpi("K014", kpi, "target", message, hint);
}

/// `+30 %`
fn signed(change: f64) -> String {
    let percent = (change * 1000.0).round() / 10.0;
    format!("{percent:+} %").replace('-', "−")
}
