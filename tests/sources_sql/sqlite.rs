use std::path::PathBuf;
use std::time::Duration;

use kpi_exporter::metric::{Cell, FetchErrorKind, Labels, Metric};
use kpi_exporter::source::SqlConfig;
use kpi_exporter::source::sql::SqlSource;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, raw_sql};
use tempfile::TempDir;

use super::{config, number, open, row, text};
use crate::ask::{measure, metric, names, table};

/// A database file that goes away with the test.
pub(super) struct File(TempDir);

pub(super) async fn shop(statements: &[&str]) -> File {
    let file = File(tempfile::tempdir().unwrap());
    file.execute(statements).await;
    file
}

impl File {
    pub(super) fn url(&self) -> String {
        format!("sqlite://{}", self.path().display())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("shop.db")
    }

    async fn execute(&self, statements: &[&str]) {
        let options = SqliteConnectOptions::new().filename(self.path()).create_if_missing(true);
        let mut admin = options.connect().await.unwrap();
        for sql in statements {
            raw_sql(AssertSqlSafe((*sql).to_owned())).execute(&mut admin).await.unwrap();
        }
    }
}

#[tokio::test]
async fn sqlite_values_have_the_type_of_the_value_not_of_the_column() {
    let file = shop(&["CREATE TABLE t (a INTEGER, b)"]).await;
    let query = "SELECT 7 AS whole, 9007199254740993 AS long_id, 0.5 AS part, 'é' AS text, \
        x'ff' AS raw, NULL AS nil, 1 = 1 AS yes, CAST(x'ff' AS TEXT) AS latin, \
        :window_start AS start, :window_end_date AS after, :as_of_date AS last, \
        typeof(:as_of_unix) AS type, :as_of_unix AS unix, ':as_of' AS quoted";
    let expected = [
        ("whole", number(7.0)),
        ("long_id", text("9007199254740993")),
        ("part", number(0.5)),
        ("text", text("é")),
        ("raw", Cell::Other("BLOB".into())),
        ("nil", Cell::Null),
        ("yes", number(1.0)),
        ("latin", Cell::Other("TEXT that is not UTF-8".into())),
        ("start", text("2026-04-01 00:00:00")),
        ("after", text("2026-07-01")),
        ("last", text("2026-06-30")),
        ("type", text("integer")),
        ("unix", number(1_782_878_400.0)),
        ("quoted", text(":as_of")),
    ];
    let source = open(&config(&file.url()));
    let got = row(table(&source, query).await.unwrap());
    assert_eq!(got, expected.map(|(name, cell)| (name.to_owned(), cell)));
    let none = table(&source, "SELECT a, b AS c FROM t").await.unwrap();
    assert_eq!((none.columns, none.rows.len()), (names(&["a", "c"]), 0));
}

#[tokio::test]
async fn an_sqlite_file_is_never_written_nor_made() {
    let file = shop(&["CREATE TABLE t (a)"]).await;
    let source = open(&config(&file.url()));
    let error = table(&source, "INSERT INTO t VALUES (1)").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Query);
    assert_eq!(
        error.to_string(),
        "attempt to write a readonly database (hint: queries run read-only: only SELECT makes sense)"
    );
    let missing = file.path().with_file_name("none.db");
    let url = format!("sqlite://{}?mode=rwc", missing.display());
    let source = open(&config(&url));
    let error = table(&source, "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unreachable);
    let expected = format!("cannot connect to sqlite file {}: No such file", missing.display());
    assert!(error.message.starts_with(&expected), "{error}");
    assert!(!missing.exists());
    std::fs::copy(file.path(), &missing).unwrap();
    assert!(table(&source, "SELECT a FROM t").await.is_ok(), "heals when the file appears");
}

#[tokio::test]
async fn a_slow_statement_is_ended_by_sqlite_itself() {
    let file = shop(&["CREATE TABLE t (a)"]).await;
    let timeout = Duration::from_secs(1);
    let source = open(&SqlConfig { timeout, ..config(&file.url()) });
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT count(*) AS value FROM n";
    let error = table(&source, endless).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout);
    assert_eq!(error.message, "query ran longer than 1 s and was cancelled on the server");
    assert!(table(&source, "SELECT 1").await.is_ok());
}

#[test]
fn a_url_that_cannot_be_right_is_told_without_repeating_it() {
    for (url, expected) in [
        ("oracle://top-secret@db", "the url begins with no known database: expected postgres://"),
        ("postgres://kpi:top-secret/1@db/shop", "the url has an `@` after `/`, `?` or `#`"),
        ("mysql://kpi:top-secret?@db/shop", "the url has an `@` after `/`, `?` or `#`"),
        ("postgres://kpi:top-secret:x", "the url is not valid: expected KIND://HOST:PORT/DATABASE"),
        ("mysql://db/shop?top-secret=1", "the url has a parameter that is not known; the known"),
        ("sqlite://:memory:", "an sqlite database in memory is always empty here"),
    ] {
        let message = SqlSource::new(&config(url)).unwrap_err();
        assert!(message.starts_with(expected), "{message}");
        assert!(!message.contains("top-secret"), "{message}");
    }
}

