//! The numbers of the story, table by table.

use std::ops::Range;

use super::PERIOD_DAYS;
use super::series::{Block, Day, along, daily, noisy, weekly, yearly};

/// The blocks of a period with their share of an earlier period's net new ARR in percent: business
/// closes late.
const BLOCKS: [(Range<i64>, i64); 3] = [(0..30, 21), (30..61, 31), (61..91, 48)];

/// Net new ARR in USD of the periods before the story's own, oldest first.
const EARLIER_ARR: [i64; 8] =
    [112_000, 121_000, 134_000, 130_000, 151_000, 160_000, 178_000, 189_000];

/// Net new ARR in USD of the blocks of the story's own period.
const STORY_ARR: [i64; 3] = [60_000, 70_000, 100_000];

/// `day,channel,sessions`
pub(super) fn sessions(days: &[Day], shown_days: Range<usize>) -> String {
    // A bundle of new pages is published at the start of the period.
    let organic = [
        (-728, 2_060_000),
        (-365, 2_620_000),
        (-30, 3_280_000),
        (0, 3_400_000),
        (9, 4_200_000),
        (30, 4_330_000),
        (91, 4_620_000),
    ];
    let paid = [(-728, 900_000), (-200, 1_350_000), (91, 1_450_000)];
    let email = [(-728, 310_000), (91, 620_000)];
    let referral = [(-728, 240_000), (91, 410_000)];
    let exact = months([100_000, 125_000, 134_500, 135_000]);
    long(
        "day,channel,sessions",
        days,
        shown_days,
        &[
            ("organic", people(days, &exact, &organic, 60, 1)),
            ("paid", people(days, &[], &paid, 120, 2)),
            ("email", people(days, &[], &email, 200, 3)),
            ("referral", people(days, &[], &referral, 150, 4)),
        ],
    )
}

/// `day,trials_ended,converted`
pub(super) fn trials(days: &[Day], shown_days: Range<usize>) -> String {
    let level = [(-728, 29_000), (-30, 49_500), (91, 53_500)];
    let ended = people(days, &months([1_500, 1_500, 1_580, 1_600]), &level, 280, 5);
    // Share in thousandths. The new onboarding goes live with the period, a first repair after
    // three weeks, the real one in the second month.
    let share = [
        (-728, 114),
        (-180, 120),
        (-1, 120),
        (0, 95),
        (18, 96),
        (23, 109),
        (30, 114),
        (45, 128),
        (61, 140),
        (91, 159),
    ];
    let converted = daily(days, &months([180, 150, 202, 240]), |i, day| {
        noisy(ended[i] * along(&share, day.offset), 300, 6, day)
    });
    csv(
        "day,trials_ended,converted",
        shown_days.map(|i| format!("{},{},{}", days[i].date, ended[i], converted[i])),
    )
}

/// `day,movement,amount`
pub(super) fn arr(days: &[Day], shown_days: Range<usize>) -> String {
    let net = net_arr();
    let movement = |percent: i64, spread, stream| {
        let blocks: Vec<Block> = net
            .iter()
            .map(|net| Block { days: net.days.clone(), total: net.total * percent / 100 })
            .collect();
        daily(days, &blocks, |_, day| {
            let in_period = day.offset.rem_euclid(PERIOD_DAYS);
            noisy(weekly(700_000 + 600_000 * in_period / PERIOD_DAYS, day), spread, stream, day)
        })
    };
    let negative = |values: Vec<i64>| values.into_iter().map(|value| -value).collect();
    // Percent of the net: new business has to make up for what is lost.
    long(
        "day,movement,amount",
        days,
        shown_days,
        &[
            ("new", movement(120, 250, 7)),
            ("expansion", movement(28, 400, 8)),
            ("contraction", negative(movement(12, 500, 9))),
            ("churn", negative(movement(36, 500, 10))),
        ],
    )
}

/// What people do in a day: a level (times 1000) with its week, year and noise.
fn people(
    days: &[Day],
    blocks: &[Block],
    level: &[(i64, i64)],
    spread: i64,
    stream: u64,
) -> Vec<i64> {
    daily(days, blocks, |_, day| {
        noisy(yearly(weekly(along(level, day.offset), day), day), spread, stream, day)
    })
}

/// Exact totals of the 30 days before the period and of its three blocks.
fn months(totals: [i64; 4]) -> Vec<Block> {
    let days = [-30..0, 0..30, 30..61, 61..91];
    days.into_iter().zip(totals).map(|(days, total)| Block { days, total }).collect()
}

/// Net new ARR by block.
fn net_arr() -> Vec<Block> {
    let earlier = EARLIER_ARR.iter().rev().zip(1..).flat_map(|(total, periods_ago)| {
        let start = -periods_ago * PERIOD_DAYS;
        BLOCKS.map(|(days, percent)| Block {
            days: start + days.start..start + days.end,
            total: total * percent / 100,
        })
    });
    let own = BLOCKS.into_iter().zip(STORY_ARR).map(|((days, _), total)| Block { days, total });
    earlier.chain(own).collect()
}

/// A table with one row per day and series.
fn long(
    header: &str,
    days: &[Day],
    shown_days: Range<usize>,
    series: &[(&str, Vec<i64>)],
) -> String {
    csv(
        header,
        shown_days.flat_map(|i| {
            series
                .iter()
                .map(move |(name, values)| format!("{},{name},{}", days[i].date, values[i]))
        }),
    )
}

fn csv(header: &str, rows: impl Iterator<Item = String>) -> String {
    std::iter::once(header.to_owned())
        .chain(rows)
        .map(|mut row| {
            row.push('\n');
            row
        })
        .collect()
}
