use proptest::prelude::*;

use super::*;

#[test]
fn days_are_known_in_the_orders_that_people_write() {
    use DayOrder::{DayFirst, MonthFirst, YearFirst};
    for (text, orders) in [
        ("2026-11-30", &[YearFirst, DayFirst, MonthFirst][..]),
        ("2026-11-30 08:00:00", &[YearFirst, DayFirst, MonthFirst]),
        ("30 Nov 2026", &[YearFirst, DayFirst, MonthFirst]),
        ("November 30, 2026", &[YearFirst, DayFirst, MonthFirst]),
        ("30-NOV-2026", &[YearFirst, DayFirst, MonthFirst]),
        ("2026-9-1", &[YearFirst]),
        ("2026/11/30", &[YearFirst]),
        ("2026-11", &[YearFirst]),
        ("30.11.2026", &[DayFirst]),
        ("01.11.2026", &[DayFirst]),
        ("1.11.2026 8:05", &[DayFirst]),
        ("01.11.26", &[DayFirst]),
        ("30/11/2026", &[DayFirst]),
        ("11/30/2026", &[MonthFirst]),
        ("11/30/2026 8:05:00 PM", &[MonthFirst]),
        ("11/01/2026", &[DayFirst, MonthFirst]),
        ("11-01-2026", &[DayFirst, MonthFirst]),
        ("11/01/2026, 08:05", &[DayFirst, MonthFirst]),
    ] {
        let found = Orders::of(text).unwrap_or_else(|| panic!("{text}"));
        let found: Vec<_> = DayOrder::ALL.into_iter().filter(|order| found.has(*order)).collect();
        assert_eq!(found, orders, "{text}");
    }
    for text in [
        "",
        "1.2.3",
        "1.10.12",
        "10.0.0.1",
        "2026",
        "20261130",
        "31/31/2026",
        "2026-13",
        "30.02.2026",
        "2026-11-30T08:00:00Z",
        "2026-W48",
        "Q4 2026",
        "+49 30 1234",
        "12:30:45",
        "1234-5678",
        "31.04.2026",
        "0000-00-00",
        "Monday",
        "11/30/2026 25:00",
        "11/30/2026 13:00 PM",
        "é1.11.2026",
    ] {
        assert_eq!(Orders::of(text), None, "{text}");
    }
}

#[test]
fn a_time_with_a_zone_becomes_local() {
    let berlin = chrono_tz::Europe::Berlin;
    for (order, text, expected) in [
        (DayOrder::DayFirst, "01.11.2026T08:00:00Z", "2026-11-01 09:00:00+01:00"),
        (DayOrder::DayFirst, "30.11.2026 08:00 +01:00", "2026-11-30 08:00:00+01:00"),
        (DayOrder::MonthFirst, "11/30/2026 8:05 PM UTC", "2026-11-30 21:05:00+01:00"),
        (DayOrder::MonthFirst, "11/30/2026 11:30 PM gmt", "2026-12-01 00:30:00+01:00"),
        (DayOrder::DayFirst, "30-11-2026 08:00-0500", "2026-11-30 14:00:00+01:00"),
        (DayOrder::YearFirst, "2026/6/1 08:00:00Z", "2026-06-01 10:00:00+02:00"),
        (DayOrder::YearFirst, "30 Nov 2026 08:00:00 GMT+0200", "2026-11-30 07:00:00+01:00"),
    ] {
        assert_eq!(order.comparable(text, berlin).as_deref(), Some(expected), "{text}");
        assert!(is_instant(text), "{text}");
    }
    for text in
        ["30.11.2026 08:00 CET", "30.11.2026 Z", "30.11.2026 08:00 +25:00", "30.11.2026 +01:00"]
    {
        assert!(!is_instant(text), "{text}");
    }
}

#[test]
fn one_day_that_can_be_read_in_one_order_only_decides_for_all() {
    let all = |texts: &[&str]| {
        texts.iter().filter_map(|text| Orders::of(text)).fold(Orders::ANY, Orders::and).only()
    };
    assert_eq!(all(&["01/02/2026", "13/02/2026"]), Some(DayOrder::DayFirst));
    assert_eq!(all(&["01/02/2026", "02/13/2026"]), Some(DayOrder::MonthFirst));
    assert_eq!(all(&["01/02/2026", "2026-02-01"]), None);
    assert_eq!(all(&["13/02/2026", "02/13/2026"]), None);
    assert_eq!(all(&["2026-02-01"]), Some(DayOrder::YearFirst));
}

#[test]
fn a_month_stays_a_month_and_is_its_first_day_beside_days() {
    let order = |one, other| order(one, other);
    assert_eq!(order("2026-11", "2026-11"), Ordering::Equal);
    assert_eq!(order("2026-11", "2026-11-01"), Ordering::Equal);
    assert_eq!(order("2026-11", "2026-11-02"), Ordering::Less);
    assert_eq!(order("2026-11", "2026-10-31"), Ordering::Greater);
    assert_eq!(order("2026-11-01", "2026-12"), Ordering::Less);
    assert_eq!(order("2026-11", "2026-12"), Ordering::Less);
    assert_eq!(order("2026-11", "2026-11-01 00:00:00"), Ordering::Less);
}

proptest! {
    #[test]
    fn days_are_the_same_however_they_are_written(
        n in 0..40_000, minute in 0..1440_u32, form in 0..5_usize, second in 0..60_u32,
    ) {
        let day = NaiveDate::from_num_days_from_ce_opt(700_000 + n).unwrap();
        let at = day.and_hms_opt(minute / 60, minute % 60, second).unwrap();
        for (order, forms) in [
            (DayOrder::YearFirst, ["%Y-%m-%d", "%Y/%m/%d", "%Y-%-m-%-d", "%Y.%m.%d", "%-d %b %Y"]),
            (DayOrder::DayFirst, ["%Y-%m-%d", "%d.%m.%Y", "%-d.%-m.%Y", "%d/%m/%Y", "%-d. %B %Y"]),
            (DayOrder::MonthFirst, ["%Y-%m-%d", "%m/%d/%Y", "%-m/%-d/%Y", "%m-%d-%Y", "%B %-d, %Y"]),
        ] {
            let text = day.format(forms[form]).to_string();
            prop_assert!(Orders::of(&text).is_some_and(|orders| orders.has(order)), "{}", text);
            prop_assert_eq!(order.comparable(&text, Tz::UTC), Some(day.to_string()));
            for clock in [" %H:%M:%S", ", %-I:%M:%S %p", "T%-H:%M:%S"] {
                let text = format!("{text}{}", at.format(clock));
                let expected = at.format("%Y-%m-%d %H:%M:%S").to_string();
                prop_assert_eq!(order.comparable(&text, Tz::UTC), Some(expected), "{}", text);
            }
        }
    }

    #[test]
    fn no_text_is_too_odd(text in "[0-9./ :TAPMZUCG+-]{0,24}|\\PC{0,12}") {
        for order in DayOrder::ALL {
            let _ = order.comparable(&text, Tz::UTC);
        }
        let _ = (Orders::of(&text), is_month(&text));
    }
}
