//! What people read, as written and as read back.

use proptest::prelude::*;

use super::{attainment, days, duration, share};
use crate::kpi::{Unit, at_least, at_most, hundredth, same};

fn unit(name: &str) -> Unit {
    Unit::parse(name).unwrap()
}

#[test]
fn values_read_as_people_write_them() {
    for (name, value, text) in [
        ("percent", 0.1, "10 %"),
        ("percent", 0.133_187, "13.3 %"),
        ("percent", 1.166_667, "117 %"),
        ("percent", 0.0567, "5.67 %"),
        ("percent", 0.000_012_3, "0.00123 %"),
        ("percent", -0.000_000_000_001, "−1e-10 %"),
        ("count", 125_000.0, "125,000"),
        ("count", 109_890.11, "109,890"),
        ("count", 0.4, "0.4"),
        ("count", -0.0, "0"),
        ("ratio", 3.2, "3.2x"),
        ("points", 30.0, "30 points"),
        ("days", 12.0, "12 days"),
        ("days", 1.0, "1 day"),
        ("days", 2.43, "2.43 days"),
        ("tickets", 1_250.0, "1,250 tickets"),
        ("USD", 230_000.0, "$230 K"),
        ("USD", 36.911, "$36.91"),
        ("USD", 4.5, "$4.50"),
        ("USD", 4.0, "$4"),
        ("USD", 0.004_321, "$0.00432"),
        ("USD", 4_344.26, "$4,344"),
        ("USD", -1_071_805.47, "−$1.07 M"),
        ("USD", 999_999.0, "$1 M"),
        ("USD", 9_999.7, "$10 K"),
        ("USD", 2.5e9, "$2.5 B"),
        ("USD", -0.000_1, "−$0.0001"),
        ("USD", -0.0, "$0"),
        ("EUR", 12_340.0, "€12.3 K"),
        ("AED", 2_100.0, "2,100 AED"),
        ("CHF", -40_000.0, "−40 K CHF"),
        ("JPY", 1_200.0, "¥1,200"),
        ("KWD", 1.5, "1.500 KWD"),
        ("seconds", 11_220.0, "3 h 7 min"),
        ("seconds", 11_249.0, "3 h 7 min"),
        ("seconds", 3_599.9, "1 h"),
        ("seconds", 90.0, "1 min 30 s"),
        ("seconds", 45.26, "45.3 s"),
        ("seconds", 59.97, "1 min"),
        ("seconds", 0.25, "250 ms"),
        ("seconds", 183_600.0, "2 d 3 h"),
        ("seconds", -90.0, "−1 min 30 s"),
        ("seconds", 0.0, "0 s"),
    ] {
        assert_eq!(unit(name).show(value), text, "{name} {value}");
    }
}

#[test]
fn changes_have_a_sign_and_those_of_percentages_are_points() {
    for (name, change, text) in [
        ("percent", -0.06, "−6.0 pt"),
        ("percent", -0.033_187, "−3.3 pt"),
        ("percent", 0.0012, "+0.12 pt"),
        ("percent", 0.000_012, "+0.0012 pt"),
        ("points", 1.4, "+1.4 pt"),
        ("percent", 0.0, "0.0 pt"),
        ("count", 5_000.0, "+5,000"),
        ("count", -5_000.0, "−5,000"),
        ("USD", -20_000.0, "−$20 K"),
        ("seconds", 90.0, "+1 min 30 s"),
        ("tickets", -3.0, "−3 tickets"),
    ] {
        assert_eq!(unit(name).show_change(change), text, "{name} {change}");
    }
}

#[test]
fn what_missed_its_target_does_not_read_as_the_target() {
    for (name, value, target, shown) in [
        ("percent", 0.994_951, 0.995, ("99.495 %", "99.5 %")),
        ("percent", 0.000_012_3, 0.000_01, ("0.00123 %", "0.001 %")),
        ("USD", 249_990.0, 250_000.0, ("$249.99 K", "$250 K")),
        ("USD", 9_999.7, 10_000.0, ("$9,999.7", "$10 K")),
        ("count", 109_890.11, 109_890.3, ("109,890.1", "109,890.3")),
        ("seconds", 11_249.0, 11_220.0, ("3 h 7 min 29 s", "3 h 7 min")),
        ("seconds", 59.97, 60.0, ("59.97 s", "1 min")),
        // The same but for binary rounding.
        ("percent", 0.1 + 0.2, 0.3, ("30 %", "30 %")),
    ] {
        let (value, target) = unit(name).show_pair(value, target);
        assert_eq!((value.as_str(), target.as_str()), shown);
    }
    assert_eq!(attainment(0.999_96), "99.996 %");
    assert_eq!(attainment(1.0 - 1e-12), "100 %");
    assert_eq!(attainment(0.92), "92 %");
    assert_eq!(share(0.329_67), "33 %");
    assert_eq!(share(0.999), "99.9 %");
    assert_eq!(share(0.001), "0.1 %");
    assert_eq!(share(1.0), "100 %");
}

