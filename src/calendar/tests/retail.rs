//! Retail calendars against a table that was made without this program, and against `jiff`.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{Calendar, ExtraWeek, Period, PeriodKind, Retail, WeekPattern, YearEnd, YearName};

/// One line a year: convention, year, weeks, first days of the twelve months, last day. The years of
/// `nrf_4-5-4` end as the National Retail Federation publishes them (3 February 2024, 1 February
/// 2025, …), those of the other as Apple's fiscal years do (30 September 2023, 28 September 2024, …).
const TABLE: &str = include_str!("../../../tests/data/retail-calendars.csv");

fn calendar(weeks: WeekPattern, ends_on: Weekday, year_end: YearEnd, month: u32) -> Calendar {
    let retail = Retail { weeks, ends_on, year_end, month };
    Calendar { retail: Some(retail), week_start: retail.week_start(), ..Calendar::default() }
}

/// Years as in America's shops, named as they are named there.
fn nrf() -> Calendar {
    Calendar {
        fiscal_year_name: YearName::Start,
        ..calendar(WeekPattern::W454, Weekday::Sat, YearEnd::Nearest, 1)
    }
}

fn last_saturday_of_september() -> Calendar {
    calendar(WeekPattern::W445, Weekday::Sat, YearEnd::Last, 9)
}

fn period(calendar: &Calendar, kind: &PeriodKind, day: NaiveDate) -> Period {
    calendar.period_at(kind, calendar.parse_as_of(&day.to_string()).unwrap())
}

fn on(calendar: &Calendar, kind: &PeriodKind, day: &str) -> Period {
    period(calendar, kind, day.parse().unwrap())
}

/// `FY2024-Q4 2024-11-03..2025-02-01`, both days inclusive.
fn shown(period: &Period) -> String {
    format!("{} {}..{}", period.id, period.first_day, period.end_day - TimeDelta::days(1))
}

#[test]
fn the_periods_of_2019_to_2030_are_those_of_the_table() {
    let conventions = BTreeMap::from([
        ("nrf_4-5-4", nrf()),
        ("last_saturday_of_september_4-4-5", last_saturday_of_september()),
    ]);
    let mut long_years: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in TABLE.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let calendar = &conventions[cells[0]];
        let year = format!("FY{}", cells[1]);
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let last = day(cells[15]);
        if cells[2] == "53" {
            long_years.entry(cells[0]).or_default().push(cells[1]);
        }
        // Where each part of so many months begins and ends.
        for (kind, months, letter) in [
            (PeriodKind::Month, 1, "-M"),
            (PeriodKind::Quarter, 3, "-Q"),
            (PeriodKind::Half, 6, "-H"),
            (PeriodKind::Year, 12, ""),
        ] {
            for part in 0..12 / months {
                let first = day(cells[3 + part * months]);
                let next = 3 + (part + 1) * months;
                let end = if next == 15 { last } else { day(cells[next]) - TimeDelta::days(1) };
                let id = match months {
                    1 => format!("{year}{letter}{:02}", part + 1),
                    12 => year.clone(),
                    _ => format!("{year}{letter}{}", part + 1),
                };
                let expected = format!("{id} {first}..{end}");
                for today in first.iter_days().take_while(|day| *day <= end) {
                    assert_eq!(shown(&period(calendar, &kind, today)), expected, "{today}");
                }
            }
        }
        let first = day(cells[3]);
        for (number, today) in (1..).zip(first.iter_days().step_by(7)) {
            if today > last {
                assert_eq!((number - 1).to_string(), cells[2]);
                break;
            }
            let week = period(calendar, &PeriodKind::Week, today + TimeDelta::days(3));
            assert_eq!((week.id, week.first_day), (format!("{year}-W{number:02}"), today));
        }
    }
    assert_eq!(
        long_years.into_iter().collect::<Vec<_>>(),
        [
            ("last_saturday_of_september_4-4-5", vec!["2023", "2028"]),
            ("nrf_4-5-4", vec!["2023", "2028"]),
        ]
    );
}

#[test]
fn week_53_belongs_to_the_last_month_quarter_and_half() {
    let calendar = nrf();
    for (kind, expected) in [
        (PeriodKind::Week, "FY2023-W53 2024-01-28..2024-02-03"),
        (PeriodKind::Month, "FY2023-M12 2023-12-31..2024-02-03"),
        (PeriodKind::Quarter, "FY2023-Q4 2023-10-29..2024-02-03"),
        (PeriodKind::Half, "FY2023-H2 2023-07-30..2024-02-03"),
        (PeriodKind::Year, "FY2023 2023-01-29..2024-02-03"),
    ] {
        assert_eq!(shown(&on(&calendar, &kind, "2024-02-03")), expected);
    }
}

