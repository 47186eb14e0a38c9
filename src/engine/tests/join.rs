//! Tests of joins, with a naive computation as oracle: every choice of rows that agree.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::metric::{Bad, Few};

/// A table: names of its labels, its rows, and whether a missing one is 0.
#[derive(Debug, Clone)]
struct Given {
    names: Vec<&'static str>,
    rows: BTreeMap<Vec<String>, f64>,
    zero: bool,
}

fn given(names: &[&'static str], rows: &[(&[&str], f64)]) -> Given {
    let rows = rows
        .iter()
        .map(|(labels, value)| (labels.iter().map(|label| (*label).to_owned()).collect(), *value));
    Given { names: names.to_vec(), rows: rows.collect(), zero: false }
}

impl Given {
    fn or_zero(self) -> Self {
        Self { zero: true, ..self }
    }

    fn input(&self) -> Input<'_> {
        let row = |(values, value): (&Vec<String>, &f64)| {
            let labels = self.names.iter().copied().zip(values.iter().map(String::as_str));
            let values = [("value", *value)].into();
            (labels.collect(), Series { values, ..Series::default() })
        };
        let series = self.rows.iter().map(row).collect();
        let measured = Cow::Owned(Measurement { series, ..Measurement::default() });
        Input { labels: self.names.clone(), measured, zero: self.zero, most: 100 }
    }
}

fn inputs<'m>(formula: &'m Formula, tables: &'m [(&str, Given)]) -> Inputs<'m> {
    Inputs::new(formula, |id| {
        tables.iter().find(|(name, _)| id == *name).map(|(_, table)| table.input())
    })
}

fn values(text: &str, tables: &[(&str, Given)]) -> Vec<(String, Option<f64>)> {
    let formula = Formula::parse(text).unwrap();
    let all = inputs(&formula, tables).all();
    all.into_iter().map(|(labels, joined)| (labels.words(), joined.value)).collect()
}

#[track_caller]
fn expect(text: &str, tables: &[(&str, Given)], expected: &[(&str, Option<f64>)]) {
    let expected: Vec<_> = expected.iter().map(|(l, v)| ((*l).to_owned(), *v)).collect();
    assert_eq!(values(text, tables), expected);
}

fn why(text: &str, tables: &[(&str, Given)], labels: &[(&str, &str)]) -> Absent {
    let formula = Formula::parse(text).unwrap();
    inputs(&formula, tables).why(&labels.iter().copied().collect()).unwrap()
}

#[test]
fn a_metric_without_labels_joins_with_every_label_set() {
    let spend = given(&["region"], &[(&["EU"], 10.0), (&["US"], 40.0)]);
    let rate = given(&[], &[(&[], 2.0)]);
    expect(
        "spend / rate",
        &[("spend", spend), ("rate", rate)],
        &[("region=EU", Some(5.0)), ("region=US", Some(20.0))],
    );
}

#[test]
fn a_label_set_that_one_metric_lacks_stays_without_a_value_or_with_zero() {
    let orders = given(&["c"], &[(&["DE"], 10.0), (&["FR"], 40.0)]);
    let refunds = given(&["c"], &[(&["FR"], 4.0), (&["IT"], 1.0)]);
    let strict = [("orders", orders.clone()), ("refunds", refunds.clone())];
    expect("refunds / orders", &strict, &[("c=DE", None), ("c=FR", Some(0.1)), ("c=IT", None)]);
    assert_eq!(
        why("refunds / orders", &strict, &[("c", "DE")]),
        Absent::NoRow {
            metrics: vec!["refunds".into()],
            of: [("c", "DE")].into_iter().collect(),
            doubt: None
        }
    );
    let lenient = [("orders", orders), ("refunds", refunds.or_zero())];
    let expected = [("c=DE", Some(0.0)), ("c=FR", Some(0.1)), ("c=IT", None)];
    expect("refunds / orders", &lenient, &expected);
    // An empty answer is zero everywhere; without any other input nobody knows where.
    let none = given(&["c"], &[]).or_zero();
    let empty = [("orders", lenient[0].1.clone()), ("refunds", none.clone())];
    expect("orders - refunds", &empty, &[("c=DE", Some(10.0)), ("c=FR", Some(40.0))]);
    expect("refunds + 0", &[("refunds", none)], &[("", None)]);
    expect("total + 0", &[("total", given(&[], &[]).or_zero())], &[("", Some(0.0))]);
}

