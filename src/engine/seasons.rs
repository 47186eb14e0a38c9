//! What a seasonal path asks for, and what it reads from the answers. A flow is asked for each month of
//! earlier periods and for each day of the month that runs now: all of it is past and asked for
//! once. What carries over is asked for as it stood at the same position. Not here: what the answers
//! mean (`assess::season`).

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::earlier::closed;
use crate::assess::season::{Earlier, Part, flow_share, together};
use crate::calendar::{Calendar, Period, PeriodKind, Window};
use crate::kpi::{Accumulation, Kpi, Path};
use crate::metric::Span;

/// Seasons are learned from at most this many earlier periods.
const SEASONS: usize = 3;
/// Periods left out do not make the others go back for ever.
const MOST_LEFT_OUT: usize = 20;
/// A period of so many days has parts.
const PART: i64 = 45;

/// The earlier periods of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Seasons {
    /// The parts of the running period.
    parts: Vec<Part>,
    /// Newest first.
    pub earlier: Vec<Season>,
}

/// One earlier period.
#[derive(Debug, Clone, PartialEq)]
pub struct Season {
    parts: Vec<Part>,
    /// As a whole.
    pub whole: Span,
    /// What each part brought, for a flow.
    pub of_parts: Vec<Span>,
    /// What each day of the part brought that runs now, for a flow.
    pub of_days: Vec<Span>,
    /// How it stood at the same position, for all else: at the close of the days around it, and how
    /// far the position lies between them.
    pub stood: Option<(Option<Span>, Span, f64)>,
}

impl Seasons {
    /// What the path of a KPI asks for as of an instant; `None` for other paths.
    pub(super) fn of(
        kpi: &Kpi,
        calendar: &Calendar,
        period: &Period,
        as_of: DateTime<Utc>,
    ) -> Option<Self> {
        let Path::Seasonal(left_out) = &kpi.path else { return None };
        if as_of >= period.span.end {
            // All of the way is to be done by the close, whatever the season.
            return None;
        }
        let parts = parts(calendar, period);
        let at = place(calendar, period, &parts, calendar.asked_until(kpi.window, as_of));
        let mut before = period.clone();
        let mut earlier = Vec::with_capacity(SEASONS);
        for _ in 0..SEASONS + MOST_LEFT_OUT {
            before = calendar.previous(&before);
            if !left_out.iter().any(|id| is_within(&before.id, id)) {
                earlier.push(Season::of(kpi, calendar, &before, &parts, at));
            }
            if earlier.len() == SEASONS {
                break;
            }
        }
        Some(Self { parts, earlier })
    }

    /// The share of the way that earlier periods had done by the same position as `through`.
    /// `number` gives the value over a span.
    pub(super) fn share(
        &self,
        kpi: &Kpi,
        calendar: &Calendar,
        period: &Period,
        through: DateTime<Utc>,
        number: impl Fn(Span) -> Option<f64>,
    ) -> Option<f64> {
        if kpi.accumulation != Accumulation::Flow {
            let share = |season: &Season| {
                let (below, above, between) = season.stood?;
                let above = number(above)?;
                let stood = match below {
                    Some(below) => number(below)? * (1.0 - between) + above * between,
                    None => above,
                };
                Some(stood / number(season.whole)?).filter(|share| share.is_finite())
            };
            return together(self.earlier.iter().filter_map(share).collect());
        }
        let (running, passed) = place(calendar, period, &self.parts, through);
        let number = |span: &Span| number(*span).unwrap_or(0.0);
        let earlier: Vec<Earlier> = self
            .earlier
            .iter()
            .map(|season| Earlier {
                parts: season
                    .parts
                    .iter()
                    .copied()
                    .zip(season.of_parts.iter().map(number))
                    .collect(),
                // Asked for by the day of the fetch: data that lags may end in the part before.
                days: if season.parts.get(running).map(Part::length) == Some(season.of_days.len())
                    && season.runs(calendar, running)
                {
                    season.of_days.iter().map(number).collect()
                } else {
                    Vec::new()
                },
            })
            .collect();
        flow_share(calendar, &self.parts, (running, passed), &earlier)
    }

    /// Every span, and what for.
    pub(super) fn spans(&self) -> impl Iterator<Item = (&'static str, Span)> {
        self.earlier.iter().flat_map(|season| {
            let stood = season
                .stood
                .into_iter()
                .flat_map(|(below, above, _)| below.into_iter().chain([above]));
            let parts = season.of_parts.iter().map(|span| ("a part of an earlier season", *span));
            let days = season.of_days.iter().map(|span| ("a day of an earlier season", *span));
            let stood = stood.map(|span| ("an earlier season at the same point", span));
            let whole = [("an earlier season", season.whole)];
            stood.chain(whole).chain(parts).chain(days)
        })
    }
}

