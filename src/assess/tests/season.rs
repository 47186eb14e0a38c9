use chrono::Days;

use super::*;
use crate::calendar::PeriodKind;

/// The months of the period that starts here, and of those before it, newest first, with what a
/// business brought each day.
struct Business {
    calendar: Calendar,
    parts: Vec<Part>,
    value: fn(NaiveDate) -> f64,
    earlier: Vec<Vec<Part>>,
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn months(calendar: &Calendar, first: NaiveDate, end: NaiveDate) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut first = first;
    while first < end {
        let close = calendar.day_start(first + Days::new(1));
        let month = calendar.period_at(&PeriodKind::Month, close).end_day.min(end);
        parts.push(Part { first, end: month });
        first = month;
    }
    parts
}

impl Business {
    fn new(kind: &PeriodKind, day: &str, periods: usize, value: fn(NaiveDate) -> f64) -> Self {
        let calendar = Calendar::default();
        let period = calendar.period_at(kind, calendar.parse_as_of(day).unwrap());
        let mut earlier = Vec::new();
        let mut before = period.clone();
        for _ in 0..periods {
            before = calendar.previous(&before);
            earlier.push(months(&calendar, before.first_day, before.end_day));
        }
        let parts = months(&calendar, period.first_day, period.end_day);
        Self { calendar, parts, value, earlier }
    }

    fn sum(&self, part: Part) -> f64 {
        part.days().map(self.value).sum()
    }

    fn share(&self, passed: usize) -> Option<f64> {
        let mut running = 0;
        let mut left = passed;
        while left > self.parts[running].length() {
            left -= self.parts[running].length();
            running += 1;
        }
        let earlier: Vec<Earlier> = self
            .earlier
            .iter()
            .map(|parts| Earlier {
                parts: parts.iter().map(|part| (*part, self.sum(*part))).collect(),
                days: parts[running].days().map(self.value).collect(),
            })
            .collect();
        flow_share(&self.calendar, &self.parts, (running, left as f64), &earlier)
    }

    fn days(&self) -> usize {
        self.parts.iter().map(Part::length).sum()
    }

    /// What the running period does itself.
    fn own(&self, passed: usize) -> f64 {
        let days: Vec<f64> =
            self.parts.iter().flat_map(|part| part.days()).map(self.value).collect();
        days[..passed].iter().sum::<f64>() / days.iter().sum::<f64>()
    }

    #[track_caller]
    fn is_on_its_path_every_day(&self) {
        for passed in 1..=self.days() {
            let (share, own) = (self.share(passed).unwrap(), self.own(passed));
            assert!((share - own).abs() < 1e-9, "day {passed}: {share} for {own}");
        }
    }
}

const KINDS: [PeriodKind; 4] =
    [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Half, PeriodKind::Year];

#[test]
fn a_constant_business_is_on_its_path_on_every_day_of_every_period() {
    for kind in KINDS {
        for day in ["2024-02-10", "2026-04-10", "2028-02-10", "2028-12-31"] {
            Business::new(&kind, day, 3, |_| 10.0).is_on_its_path_every_day();
        }
    }
}

#[test]
fn a_business_with_a_week_of_its_own_is_on_its_path_on_every_day() {
    for kind in KINDS {
        for day in ["2024-02-10", "2026-04-10", "2026-11-10"] {
            let office = |day: NaiveDate| {
                [5.0, 4.0, 4.0, 4.0, 3.0, 0.0, 0.0][day.weekday().num_days_from_monday() as usize]
            };
            Business::new(&kind, day, 3, office).is_on_its_path_every_day();
            let mondays = |day: NaiveDate| f64::from(u8::from(day.weekday() == Weekday::Mon));
            Business::new(&kind, day, 2, mondays).is_on_its_path_every_day();
        }
    }
}