#[test]
fn shared_labels_have_to_agree_and_other_labels_multiply() {
    let a = given(
        &["region", "plan"],
        &[(&["EU", "pro"], 1.0), (&["EU", "free"], 2.0), (&["US", "pro"], 3.0)],
    );
    let b = given(&["region"], &[(&["EU"], 10.0), (&["APAC"], 99.0)]);
    let c = given(&["team"], &[(&["x"], 2.0), (&["y"], 3.0)]);
    let expected = [
        ("plan=free, region=EU", Some(20.0)),
        ("plan=pro, region=EU", Some(10.0)),
        ("plan=pro, region=US", None),
        ("region=APAC", None),
    ];
    for text in ["a * b", "b * a"] {
        expect(text, &[("a", a.clone()), ("b", b.clone())], &expected);
    }
    let multiplied = values("b * c", &[("b", b), ("c", c)]);
    let all: Vec<_> = multiplied.into_iter().map(|(labels, _)| labels).collect();
    let pairs = ["APAC, team=x", "APAC, team=y", "EU, team=x", "EU, team=y"];
    assert_eq!(all, pairs.map(|pair| format!("region={pair}")));
}

#[test]
fn labels_that_multiply_without_end_are_refused() {
    let names: Vec<String> = (0..50).map(|i| i.to_string()).collect();
    let table = |name| Given {
        names: vec![name],
        rows: names.iter().map(|value| (vec![value.clone()], 1.0)).collect(),
        zero: false,
    };
    let formula = Formula::parse("a * b").unwrap();
    let tables = [("a", table("x")), ("b", table("y"))];
    assert_eq!(inputs(&formula, &tables).sets(), Err(Absent::TooMany { most: 200 }));
}

#[test]
fn why_there_is_no_value_is_told() {
    let one = |value| given(&[], &[(&[], value)]);
    let tables = [("a", one(1.0)), ("b", one(0.0)), ("c", given(&[], &[])), ("d", one(1e308))];
    for (text, expected) in [
        ("a / b", Absent::Zero { what: Some("b".into()) }),
        ("1 + a / (b * 2)", Absent::Zero { what: None }),
        (
            "a / b + c",
            Absent::NoRow { metrics: vec!["c".into()], of: Labels::default(), doubt: None },
        ),
        ("d * 10 + a", Absent::TooLarge),
        ("a.x", Absent::Null { what: "a.x".into(), doubt: None }),
    ] {
        assert_eq!(why(text, &tables, &[]), expected, "{text}");
    }
    let bad = Bad { rows: 3, found: "the text `12,5`".into() };
    let formula = Formula::parse("a / b").unwrap();
    let inputs = Inputs::new(&formula, |id| {
        let mut input = tables[usize::from(*id == "b")].1.input();
        for row in input.measured.to_mut().series.values_mut() {
            row.values = Few::default();
            row.bad.insert("value".into(), bad.clone());
        }
        Some(input)
    });
    let told = inputs.why(&Labels::default()).unwrap();
    assert_eq!(told, Absent::Bad { what: "a".into(), bad });
}

#[test]
fn a_metric_that_was_not_measured_gives_nothing_and_never_zero() {
    let a = given(&["c"], &[(&["DE"], 1.0)]);
    let formula = Formula::parse("a + b").unwrap();
    let tables = [("a", a)];
    let inputs = inputs(&formula, &tables);
    assert_eq!(inputs.all(), BTreeMap::new());
    let labels: Labels = [("c", "DE")].into_iter().collect();
    assert_eq!((inputs.at(&labels), inputs.why(&labels)), (Joined::default(), None));
}

