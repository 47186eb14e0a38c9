//! Tests of formulas, with an independent evaluator as oracle.

use super::*;
use exmex::{Express, FlatEx};
use proptest::prelude::*;

fn eval(text: &str) -> Option<f64> {
    let value_of = |reference: &MetricRef| match reference.to_string().as_str() {
        "orders.revenue" => Some(1200.0),
        "orders.count" => Some(40.0),
        "sessions" => Some(0.0),
        _ => None,
    };
    Formula::parse(text).unwrap().expr().eval(&value_of)
}

#[test]
fn arithmetic_binds_as_people_expect() {
    for (text, value) in [
        ("orders.revenue / orders.count", 30.0),
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("12 / 3 / 2", 2.0),
        ("-2 * -3", 6.0),
        ("2 - -1", 3.0),
        ("min(3, orders.count, 5)", 3.0),
        ("max(1, 2) + abs(-4)", 6.0),
        ("1.5e3 + .5", 1500.5),
    ] {
        assert_eq!(eval(text), Some(value), "{text}");
    }
}

#[test]
fn what_has_no_value_has_none_and_is_never_zero() {
    for text in ["orders.revenue / sessions", "0 / sessions", "missing + 1", "max(1, missing)"] {
        assert_eq!(eval(text), None, "{text}");
    }
}

#[test]
fn mistakes_name_their_place() {
    for (text, at, message) in [
        ("", 0..0, "expected a metric, a number or `(`, but the formula ends here"),
        ("a +", 3..3, "expected a metric, a number or `(`, but the formula ends here"),
        ("a b", 2..3, "expected an operator, found `b`"),
        ("(a", 2..2, "expected `)`, but the formula ends here"),
        ("a ^ 2", 2..3, "expected an operator, found `^`"),
        ("sum(a)", 0..3, "unknown function `sum`"),
        ("a. + 1", 0..2, "expected a column name after the dot"),
        ("1.2.3", 0..5, "`1.2.3` is not a number"),
        ("abs(1, 2)", 0..3, "`abs` takes one argument"),
        ("a / é", 4..6, "expected a metric, a number or `(`, found `é`"),
    ] {
        let error = Formula::parse(text).unwrap_err();
        assert_eq!((error.span, error.message.as_str()), (at, message), "{text}");
    }
}

#[test]
fn references_come_with_their_places_and_a_quotient_with_its_parts() {
    let formula = Formula::parse("ads.spend / (crm.won + 1)").unwrap();
    let seen: Vec<_> = formula.references().map(|(r, at)| (r.to_string(), at)).collect();
    assert_eq!(seen, [("ads.spend".to_owned(), 0..9), ("crm.won".to_owned(), 13..20)]);
    assert!(formula.quotient().is_some());
    assert!(Formula::parse("a / b - 1").unwrap().quotient().is_none());
}

#[test]
fn nesting_without_end_is_an_error_and_not_a_crash() {
    let error = Formula::parse(&"(".repeat(10_000)).unwrap_err();
    assert_eq!(error.message, "formula nests too deeply");
    assert!(Formula::parse(&"-".repeat(10_000)).is_err());
}

#[test]
fn a_place_is_one_of_the_text_at_its_end_and_before_wide_characters_too() {
    for sign in ["(", "-", "- "] {
        for after in ["", "é", "5"] {
            for nested in 0..2 * MAX_DEPTH {
                let text = format!("{}{after}", sign.repeat(nested));
                let place = Formula::parse(&text).err().map(|error| error.span);
                assert!(place.clone().is_none_or(|place| text.get(place).is_some()), "{place:?}");
            }
        }
    }
    let error = Formula::parse_within("1 + é", 1).unwrap_err();
    assert_eq!("1 + é".get(error.span), Some("é"));
}

#[test]
fn terms_without_end_are_an_error_with_their_place() {
    let plus = |count: usize| vec!["m"; count].join("+");
    for text in [plus(20_000), format!("max({})", vec!["m"; 1001].join(",")), "m".repeat(40_000)] {
        assert!(Formula::parse(&text).is_err(), "{}", &text[..20]);
    }
    let error = Formula::parse_within(&plus(7), 5).unwrap_err();
    assert_eq!((error.message.as_str(), error.span), ("a formula has at most 5 terms", 10..11));
    assert!(Formula::parse_within("max(m + 1, n)", 4).is_ok());
}

#[test]
fn the_largest_formula_fits_a_small_stack() {
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let work = || {
        let formula = Formula::parse(&vec!["m / 2"; 500].join("-")).unwrap();
        let value = formula.expr().eval(&|_| Some(2.0));
        assert_eq!(value, Some(-498.0));
        assert!(formula.expr().zero_denominator(&|_| Some(1.0)).is_none());
        assert!(formula == formula.clone() && format!("{formula:?}").len() > 1000);
    };
    small.spawn(work).unwrap().join().unwrap();
}

fn expression() -> impl Strategy<Value = String> {
    let number = (0_u32..1000).prop_map(|n| format!("{}", f64::from(n) / 8.0));
    number.prop_recursive(5, 40, 2, |inner| {
        prop_oneof![
            (inner.clone(), "[-+*/]", inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.prop_map(|a| format!("(-{a})")),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_an_independent_evaluator(text in expression()) {
        let theirs = FlatEx::<f64>::parse(&text).unwrap().eval(&[]).unwrap();
        let ours = eval(&text);
        if theirs.is_finite() {
            if let Some(ours) = ours {
                prop_assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0));
            }
        } else {
            prop_assert_eq!(ours, None);
        }
    }

    #[test]
    fn any_text_parses_or_says_where_it_does_not(text in ".{0,60}") {
        if let Err(error) = Formula::parse(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }
}
