//! The calendar against `jiff`, which has its own time zone arithmetic, ISO weeks and calendar.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use proptest::prelude::*;

use super::{Calendar, PeriodKind, WindowSpec};

/// Zones with every oddity: gaps and folds at midnight, half hours, a skipped day, none at all.
const ZONES: [Tz; 12] = [
    Tz::UTC,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::America__Havana,
    Tz::America__St_Johns,
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::Asia__Beirut,
    Tz::Asia__Kathmandu,
    Tz::Asia__Tokyo,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Apia,
];

fn zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(&ZONES[..])
}

/// 1975 to 2025: rules that no release of the zone database will change. Half of them are whole
/// hours, so that midnights are among them.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (157_766_400_i64..1_767_225_600, any::<bool>()).prop_map(|(seconds, whole_hour)| {
        let seconds = if whole_hour { seconds - seconds % 3_600 } else { seconds };
        DateTime::from_timestamp(seconds, 0).unwrap()
    })
}

fn kind() -> impl Strategy<Value = PeriodKind> {
    prop_oneof![
        Just(PeriodKind::Week),
        Just(PeriodKind::Month),
        Just(PeriodKind::Quarter),
        Just(PeriodKind::Half),
        Just(PeriodKind::Year),
        (0..18_000_i64, 1..500_i64).prop_map(|(first, days)| {
            let start = NaiveDate::from_ymd_opt(1976, 1, 1).unwrap() + TimeDelta::days(first);
            PeriodKind::Dates { start, end: start + TimeDelta::days(days - 1) }
        }),
    ]
}

fn weekday() -> impl Strategy<Value = Weekday> {
    (0..7_u8).prop_map(|day| Weekday::try_from(day).unwrap())
}

prop_compose! {
    fn calendar()(
        timezone in zone(),
        fiscal_year_start in 1..=12_u32,
        week_start in weekday(),
        business_days in prop::collection::btree_set(0..7_u8, 0..=7),
    ) -> Calendar {
        Calendar { timezone, fiscal_year_start, week_start, business_days, ..Calendar::default() }
    }
}

fn jiff_zone(tz: Tz) -> TimeZone {
    TimeZone::get(tz.name()).unwrap()
}

fn jiff_date(day: NaiveDate) -> Date {
    let small = |n: u32| i8::try_from(n).unwrap();
    date(i16::try_from(day.year()).unwrap(), small(day.month()), small(day.day()))
}

fn seconds(at: DateTime<Utc>) -> Timestamp {
    Timestamp::from_second(at.timestamp()).unwrap()
}

