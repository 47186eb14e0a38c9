//! Numbers as people write them, and what is no number.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use kpi_exporter::source::NumberFormat;
use kpi_exporter::source::files::{FileTable, FilesConfig, FilesSource};
use proptest::prelude::*;

use super::{Folder, fault, rows};
use crate::ask::table;

/// A table whose numbers are written like this.
fn written(
    folder: &Folder,
    name: &str,
    decimal: char,
    thousands: Option<char>,
    strip: &[&str],
) -> FilesSource {
    let strip = strip.iter().map(|&sign| sign.to_owned()).collect();
    let numbers = NumberFormat { decimal, thousands, strip };
    let path: PathBuf = folder.path(name);
    let table = FileTable { numbers, ..FileTable::from(path) };
    let tables = [("t".to_owned(), table)].into();
    FilesSource::new(&FilesConfig { tables, timeout: Duration::from_mins(1) }).unwrap()
}

#[tokio::test]
async fn a_sum_over_what_is_no_number_fails_and_names_the_cure_that_works() {
    for (cells, cure, sum) in [
        (&["1.234,56", "7,5", "8"][..], Some((",", Some("."), &[][..])), 1250.06),
        (&["1,234.50", "8"], Some((".", Some(","), &[])), 1242.5),
        (&["1 234", "8"], Some((".", Some(" "), &[])), 1242.0),
        (&["1'234.5", "8"], Some((".", Some("'"), &[])), 1242.5),
        (&["€ 5", "7.50 €", "8"], Some((".", None, &["€"])), 20.5),
        (&["5 %", "7.5 %"], Some((".", None, &["%"])), 12.5),
        (&["1.234,5 EUR", "-7 EUR"], Some((",", Some("."), &["EUR"])), 1227.5),
        (&["846:17:56", "1"], None, 0.0),
        (&["(123)", "1"], None, 0.0),
        (&["12-", "1"], None, 0.0),
        (&["1e3x", "1"], None, 0.0),
        (&["0x10", "1"], None, 0.0),
        (&["１２", "1"], None, 0.0),
        (&["5\u{a0}5", "1"], None, 0.0),
        (&["n/a", "1"], None, 0.0),
        (&["-", "1"], None, 0.0),
        (&["abc", "def"], None, 0.0),
    ] {
        let mut text = "x;n\n".to_owned();
        for cell in cells {
            writeln!(text, "a;\"{cell}\"").unwrap();
        }
        let folder = Folder::with(&[("t.csv", &text)]);
        let source = folder.source(&[("t", "t.csv")]);
        for query in [
            "SELECT sum(n) FROM t",
            "SELECT total(n) FROM t",
            "SELECT avg(m) FROM (SELECT n AS m FROM t)",
            "SELECT sum(n * 1) FROM t",
            "SELECT sum(CAST(n AS REAL)) FROM t",
            "SELECT max(n + 0) FROM t",
            "SELECT x, sum(\"n\") OVER (PARTITION BY x) FROM t",
            "SELECT sum(-t.n) FROM t GROUP BY x",
        ] {
            let said = fault(&folder, &source, query).await;
            assert!(
                said.contains("column `n` of table `t` has such text, first `"),
                "{query}: {said}"
            );
            let Some((decimal, thousands, strip)) = cure else { continue };
            let thousands = thousands.and_then(|text| text.chars().next());
            let decimal = decimal.chars().next().unwrap();
            let way = NumberFormat {
                decimal,
                thousands,
                strip: strip.iter().map(|&sign: &&str| sign.to_owned()).collect(),
            };
            let given = folder.path("t.csv");
            let hint = format!("write `tables: {{ t: {{ path: {}, {way} }} }}`", given.display());
            let error = table(&source, query).await.unwrap_err();
            assert!(error.hint.clone().unwrap().contains(&hint), "{error}");
            let cured = written(&folder, "t.csv", decimal, thousands, strip);
            assert_eq!(rows(&cured, "SELECT sum(n) FROM t").await, [sum.to_string()], "{cells:?}");
        }
        let whole = table(&source, "SELECT count(*), n FROM t").await.unwrap();
        let other = table(&source, "SELECT count(x) FROM t").await.unwrap();
        assert!(other.remarks.is_empty(), "not asked for: {:?}", other.remarks);
        let is_told = cure.is_some() || cells.contains(&"1");
        assert_eq!(whole.remarks.len(), usize::from(is_told), "{cells:?}: {:?}", whole.remarks);
    }
}

