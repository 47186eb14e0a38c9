//! How a daily series is made: a level that moves along straight lines, a week, a year, noise, and
//! totals that come out exactly. Whole numbers only: the same bytes on every machine.

use std::ops::Range;

use chrono::{Datelike, NaiveDate, TimeDelta};

use super::PERIOD_DAYS;

/// Whole periods that are computed before the story's own; a little more than the history shown,
/// because a total is spread over a whole period.
const EARLIER_PERIODS: i64 = 8;

/// Monday to Sunday, in thousandths of a mean day.
const WEEK: [i64; 7] = [1_130, 1_180, 1_170, 1_140, 1_030, 650, 700];

/// January to December, in thousandths of a mean month; holds on the first day of the month.
const YEAR: [i64; 12] = [1_005, 1_030, 1_020, 1_010, 1_000, 990, 965, 955, 990, 1_030, 1_030, 975];

/// A day of the story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    /// Days since the start of the period; negative before it.
    pub(super) offset: i64,
}

/// A span of days (offsets) whose values add up to a given total.
pub(super) struct Block {
    pub(super) days: Range<i64>,
    pub(super) total: i64,
}

/// All days of the story, from the earlier periods to the end of its own.
pub(super) fn days(period_start: NaiveDate) -> Vec<Day> {
    (-EARLIER_PERIODS * PERIOD_DAYS..PERIOD_DAYS)
        .filter_map(|offset| {
            let date = period_start.checked_add_signed(TimeDelta::days(offset))?;
            Some(Day { date, offset })
        })
        .collect()
}

/// One value per day, from weights in thousandths of the value: the weights themselves, but inside
/// a block its total in proportion to them.
pub(super) fn daily(
    days: &[Day],
    blocks: &[Block],
    weight: impl Fn(usize, Day) -> i64,
) -> Vec<i64> {
    let weights: Vec<i64> = days.iter().enumerate().map(|(i, day)| weight(i, *day)).collect();
    let mut values: Vec<i64> = weights.iter().map(|weight| (weight + 500) / 1_000).collect();
    for block in blocks {
        let start = days.partition_point(|day| day.offset < block.days.start);
        let end = days.partition_point(|day| day.offset < block.days.end);
        values.splice(start..end, apportion(block.total, &weights[start..end]));
    }
    values
}

/// Splits a total in proportion to the weights by the method of largest remainders (Hamilton): each
/// share is rounded down, what is left goes one by one to the largest fractions.
fn apportion(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum = weights.iter().sum::<i64>().max(1);
    let mut shares: Vec<i64> = weights.iter().map(|weight| total * weight / sum).collect();
    let mut by_fraction: Vec<usize> = (0..weights.len()).collect();
    by_fraction.sort_by_key(|&i| std::cmp::Reverse(total * weights[i] % sum));
    let mut left = total - shares.iter().sum::<i64>();
    for i in by_fraction {
        if left == 0 {
            break;
        }
        shares[i] += 1;
        left -= 1;
    }
    shares
}

/// The height at an offset of the line through `(offset, height)` points in order; level outside.
pub(super) fn along(points: &[(i64, i64)], offset: i64) -> i64 {
    let next = points.partition_point(|(at, _)| *at <= offset);
    match (next.checked_sub(1).map(|before| points[before]), points.get(next)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (offset - x0) / (x1 - x0),
        (Some((_, y)), None) | (None, Some(&(_, y))) => y,
        (None, None) => 0,
    }
}

/// A level (times 1000) on this day of the week.
pub(super) fn weekly(level: i64, day: Day) -> i64 {
    level * WEEK[day.date.weekday().num_days_from_monday() as usize] / 1_000
}

/// A level (times 1000) at this time of the year.
pub(super) fn yearly(level: i64, day: Day) -> i64 {
    let month = day.date.month0() as usize;
    let (this, next) = (YEAR[month], YEAR[(month + 1) % YEAR.len()]);
    level * (this + (next - this) * i64::from(day.date.day0()) / 31) / 1_000
}

/// A level (times 1000) with noise of at most `spread` thousandths up or down; small deviations are
/// likelier than large ones. Streams are independent of each other.
pub(super) fn noisy(level: i64, spread: i64, stream: u64, day: Day) -> i64 {
    let bits = splitmix64(splitmix64(stream).wrapping_add(day.offset.cast_unsigned()));
    let (one, two) = (i64::from((bits >> 48) as u32), i64::from((bits & 0xffff) as u32));
    let deviation = (one + two - 0xffff) * spread / 0xffff;
    level * (1_000 + deviation) / 1_000
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): the output
/// function, used as a hash.
fn splitmix64(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_add_up_and_are_within_one_of_the_exact_proportion(
            total in 0..1_000_000_i64,
            weights in prop::collection::vec(1..10_000_000_i64, 1..100),
        ) {
            let shares = apportion(total, &weights);
            prop_assert_eq!(shares.iter().sum::<i64>(), total);
            let sum: i64 = weights.iter().sum();
            for (share, weight) in shares.iter().zip(&weights) {
                prop_assert!((share * sum - total * weight).abs() < sum);
            }
        }

        #[test]
        fn noise_stays_inside_its_spread(stream: u64, offset in -1_000..1_000_i64) {
            let day = Day { date: NaiveDate::MIN, offset };
            let value = noisy(1_000_000, 50, stream, day);
            prop_assert!((950_000..=1_050_000).contains(&value), "{value}");
        }
    }

    #[test]
    fn the_hash_is_splitmix64() {
        assert_eq!(splitmix64(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn a_line_goes_through_its_points_and_is_level_outside() {
        let points = [(-10, 100), (0, 200), (20, 100)];
        for (offset, height) in [(-99, 100), (-10, 100), (-5, 150), (0, 200), (10, 150), (99, 100)]
        {
            assert_eq!(along(&points, offset), height, "at {offset}");
        }
    }
}
