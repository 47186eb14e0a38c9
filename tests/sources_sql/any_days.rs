//! Days in any way of writing against any window, in files and in a file of SQLite: the sum is right, or it is said
//! which column does not compare.

use chrono::{Datelike, Duration, NaiveDate};
use kpi_exporter::metric::{Cell, FetchError, Table};
use kpi_exporter::source::Source;
use kpi_exporter::source::files::{FilesConfig, FilesSource};
use proptest::prelude::*;

use super::incomparable::{cure, noon};
use super::{config, open};
use crate::ask::table;

/// A way of writing, and the day that it stands for: months and years are their first.
type Way = (fn(NaiveDate) -> String, fn(NaiveDate) -> NaiveDate);

fn itself(day: NaiveDate) -> NaiveDate {
    day
}

fn sheet(day: NaiveDate) -> i64 {
    (day - NaiveDate::from_ymd_opt(1899, 12, 30).unwrap()).num_days()
}

fn month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap()
}

fn year(day: NaiveDate) -> NaiveDate {
    month(day).with_month(1).unwrap()
}

const GERMAN: [&str; 12] =
    ["Jan", "Feb", "März", "April", "Mai", "Juni", "Juli", "Aug", "Sept", "Okt", "Nov", "Dez"];

const WAYS: [Way; 30] = [
    (|day| day.to_string(), itself),
    (|day| day.format("%Y-%m-%d 12:00:00").to_string(), itself),
    (|day| day.format("%Y-%m-%dT12:00:00-04:00").to_string(), itself),
    (|day| day.format("%Y-%m-%d 16:00:00 UTC").to_string(), itself),
    (|day| day.format("%Y-%m-%d 12:00:00 EDT").to_string(), itself),
    (|day| day.format("%Y%m%d").to_string(), itself),
    (|day| day.format("%Y%m%d120000").to_string(), itself),
    (|day| day.format("%Y%m%dT120000").to_string(), itself),
    (|day| day.format("%Y%m").to_string(), month),
    (|day| day.format("%Y-%m").to_string(), month),
    (|day| day.format("%Y").to_string(), year),
    (|day| sheet(day).to_string(), itself),
    (|day| format!("{}.5", sheet(day)), itself),
    (|day| noon(day).to_string(), itself),
    (|day| format!("{}.25", noon(day)), itself),
    (|day| format!("{}000", noon(day)), itself),
    (|day| format!("{}000000", noon(day)), itself),
    (|day| format!("/Date({}000)/", noon(day)), itself),
    (|day| day.format("%d.%m.%Y").to_string(), itself),
    (|day| day.format("%-d.%-m.%Y").to_string(), itself),
    (|day| day.format("%d.%m.%y").to_string(), itself),
    (|day| day.format("%d.%m.%Y 12:00").to_string(), itself),
    (|day| day.format("%d.%m.%YT16:00:00Z").to_string(), itself),
    (|day| day.format("%d/%m/%Y").to_string(), itself),
    (|day| day.format("%m/%d/%Y").to_string(), itself),
    (|day| day.format("%-m/%-d/%Y 12:00 PM").to_string(), itself),
    (|day| day.format("%Y/%m/%d").to_string(), itself),
    (|day| day.format("%-d %B %Y").to_string(), itself),
    (|day| format!("{} {} {}", day.day(), GERMAN[day.month0() as usize], day.year()), itself),
    (|day| format!("{} {}", GERMAN[day.month0() as usize], day.year()), month),
];

/// Conditions, and from which day to before which they go.
const CONDITIONS: [(&str, bool, bool); 9] = [
    ("at >= :window_start_date AND at < :window_end_date", true, true),
    ("at >= :window_start AND at < :window_end", true, true),
    // Without the function a time on the last day is after that day, as in every database.
    ("date(at) BETWEEN :window_start_date AND :as_of_date", true, true),
    (":window_end_date > o.at", false, true),
    ("at < :window_end", false, true),
    ("at >= :window_start", true, false),
    ("o.at >= :window_start_date", true, false),
    ("date(at) >= :window_start_date AND date(at) < :window_end_date", true, true),
    ("at >= :window_start_unix AND at < :window_end_unix", true, true),
];