#[test]
fn the_oldest_data_counts_and_zeros_are_as_new_as_their_metric() {
    let day = |d| {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 4, d).unwrap();
        day.and_time(chrono::NaiveTime::MIN).and_utc()
    };
    let formula = Formula::parse("a / b").unwrap();
    let a = given(&["c"], &[(&["DE"], 6.0), (&["FR"], 6.0)]);
    let b = given(&["c"], &[(&["DE"], 3.0), (&["IT"], 3.0)]).or_zero();
    let inputs = Inputs::new(&formula, |id| {
        let (table, days) = if *id == "a" { (&a, [9, 9]) } else { (&b, [7, 5]) };
        let mut input = table.input();
        for (row, d) in input.measured.to_mut().series.values_mut().zip(days) {
            row.data_through = Some(day(d));
        }
        Some(input)
    });
    let at = |country| inputs.at(&[("c", country)].into_iter().collect());
    assert_eq!(at("DE").data_through, Some(day(7)));
    assert_eq!(at("DE").sums, Some(Sums { numerator: 6.0, denominator: 3.0 }));
    assert_eq!(at("FR").data_through, Some(day(7)));
}

#[test]
fn a_plan_with_fewer_labels_serves_every_label_set_that_it_fits() {
    let formula = Formula::parse("plan").unwrap();
    let tables = [("plan", given(&["region"], &[(&["EU"], 2.0)]))];
    let inputs = inputs(&formula, &tables);
    let at = |labels: &[(&str, &str)]| inputs.at(&labels.iter().copied().collect()).value;
    assert_eq!(at(&[("region", "EU"), ("plan", "pro")]), Some(2.0));
    assert_eq!(at(&[("region", "US"), ("plan", "pro")]), None);
    assert_eq!(at(&[]), None);
}

/// All label sets and the sum over all tables there, by trying every choice of a row or none of each.
fn naive(tables: &[(&str, Given)]) -> BTreeMap<String, Option<f64>> {
    type Pairs = BTreeMap<&'static str, String>;
    let pairs = |table: &Given, row: &[String]| -> Pairs {
        table.names.iter().copied().zip(row.iter().cloned()).collect()
    };
    let mut choices: Vec<Pairs> = vec![Pairs::new()];
    for (_, table) in tables {
        let mut more = choices.clone();
        for choice in &choices {
            for row in table.rows.keys() {
                let row = pairs(table, row);
                if row.iter().all(|(name, value)| choice.get(name).is_none_or(|v| v == value)) {
                    more.push(choice.clone().into_iter().chain(row).collect());
                }
            }
        }
        choices = more;
    }
    let sets: HashSet<Vec<(&str, String)>> =
        choices.into_iter().map(|choice| choice.into_iter().collect()).collect();
    let part = |one: &[(&str, String)], of: &[(&str, String)]| {
        one.len() < of.len() && one.iter().all(|pair| of.contains(pair))
    };
    let whole = sets.iter().filter(|set| !sets.iter().any(|other| part(set, other)));
    let sum = |set: &Vec<(&'static str, String)>| {
        let of = |(_, table): &(&str, Given)| {
            let found = table
                .rows
                .iter()
                .find(|(row, _)| pairs(table, row).into_iter().all(|pair| set.contains(&pair)));
            let zero = table.zero && (table.names.is_empty() || !set.is_empty());
            found.map(|(_, value)| *value).or(zero.then_some(0.0))
        };
        tables.iter().map(of).sum::<Option<f64>>()
    };
    whole
        .map(|set| {
            let words: Vec<String> = set.iter().map(|(n, v)| format!("{n}={v}")).collect();
            (words.join(", "), sum(set))
        })
        .collect()
}

fn table() -> impl Strategy<Value = Given> {
    let names = proptest::sample::subsequence(vec!["a", "b", "c"], 0..=3);
    (names, any::<bool>()).prop_flat_map(|(names, zero)| {
        let row = proptest::collection::vec((0_u8..3).prop_map(|v| v.to_string()), names.len());
        let rows = proptest::collection::btree_map(row, (0_u8..9).prop_map(f64::from), 0..5);
        rows.prop_map(move |rows| Given { names: names.clone(), rows, zero })
    })
}

proptest! {
    #[test]
    fn agrees_with_trying_every_choice_of_rows(given in proptest::collection::vec(table(), 1..5)) {
        let names = ["m", "n", "o", "p"];
        let tables: Vec<_> = names.into_iter().zip(given).collect();
        let text: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
        let found: BTreeMap<_, _> = values(&text.join(" + "), &tables).into_iter().collect();
        prop_assert_eq!(found, naive(&tables));
    }
}
