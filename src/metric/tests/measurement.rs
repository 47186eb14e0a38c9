use std::borrow::Borrow;

use chrono_tz::Tz;

use super::*;
use crate::metric::sample as metric;

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn table(columns: &[&str], rows: Vec<Vec<Cell>>) -> Table {
    let columns = columns.iter().map(|&name| name.to_owned()).collect();
    Table { columns, rows, ..Table::default() }
}

fn measure(metric: impl Borrow<Metric>, table: &Table) -> Result<Measurement, FetchError> {
    Measurement::from_table(metric.borrow(), Tz::UTC, table)
}

fn with_columns(columns: &[&str]) -> Metric {
    let columns = columns.iter().map(|&name| name.to_owned()).collect();
    Metric { columns, bare: false, ..metric() }
}

fn with_labels(labels: &[&str]) -> Metric {
    Metric { labels: labels.iter().map(|&name| name.to_owned()).collect(), ..metric() }
}

/// The value of the only series under the metric's bare name.
fn only(columns: &[&str], cell: Vec<Cell>) -> Option<f64> {
    let measurement = measure(metric(), &table(columns, vec![cell])).unwrap();
    measurement.series[&Labels::default()].value(None)
}

#[test]
fn a_metric_by_its_name_is_the_column_value_or_the_only_number() {
    assert_eq!(only(&["value"], vec![Cell::Number(7.0)]), Some(7.0));
    assert_eq!(only(&["n"], vec![Cell::Number(7.0)]), Some(7.0));
    assert_eq!(only(&["VALUE", "n"], vec![Cell::Number(7.0), Cell::Number(8.0)]), Some(7.0));
    assert_eq!(only(&["note", "n"], vec![text("x"), Cell::Number(7.0)]), Some(7.0));
    let with_date = vec![Cell::Number(7.0), text("2026-06-30")];
    assert_eq!(only(&["n", "data_through"], with_date), Some(7.0));
}

#[test]
fn no_value_is_never_taken_from_another_column() {
    assert_eq!(only(&["value", "n"], vec![Cell::Null, Cell::Number(8.0)]), None);
}

#[test]
fn several_numbers_without_a_name_for_one_are_a_failure_that_lists_them() {
    let both = table(&["a", "b"], vec![vec![Cell::Number(1.0), Cell::Number(2.0)]]);
    let error = measure(metric(), &both).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Shape);
    assert_eq!(
        error.to_string(),
        "metric `orders` has no column `value` and more than one that could be meant: a, b \
         (hint: name one `value` in the query, or write `orders.a` in formulas)"
    );
    let none = table(&["a", "b"], vec![vec![text("x"), text("y")]]);
    assert_eq!(
        measure(metric(), &none).unwrap_err().to_string(),
        "metric `orders` has no value column; the answer has: a, b \
         (hint: name the number in the query: `... AS value`)"
    );
}

#[test]
fn a_missing_or_renamed_column_is_a_failure_that_names_it_even_without_rows() {
    for rows in [vec![], vec![vec![Cell::Number(1.0), Cell::Number(2.0)]]] {
        let answer = table(&["count", "turnover"], rows);
        assert_eq!(
            measure(with_columns(&["revenue"]), &answer).unwrap_err().to_string(),
            "metric `orders` has no column `revenue`; the answer has: count, turnover \
             (hint: name it in the query: `... AS revenue`)"
        );
        let error = measure(with_labels(&["region"]), &answer).unwrap_err();
        assert!(error.message.contains("no column `region`"), "{error}");
    }
}

#[test]
fn columns_are_found_without_regard_to_case_under_the_name_of_the_formula() {
    let answer = table(&["REVENUE"], vec![vec![Cell::Number(5.0)]]);
    let measurement = measure(with_columns(&["revenue"]), &answer).unwrap();
    assert_eq!(measurement.series[&Labels::default()].value(Some("revenue")), Some(5.0));
}

#[test]
fn two_columns_of_one_name_are_a_failure() {
    let answer = table(&["n", "n"], vec![vec![Cell::Number(1.0), Cell::Number(2.0)]]);
    let error = measure(with_columns(&["n"]), &answer).unwrap_err();
    assert_eq!(error.message, "metric `orders` has two columns `n`");
}

#[test]
fn null_is_no_value_and_no_fault_and_what_is_not_finite_is_a_bad_row() {
    let bad = |cell| {
        let answer = table(&["value"], vec![vec![cell]]);
        let measurement = measure(metric(), &answer).unwrap();
        assert_eq!(measurement.series[&Labels::default()].value(None), None);
        (measurement.bad_rows, measurement.first_bad_row)
    };
    let told =
        |what: &str| (1, Some(format!("row 1: column `value` holds {what}, which is no number")));
    assert_eq!(bad(Cell::Null), (0, None));
    assert_eq!(bad(Cell::Number(f64::NAN)), told("NaN"));
    assert_eq!(bad(Cell::Written(f64::NAN, "NaN".into())), told("NaN"));
    assert_eq!(bad(Cell::Number(f64::INFINITY)), told("Infinity"));
    assert_eq!(bad(Cell::Number(f64::NEG_INFINITY)), told("-Infinity"));
}