// The cases of the contract's section 7 that a database alone can show.

fn revenue(sql: &str) -> Metric {
    Metric { columns: names(&["revenue"]), bare: false, ..metric(sql) }
}

#[tokio::test]
async fn a_renamed_value_column_fails_the_fetch_until_it_is_back() {
    let file = shop(&["CREATE TABLE t (revenue)", "INSERT INTO t VALUES (5)"]).await;
    let source = open(&config(&file.url()));
    let all = revenue("SELECT * FROM t");
    assert!(measure(&source, all).await.is_ok());
    file.execute(&["ALTER TABLE t RENAME COLUMN revenue TO turnover"]).await;
    let error = measure(&source, revenue("SELECT * FROM t")).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Shape);
    assert_eq!(error.message, "metric `orders` has no column `revenue`; the answer has: turnover");
    let error = measure(&source, revenue("SELECT revenue FROM t")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no such column: revenue (hint: is the column spelled as in the table?)"
    );
    file.execute(&["ALTER TABLE t RENAME COLUMN turnover TO revenue"]).await;
    assert!(measure(&source, revenue("SELECT revenue FROM t")).await.is_ok());
}

#[tokio::test]
async fn null_text_and_times_in_a_value_column_are_no_value_and_never_zero() {
    let file = shop(&[
        "CREATE TABLE t (k, revenue)",
        "INSERT INTO t VALUES ('null', NULL), ('text', 'n/a'), ('numeric', '12.5'), ('blob', x'00')",
    ])
    .await;
    let source = open(&config(&file.url()));
    let metric = Metric { labels: names(&["k"]), ..revenue("SELECT k, revenue FROM t") };
    let got = measure(&source, metric).await.unwrap();
    let values: Vec<_> = got
        .series
        .iter()
        .map(|(labels, series)| (labels.0["k"].as_str(), series.value(Some("revenue"))))
        .collect();
    assert_eq!(values, [("blob", None), ("null", None), ("numeric", Some(12.5)), ("text", None)]);
    assert_eq!(got.bad_rows, 2);
    assert_eq!(got.first_bad_row.unwrap(), "row 2: column `revenue` holds the text `n/a`");
}

#[tokio::test]
async fn a_label_that_is_not_utf_8_fails_the_fetch_by_name() {
    let file = shop(&[
        "CREATE TABLE t (k TEXT, value)",
        "INSERT INTO t VALUES (CAST(x'636166e9' AS TEXT), 1)",
    ])
    .await;
    let source = open(&config(&file.url()));
    let metric = Metric { labels: names(&["k"]), ..metric("SELECT k, value FROM t") };
    let error = measure(&source, metric).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "label column `k` of metric `orders` holds a value of type TEXT that is not UTF-8 (hint: \
         cast or convert it to UTF-8 text in the query)"
    );
}

#[tokio::test]
async fn two_rows_with_the_same_labels_fail_the_fetch() {
    let file =
        shop(&["CREATE TABLE t (k, value)", "INSERT INTO t VALUES ('a', 1), ('a', 2)"]).await;
    let source = open(&config(&file.url()));
    let metric = Metric { labels: names(&["k"]), ..metric("SELECT k, value FROM t") };
    let error = measure(&source, metric).await.unwrap_err();
    assert_eq!(error.message, "metric `orders` got two rows with the labels {k=\"a\"}");
}

#[tokio::test]
async fn a_row_that_vanishes_takes_its_series_along_and_no_rows_are_a_good_fetch() {
    let file =
        shop(&["CREATE TABLE t (k, value)", "INSERT INTO t VALUES ('a', 1), ('b', 2)"]).await;
    let source = open(&config(&file.url()));
    let labelled = || Metric { labels: names(&["k"]), ..metric("SELECT k, value FROM t") };
    assert_eq!(measure(&source, labelled()).await.unwrap().series.len(), 2);
    file.execute(&["DELETE FROM t WHERE k = 'a'"]).await;
    let left = measure(&source, labelled()).await.unwrap();
    let only: Labels = [("k", "b")].into_iter().collect();
    assert_eq!(left.series.keys().collect::<Vec<_>>(), [&only]);
    file.execute(&["DELETE FROM t"]).await;
    let none = measure(&source, labelled()).await.unwrap();
    assert!(none.series.is_empty() && none.bad_rows == 0);
}

#[tokio::test]
async fn a_forgotten_group_by_is_refused() {
    let file = shop(&["CREATE TABLE t (value)"]).await;
    let source = open(&config(&file.url()));
    let flood = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let error = measure(&source, metric(flood)).await.unwrap_err();
    assert_eq!(error.message, "metric `orders` got more than 1000 rows");
}
