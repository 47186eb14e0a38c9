//! What the days before say about a verdict besides a projection: how much a value scatters, and how
//! large the denominator of a ratio may get. Not here: what is forgiven for it (`assess`).

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::daily::Daily;
use super::weeks::weeks;
use crate::calendar::{Calendar, Period, WindowSpec};
use crate::kpi::{Accumulation, Kpi};

/// Weeks that tell the scatter, at most: half a year.
const MOST_WEEKS: usize = 26;
/// Differences below which it is not told.
const LEAST: usize = 8;
/// Earlier periods that tell the size of a denominator, at most.
const PERIODS: usize = 8;
/// Median of the absolute difference of two independent readings, in standard errors.
const MEDIAN_RANGE: f64 = 0.953_9;
/// Median of the absolute distance from the median, in standard errors.
const MEDIAN_DISTANCE: f64 = 0.674_5;

/// Standard error of the value at an instant. For a flow, that of what so many weeks add up to; for
/// a level, that of one reading, from readings that share no data. Medians are not moved by the
/// very fall that is to be told from noise.
pub(super) fn scatter(
    kpi: &Kpi,
    calendar: &Calendar,
    period: &Period,
    through: DateTime<Utc>,
    daily: &Daily,
) -> Option<f64> {
    if kpi.is_ratio_to_date() {
        return None;
    }
    let weeks = weeks(kpi, calendar, daily, through);
    let levels: Vec<f64> = weeks.iter().rev().map_while(|week| week.level).collect();
    let newest = |lag: usize| -> Vec<f64> {
        let pairs = levels.iter().zip(levels.iter().skip(lag));
        pairs.map(|(new, old)| new - old).take(MOST_WEEKS).collect()
    };
    if kpi.accumulation == Accumulation::Flow {
        let added = newest(1);
        let ranges = added.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        let passed = calendar.elapsed_ratio(period, through) * days(period) / 7.0;
        return Some(median(ranges)? / MEDIAN_RANGE * passed.sqrt());
    }
    let lag = match kpi.window {
        WindowSpec::PeriodToDate => 1,
        // From day to day, not from week to week: how many Sundays a window holds is noise as well.
        WindowSpec::TrailingDays(length) => {
            return apart(daily, calendar.day_before(through), u64::from(length));
        }
        WindowSpec::TrailingSeconds(length) => {
            usize::try_from(length.div_ceil(7 * 86_400)).unwrap_or(usize::MAX).max(1)
        }
    };
    let moves = newest(lag);
    of_moves(&moves)
}

/// The standard error of one reading, from readings that are `length` days apart and so share no data.
fn apart(daily: &Daily, today: NaiveDate, length: u64) -> Option<f64> {
    let days = (0..MOST_WEEKS as u64 * 7).filter_map(|back| {
        let day = today.checked_sub_days(Days::new(back))?;
        let before = day.checked_sub_days(Days::new(length))?;
        Some(daily.get(day)?.value - daily.get(before)?.value)
    });
    let moves: Vec<f64> = days.collect();
    if moves.len() < LEAST * 7 { None } else { of_moves(&moves) }
}

fn of_moves(moves: &[f64]) -> Option<f64> {
    let middle = median(moves.to_vec())?;
    let distances = moves.iter().map(|one| (one - middle).abs()).collect();
    Some(median(distances)? / MEDIAN_DISTANCE / std::f64::consts::SQRT_2)
}

