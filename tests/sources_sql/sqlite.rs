use std::path::PathBuf;
use std::time::Duration;

use kpi_exporter::metric::{Cell, FetchErrorKind, Labels, Metric};
use kpi_exporter::source::sql::{SqlConfig, SqlSource};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, raw_sql};
use tempfile::TempDir;

use super::{config, number, open, row, text, until};
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

    pub(super) fn path(&self) -> PathBuf {
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
    let copy = file.path().with_file_name("copy.db");
    for write in [
        "INSERT INTO t VALUES (1)",
        &format!("/* a copy */ vacuum INTO '{}'", copy.display()),
        "PRAGMA hard_heap_limit = 1",
        "/**/PRAGMA query_only=0",
        &format!("ATTACH '{}' AS copy", copy.display()),
    ] {
        let error = table(&source, write).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Query);
        assert!(error.message.ends_with("begins no query"), "{write}: {error}");
    }
    assert!(!copy.exists());
    assert!(table(&source, "SELECT a FROM t").await.is_ok());
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
        ("postgres://kpi:top-secret:x", "a host of the url has more than one `:`"),
        ("mysql://db/shop?colour=top-secret", "the parameter `colour` of the url is not known"),
        ("sqlite://:memory:", "an sqlite database in memory is always empty here"),
    ] {
        let message = SqlSource::new(&config(url)).unwrap_err().to_string();
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
    assert_eq!(error.to_string(), "no such column: revenue (hint: the columns are `turnover`)");
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
        .map(|(labels, series)| (labels.get("k").unwrap(), series.value(Some("revenue"))))
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

// What SQLite itself takes silently.

#[tokio::test]
async fn a_misspelled_column_in_double_quotes_is_no_text() {
    let file = shop(&[
        "CREATE TABLE sales (\"Net Amount\" REAL, country TEXT)",
        "INSERT INTO sales VALUES (100, 'de'), (200, 'fr')",
    ])
    .await;
    let source = open(&config(&file.url()));
    let good = table(&source, "SELECT sum(\"Net Amount\") AS value FROM sales").await.unwrap();
    assert_eq!(good.rows, [[number(300.0)]]);
    let error = table(&source, "SELECT sum(\"Net Amuont\") AS value FROM sales").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Query);
    assert_eq!(
        error.to_string(),
        "no such column: Net Amuont (hint: did you mean `\"Net Amount\"`? a text is written in \
         single quotes, as in 'Net Amuont')"
    );
    let text = "SELECT count(*) AS value FROM sales WHERE country = \"de\"";
    let error = table(&source, text).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no such column: de (hint: the columns are `\"Net Amount\"`, `country`; a text is written in \
         single quotes, as in 'de')"
    );
}

#[tokio::test]
async fn text_that_is_no_number_is_never_part_of_a_sum() {
    let file = shop(&[
        "CREATE TABLE t (amount TEXT, n INTEGER)",
        "INSERT INTO t VALUES ('1.234,56', 1), ('7.5', 2), ('8', 3)",
    ])
    .await;
    let source = open(&config(&file.url()));
    for (query, done) in [
        ("SELECT sum(amount) AS value FROM t", "sum"),
        ("SELECT total(a) AS value FROM (SELECT amount AS a FROM t)", "total"),
        ("SELECT avg(amount) AS value FROM t", "avg"),
        ("SELECT sum(amount * n) AS value FROM t", "*"),
        ("SELECT sum(CAST(amount AS REAL)) AS value FROM t", "CAST"),
    ] {
        let error = table(&source, query).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Shape);
        let expected = format!("`{done}` met the text `1.234,56`, which is no number");
        assert_eq!(error.message, expected, "{query}");
    }
    let cured = "SELECT sum(replace(replace(amount, '.', ''), ',', '.')) AS value FROM t \
                 WHERE amount LIKE '%,%'";
    assert_eq!(table(&source, cured).await.unwrap().rows, [[number(1234.56)]]);
    let others = "SELECT sum(amount) AS value FROM t WHERE amount NOT LIKE '%,%'";
    assert_eq!(table(&source, others).await.unwrap().rows, [[number(15.5)]]);
}

#[tokio::test]
async fn statements_that_do_more_than_read_are_refused() {
    let file = shop(&["CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"]).await;
    let copy = file.path().with_file_name("copy.db");
    let source = open(&config(&file.url()));
    for query in [
        format!("VACUUM INTO '{}'", copy.display()),
        format!("ATTACH '{}' AS other", copy.display()),
        "PRAGMA hard_heap_limit = 1".to_owned(),
        "/**/PRAGMA query_only = 0".to_owned(),
        "SELECT * FROM pragma_hard_heap_limit(1)".to_owned(),
        "CREATE TEMP TABLE x (a)".to_owned(),
        "BEGIN".to_owned(),
    ] {
        assert!(table(&source, &query).await.is_err(), "{query}");
    }
    assert!(!copy.exists());
    let tells = "SELECT name AS value FROM pragma_table_info('t')";
    assert_eq!(table(&source, tells).await.unwrap().rows, [[text("a")]]);
}