#[test]
fn a_year_after_one_of_53_weeks_is_compared_without_the_extra_week() {
    let calendar = nrf();
    for (kind, day, last_year) in [
        (PeriodKind::Month, "2025-02-01", "FY2023-M12 2023-12-31..2024-01-27"),
        (PeriodKind::Quarter, "2025-02-01", "FY2023-Q4 2023-10-29..2024-01-27"),
        (PeriodKind::Half, "2025-02-01", "FY2023-H2 2023-07-30..2024-01-27"),
        (PeriodKind::Year, "2025-02-01", "FY2023 2023-01-29..2024-01-27"),
        // The same week numbers from the first on.
        (PeriodKind::Month, "2024-02-04", "FY2023-M01 2023-01-29..2023-02-25"),
        (PeriodKind::Quarter, "2024-08-10", "FY2023-Q3 2023-07-30..2023-10-28"),
    ] {
        let now = on(&calendar, &kind, day);
        let then = calendar.same_last_year(&now);
        assert_eq!(shown(&then), last_year, "{day}");
        let days = |period: &Period| (period.end_day - period.first_day).num_days();
        assert_eq!(days(&then), days(&now));
        let cut = then.end_day == "2024-01-28".parse().unwrap();
        let left_out = cut.then(|| ExtraWeek::LeftOut("FY2023".into()));
        assert_eq!(calendar.extra_week(&now, &then), left_out);
    }
}

#[test]
fn the_period_before_is_compared_without_a_week_53_but_closes_with_it() {
    let calendar = nrf();
    let now = on(&calendar, &PeriodKind::Quarter, "2024-03-01");
    assert_eq!(shown(&calendar.before(&now)), "FY2023-Q4 2023-10-29..2024-01-27");
    assert_eq!(shown(&calendar.previous(&now)), "FY2023-Q4 2023-10-29..2024-02-03");
    let year = on(&calendar, &PeriodKind::Year, "2024-03-01");
    assert_eq!(calendar.before(&year), calendar.same_last_year(&year));
}

#[test]
fn a_week_53_has_no_week_of_the_year_before_to_be_compared_with() {
    let calendar = nrf();
    for kind in [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Half, PeriodKind::Year] {
        let now = on(&calendar, &kind, "2024-01-20");
        let then = calendar.same_last_year(&now);
        assert_eq!((now.end_day - then.end_day).num_weeks(), 53);
        assert_eq!(calendar.extra_week(&now, &then), Some(ExtraWeek::Alone("FY2023".into())));
    }
    let spring = on(&calendar, &PeriodKind::Quarter, "2023-03-01");
    assert_eq!(calendar.extra_week(&spring, &calendar.same_last_year(&spring)), None);
    let autumn = on(&calendar, &PeriodKind::Year, "2022-10-01");
    assert_eq!(calendar.extra_week(&autumn, &calendar.before(&autumn)), None);
}

#[test]
fn a_week_is_compared_with_the_one_52_weeks_earlier() {
    let calendar = nrf();
    for (day, last_year) in [
        // After a year of 53 weeks the numbers move by one.
        ("2024-02-04", "FY2023-W02 2023-02-05..2023-02-11"),
        ("2025-02-01", "FY2023-W53 2024-01-28..2024-02-03"),
        ("2025-02-02", "FY2024-W01 2024-02-04..2024-02-10"),
        ("2024-02-03", "FY2023-W01 2023-01-29..2023-02-04"),
    ] {
        let week = on(&calendar, &PeriodKind::Week, day);
        assert_eq!(shown(&calendar.same_last_year(&week)), last_year, "{day}");
    }
}

#[test]
fn a_year_that_ends_in_the_first_days_of_january_is_of_the_old_year() {
    let calendar = calendar(WeekPattern::W544, Weekday::Sat, YearEnd::Nearest, 12);
    for (day, year) in [
        ("2021-01-02", "FY2020 2019-12-29..2021-01-02"),
        ("2021-01-03", "FY2021 2021-01-03..2022-01-01"),
        ("2022-12-31", "FY2022 2022-01-02..2022-12-31"),
    ] {
        assert_eq!(shown(&on(&calendar, &PeriodKind::Year, day)), year);
        let by_start = Calendar { fiscal_year_name: YearName::Start, ..calendar.clone() };
        assert_eq!(shown(&on(&by_start, &PeriodKind::Year, day)), year, "it begins and ends there");
    }
}

#[test]
fn weeks_from_another_day_stay_weeks_of_the_year() {
    let calendar = Calendar { week_start: Weekday::Mon, ..nrf() };
    assert_eq!(
        shown(&on(&calendar, &PeriodKind::Week, "2026-04-01")),
        "2026-W14 2026-03-30..2026-04-05"
    );
    assert_eq!(on(&calendar, &PeriodKind::Month, "2026-04-01").id, "FY2026-M02");
}

/// The day on which a year ends, by `jiff`.
fn end_by_jiff(retail: Retail, year: i16) -> Date {
    let month = date(year, i8::try_from(retail.month).unwrap(), 1);
    let weekday = jiff::civil::Weekday::from_monday_zero_offset(
        i8::try_from(retail.ends_on.num_days_from_monday()).unwrap(),
    );
    let weekday = weekday.unwrap();
    let last = month.nth_weekday_of_month(-1, weekday).unwrap();
    match retail.year_end {
        YearEnd::Last => last,
        YearEnd::Nearest => {
            let next = last.nth_weekday(1, weekday).unwrap();
            let off = |day: Date| (day - month.last_of_month()).get_days().abs();
            if off(last) <= off(next) { last } else { next }
        }
    }
}