#[test]
fn rows_on_the_first_of_each_month_give_the_steps_that_the_same_months_had() {
    let rows = |day: NaiveDate| if day.day() == 1 { f64::from(day.month()) } else { 0.0 };
    // A leap year after others, and another after it.
    for day in ["2028-06-30", "2029-06-30"] {
        Business::new(&PeriodKind::Year, day, 3, rows).is_on_its_path_every_day();
    }
    let ends = |day: NaiveDate| {
        f64::from(u8::from((day + Days::new(1)).day() == 1)) * f64::from(day.month())
    };
    Business::new(&PeriodKind::Year, "2028-06-30", 3, ends).is_on_its_path_every_day();
}

#[test]
fn the_29th_of_february_compares_with_the_28th_and_march_begins_where_march_began() {
    let year =
        Business::new(
            &PeriodKind::Year,
            "2028-06-30",
            3,
            |day| {
                if day.month() == 2 { 3.0 } else { 1.0 }
            },
        );
    year.is_on_its_path_every_day();
}

#[test]
fn holidays_count_as_sundays() {
    let closed = |day: NaiveDate| {
        let off = day.weekday() == Weekday::Sun || day == date("2026-05-25");
        if off { 0.0 } else { 1.0 }
    };
    let mut may = Business::new(&PeriodKind::Month, "2026-05-31", 3, closed);
    assert!((may.share(25).unwrap() - may.own(25)).abs() > 1e-3);
    may.calendar.holidays.insert(date("2026-05-25"));
    may.is_on_its_path_every_day();
}

#[test]
fn one_earlier_period_or_data_that_begins_too_late_tells_no_season() {
    let one = Business::new(&PeriodKind::Quarter, "2026-04-30", 1, |_| 1.0);
    assert_eq!(one.share(30), None);
    // The quarter before is covered, the one before that only from its last month on.
    let quarter = |value| Business::new(&PeriodKind::Quarter, "2026-04-30", 3, value).share(30);
    assert_eq!(quarter(|day| f64::from(u8::from(day >= date("2025-12-05")))), None);
    assert!(quarter(|day| f64::from(u8::from(day >= date("2025-11-10")))).is_some());
}

#[test]
fn an_outlier_of_three_does_not_bend_the_others() {
    let close = |shares: &[f64], expected: f64| {
        let share = together(shares.to_vec()).unwrap();
        assert!((share - expected).abs() < 1e-12, "{share} is not {expected}");
    };
    close(&[0.30, 0.10, 0.32], 0.30);
    close(&[0.30, 0.70, 0.32], 0.32);
    close(&[0.30, 0.31, 0.35], 0.32);
    close(&[0.20, 0.30, 0.40], 0.30);
    close(&[0.2, 0.6], 0.4);
    assert_eq!(together(vec![0.5]), None);
}

proptest::proptest! {
    #[test]
    fn any_week_gives_a_share_that_grows_from_nothing_to_all(
        week in proptest::array::uniform7(0_u8..20), periods in 2_usize..4, month in 1_u32..13,
    ) {
        proptest::prop_assume!(week.iter().any(|day| *day > 0));
        let day = NaiveDate::from_ymd_opt(2027, month, 5).unwrap().to_string();
        let business = Business::new(&PeriodKind::Month, &day, periods, |_| 1.0);
        let value = |day: NaiveDate| f64::from(week[day.weekday().num_days_from_monday() as usize]);
        let of = |parts: &[Part]| Earlier {
            parts: vec![(parts[0], parts[0].days().map(value).sum())],
            days: parts[0].days().map(value).collect(),
        };
        let earlier: Vec<Earlier> = business.earlier.iter().map(|parts| of(parts)).collect();
        let own: Vec<f64> = business.parts[0].days().map(value).collect();
        let total: f64 = own.iter().sum();
        let mut before = 0.0;
        for passed in 1..=own.len() {
            let at = (0, passed as f64);
            let share = flow_share(&business.calendar, &business.parts, at, &earlier).unwrap();
            proptest::prop_assert!(share >= before - 1e-12 && share <= 1.0 + 1e-12);
            let expected = own[..passed].iter().sum::<f64>() / total;
            proptest::prop_assert!((share - expected).abs() < 1e-9, "{} {}", share, expected);
            before = share;
        }
    }
}
