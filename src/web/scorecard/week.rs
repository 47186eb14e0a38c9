//! What a week changed: of a value, and of the verdicts. From the days before; pure.

use chrono::{Days, NaiveDate};

use crate::assess::{Assessment, Status};
use crate::calendar::WindowSpec;
use crate::engine::{ChartDay, RecentDays};
use crate::kpi::{Accumulation, Kpi, SeriesKey};
use crate::shown;
use crate::snapshot::{KpiState, Snapshot};
use crate::summary::worst_status;

/// Days of it.
const WEEK: u64 = 7;

/// A status is of a day if it was seen at most so many days before it.
const NEAR: u64 = 3;

/// KPIs that are named.
const NAMED: usize = 3;

/// By how much a value moved in seven days; of what counts up from the start of a period, what they brought.
pub(in crate::web) fn change(
    snapshot: &Snapshot,
    kpi: &Kpi,
    a: &Assessment,
    days: &[ChartDay],
) -> Option<f64> {
    let newest = snapshot.calendar.day_before(a.data_through?);
    let then = newest.checked_sub_days(Days::new(WEEK))?;
    let on = |day: NaiveDate| {
        let index = days.binary_search_by_key(&day, |known| known.day).ok()?;
        days.get(index).map(|day| day.value)
    };
    let (now, before) = (a.value?, on(then));
    if !starts_again(kpi) {
        return Some(now - before?);
    }
    let first = a.period.first_day;
    match first.pred_opt()? {
        last if then > last => Some(now - before?),
        last if then == last => Some(now),
        last if kpi.accumulation == Accumulation::Flow => Some(now + on(last)? - before?),
        _ => None,
    }
}

/// Whether its numbers start again with each period.
pub(super) fn starts_again(kpi: &Kpi) -> bool {
    kpi.window == WindowSpec::PeriodToDate && kpi.accumulation == Accumulation::Flow
}

/// What became of the verdicts since a week ago, in a sentence; `None` where nothing is known of then.
pub(super) fn verdicts(
    snapshot: &Snapshot,
    chosen: &[&KpiState],
    days: &RecentDays,
) -> Option<String> {
    let today = snapshot.calendar.day_of(snapshot.as_of);
    let since = today.checked_sub_days(Days::new(WEEK))?;
    let (mut worse, mut better, mut known) = (Vec::new(), Vec::new(), 0);
    for state in chosen {
        let (Some(now), Some(then)) = (worst_status(state), status_on(state, days, since)) else {
            continue;
        };
        known += 1;
        match weight(now).cmp(&weight(then)) {
            std::cmp::Ordering::Greater => worse.push(state.kpi.title.as_str()),
            std::cmp::Ordering::Less => better.push(state.kpi.title.as_str()),
            std::cmp::Ordering::Equal => {}
        }
    }
    if known == 0 {
        return None;
    }
    let said = |titles: &[&str], verb: &str| {
        let more = titles.len().saturating_sub(NAMED);
        let named = titles
            .iter()
            .take(NAMED)
            .map(|title| shown::isolated(title))
            .collect::<Vec<_>>()
            .join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{} {verb} ({named}{more})", titles.len())
    };
    let parts: Vec<String> = [(worse, "got worse"), (better, "got better")]
        .iter()
        .filter(|(titles, _)| !titles.is_empty())
        .map(|(titles, verb)| said(titles, verb))
        .collect();
    let date = since.format("%-d %b");
    Some(if parts.is_empty() {
        format!("No status changed since {date}.")
    } else {
        format!("Since {date} {}.", parts.join(", "))
    })
}

/// The worst status of a KPI at the end of a day.
fn status_on(state: &KpiState, days: &RecentDays, day: NaiveDate) -> Option<Status> {
    let of_one = |verdict: &crate::snapshot::Verdict| {
        let days = days.of(&SeriesKey::new(&state.kpi.id, &verdict.labels));
        let until = days.partition_point(|known| known.day <= day);
        let newest = days.get(..until)?.last()?;
        (newest.day + Days::new(NEAR) >= day).then_some(newest.status)?
    };
    state.verdicts.iter().filter_map(of_one).max_by_key(|status| status.badness())
}

/// How bad, where good is good.
fn weight(status: Status) -> u8 {
    if status.is_good() { 0 } else { status.badness() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::kpi;
    use crate::calendar::PeriodKind;

    #[test]
    fn a_flow_brought_what_two_periods_brought_and_a_level_moved() {
        let snapshot = crate::snapshot::Snapshot {
            as_of: "2026-07-04T00:00:00Z".parse().unwrap(),
            timezone: chrono_tz::UTC,
            calendar: crate::calendar::Calendar::default(),
            kpis: vec![],
            objectives: [].into(),
            metrics: vec![],
            sources: [].into(),
        };
        let day = |text: &str, value| ChartDay {
            day: text.parse().unwrap(),
            value,
            expected: None,
            sums: None,
            status: None,
        };
        let days = [day("2026-06-26", 90.0), day("2026-06-30", 100.0)];
        let period = snapshot.calendar.period_at(&PeriodKind::Quarter, snapshot.as_of);
        let a = Assessment {
            value: Some(7.0),
            data_through: Some(snapshot.as_of),
            ..Assessment::nothing(period, 0.1)
        };
        let flow =
            Kpi { accumulation: Accumulation::Flow, window: WindowSpec::PeriodToDate, ..kpi() };
        assert_eq!(change(&snapshot, &flow, &a, &days), Some(17.0));
        let level =
            Kpi { accumulation: Accumulation::Level, window: WindowSpec::TrailingDays(7), ..kpi() };
        assert_eq!(change(&snapshot, &level, &a, &days), Some(-83.0));
        assert_eq!(change(&snapshot, &level, &a, &days[1..]), None);
    }
}