prop_compose! {
    fn any_retail()(
        weeks in prop::sample::select(&[WeekPattern::W445, WeekPattern::W454, WeekPattern::W544][..]),
        ends_on in 0..7_u8,
        nearest in any::<bool>(),
        month in 1..=12_u32,
        zone in prop::sample::select(
            &[Tz::UTC, Tz::America__New_York, Tz::America__Sao_Paulo, Tz::Australia__Lord_Howe][..]
        ),
        by_start in any::<bool>(),
    ) -> Calendar {
        let year_end = if nearest { YearEnd::Nearest } else { YearEnd::Last };
        let fiscal_year_name = if by_start { YearName::Start } else { YearName::End };
        let ends_on = Weekday::try_from(ends_on).unwrap();
        let calendar = calendar(weeks, ends_on, year_end, month);
        Calendar { timezone: zone, fiscal_year_name, ..calendar }
    }
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0..18_000_i64)
        .prop_map(|days| NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + TimeDelta::days(days))
}

fn kind() -> impl Strategy<Value = PeriodKind> {
    prop_oneof![
        Just(PeriodKind::Week),
        Just(PeriodKind::Month),
        Just(PeriodKind::Quarter),
        Just(PeriodKind::Half),
        Just(PeriodKind::Year),
    ]
}

proptest! {
    #[test]
    fn a_year_runs_from_one_end_to_the_next_as_jiff_counts_them(
        calendar in any_retail(), day in day(),
    ) {
        let retail = calendar.retail.unwrap();
        let year = period(&calendar, &PeriodKind::Year, day);
        let of = |day: NaiveDate| day.to_string().parse::<Date>().unwrap();
        let last = of(year.end_day).yesterday()?;
        // In the first days of a month that follows its own a year may still end.
        let number = last.checked_sub(jiff::Span::new().days(3))?.year();
        prop_assert_eq!(end_by_jiff(retail, number), last);
        prop_assert_eq!(end_by_jiff(retail, number - 1).tomorrow()?, of(year.first_day));
        let before = i16::from(calendar.fiscal_year_name == YearName::Start && retail.month < 12);
        prop_assert_eq!(year.id, format!("FY{}", number - before));
    }

    #[test]
    fn every_day_is_in_one_period_and_periods_tile_time(
        calendar in any_retail(), kind in kind(), day in day(),
    ) {
        let now = period(&calendar, &kind, day);
        prop_assert!(now.first_day <= day && day < now.end_day);
        for day in [now.first_day, now.end_day - TimeDelta::days(1)] {
            prop_assert_eq!(&period(&calendar, &kind, day), &now);
        }
        let next = period(&calendar, &kind, now.end_day);
        prop_assert_eq!(next.span.start, now.span.end);
        prop_assert_eq!(&calendar.previous(&next), &now);
        prop_assert_ne!(&next.id, &now.id);
        prop_assert_eq!(calendar.day_start(now.first_day), now.span.start);
        prop_assert_eq!(calendar.day_start(now.end_day), now.span.end);
        let weeks = (now.end_day - now.first_day).num_days() as f64 / 7.0;
        let lengths: &[f64] = match kind {
            PeriodKind::Week => &[1.0],
            PeriodKind::Month => &[4.0, 5.0, 6.0],
            PeriodKind::Quarter => &[13.0, 14.0],
            PeriodKind::Half => &[26.0, 27.0],
            _ => &[52.0, 53.0],
        };
        prop_assert!(lengths.contains(&weeks), "{weeks} weeks");
    }

    #[test]
    fn months_make_quarters_and_quarters_make_years(calendar in any_retail(), day in day()) {
        for (whole, part, count) in [
            (PeriodKind::Quarter, PeriodKind::Month, 3),
            (PeriodKind::Half, PeriodKind::Quarter, 2),
            (PeriodKind::Year, PeriodKind::Half, 2),
        ] {
            let whole = period(&calendar, &whole, day);
            let mut end = whole.first_day;
            for _ in 0..count {
                let part = period(&calendar, &part, end);
                prop_assert_eq!(part.first_day, end);
                end = part.end_day;
            }
            prop_assert_eq!(end, whole.end_day);
        }
    }

    #[test]
    fn what_is_compared_has_the_same_weeks_and_no_week_53(
        calendar in any_retail(), kind in kind(), day in day(),
    ) {
        let now = period(&calendar, &kind, day);
        let then = calendar.same_last_year(&now);
        let weeks = |period: &Period| (period.end_day - period.first_day).num_weeks();
        let alone = matches!(calendar.extra_week(&now, &then), Some(ExtraWeek::Alone(_)));
        prop_assert_eq!(weeks(&now), weeks(&then) + i64::from(alone));
        let apart = (now.first_day - then.first_day).num_weeks();
        prop_assert!(apart == 52 || apart == 53 && kind != PeriodKind::Week, "{apart} weeks");
        prop_assert!(then.end_day <= now.first_day);
    }
}
