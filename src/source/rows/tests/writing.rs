use proptest::prelude::*;

use super::*;

fn way(decimal: char, thousands: Option<char>, strip: &[&str]) -> NumberFormat {
    let strip = strip.iter().map(|&sign| sign.to_owned()).collect();
    NumberFormat { decimal, thousands, strip }
}

#[test]
fn numbers_are_read_as_the_table_writes_them_and_nothing_else_is() {
    let german = way(',', Some('.'), &["€", "%", "EUR"]);
    for (text, expected) in [
        ("1.234,56", "1234.56"),
        ("7,5", "7.5"),
        ("8", "8"),
        ("-1.234.567", "-1234567"),
        ("€ 1.234,56", "1234.56"),
        ("1.234,56\u{a0}€", "1234.56"),
        ("-5 EUR", "-5"),
        ("€-5", "-5"),
        ("-€5", "-5"),
        ("5 %", "5"),
        (" 0,5 ", "0.5"),
        (",5", ".5"),
    ] {
        assert_eq!(german.read(text).0, expected, "{text}");
        assert_ne!(german.read(text).1, CellKind::Text, "{text}");
    }
    for text in [
        "1.5",
        "12.34",
        "1234.567",
        "1,234.5",
        "01.02.2026",
        "00012",
        "1.23,4",
        "1..234",
        "1,",
        "--5",
        "5-",
        "(5)",
        "€",
        "",
        "n/a",
        "5 $",
        "1 234",
        "1,2,3",
        "846:17:56",
        "+5",
    ] {
        assert_eq!(german.read(text), (text.into(), CellKind::Text), "{text}");
    }
    let french = way(',', Some(' '), &[]);
    assert_eq!(french.read("1\u{202f}234\u{a0}567,8").0, "1234567.8");
    let swiss = way('.', Some('\''), &["CHF"]);
    assert_eq!(swiss.read("CHF 1’234.50").0, "1234.50");
}

#[test]
fn the_way_of_writing_is_told_by_all_cells_and_both_ways_when_they_differ() {
    let told = |cells: &[&str]| {
        let ways = NumberFormat::default().others(cells.iter().copied());
        ways.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(&["1.234,56", "7,5", "8"]), ["decimal: \",\", thousands: \".\""]);
    assert_eq!(told(&["7,5", "8"]), ["decimal: \",\""]);
    assert_eq!(told(&["1,234.50", "8"]), ["thousands: \",\""]);
    assert_eq!(told(&["1 234", "5"]), ["thousands: \" \""]);
    assert_eq!(told(&["1,234", "5"]), ["decimal: \",\"", "thousands: \",\""]);
    assert_eq!(told(&["€ 5", "7.5 €"]), ["strip: [\"€\"]"]);
    assert_eq!(told(&["5 %", "7,5 %"]), ["decimal: \",\", strip: [\"%\"]"]);
    for none in [
        &["n/a", "5"][..],
        &["846:17:56"],
        &["12a", "13"],
        &["(123)", "5"],
        &["de", "fr"],
        &["2026-11-01"],
        &["01.02.2026"],
        &["12-"],
        &["A1", "B2"],
    ] {
        assert_eq!(told(none), [""; 0], "{none:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_in_a_way_is_read_in_it(
        whole in 0_u64..10_000_000_000,
        cents in 0_u8..100,
        negative in any::<bool>(),
        (decimal, thousands) in prop::sample::select(&WAYS[..]),
        sign in prop::sample::select(&["", "€", " EUR", " %"][..]),
    ) {
        let mut grouped = whole.to_string();
        if let Some(thousands) = thousands {
            let mut at = grouped.len();
            while at > 3 {
                at -= 3;
                grouped.insert(at, thousands);
            }
        }
        let minus = if negative { "-" } else { "" };
        let text = format!("{minus}{grouped}{decimal}{cents:02}{sign}");
        let plain = format!("{minus}{whole}.{cents:02}");
        let way = way(decimal, thousands, &["€", "EUR", "%"]);
        prop_assert_eq!(way.read(&text).0, &*plain);
        // Another way reads the same number or none.
        for (decimal, thousands) in WAYS {
            let (read, kind) = NumberFormat { decimal, thousands, ..way.clone() }.read(&text);
            prop_assert!(kind == CellKind::Text || read == plain, "{} as {}", text, read);
        }
    }
}
