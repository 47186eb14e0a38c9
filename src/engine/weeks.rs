//! History week by week, for statistics that want evenly spaced, not too dependent points: how far
//! each week was off its path, and how it moved. Not here: what that means (`signals`).

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::daily::{Daily, Day};
use crate::calendar::Calendar;
use crate::kpi::{Accumulation, Direction, Kpi};

/// Plans that differ by less are the same: what is measured anew rounds.
const SAME_PLAN: f64 = 0.005;

/// One whole week of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Week {
    /// Its last day.
    pub(super) last_day: NaiveDate,
    /// Relative distance from the path, negative in the bad direction. For a flow, of what the week
    /// added.
    pub(super) residual: Option<f64>,
    /// The level at its end; for a flow, all that was added since history begins.
    pub(super) level: Option<f64>,
}

/// The whole weeks from the first day of history to `through`, oldest first.
pub(super) fn weeks(
    kpi: &Kpi,
    calendar: &Calendar,
    daily: &Daily,
    through: DateTime<Utc>,
) -> Vec<Week> {
    let Some(first) = daily.days().next() else { return Vec::new() };
    let today = calendar.day_of(through);
    let days = if kpi.accumulation == Accumulation::Flow {
        increments(kpi, calendar, daily)
    } else {
        daily.clone()
    };
    let to_end = 6 - u64::from(first.weekday().days_since(calendar.week_start));
    let mut weeks = Vec::new();
    let mut total = 0.0;
    let mut last_day = first + Days::new(to_end);
    while last_day < today {
        let from = last_day - Days::new(6);
        let mut of_week = days.range(from..=last_day).map(|(_, day)| day).peekable();
        let week = if of_week.peek().is_none() {
            Week { last_day, residual: None, level: None }
        } else if kpi.accumulation == Accumulation::Flow {
            let of_week: Vec<Day> = of_week.collect();
            let added: f64 = of_week.iter().map(|day| day.value).sum();
            let expected = of_week.iter().map(|day| day.expected).sum::<Option<f64>>();
            total += added;
            Week { last_day, residual: residual(kpi, added, expected), level: Some(total) }
        } else {
            let end = days.get(last_day);
            Week {
                last_day,
                residual: end.and_then(|day| residual(kpi, day.value, day.expected)),
                level: end.map(|day| day.value),
            }
        };
        weeks.push(week);
        last_day = last_day + Days::new(7);
    }
    weeks
}

/// The first weeks under a plan that differs from the one before. The plan of a period is where its
/// path ended, of the `running` one its target.
pub(super) fn plan_changes(
    kpi: &Kpi,
    calendar: &Calendar,
    daily: &Daily,
    weeks: &[Week],
    running: Option<f64>,
) -> Vec<usize> {
    let mut changes = Vec::new();
    let mut before: Option<(NaiveDate, Option<f64>)> = None;
    let newest = weeks.last().map(|week| week.last_day);
    for (index, week) in weeks.iter().enumerate() {
        let close = calendar.day_start(week.last_day + Days::new(1));
        let period = calendar.period_at(&kpi.period, close);
        if before.is_some_and(|(first_day, _)| first_day == period.first_day) {
            continue;
        }
        let runs = newest.is_some_and(|newest| newest < period.end_day);
        let last_day = period.end_day - Days::new(1);
        let plan = daily.get(last_day).and_then(|day| day.expected);
        let plan = if runs { plan.or(running) } else { plan };
        if let Some((_, Some(old))) = before
            && plan.is_some_and(|new| (new - old).abs() > SAME_PLAN * new.abs().max(old.abs()))
        {
            changes.push(index);
        }
        before = Some((period.first_day, plan.or(before.and_then(|(_, old)| old))));
    }
    changes
}

/// Relative distance from the expected value, turned so that less than zero is bad; a value that
/// should stay where it is has no bad direction.
fn residual(kpi: &Kpi, value: f64, expected: Option<f64>) -> Option<f64> {
    let expected = expected.filter(|expected| expected.abs() > f64::EPSILON)?;
    let distance = (value - expected) / expected.abs();
    match kpi.direction {
        Direction::Increase => Some(distance),
        Direction::Decrease => Some(-distance),
        Direction::Maintain => None,
    }
}

/// What each day added, from values that start again at zero with each period.
fn increments(kpi: &Kpi, calendar: &Calendar, daily: &Daily) -> Daily {
    let mut increments = Daily::new();
    let mut before: Option<(NaiveDate, Day)> = None;
    for (day, is) in daily.iter() {
        let close = calendar.day_start(day + Days::new(1));
        let first_day = calendar.period_at(&kpi.period, close).first_day;
        let start = before.filter(|(earlier, _)| *earlier >= first_day).map(|(_, day)| day);
        let added = Day {
            value: is.value - start.map_or(0.0, |day| day.value),
            expected: is
                .expected
                .map(|now| now - start.and_then(|day| day.expected).unwrap_or(0.0)),
            sums: None,
            status: None,
        };
        increments.insert(day, added);
        before = Some((day, is));
    }
    increments
}