#[test]
fn days_are_fractions_in_words() {
    assert_eq!(days(61.0, ""), "61 days");
    assert_eq!(days(60.4, ""), "61 days");
    assert_eq!(days(29.999_999_999, ""), "30 days");
    assert_eq!(days(2.44, "business"), "2.4 business days");
    assert_eq!(days(1.0, ""), "1 day");
    assert_eq!(days(1.0, "business"), "1 business day");
    assert_eq!(duration(7_200.0), "2 h");
    let counts = (0..400).map(|n| 0.003 * 1.031_f64.powi(n));
    for count in counts.chain([9.96, 9.949, 10.0, 0.996, 0.0996, 29.999_999_999]) {
        assert_eq!(days(super::told_days(count), ""), days(count, ""), "{count}");
    }
}

/// Reads a shown value back: the number in base form, and what one in its last digit is worth.
fn read(unit: &Unit, shown: &str) -> (f64, f64) {
    let (sign, text) = match shown.strip_prefix('−') {
        Some(text) => (-1.0, text),
        None => (1.0, shown),
    };
    let text = text.trim_start_matches(['$', '€', '£', '¥', '₹', '₩']).replace(',', "");
    let (value, last) = if *unit == Unit::Seconds {
        let words: Vec<&str> = text.split(' ').collect();
        words.chunks(2).fold((0.0, 0.0), |(sum, _), pair| {
            let second = match pair[1] {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "min" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                other => panic!("{other}"),
            };
            let (value, last) = plain(pair[0]);
            (sum + value * second, last * second)
        })
    } else {
        let (number, rest) = text.split_once(' ').unwrap_or((text.trim_end_matches('x'), ""));
        let scale = match rest.split(' ').next() {
            Some("K") => 1e3,
            Some("M") => 1e6,
            Some("B") => 1e9,
            Some("T") => 1e12,
            Some("%") => {
                let (value, last) = plain(number);
                return (sign * (value / 100.0), last / 100.0);
            }
            _ => 1.0,
        };
        let (value, last) = plain(number);
        (value * scale, last * scale)
    };
    (sign * value, last)
}

/// A plain number and what one in its last digit is worth.
fn plain(text: &str) -> (f64, f64) {
    let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let power: i32 = power.parse().unwrap();
    (text.parse().unwrap(), 10_f64.powi(power - i32::try_from(decimals).unwrap()))
}

const UNITS: [&str; 11] = [
    "count", "percent", "ratio", "points", "seconds", "days", "USD", "JPY", "KWD", "CHF", "tickets",
];

fn any_unit() -> impl Strategy<Value = Unit> {
    prop::sample::select(&UNITS[..]).prop_map(unit)
}

/// Numbers of every size, of both signs, many of them near round ones.
fn number() -> impl Strategy<Value = f64> {
    (-1.0..1.0_f64, -9..15_i32, any::<bool>(), -3..=3_i32).prop_map(|(x, power, round, off)| {
        let scale = 10_f64.powi(power);
        if round { scale * (1.0 + f64::from(off) * 1e-5 + x * 1e-6) } else { x * scale }
    })
}

/// Two numbers that are close together more often than not.
fn pair() -> impl Strategy<Value = (f64, f64)> {
    (number(), number(), -12..=0_i32, any::<bool>()).prop_map(|(a, b, power, near)| {
        if near { (a, a * (1.0 + 10_f64.powi(power))) } else { (a, b) }
    })
}

