//! Which days a review has to know, where nobody wrote them down: every day since shortly before the last
//! one, and of the time before only the ends of weeks, months and periods. Sources are asked for no more.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::Cadence;
use crate::calendar::{Calendar, PeriodKind};
use crate::kpi::Definitions;

/// Ends of so many days before now are looked at: a year and the week before it, or six quarters.
const YEAR: u64 = 400;
const SIX_QUARTERS: u64 = 560;

/// Statuses settle within so many days.
const SETTLE: u64 = 14;

/// The ends of the days that a review as of an instant wants to know, in order, that instant not
/// included.
pub fn days_needed(
    definitions: &Definitions,
    cadence: Cadence,
    as_of: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let calendar = &definitions.calendar;
    let today = calendar.day_before(as_of);
    let horizon = if cadence == Cadence::Quarterly { SIX_QUARTERS } else { YEAR };
    let first = today.checked_sub_days(Days::new(horizon)).unwrap_or(today);
    let since = cadence.before(today).checked_sub_days(Days::new(SETTLE)).unwrap_or(today);
    let mut days: BTreeSet<NaiveDate> = since.iter_days().take_while(|day| *day <= today).collect();
    let kinds = [PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter];
    let periods = definitions.kpis.iter().map(|kpi| &kpi.period);
    let explicit = |kind: &&PeriodKind| !matches!(kind, PeriodKind::Dates { .. });
    let mut seen: Vec<&PeriodKind> = Vec::new();
    for kind in kinds.iter().chain(periods.filter(explicit)) {
        if !seen.contains(&kind) {
            seen.push(kind);
            days.extend(last_days(calendar, kind, as_of, first));
        }
    }
    let close = |day: NaiveDate| calendar.day_start(day + Days::new(1));
    days.into_iter().map(close).filter(|at| *at < as_of).collect()
}

/// The last days of the periods of a kind back to `first`.
fn last_days<'a>(
    calendar: &'a Calendar,
    kind: &PeriodKind,
    as_of: DateTime<Utc>,
    first: NaiveDate,
) -> impl Iterator<Item = NaiveDate> + 'a {
    let running = calendar.period_at(kind, as_of);
    std::iter::successors(Some(running), |period| Some(calendar.previous(period)))
        .map(|period| period.end_day - Days::new(1))
        .take_while(move |day| *day >= first)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Environment, load};

    #[test]
    fn few_days_of_a_year_are_asked_for_and_each_once() {
        let path = Path::new("config/kpi-exporter.yaml");
        let definitions = load(path, &Environment::default()).unwrap().definitions;
        let as_of = definitions.calendar.parse_as_of("2026-06-30").unwrap();
        let needed = days_needed(&definitions, Cadence::Weekly, as_of);
        assert!(needed.is_sorted_by(|a, b| a < b) && needed.last() < Some(&as_of));
        assert!((80..110).contains(&needed.len()), "{}", needed.len());
        let has = |day: &str| needed.contains(&definitions.calendar.parse_as_of(day).unwrap());
        assert!(has("2026-06-29") && has("2026-06-20") && has("2026-03-31") && has("2025-06-29"));
        assert!(!has("2026-06-03"));
        assert!(days_needed(&definitions, Cadence::Quarterly, as_of).len() < 250);
    }
}