#[tokio::test]
async fn times_that_do_not_compare_with_the_window_are_told() {
    let file = shop(&[
        "CREATE TABLE o (id INTEGER, created_at TEXT, paid INTEGER, day TEXT, local TEXT, \
         utc TEXT, rails TEXT, pg TEXT, named TEXT)",
        "INSERT INTO o VALUES (1, '2026-05-28T08:00:00Z', 1780000000, '2026-05-28', '2026-05-28 08:00:00', \
         '2026-05-28 08:00:00 UTC', '2026-05-28 08:00:00 +0000', '2026-05-28 08:00:00+00', \
         '2026-05-28 01:00:00 PDT')",
    ])
    .await;
    let source = open(&config(&file.url()));
    for (condition, told) in [
        ("created_at >= :window_start", Some("unixepoch(created_at)")),
        ("o.created_at BETWEEN :window_start AND :window_end", Some("unixepoch(o.created_at)")),
        (":window_start <= o.\"created_at\"", Some("unixepoch(o.\"created_at\")")),
        ("utc >= :window_start", Some("unixepoch(substr(utc, 1, 19) || 'Z')")),
        (
            "rails >= :window_start",
            Some("unixepoch(substr(rails, 1, length(rails) - 2) || ':' || substr(rails, -2))"),
        ),
        ("pg >= :window_start", Some("unixepoch(pg || ':00')")),
        ("unixepoch(created_at) >= :window_start_unix", None),
        ("day >= :window_start_date", None),
        ("local >= :window_start AND local < :window_end", None),
        ("paid >= :window_start_unix", None),
    ] {
        let sql = format!("SELECT count(*) AS value FROM o WHERE {condition}");
        let remarks = table(&source, &sql).await.unwrap().remarks;
        match told {
            Some(cure) => {
                let written = format!("write `{cure} >= :window_start_unix`");
                assert!(
                    remarks.len() == 1 && remarks[0].ends_with(&written),
                    "{condition}: {remarks:?}"
                );
                let seconds = format!("SELECT {cure} AS value FROM o");
                let seconds = table(&source, &seconds).await.unwrap().rows;
                assert_eq!(seconds, [[number(1_779_955_200.0)]], "{cure}");
            }
            None => assert!(remarks.is_empty(), "{condition}: {remarks:?}"),
        }
    }
    let sql = "SELECT count(*) AS value FROM o WHERE named >= :window_start";
    let remarks = table(&source, sql).await.unwrap().remarks;
    assert!(remarks[0].contains("`2026-05-28 01:00:00 PDT`"), "{remarks:?}");
    assert!(remarks[0].contains("its zone is not read"), "{remarks:?}");
}

/// A named pipe: whoever opens it for reading waits, until this is dropped.
struct Pipe(PathBuf);

impl Pipe {
    fn at(path: PathBuf) -> Self {
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        Self(path)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // Both ends at once need nobody else; nobody can find it any more when those that wait go on.
        let both = std::fs::OpenOptions::new().read(true).write(true).open(&self.0).unwrap();
        std::fs::remove_file(&self.0).unwrap();
        drop(both);
    }
}

/// As on a share that does not answer: SQLite looks whether a journal has to be rolled back, and the named
/// pipe that has its name makes it wait.
#[tokio::test]
async fn a_file_that_hangs_has_few_reads_on_it_however_many_tries_and_heals() {
    let file = shop(&["CREATE TABLE orders (n int)", "INSERT INTO orders VALUES (7)"]).await;
    let journal = Pipe::at(file.0.path().join("shop.db-journal"));
    let timeout = Duration::from_millis(200);
    let source = open(&SqlConfig { timeout, ..config(&file.url()) });
    let mut said = Vec::new();
    for _ in 0..10 {
        let error = table(&source, "SELECT n AS value FROM orders").await.unwrap_err();
        assert!(
            error.to_string().ends_with("does the share answer that the file lies on?)"),
            "{error}"
        );
        said.push(error.to_string());
    }
    let hung = said.iter().filter(|error| error.contains("within 0.2 s")).count();
    let refused = |error: &&String| error.contains("has not answered earlier reads yet");
    assert_eq!((hung, said.iter().filter(refused).count()), (2, 8), "{said:#?}");
    drop(journal);
    until("it heals", async || table(&source, "SELECT n AS value FROM orders").await.is_ok()).await;
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = Pipe::at(folder.path().join("shop.db"));
    let source = open(&config(&format!("sqlite://{}", pipe.0.display())));
    let error = table(&source, "SELECT 1 AS value").await.unwrap_err();
    assert!(error.message.ends_with("it is a named pipe, not a regular file"), "{error}");
}