#[tokio::test]
async fn a_comma_that_may_be_either_is_told_as_either() {
    let folder = Folder::with(&[("t.csv", "n;m\n1,234;x\n5;y\n")]);
    let source = folder.source(&[("t", "t.csv")]);
    let told = table(&source, "SELECT count(*), n FROM t").await.unwrap().remarks;
    let told =
        told.join("").replace(&format!("{}/", folder.path("").display()).replace("//", "/"), "");
    assert_eq!(
        told,
        "column `n` of table `t` has numbers, and text that is none: `1,234` in t.csv:2; to read it as \
         numbers, write `tables: { t: { path: t.csv, decimal: \",\" } }` or `tables: { t: { path: \
         t.csv, thousands: \",\" } }`, whichever is meant"
    );
}

#[tokio::test]
async fn a_table_in_another_way_of_writing_still_says_what_is_no_number() {
    let folder = Folder::with(&[("t.csv", "n;id\n1.234,5;00012\n7.5;00013\nn/a;x\n")]);
    let source = written(&folder, "t.csv", ',', Some('.'), &[]);
    let said = fault(&folder, &source, "SELECT sum(n) FROM t").await;
    assert!(
        said.contains("`sum` met the text `7.5`") || said.contains("first `7.5` in t.csv:3"),
        "{said}"
    );
    assert_eq!(rows(&source, "SELECT sum(n) FROM t WHERE n LIKE '1%'").await, ["1234.5"]);
    assert_eq!(rows(&source, "SELECT id FROM t LIMIT 1").await, ["'00012'"]);
}

#[tokio::test]
async fn ids_that_no_double_holds_stay_apart_beside_fractions() {
    let text = "id,n\n9007199254740993,1\n9007199254740992,2\n0.5,3\n7,4\n";
    let lines = "{\"id\":9007199254740993,\"n\":1}\n{\"id\":9007199254740992,\"n\":2}\n\
                 {\"id\":0.5,\"n\":3}\n{\"id\":7,\"n\":4}\n";
    let folder = Folder::with(&[("t.csv", text), ("l.ndjson", lines)]);
    let source = folder.source(&[("t", "t.csv"), ("l", "l.ndjson")]);
    for name in ["t", "l"] {
        let query = format!("SELECT id, sum(n) FROM {name} GROUP BY id ORDER BY id");
        let expected = ["0.5 3", "7 4", "9007199254740992 2", "'9007199254740993' 1"];
        assert_eq!(rows(&source, &query).await, expected, "{name}");
        let half = format!("SELECT id / 2 FROM {name} WHERE id = 7");
        assert_eq!(rows(&source, &half).await, ["3.5"], "a fraction makes a column of fractions");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// A sum is that of the decimal numbers, or there is none.
    #[test]
    fn a_sum_is_right_or_fails(
        cells in prop::collection::vec(
            prop_oneof![
                "-?[0-9]{1,4}(\\.[0-9]{1,2})?",
                "-?[1-9][0-9]{0,2}(,[0-9]{3}){0,2}(\\.[0-9]{1,2})?",
                "[0-9.,' €%+-]{1,6}",
            ],
            1..6,
        ),
    ) {
        let folder = Folder::new();
        let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{cell}\"")).collect();
        folder.write("t.csv", format!("n\n{}\n", quoted.join("\n")));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let source = folder.source(&[("t", "t.csv")]);
        let sum = runtime.block_on(table(&source, "SELECT round(sum(n), 4) AS value FROM t"));
        // A blank one is NULL.
        let filled = || cells.iter().filter(|cell| !cell.trim().is_empty());
        prop_assume!(filled().count() > 0);
        let plain: Option<Vec<f64>> = filled().map(|cell| {
            let digits = cell.trim().trim_start_matches(['-', '+']);
            let number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            cell.trim().parse().ok().filter(|_| number)
        }).collect();
        match (sum, plain) {
            (Ok(table), Some(numbers)) => {
                let kpi_exporter::metric::Cell::Number(sum) = table.rows[0][0] else { panic!("{table:?}") };
                let expected: f64 = numbers.iter().sum();
                prop_assert!((sum - expected).abs() < 1e-3, "{:?}: {} for {}", cells, sum, expected);
            }
            (Ok(table), None) => prop_assert!(false, "{:?} gave {:?}", cells, table.rows),
            (Err(_), Some(_)) => prop_assert!(false, "{:?} failed", cells),
            (Err(_), None) => {}
        }
    }
}