/// The upper end of what the denominator of a ratio to date may be at the close: the largest of what
/// earlier periods had, in all and in proportion to what they had by the same day, and two standard
/// deviations beyond their mean. `None` with fewer than two of them.
pub(super) fn largest_denominator(
    kpi: &Kpi,
    calendar: &Calendar,
    period: &Period,
    through: DateTime<Utc>,
    daily: &Daily,
) -> Option<f64> {
    if !kpi.is_ratio_to_date() {
        return None;
    }
    let on = |day| daily.get(day)?.sums.map(|sums| sums.denominator);
    let today = calendar.day_before(through);
    let passed = Days::new(u64::try_from((today - period.first_day).num_days()).ok()?);
    let now = on(today)?;
    let mut totals = Vec::new();
    let mut largest = 0.0_f64;
    let mut before = period.clone();
    for _ in 0..PERIODS {
        before = calendar.previous(&before);
        let last = before.end_day.checked_sub_days(Days::new(1))?;
        let Some(total) = on(last) else { break };
        let then = on((before.first_day + passed).min(last)).filter(|then| *then > 0.0);
        largest = largest.max(total).max(then.map_or(0.0, |then| now * total / then));
        totals.push(total);
    }
    let count = totals.len() as f64;
    let mean = totals.iter().sum::<f64>() / count;
    let squares: f64 = totals.iter().map(|total| (total - mean).powi(2)).sum();
    (totals.len() >= 2).then(|| largest.max(mean + 2.0 * (squares / (count - 1.0)).sqrt()))
}

fn days(period: &Period) -> f64 {
    (period.end_day - period.first_day).num_days() as f64
}

/// `None` for too few numbers.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    (values.len() >= LEAST).then(|| f64::midpoint(values[middle], values[(values.len() - 1) / 2]))
}

#[cfg(test)]
mod tests {

    use super::super::daily::Day;
    use super::*;
    use crate::assess::Sums;
    use crate::assess::tests::kpi;

    /// The close of 30 June 2026, and the days before it, from the first of a year on.
    fn until_june(
        year: i32,
        day: impl Fn(i32, f64) -> Day,
    ) -> (Calendar, Period, DateTime<Utc>, Daily) {
        let calendar = Calendar::default();
        let close = calendar.parse_as_of("2026-06-15").unwrap();
        let period = calendar.period_at(&crate::calendar::PeriodKind::Quarter, close);
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let mut daily = Daily::new();
        for (index, date) in (0..).zip(first.iter_days()) {
            if date > calendar.day_before(close) {
                break;
            }
            let at = calendar.day_start(date + Days::new(1));
            let since = calendar.period_at(&period.kind, at).first_day;
            daily.insert(date, day(index, ((date - since).num_days() + 1) as f64));
        }
        (calendar, period, close, daily)
    }

    fn value(value: f64) -> Day {
        Day { value, expected: None, sums: None, status: None }
    }

    #[test]
    fn a_flow_scatters_by_its_weeks_and_a_steady_one_does_not() {
        let of = |day: &dyn Fn(i32, f64) -> Day| {
            let (calendar, period, close, daily) = until_june(2025, day);
            scatter(&kpi(), &calendar, &period, close, &daily)
        };
        assert!(of(&|_, passed| value(100.0 * passed)).unwrap().abs() < 1e-9);
        // Every second week has 70 more.
        let wavy = of(&|index, passed| value(100.0 * passed + f64::from((index / 7) % 2) * 70.0));
        assert!(wavy.unwrap() > 100.0, "{wavy:?}");
        let (calendar, period, close, daily) = until_june(2026, |_, passed| value(passed));
        let few: Daily = daily.iter().rev().take(50).collect();
        assert_eq!(scatter(&kpi(), &calendar, &period, close, &few), None);
    }

    #[test]
    fn a_denominator_may_get_as_large_as_earlier_periods_had_it() {
        let share = Kpi { accumulation: Accumulation::Ratio, ..kpi() };
        let sums = |denominator| Some(Sums { numerator: 0.0, denominator });
        let (calendar, period, close, daily) =
            until_june(2025, |_, passed| Day { sums: sums(passed * 10.0), ..value(0.5) });
        let largest = largest_denominator(&share, &calendar, &period, close, &daily).unwrap();
        // Quarters of 90 to 92 days with 10 a day.
        assert!((920.0..940.0).contains(&largest), "{largest}");
        assert_eq!(largest_denominator(&kpi(), &calendar, &period, close, &daily), None);
    }
}