#[test]
fn numeric_text_is_a_number_and_other_things_are_counted_and_described() {
    let instant = "2026-06-30T12:00:00Z".parse().unwrap();
    let rows = [text(" 12.50 "), text("n/a"), Cell::Instant(instant), Cell::Other("JSON".into())];
    let rows = rows.into_iter().enumerate();
    let rows = rows.map(|(i, cell)| vec![Cell::Number(i as f64), cell]).collect();
    let metric = Metric { columns: vec!["revenue".into()], bare: false, ..with_labels(&["id"]) };
    let measurement = measure(metric, &table(&["id", "revenue"], rows)).unwrap();
    let values: Vec<_> =
        measurement.series.values().map(|series| series.value(Some("revenue"))).collect();
    assert_eq!(values, [Some(12.5), None, None, None]);
    assert_eq!(measurement.bad_rows, 3);
    let first = measurement.first_bad_row.unwrap();
    assert_eq!(first, "row 2: column `revenue` holds the text `n/a`");
}

#[test]
fn text_that_nobody_refers_to_is_ignored_unless_nothing_is_referred_to() {
    let row = vec![Cell::Number(1.0), text("just a note")];
    let answer = table(&["n", "note"], vec![row]);
    assert_eq!(measure(with_columns(&["n"]), &answer).unwrap().bad_rows, 0);
    let context = measure(with_columns(&[]), &answer).unwrap();
    assert_eq!(context.bad_rows, 1);
    assert_eq!(context.series[&Labels::default()].value(Some("n")), Some(1.0));
}

#[test]
fn labels_are_text_whatever_they_were() {
    let row = |label: Cell| vec![label, Cell::Number(1.0)];
    let rows =
        vec![row(text("EU")), row(Cell::Number(12.0)), row(Cell::Number(1.5)), row(Cell::Null)];
    let measurement = measure(with_labels(&["k"]), &table(&["k", "value"], rows)).unwrap();
    let labels: Vec<_> = measurement.series.keys().map(|labels| labels.get("k").unwrap()).collect();
    assert_eq!(labels, ["", "1.5", "12", "EU"]);
    let json = table(&["k", "value"], vec![row(Cell::Other("JSONB".into()))]);
    let error = measure(with_labels(&["k"]), &json).unwrap_err();
    assert_eq!(error.message, "label column `k` of metric `orders` holds a value of type JSONB");
}

#[test]
fn two_rows_with_the_same_labels_are_a_failure_that_names_them() {
    let row = || vec![text("EU"), Cell::Number(1.0)];
    let answer = table(&["region", "value"], vec![row(), row()]);
    assert_eq!(
        measure(with_labels(&["region"]), &answer).unwrap_err().to_string(),
        "metric `orders` got two rows with the labels {region=\"EU\"} (hint: GROUP BY all label \
         columns, or add the column that tells the rows apart to `labels`)"
    );
    let error = measure(metric(), &answer).unwrap_err();
    assert_eq!(error.message, "metric `orders` has no labels, but got more than one row");
}

#[test]
fn a_flood_of_rows_is_refused() {
    let metric = Metric { max_label_sets: 2, ..with_labels(&["k"]) };
    let rows = (0..3).map(|i| vec![Cell::Number(f64::from(i)), Cell::Number(1.0)]).collect();
    let error = measure(metric, &table(&["k", "value"], rows)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "metric `orders` got more than 2 rows (hint: a forgotten GROUP BY? otherwise raise \
         `limits: { max_label_sets: ... }`)"
    );
}

#[test]
fn no_rows_are_a_good_measurement_without_series() {
    for columns in [&["value"][..], &["a", "b"]] {
        assert_eq!(measure(metric(), &table(columns, vec![])).unwrap(), Measurement::default());
    }
}

#[test]
fn data_through_that_says_nothing_is_no_fresh_data() {
    for never in [Cell::Null, text("-infinity"), text("0000-00-00"), text("")] {
        let answer = table(&["value", "data_through"], vec![vec![Cell::Number(0.0), never]]);
        let measurement = measure(metric(), &answer).unwrap();
        assert_eq!(measurement.data_through(), Some(moment::NEVER));
    }
    let silent = table(&["value"], vec![vec![Cell::Number(0.0)]]);
    assert_eq!(measure(metric(), &silent).unwrap().data_through(), None);
}