proptest! {
    #[test]
    fn an_instant_belongs_to_the_day_that_jiff_says(at in instant(), tz in zone()) {
        // St. John's went back across midnight: the one case in which the date on the clock is
        // not the day that is running.
        let shown = seconds(at).to_zoned(jiff_zone(tz)).date();
        let day = jiff_date(super::day_of(tz, at));
        prop_assert!(day == shown || (tz == Tz::America__St_Johns && day == shown.tomorrow()?));
    }

    #[test]
    fn days_tile_time(at in instant(), tz in zone()) {
        let day = super::day_of(tz, at);
        prop_assert!(super::day_start(tz, day) <= at);
        prop_assert!(at < super::day_start(tz, day.succ_opt().unwrap()));
    }

    #[test]
    fn iso_weeks_are_those_of_jiff(at in instant(), tz in zone()) {
        let calendar = Calendar { timezone: tz, ..Calendar::default() };
        let week = calendar.period_at(&PeriodKind::Week, at);
        let expected = jiff_date(calendar.day_before(at)).iso_week_date();
        prop_assert_eq!(week.id, format!("{}-W{:02}", expected.year(), expected.week()));
        prop_assert_eq!(jiff_date(week.first_day), expected.first_of_week()?.date());
    }

    #[test]
    fn months_and_years_are_those_of_jiff(at in instant(), tz in zone()) {
        let calendar = Calendar { timezone: tz, ..Calendar::default() };
        let today = jiff_date(calendar.day_before(at));
        let month = calendar.period_at(&PeriodKind::Month, at);
        prop_assert_eq!(jiff_date(month.first_day), today.first_of_month());
        prop_assert_eq!(jiff_date(month.end_day), today.last_of_month().tomorrow()?);
        let year = calendar.period_at(&PeriodKind::Year, at);
        prop_assert_eq!(jiff_date(year.first_day), today.first_of_year());
        prop_assert_eq!(jiff_date(year.end_day), today.last_of_year().tomorrow()?);
    }

    #[test]
    fn a_fiscal_quarter_is_three_months_at_a_multiple_of_three_from_the_start(
        at in instant(), calendar in calendar(),
    ) {
        let quarter = calendar.period_at(&PeriodKind::Quarter, at);
        let first = jiff_date(quarter.first_day);
        prop_assert_eq!(first.day(), 1);
        prop_assert_eq!(first.checked_add(Span::new().months(3))?, jiff_date(quarter.end_day));
        let start = i32::try_from(calendar.fiscal_year_start).unwrap();
        prop_assert_eq!((i32::from(first.month()) - start).rem_euclid(3), 0);
    }

    #[test]
    fn a_period_holds_its_as_of_and_touches_the_one_before(
        at in instant(), calendar in calendar(), kind in kind(),
    ) {
        let period = calendar.period_at(&kind, at);
        if !matches!(kind, PeriodKind::Dates { .. }) {
            prop_assert!(period.span.start < at && at <= period.span.end);
            prop_assert_eq!(&calendar.period_at(&kind, period.span.end), &period);
        }
        prop_assert_eq!(calendar.day_start(period.first_day), period.span.start);
        prop_assert_eq!(calendar.day_start(period.end_day), period.span.end);
        let previous = calendar.previous(&period);
        prop_assert_eq!(previous.span.end, period.span.start);
        prop_assert_ne!(&previous.id, &period.id);
        let last_year = calendar.same_last_year(&period);
        let days = (period.first_day - last_year.first_day).num_days();
        prop_assert!((364..=366).contains(&days), "{} days", days);
    }

    #[test]
    fn ratios_run_from_zero_to_one_and_never_back(
        calendar in calendar(), kind in kind(), at in instant(),
        a in 0..=1_000_i64, b in 0..=1_000_i64,
    ) {
        let period = calendar.period_at(&kind, at);
        let length = (period.span.end - period.span.start).num_seconds();
        let instant = |share: i64| period.span.start + TimeDelta::seconds(length * share / 1_000);
        let (early, late) = (instant(a.min(b)), instant(a.max(b)));
        for ratio in [Calendar::elapsed_ratio, Calendar::business_ratio] {
            prop_assert!(ratio(&calendar, &period, period.span.start) <= 0.0);
            prop_assert!(ratio(&calendar, &period, period.span.end) >= 1.0);
            let (early, late) = (ratio(&calendar, &period, early), ratio(&calendar, &period, late));
            prop_assert!(0.0 <= early && early <= late && late <= 1.0, "{early} {late}");
        }
        let days = (period.end_day - period.first_day).num_days() as f64;
        let left = calendar.days_left(&period, early);
        prop_assert!((left / days + calendar.elapsed_ratio(&period, early) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn windows_end_at_the_as_of_and_start_where_they_should(
        at in instant(), calendar in calendar(), kind in kind(), days in 1..100_u32,
    ) {
        let period = calendar.period_at(&kind, at);
        let so_far = calendar.window(WindowSpec::PeriodToDate, &period, at);
        prop_assert!(period.span.start <= so_far.start && so_far.start <= so_far.end);
        prop_assert!(so_far.end <= period.span.end);
        let trailing = calendar.window(WindowSpec::TrailingDays(days), &period, at);
        prop_assert_eq!(trailing.end, calendar.day_start(calendar.day_of(at)));
        prop_assert!(trailing.end <= at);
        let back = Span::new().days(i64::from(days));
        let first = jiff_date(calendar.day_of(at)).checked_sub(back)?;
        let expected = first.to_zoned(jiff_zone(calendar.timezone))?.timestamp();
        prop_assert_eq!(seconds(trailing.start), expected);
    }

    #[test]
    fn the_same_point_lies_in_the_earlier_period_and_never_goes_back(
        at in instant(), calendar in calendar(), kind in kind(), step in 0..2_000_000_i64,
    ) {
        let current = calendar.period_at(&kind, at);
        for earlier in [calendar.previous(&current), calendar.same_last_year(&current)] {
            let point = |at| calendar.same_point(&earlier, &current, at);
            let (now, later) = (point(at), point(at + TimeDelta::seconds(step)));
            prop_assert!(earlier.span.start < now && now <= earlier.span.end);
            if at > current.span.start {
                prop_assert!(now <= later);
            }
            prop_assert_eq!(point(current.span.end), earlier.span.end);
        }
    }

    #[test]
    fn the_same_point_is_the_same_weekday_at_most_three_days_off(
        at in instant(), calendar in calendar(), kind in kind(),
    ) {
        let current = calendar.period_at(&kind, at);
        let inside = current.span.start < at && at < current.span.end;
        // Apia had no 30 December in 2011: a point on it is the close of the day before.
        if !inside || calendar.timezone == Tz::Pacific__Apia {
            return Ok(());
        }
        for earlier in [calendar.previous(&current), calendar.same_last_year(&current)] {
            let point = calendar.same_point(&earlier, &current, at);
            let (today, then) = (calendar.day_before(at), calendar.day_before(point));
            // At its ends the earlier period may not have that weekday.
            if earlier.first_day < then && point < earlier.span.end {
                prop_assert_eq!(today.weekday(), then.weekday());
                let off = (today - current.first_day) - (then - earlier.first_day);
                prop_assert!(off.num_days().abs() <= 3, "{} days", off.num_days());
            }
        }
    }

    #[test]
    fn the_ceiling_of_an_instant_is_the_first_day_that_does_not_start_before_it(
        at in instant(), tz in zone(),
    ) {
        let day = super::ceil_day(tz, at);
        prop_assert!(at <= super::day_start(tz, day));
        prop_assert!(super::day_start(tz, day.pred_opt().unwrap()) < at);
    }

    #[test]
    fn a_date_is_the_instant_at_which_its_day_ends(at in instant(), tz in zone()) {
        let day = at.date_naive();
        let closed = super::parse_as_of(tz, &day.to_string()).unwrap();
        prop_assert_eq!(closed, super::day_start(tz, day.succ_opt().unwrap()));
        prop_assert_eq!(super::parse_as_of(tz, &closed.to_rfc3339()), Ok(closed));
    }
}

#[test]
fn every_day_of_fifty_years_starts_where_jiff_says() {
    let first = NaiveDate::from_ymd_opt(1975, 1, 1).unwrap();
    for tz in ZONES {
        let zone = jiff_zone(tz);
        for day in first.iter_days().take(51 * 365) {
            let expected = jiff_date(day).to_zoned(zone.clone()).unwrap().timestamp();
            assert_eq!(seconds(super::day_start(tz, day)), expected, "{day} in {tz}");
        }
    }
}

#[test]
fn the_year_2026_has_53_weeks() {
    let calendar = Calendar::default();
    let mut week =
        calendar.period_at(&PeriodKind::Week, calendar.parse_as_of("2027-01-03").unwrap());
    for number in (1..=53).rev() {
        assert_eq!(week.id, format!("2026-W{number:02}"));
        week = calendar.previous(&week);
    }
    assert_eq!(week.id, "2025-W52");
}
