//! Days of a series put together to weeks, months or quarters. What counts from the start of a period is
//! taken apart again, so that a week has what it brought; anything else has its value at the end.

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::calendar::{Calendar, Period, PeriodKind, WindowSpec};
use crate::engine::ChartDay;
use crate::kpi::{Accumulation, Kpi};

/// Spans that a row has numbers of.
const SHOWN: usize = 6;

/// The newest spans of a kind that are over, the oldest first.
pub(super) fn newest(calendar: &Calendar, kind: &PeriodKind, as_of: DateTime<Utc>) -> Vec<Period> {
    last(calendar, kind, as_of, SHOWN)
}

/// The last `count` spans of a kind that are over, the oldest first.
pub(super) fn last(
    calendar: &Calendar,
    kind: &PeriodKind,
    as_of: DateTime<Utc>,
    count: usize,
) -> Vec<Period> {
    let running = calendar.period_at(kind, as_of);
    let newest = if running.span.end > as_of { calendar.previous(&running) } else { running };
    let mut spans: Vec<Period> =
        std::iter::successors(Some(newest), |span| Some(calendar.previous(span)))
            .take(count)
            .collect();
    spans.reverse();
    spans
}

/// A series whose days can be put together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series<'a> {
    pub(super) kpi: &'a Kpi,
    pub(super) calendar: &'a Calendar,
    /// The oldest first.
    pub(super) days: &'a [ChartDay],
}

impl Series<'_> {
    /// What a span brought, or how it ended.
    pub(super) fn of(&self, span: &Period) -> Option<f64> {
        let last = span.end_day - Days::new(1);
        let to_date = self.kpi.window == WindowSpec::PeriodToDate;
        match self.kpi.accumulation {
            Accumulation::Flow if to_date => self.brought(span, |day| Some(day.value)),
            Accumulation::Ratio
                if to_date && self.on(last).is_some_and(|day| day.sums.is_some()) =>
            {
                let above = self.brought(span, |day| day.sums.map(|sums| sums.numerator))?;
                let below = self.brought(span, |day| day.sums.map(|sums| sums.denominator))?;
                Some(above / below).filter(|ratio| ratio.is_finite())
            }
            _ => self.on(last).map(|day| day.value),
        }
    }

    /// Whether its numbers start again with each period.
    pub(super) fn starts_again(&self) -> bool {
        self.kpi.window == WindowSpec::PeriodToDate && self.kpi.accumulation != Accumulation::Level
    }

    /// The day, if it is known.
    pub(super) fn on(&self, day: NaiveDate) -> Option<&ChartDay> {
        let index = self.days.binary_search_by_key(&day, |known| known.day).ok()?;
        self.days.get(index)
    }

    /// What was added from the first to the last day of a span, over all periods that it touches.
    fn brought(&self, span: &Period, read: impl Fn(&ChartDay) -> Option<f64>) -> Option<f64> {
        let on = |day| self.on(day).and_then(&read);
        let mut total = 0.0;
        let mut first = span.first_day;
        while first < span.end_day {
            let close = self.calendar.day_start(first + Days::new(1));
            let period = self.calendar.period_at(&self.kpi.period, close);
            let end = period.end_day.min(span.end_day).max(first + Days::new(1));
            let before = if period.first_day >= first { 0.0 } else { on(first - Days::new(1))? };
            total += on(end - Days::new(1))? - before;
            first = end;
        }
        Some(total)
    }
}