#[test]
fn null_and_an_empty_text_are_the_same_label_and_the_hint_says_so() {
    let rows = [text("de"), text(""), Cell::Null].map(|cell| vec![cell, Cell::Number(1.0)]);
    let answer = table(&["country", "value"], rows.into());
    let error = measure(with_labels(&["country"]), &answer).unwrap_err();
    assert_eq!(
        error.hint.unwrap(),
        "NULL and '' are the same label: name one of them, as in `coalesce(country, 'unknown') AS \
         country`, and GROUP BY that"
    );
}

#[test]
fn a_misspelled_column_is_recognised() {
    let answer = table(&["gross", "count"], vec![vec![Cell::Number(1.0), Cell::Number(2.0)]]);
    let hint = |name: &str| measure(with_columns(&[name]), &answer).unwrap_err().hint.unwrap();
    assert_eq!(hint("gros"), "did you mean `gross`?");
    assert_eq!(hint("revenue"), "name it in the query: `... AS revenue`");
}

#[test]
fn booleans_times_and_decimals_keep_their_text_as_labels() {
    let written = |number, text: &str| Cell::Written(number, text.into());
    for (cell, expected) in [
        (written(1.0, "true"), "true"),
        (written(34_200.0, "09:30:00"), "09:30:00"),
        (written(1.5, "1.50"), "1.50"),
        (Cell::Number(2.5), "2.5"),
        (text("9007199254740993"), "9007199254740993"),
    ] {
        let answer = table(&["k", "value"], vec![vec![cell.clone(), cell]]);
        let measurement = measure(with_labels(&["k"]), &answer).unwrap();
        assert_eq!(measurement.series.keys().next().unwrap().get("k").unwrap(), expected);
        assert_eq!(measurement.bad_rows, 0);
    }
}

#[test]
fn data_are_complete_up_to_the_oldest_of_the_series() {
    let row = |k: &str, through: Cell| vec![text(k), Cell::Number(1.0), through];
    let rows = vec![
        row("a", text("2026-06-29")),
        row("c", Cell::Instant("2026-06-29T12:00:00Z".parse().unwrap())),
    ];
    let answer = table(&["k", "value", "DATA_THROUGH"], rows);
    let measurement = measure(with_labels(&["k"]), &answer).unwrap();
    assert_eq!(measurement.data_through(), Some("2026-06-29T12:00:00Z".parse().unwrap()));
    let nonsense = table(&["value", "data_through"], vec![vec![Cell::Number(1.0), text("soon")]]);
    let error = measure(metric(), &nonsense).unwrap_err();
    assert_eq!(error.message, "column `data_through` of metric `orders` holds the text `soon`");
}

#[test]
fn labels_that_are_too_large_are_a_failure_that_names_the_longest() {
    let rows = ["DE", "FR", "Luxembourg"].map(|c| vec![text(c), Cell::Number(1.0)]).to_vec();
    let table = table(&["c", "value"], rows);
    let of = |max_bytes| measure(Metric { max_bytes, ..with_labels(&["c"]) }, &table);
    assert_eq!(of(17).unwrap().series.len(), 3);
    assert_eq!(
        of(16).unwrap_err().to_string(),
        "the labels of metric `orders` have more than 0 KiB together; the longest is `c` with 10 bytes: \
         `Luxembourg` (hint: group by something shorter, or raise `limits: { max_metric_bytes: ... }`)"
    );
}

#[test]
fn a_label_of_more_than_four_kilobytes_is_told_with_its_beginning() {
    let of = |bytes: usize| {
        let rows = vec![vec![text(&"x".repeat(bytes)), Cell::Number(1.0)]];
        measure(with_labels(&["c"]), &table(&["c", "value"], rows))
    };
    assert!(of(4096).is_ok());
    let error = of(4097).unwrap_err();
    let shown = format!("has more than 4096 bytes: `{}…`", "x".repeat(40));
    assert!(error.message.ends_with(&shown), "{error}");
}

#[test]
fn what_holds_no_number_is_known_by_column_and_kind() {
    let rows = ["n/a", "12,5"].map(|bad| vec![text(bad), text(bad)]).to_vec();
    let mut table = table(&["c", "value"], rows);
    table.rows.push(vec![text("x"), Cell::Number(f64::NAN)]);
    let measured = measure(with_labels(&["c"]), &table).unwrap();
    let kinds: Vec<_> = measured.bad_kinds().into_iter().collect();
    assert_eq!(kinds, [("value", "NaN, which is no number"), ("value", "the text ")]);
    let row = &measured.series[&[("c", "n/a")].into_iter().collect::<Labels>()];
    assert_eq!(row.bad(None), Some(&Bad { rows: 1, found: "the text `n/a`".into() }));
}
