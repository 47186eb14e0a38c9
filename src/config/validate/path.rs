//! The way to the target.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::amount;
use super::context::Context;
use crate::calendar::{PeriodKind, WindowSpec};
use crate::config::raw::{KpiRaw, PathRaw};
use crate::kpi::{Accumulation, Path, Unit};
use crate::reader::entry::Entry;
use crate::reader::forms::{Alternative, Mixed, Pairs, Parsed, Quantity};
use crate::reader::spanned::Spanned;

/// When no path is given: a ratio over the period to date should be right from the first day on;
/// all else gets there in time, and a trailing window sees it come.
pub(super) fn default(accumulation: Accumulation, window: WindowSpec) -> Path {
    match (accumulation, window) {
        (Accumulation::Ratio, WindowSpec::PeriodToDate) => Path::Flat,
        (_, WindowSpec::PeriodToDate) => Path::Linear,
        _ => Path::Trailing,
    }
}

/// A path as written.
pub(super) fn path(
    context: &mut Context<'_>,
    entry: &Entry<KpiRaw>,
    given: &Spanned<Mixed<PathRaw>>,
    period: Option<&PeriodKind>,
    unit: Option<&Unit>,
) -> Option<Path> {
    let key = entry.key("path");
    let word = match &given.value {
        Mixed::Map(raw) => {
            let milestones = raw.milestones.as_ref().filter(|m| !m.value.0.is_empty());
            let Some(milestones) = milestones else {
                let hint = "write `{ milestones: { 2026-05-01: 20, 2026-06-01: 50 } }`".to_owned();
                context.problem(given.span, format!("`{key}` has no milestones"), hint);
                return None;
            };
            return self::milestones(context, &key, &milestones.value, period, unit);
        }
        Mixed::Quantity(Quantity::Text(word)) => word.clone(),
        Mixed::Quantity(Quantity::Number(number)) => number.to_string(),
    };
    Some(match word.as_str() {
        "linear" => Path::Linear,
        "business_days" => Path::BusinessDays,
        "flat" => Path::Flat,
        "seasonal" => Path::Seasonal,
        _ => {
            let known = ["linear", "business_days", "flat", "seasonal", "milestones"];
            context.wrong_word(&key, given, &word, PathRaw::EXPECTED, &known);
            return None;
        }
    })
}

/// Dates in order, inside explicit periods, each with a value in the KPI's unit.
fn milestones(
    context: &mut Context<'_>,
    key: &str,
    given: &Pairs<Parsed<NaiveDate>, Quantity>,
    period: Option<&PeriodKind>,
    unit: Option<&Unit>,
) -> Option<Path> {
    let mut values = BTreeMap::new();
    let mut good = true;
    let mut before: Option<NaiveDate> = None;
    for (date, quantity) in &given.0 {
        let day = date.value.0;
        if let Some(before) = before.filter(|before| *before >= day) {
            let message = format!("`{key}.milestones`: {day} stands after {before}");
            context.problem(date.span, message, "sort the milestones by date".to_owned());
            good = false;
        }
        if let Some(PeriodKind::Dates { start, end }) = period
            && !(*start..=*end).contains(&day)
        {
            let message = format!("`{key}.milestones`: {day} is outside the period");
            let hint = format!("the period is {start} to {end}, both included");
            context.problem(date.span, message, hint);
            good = false;
        }
        before = Some(day);
        match amount::value(context, &format!("{key}.milestones.{day}"), quantity, unit) {
            Some(value) => drop(values.insert(day, value)),
            None => good = false,
        }
    }
    good.then_some(Path::Milestones(values))
}