impl Season {
    /// `at` is the running part of the period, and how many of its days have passed.
    fn of(
        kpi: &Kpi,
        calendar: &Calendar,
        period: &Period,
        own: &[Part],
        (running, passed): (usize, f64),
    ) -> Self {
        let mut parts = parts(calendar, period);
        if parts.len() != own.len() {
            parts = even_parts(period, own.len());
        }
        let part = parts.get(running).copied();
        let whole = closed(calendar, kpi.window, period, period.span.end);
        let span_of = |first: NaiveDate, end: NaiveDate| {
            let window = Window { start: calendar.day_start(first), end: calendar.day_start(end) };
            Span { window, period: period.span, as_of: window.end }
        };
        let (mut of_parts, mut of_days, mut stood) = (Vec::new(), Vec::new(), None);
        match (kpi.accumulation, part) {
            (Accumulation::Flow, _) => {
                of_parts = parts.iter().map(|part| span_of(part.first, part.end)).collect();
                let days = part.into_iter().flat_map(Part::days);
                of_days = days.map(|day| span_of(day, day + Days::new(1))).collect();
            }
            (_, Some(part)) => {
                let own = own.get(running).map_or(1, Part::length).max(1) as f64;
                let position = passed * part.length() as f64 / own;
                let at = |days: u64| {
                    let end = calendar.day_start(part.first + Days::new(days));
                    let window = calendar.window(kpi.window, period, end);
                    Span { window, period: period.span, as_of: end }
                };
                let (below, between) = (position.floor(), position.fract());
                let below = whole_days(below);
                let lower = Some(at(below)).filter(|span| span.as_of > period.span.start);
                stood = Some(if between < 1e-9 && lower.is_some() {
                    (None, at(below), 1.0)
                } else {
                    (lower, at(below + 1), between)
                });
            }
            (_, None) => {}
        }
        Self { parts, whole, of_parts, of_days, stood }
    }

    /// Whether the days that were asked for are those of a part.
    fn runs(&self, calendar: &Calendar, running: usize) -> bool {
        let first = self.parts.get(running).map(|part| calendar.day_start(part.first));
        self.of_days.first().map(|span| span.window.start) == first
    }
}

/// `2026-Q2` is left out by its own id, and by that of its year.
fn is_within(id: &str, left_out: &str) -> bool {
    id.strip_prefix(left_out).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The running part of a period, and how many of its days have passed.
fn place(
    calendar: &Calendar,
    period: &Period,
    parts: &[Part],
    through: DateTime<Utc>,
) -> (usize, f64) {
    let days: usize = parts.iter().map(Part::length).sum();
    let mut passed = calendar.elapsed_ratio(period, through) * days as f64;
    // A share times a length may be off in the last digit.
    if (passed - passed.round()).abs() < 1e-6 {
        passed = passed.round();
    }
    for (index, part) in parts.iter().enumerate() {
        let length = part.length() as f64;
        if passed <= length || index + 1 == parts.len() {
            return (index, passed);
        }
        passed -= length;
    }
    (0, passed)
}

/// The months of a period that has several, or as many even parts; a shorter one is its own part.
fn parts(calendar: &Calendar, period: &Period) -> Vec<Part> {
    let days = (period.end_day - period.first_day).num_days();
    if days <= PART {
        return vec![Part { first: period.first_day, end: period.end_day }];
    }
    if matches!(period.kind, PeriodKind::Dates { .. }) {
        return even_parts(period, usize::try_from((days + 15) / 30).unwrap_or(1));
    }
    let mut parts = Vec::new();
    let mut first = period.first_day;
    while first < period.end_day {
        let close = calendar.day_start(first + Days::new(1));
        let month = calendar.period_at(&PeriodKind::Month, close).end_day;
        let end = month.min(period.end_day).max(first + Days::new(1));
        parts.push(Part { first, end });
        first = end;
    }
    parts
}

fn even_parts(period: &Period, count: usize) -> Vec<Part> {
    let days = u64::try_from((period.end_day - period.first_day).num_days()).unwrap_or(1);
    let count = (count.max(1) as u64).min(days);
    let at = |index: u64| period.first_day + Days::new(index * days / count);
    (0..count).map(|index| Part { first: at(index), end: at(index + 1) }).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of days of a period"
)]
fn whole_days(position: f64) -> u64 {
    position.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(kind: &PeriodKind, day: &str) -> (Calendar, Period) {
        let calendar = Calendar::default();
        let period = calendar.period_at(kind, calendar.parse_as_of(day).unwrap());
        (calendar, period)
    }

    #[test]
    fn a_long_period_has_months_as_parts_and_a_short_one_is_its_own() {
        let count = |kind: &PeriodKind| {
            let (calendar, period) = period(kind, "2026-04-30");
            parts(&calendar, &period).len()
        };
        assert_eq!(count(&PeriodKind::Week), 1);
        assert_eq!(count(&PeriodKind::Month), 1);
        assert_eq!(count(&PeriodKind::Quarter), 3);
        assert_eq!(count(&PeriodKind::Year), 12);
        let dates = PeriodKind::Dates {
            start: "2026-04-10".parse().unwrap(),
            end: "2026-07-09".parse().unwrap(),
        };
        assert_eq!(count(&dates), 3);
    }

    #[test]
    fn the_close_of_a_month_is_its_last_day_and_not_the_start_of_the_next() {
        let (calendar, quarter) = period(&PeriodKind::Quarter, "2026-04-30");
        let parts = parts(&calendar, &quarter);
        let at = |day: &str| place(&calendar, &quarter, &parts, calendar.parse_as_of(day).unwrap());
        assert_eq!(at("2026-04-30"), (0, 30.0));
        assert_eq!(at("2026-05-01"), (1, 1.0));
        assert_eq!(at("2026-06-30"), (2, 30.0));
    }

    #[test]
    fn a_period_is_left_out_by_its_id_or_that_of_its_year() {
        assert!(is_within("2020", "2020") && is_within("2020-Q2", "2020-Q2"));
        assert!(is_within("2020-Q2", "2020") && is_within("FY2021-Q1", "FY2021"));
        assert!(!is_within("2020-12", "2020-1") && !is_within("2021-Q2", "2020"));
    }
}