fn sum(table: &Table) -> Option<f64> {
    match table.rows[0][0] {
        Cell::Null => None,
        Cell::Number(number) => Some(number),
        ref other => panic!("{other:?}"),
    }
}

/// What is wrong with an answer.
async fn fault(source: &dyn Source, condition: &str, expected: Option<f64>) -> Option<String> {
    let sql = |condition: &str| format!("SELECT sum(n) AS value FROM o WHERE {condition}");
    let is_told = |text: &str| text.contains("column `at` of table `o` ");
    match table(source, &sql(condition)).await {
        Err(error) if !is_told(&error.message) => Some(format!("unnamed: {error}")),
        Err(FetchError { hint: Some(hint), .. }) if hint.starts_with("write `") => {
            let error =
                FetchError::new(kpi_exporter::metric::FetchErrorKind::Shape, "").with_hint(hint);
            let cured = cure(&error);
            match table(source, &sql(&cured)).await {
                Ok(table)
                    if sum(&table) == expected
                        && table.remarks.iter().all(|r| !r.contains("not compare")) =>
                {
                    None
                }
                other => Some(format!("cure {cured}: {other:?}")),
            }
        }
        Err(_) => None,
        Ok(table) => {
            let is_doubted =
                table.remarks.iter().any(|r| is_told(r) && r.contains("does not compare"));
            (sum(&table) != expected && !is_doubted).then(|| format!("{table:?}"))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_sum_is_right_or_the_column_is_named(
        days in prop::collection::vec(0..400_i64, 1..8),
        way in 0..WAYS.len(),
        (condition, from, before) in prop::sample::select(CONDITIONS.to_vec()),
        is_number in any::<bool>(),
    ) {
        let (written, meant) = WAYS[way];
        let first = NaiveDate::from_ymd_opt(2025, 12, 1).unwrap();
        let days: Vec<NaiveDate> = days.into_iter().map(|day| first + Duration::days(day)).collect();
        let (start, end) = ("2026-04-01".parse().unwrap(), "2026-07-01".parse().unwrap());
        let rows: Vec<(String, u32)> =
            days.iter().zip(0..).map(|(day, place)| (written(*day), 1 << place)).collect();
        let inside = days.iter().zip(&rows).filter(|(day, _)| {
            let day = meant(**day);
            (!from || day >= start) && (!before || day < end)
        });
        let inside: Vec<f64> = inside.map(|(_, (_, n))| f64::from(*n)).collect();
        let expected = (!inside.is_empty()).then(|| inside.iter().sum());
        let lines: Vec<String> = rows.iter().map(|(at, n)| format!("{at};{n}")).collect();
        let lines = lines.join("\n");
        let values: Vec<String> = rows.iter().map(|(at, n)| format!("('{at}', {n})")).collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let faults = runtime.block_on(async {
            let kind = if is_number { "NUMERIC" } else { "TEXT" };
            let file = super::sqlite::shop(&[
                &format!("CREATE TABLE o (at {kind}, n INTEGER)"),
                &format!("INSERT INTO o VALUES {}", values.join(", ")),
            ])
            .await;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("o.csv");
            std::fs::write(&path, format!("at;n\n{lines}")).unwrap();
            let tables = [("o".to_owned(), path.into())].into();
            let timeout = std::time::Duration::from_mins(1);
            let files = FilesSource::new(&FilesConfig { tables, timeout }).unwrap();
            [
                fault(&open(&config(&file.url())), condition, expected).await,
                fault(&files, condition, expected).await,
            ]
        });
        prop_assert_eq!(faults, [None, None], "{} {} {:?} {:?}", condition, lines, expected, is_number);
    }
}
