//! The way to the target.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::amount;
use super::context::Context;
use super::formula::formula;
use crate::calendar::{Calendar, PeriodKind, WindowSpec};
use crate::config::raw::{KpiRaw, MilestoneDay, PathRaw};
use crate::kpi::{Accumulation, Direction, Kpi, Milestones, Path, Target, Unit, same};
use crate::reader::entry::Entry;
use crate::reader::files::TextSpan;
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
        Mixed::Map(raw) => return of_map(context, &key, given.span, raw, period, unit),
        Mixed::Quantity(Quantity::Text(word)) => word.clone(),
        Mixed::Quantity(Quantity::Number(number)) => number.to_string(),
    };
    Some(match word.as_str() {
        "linear" => Path::Linear,
        "business_days" => Path::BusinessDays,
        "flat" => Path::Flat,
        "seasonal" => Path::Seasonal(Vec::new()),
        _ => {
            let known = ["linear", "business_days", "flat", "seasonal", "milestones"];
            context.wrong_word(&key, given, &word, PathRaw::EXPECTED, &known);
            return None;
        }
    })
}

/// A path with something to it: one of three keys.
fn of_map(
    context: &mut Context<'_>,
    key: &str,
    span: TextSpan,
    raw: &PathRaw,
    period: Option<&PeriodKind>,
    unit: Option<&Unit>,
) -> Option<Path> {
    match (&raw.milestones, &raw.seasonal, &raw.formula) {
        (Some(milestones), None, None) if !milestones.value.0.is_empty() => {
            self::milestones(context, key, &milestones.value, period, unit)
        }
        (None, Some(seasonal), None) => {
            let id = |id: &Quantity| match id {
                Quantity::Number(number) => number.to_string(),
                Quantity::Text(text) => text.clone(),
            };
            Some(Path::Seasonal(seasonal.except.iter().map(id).collect()))
        }
        (None, None, Some(text)) => {
            formula(context, &format!("{key}.formula"), text).map(Path::Formula)
        }
        (None | Some(_), None, None) => {
            let hint = "write `{ milestones: { 2026-05-01: 20, 2026-06-01: 50 } }`".to_owned();
            context.problem(span, format!("`{key}` has no milestones"), hint);
            None
        }
        _ => {
            let message = format!("`{key}` is several paths at once");
            context.problem(span, message, "keep one of its keys".to_owned());
            None
        }
    }
}

/// Days in order, inside explicit periods, each with a value in the KPI's unit.
fn milestones(
    context: &mut Context<'_>,
    key: &str,
    given: &Pairs<Parsed<MilestoneDay>, Quantity>,
    period: Option<&PeriodKind>,
    unit: Option<&Unit>,
) -> Option<Path> {
    let mut values = Milestones::default();
    let mut good = true;
    let mut before: Option<NaiveDate> = None;
    for (date, quantity) in &given.0 {
        let day = date.value.0;
        if let MilestoneDay::Dated(day) = day {
            if let Some(before) = before.filter(|before| *before >= day) {
                let message = format!("`{key}.milestones`: {day} stands after {before}");
                context.problem(date.span, message, "sort the milestones by date".to_owned());
                good = false;
            }
            before = Some(day);
        }
        if let Some(PeriodKind::Dates { start, end }) = period
            && !falls_between(day, *start, *end)
        {
            let message = format!("`{key}.milestones`: {day} is outside the period");
            let hint = format!("the period is {start} to {end}, both included");
            context.problem(date.span, message, hint);
            good = false;
        }
        let value = amount::value(context, &format!("{key}.milestones.{day}"), quantity, unit);
        match (day, value) {
            (MilestoneDay::Dated(day), Some(value)) => {
                values.dated.insert(day, value);
            }
            (MilestoneDay::Yearly(month, day), Some(value)) => {
                values.yearly.insert((month, day), value);
            }
            (_, None) => good = false,
        }
    }
    good.then_some(Path::Milestones(values))
}

fn falls_between(day: MilestoneDay, start: NaiveDate, end: NaiveDate) -> bool {
    match day {
        MilestoneDay::Dated(day) => (start..=end).contains(&day),
        MilestoneDay::Yearly(month, day) => {
            let one = Milestones { dated: BTreeMap::new(), yearly: [((month, day), 0.0)].into() };
            !one.between(start, end + Days::new(1)).is_empty()
        }
    }
}

/// Tells of milestones that are no mistake and hardly meant: falling ones, and a last one that is
/// not the target.
pub(super) fn check(
    context: &mut Context<'_>,
    key: &str,
    span: TextSpan,
    kpi: &Kpi,
    calendar: &Calendar,
) {
    let Path::Milestones(milestones) = &kpi.path else { return };
    let target = match kpi.target {
        Target::Absolute(value) => Some(value),
        _ => None,
    };
    let down = kpi.accumulation != Accumulation::Flow && kpi.direction == Direction::Decrease;
    let mut before: Option<(String, f64)> = None;
    for (period, last, (day, value)) in in_periods(milestones, kpi, calendar) {
        if let Some((_, earlier)) = before.filter(|(id, _)| *id == period) {
            let turned = if down { value > earlier } else { value < earlier };
            if turned {
                let (verb, than) = if down { ("rises", "above") } else { ("falls", "below") };
                let message = format!(
                    "`{key}.milestones`: the way {verb}: {value} on {day} is {than} {earlier} before it"
                );
                context.note(span, message, "milestones are cumulative".to_owned());
            }
        }
        if let Some(target) = target.filter(|target| last && !same(*target, value)) {
            let message = format!(
                "`{key}.milestones`: {value} on {day}, the last day of {period}, is not the target {target}"
            );
            context.note(span, message, "end with the target, or leave that day out".to_owned());
        }
        before = Some((period, value));
    }
}

/// The milestones by day, each with the id of its period and whether it is its last day. Those of
/// every year are looked at in the year of a leap day.
fn in_periods(
    milestones: &Milestones,
    kpi: &Kpi,
    calendar: &Calendar,
) -> Vec<(String, bool, (NaiveDate, f64))> {
    let leap = |month, day| NaiveDate::from_ymd_opt(2024, month, day);
    let yearly = milestones.yearly.iter();
    let yearly = yearly.filter_map(|((month, day), value)| Some((leap(*month, *day)?, *value)));
    let mut days: Vec<(NaiveDate, f64)> = yearly.collect();
    days.sort_by_key(|(day, _)| *day);
    days.extend(milestones.dated.iter().map(|(day, value)| (*day, *value)));
    let placed = |(day, value): (NaiveDate, f64)| {
        let close = calendar.day_start(day + Days::new(1));
        let period = calendar.period_at(&kpi.period, close);
        (period.id, period.span.end == close, (day, value))
    };
    days.into_iter().map(placed).collect()
}