proptest! {
    #[test]
    fn every_printed_number_reads_back_to_within_its_last_digit(
        unit in any_unit(), value in number(),
    ) {
        let shown = unit.show(value);
        let (back, last) = read(&unit, &shown);
        let seconds = if unit == Unit::Seconds { last } else { last / 2.0 };
        // A duration without its smaller unit (`1 h`) is exact to that unit.
        let last = if unit == Unit::Seconds && last > 1.0 { seconds / 2.0 } else { seconds };
        // What is rounded to a double on the way there and back, by half a unit each time: a percentage is
        // multiplied, read and divided; others are read and scaled; a duration is so in two parts.
        let roundings = match unit {
            Unit::Percent => 3.0,
            Unit::Seconds => 4.0,
            _ => 2.0,
        };
        let known = value.abs() * roundings * f64::EPSILON / 2.0;
        prop_assert!((back - value).abs() <= last * 1.000_001 + known, "{value} is shown as {shown}");
        prop_assert!(value == 0.0 || back != 0.0, "{value} is shown as {shown}");
        prop_assert!(!shown.contains('-') || shown.contains('e'), "{shown}");
        prop_assert!(!shown.starts_with("−0 ") && shown != "−0", "{shown}");
    }

    #[test]
    fn a_pair_is_told_apart_and_in_order(unit in any_unit(), (value, target) in pair()) {
        let (shown, other) = unit.show_pair(value, target);
        let (left, right) = (read(&unit, &shown).0, read(&unit, &other).0);
        if same(value, target) {
            prop_assert_eq!(shown, other);
        } else if value < target {
            prop_assert!(left < right, "{value} {target}: {shown}, {other}");
        } else {
            prop_assert!(left > right, "{value} {target}: {shown}, {other}");
        }
    }

    #[test]
    fn a_missed_target_never_reads_as_met(ratio in 0.9..1.0_f64, digits in 1..12_i32) {
        let ratio = 1.0 - (1.0 - ratio) * 10_f64.powi(-digits);
        let met = same(ratio, 1.0);
        prop_assert_eq!(attainment(ratio) == "100 %", met, "{} {}", ratio, attainment(ratio));
    }

    #[test]
    fn a_change_reads_back_too(unit in any_unit(), change in number()) {
        let shown = unit.show_change(change);
        let unsigned = shown.trim_start_matches(['+', '−']);
        let sign = if change < 0.0 { '−' } else { '+' };
        prop_assert!(shown.starts_with(sign) || change == 0.0, "{shown}");
        if matches!(unit, Unit::Percent | Unit::Points) {
            let scale = if unit == Unit::Percent { 1e-2 } else { 1.0 };
            let (back, last) = plain(&unsigned.trim_end_matches(" pt").replace(',', ""));
            // The last digit, or what a double can tell apart where that is more.
            let grain = (last * scale * 0.500_001).max(change.abs() * 2.0 * f64::EPSILON);
            prop_assert!((back * scale - change.abs()).abs() <= grain, "{shown}");
            prop_assert!(change == 0.0 || back != 0.0, "{shown}");
        } else {
            prop_assert_eq!(unsigned, unit.show(change.abs()));
        }
    }
}

#[test]
fn every_count_of_a_thousand_meets_its_own_percentage() {
    for n in 1..=1_000_u32 {
        let share = f64::from(n) / 1_000.0;
        // As the configuration reads it: `{n / 10}%`.
        let min = hundredth(f64::from(n) / 10.0);
        assert!(at_least(share, min) && at_most(share, min), "{n}");
        let max = hundredth(f64::from(1_000 - n) / 10.0);
        assert!(at_most(1.0 - share, max) && at_least(1.0 - share, max), "{n}");
        let (shown, target) = Unit::Percent.show_pair(share, min);
        assert_eq!(shown, target);
        assert_eq!(attainment(share / min), "100 %");
    }
}

#[test]
fn numbers_of_a_column_have_the_same_decimals_and_read_the_same_only_when_they_are() {
    for (unit, values, shown) in [
        ("percent", &[0.10, 0.128, 0.16, 0.12][..], &["10.0 %", "12.8 %", "16.0 %", "12.0 %"][..]),
        ("percent", &[0.10, 0.16], &["10 %", "16 %"]),
        ("percent", &[0.1596, 0.16], &["15.96 %", "16.00 %"]),
        ("percent", &[4.0, -0.5], &["400 %", "−50 %"]),
        ("count", &[96_226.0, 118_039.4, 3.0], &["96,226", "118,039", "3"]),
        ("count", &[0.0, 0.0], &["0", "0"]),
        ("ratio", &[3.0, 12.25], &["3.0x", "12.2x"]),
        ("USD", &[152_000.0, 4_342.0, 13_100.0], &["$152 K", "$4 K", "$13 K"]),
        ("USD", &[13_100.0, 13_200.0, -4_342.0], &["$13.1 K", "$13.2 K", "−$4.3 K"]),
        ("USD", &[9.5, 20.0], &["$9.50", "$20"]),
        ("SEK", &[1_250_000.0, 3_000_000.0], &["1.25 M SEK", "3.00 M SEK"]),
        ("seconds", &[4_500.0, 0.25], &["1 h 15 min", "250 ms"]),
    ] {
        assert_eq!(Unit::parse(unit).unwrap().show_alike(values), shown, "{values:?}");
    }
    assert_eq!(Unit::Percent.show_column(&[0.1196, 0.12, 0.098]), ["12.0 %", "12.0 %", "9.8 %"]);
    assert_eq!(Unit::Count.show_alike(&[]), [""; 0]);
    // Nothing is shown for long, however far apart they are.
    let far = Unit::Count.show_alike(&[1e-7, 1e12, 1e12]);
    assert!(far.iter().all(|text| text.len() < 30), "{far:?}");
}
