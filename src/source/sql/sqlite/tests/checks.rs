use std::fmt::Write;

use rusqlite::types::Value;

use super::super::functions::{self, Seen};
use super::super::refusal::Refusals;
use super::super::sums;
use super::*;

fn database() -> (rusqlite::Connection, Refusals, Seen) {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let refusals = Refusals::default();
    sums::install(&connection, &refusals).unwrap();
    let seen = Seen::default();
    functions::install(&connection, &refusals, &seen).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t (id INTEGER, amount TEXT, \"net amount\" REAL, day TEXT, n INTEGER);
             INSERT INTO t VALUES (1, '7.5', 2.5, '2026-11-01', 3), (2, '8', 4.5, '2026-11-02', -4);",
        )
        .unwrap();
    (connection, refusals, seen)
}

fn rows(connection: &rusqlite::Connection, sql: &str) -> Result<Vec<Vec<Value>>, rusqlite::Error> {
    let mut statement = connection.prepare(sql)?;
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect())?;
    rows.collect()
}

/// Statements whose answer must stay what SQLite itself gives.
const GOOD: [&str; 52] = [
    "SELECT sum(amount), total(amount), avg(amount) FROM t",
    "SELECT sum(n), total(n), avg(n), sum(\"net amount\"), avg(\"net amount\") FROM t",
    "SELECT sum(DISTINCT n), \"sum\"(n), [sum](n), `sum` ( n ) FROM t",
    "SELECT sum(n) FILTER (WHERE n > 0) * 2, sum(n) OVER (ORDER BY id) + 1 FROM t",
    "SELECT sum(n) OVER w - 1 FROM t WINDOW w AS (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 0 FOLLOWING)",
    "SELECT sum(n) OVER (ORDER BY id RANGE BETWEEN 5 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(n) FROM t WHERE 1 = 0",
    "SELECT total(n), avg(n) FROM t WHERE id IS NULL",
    "SELECT count(*), count(amount) FROM t",
    "SELECT * FROM t",
    "SELECT t.*, n * 2 FROM t",
    "SELECT DISTINCT * FROM t",
    "SELECT amount * n, amount + 1, -amount, 1 - -n, ~n, n % 2, n & 1, n | 4, n << 1, n >> 1 FROM t",
    "SELECT a.n * b.n FROM t a JOIN t AS b ON a.id + 1 = b.id",
    "SELECT \"t\".\"net amount\" * 2, [net amount] / 3 FROM t",
    "SELECT (n + 1) * (n - 1) / 2.0 FROM t",
    "SELECT abs(n), round(amount * 2, 1), round(n / 3.0), abs(-n) FROM t",
    "SELECT round((SELECT sum(n) FROM t) * 1.0 / (SELECT count(*) FROM t), 2)",
    "SELECT CASE WHEN n > 0 THEN n ELSE 0 END * 2 FROM t",
    "SELECT 2 * CASE n WHEN 3 THEN CASE WHEN id = 1 THEN 5 END ELSE 6 END FROM t",
    "SELECT CAST(amount AS REAL), CAST(amount AS INT), CAST(n AS TEXT), CAST(n + 1 AS VARCHAR(9)) FROM t",
    "SELECT CAST(CAST(amount AS REAL) AS INTEGER) FROM t",
    "SELECT amount || id * 2, '1' || '2' + 3, '{\"a\": 4}' ->> '$.a' + 1, 1 + '[7]' -> 0 || '1' FROM t",
    "SELECT day || ' a*b - c' AS \"x - y\" FROM t -- a * b",
    "SELECT n /* - day */ + 1 FROM t",
    "SELECT coalesce(NULL + 1, 2), NULL * 2",
    "SELECT 1e3 + 1.5e-1 - .5 + 0x10",
    "WITH a(x, y) AS (SELECT n, n * 2 FROM t), b AS (SELECT x + y AS z FROM a) SELECT sum(z) FROM b",
    "WITH RECURSIVE i(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM i WHERE k < 5) SELECT sum(k) FROM i",
    "SELECT n FROM t ORDER BY -n LIMIT 1 + 1 OFFSET 1 - 1",
    "SELECT n * 2 AS d, count(*) FROM t GROUP BY n * 2 HAVING sum(n) > -5 ORDER BY n * 2",
    "SELECT EXISTS (SELECT 1 FROM t) + 1, NOT EXISTS (SELECT 1 FROM t WHERE n > 100)",
    "SELECT n IN (3, -4) , n NOT IN (3) , (n IN (1, 2)) + 1 FROM t",
    "SELECT n BETWEEN -5 AND 2 + 2, n NOT BETWEEN 1 AND 2 FROM t",
    "SELECT julianday('2026-11-02') - julianday(day) FROM t",
    "SELECT CAST(strftime('%m', day) AS INTEGER) + CAST(substr(day, 9) AS INTEGER) FROM t",
    "SELECT strftime('%s', day) / 86400, unixepoch(day) - 1 FROM t",
    "SELECT max(n) - min(n), max(1, n), min(n, 7) FROM t",
    "SELECT max(day), min(day), id FROM t",
    "SELECT max(n), day FROM t",
    "SELECT date(day), datetime(day, '+1 day'), time('12:00') FROM t",
    "SELECT date(1764000000, 'unixepoch'), strftime('%Y-%m', day, 'start of month') FROM t",
    "SELECT printf('%d %s %.2f %%', n, day, amount), format('%s', day) FROM t",
    "SELECT sum(replace(replace('1.234,56', '.', ''), ',', '.')) FROM t",
    "SELECT iif(n > 0, n, -n) + 1, ifnull(n, 0) * 2, nullif(n, 3) / 2 FROM t",
    "SELECT n COLLATE nocase + 1 FROM t",
    "SELECT group_concat(n, ', ') FROM t",
    "SELECT row_number() OVER (ORDER BY n) - 1 FROM t",
    "SELECT lag(n) OVER (PARTITION BY id % 2 ORDER BY id) + n FROM t",
    "VALUES (1 + 1, 2), (-3, 4)",
    "SELECT n < 5, 5 > n, n = 3, n <> 3, n == -4, 3 != n, id >= 1.5 FROM t",
    "SELECT sum(n * amount) / nullif(sum(n), 0), total(n) / count(*) FROM t",
];

#[test]
fn what_has_numbers_in_it_gives_what_sqlite_gives() {
    let (connection, _, seen) = database();
    let plain = rusqlite::Connection::open_in_memory().unwrap();
    plain
        .execute_batch(
            "CREATE TABLE t (id INTEGER, amount TEXT, \"net amount\" REAL, day TEXT, n INTEGER);
             INSERT INTO t VALUES (1, '7.5', 2.5, '2026-11-01', 3), (2, '8', 4.5, '2026-11-02', -4);",
        )
        .unwrap();
    for sql in GOOD {
        for scope in [Scope::Arithmetic, Scope::All] {
            let expected = rows(&plain, sql);
            let written = checked(sql, scope);
            seen.clear();
            assert_eq!(rows(&connection, &written), expected, "{written}");
            assert!(expected.is_ok(), "{expected:?}");
        }
    }
}

#[test]
fn text_that_is_no_number_ends_every_calculation() {
    let (connection, refusals, seen) = database();
    connection.execute_batch("INSERT INTO t VALUES (3, '1,5', 1, 'x', 7)").unwrap();
    for (sql, done) in [
        ("SELECT sum(amount) FROM t", "sum"),
        ("SELECT total(amount) FROM t", "total"),
        ("SELECT avg(t.amount) FROM t", "avg"),
        ("SELECT \"sum\"(\"amount\") FROM t", "sum"),
        ("SELECT sum(a) FROM (SELECT amount a FROM t)", "sum"),
        ("WITH x(b) AS (SELECT amount FROM t) SELECT sum(b) FROM x", "sum"),
        ("SELECT sum(amount) OVER (ORDER BY id) FROM t", "sum"),
        ("SELECT sum(CASE WHEN id > 0 THEN amount END) FROM t", "sum"),
        ("SELECT sum(coalesce(amount, 0)) FROM t", "sum"),
        ("SELECT amount * n FROM t", "*"),
        ("SELECT n*amount FROM t", "*"),
        ("SELECT sum(n * t.\"amount\") FROM t", "*"),
        ("SELECT -amount FROM t", "-"),
        ("SELECT 0 + amount FROM t", "+"),
        ("SELECT (amount) / 2 FROM t", "/"),
        ("SELECT coalesce(amount, 0) + 1 FROM t", "+"),
        ("SELECT CASE WHEN n > 0 THEN amount ELSE 0 END - 1 FROM t", "-"),
        ("SELECT (SELECT amount FROM t WHERE id = 3) * 2", "*"),
        ("SELECT CAST(amount AS REAL) FROM t", "CAST"),
        ("SELECT cast ( amount as integer ) FROM t", "CAST"),
        ("SELECT CAST(amount AS DECIMAL(10, 2)) FROM t", "CAST"),
        ("SELECT round(amount, 1) FROM t", "round"),
        ("SELECT abs(amount) FROM t", "abs"),
        ("SELECT printf('%s %.1f', day, amount) FROM t", "printf"),
        ("SELECT '1,5' + 1", "+"),
        ("SELECT CURRENT_DATE - 1", "-"),
    ] {
        for scope in [Scope::Arithmetic, Scope::All] {
            let written = checked(sql, scope);
            seen.clear();
            assert!(rows(&connection, &written).is_err(), "{written}");
            assert_eq!(refusals.take().unwrap().done, done, "{written}");
        }
    }
    for (sql, done) in [
        ("SELECT count(*) FROM t WHERE amount > 5", "<"),
        ("SELECT count(*) FROM t WHERE 5 <= amount", "<"),
        ("SELECT count(*) FROM t WHERE amount BETWEEN 1 AND 5", "<"),
        ("SELECT max(amount) FROM t", "max"),
        ("SELECT min(amount) FROM t", "min"),
        ("SELECT max(amount, 0) FROM t", "max"),
    ] {
        seen.clear();
        assert!(rows(&connection, &checked(sql, Scope::All)).is_err(), "{sql}");
        assert_eq!(refusals.take().unwrap().done, done, "{sql}");
    }
}

#[test]
fn numbers_that_stand_as_text_are_compared_as_numbers() {
    let (connection, _, seen) = database();
    connection.execute_batch("UPDATE t SET amount = '10.00' WHERE id = 1").unwrap();
    for (sql, expected) in [
        ("SELECT count(*) FROM t WHERE amount > 9", Value::Integer(1)),
        ("SELECT count(*) FROM t WHERE amount = 10", Value::Integer(1)),
        ("SELECT count(*) FROM t WHERE amount IN (8, 10)", Value::Integer(2)),
        ("SELECT count(*) FROM t WHERE amount NOT BETWEEN 7 AND 9", Value::Integer(1)),
        ("SELECT max(amount) FROM t", Value::Real(10.0)),
        ("SELECT min(amount) FROM t", Value::Integer(8)),
        ("SELECT max(amount COLLATE BINARY) FROM t", Value::Text("8".into())),
    ] {
        seen.clear();
        let got = rows(&connection, &checked(sql, Scope::All));
        assert_eq!(got, Ok(vec![vec![expected]]), "{sql}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_taken(text in "[-+*/%(),.'\"`\\[\\]<>=|~? \\na-cé0-9]{0,60}") {
        checked(&text, Scope::All);
    }

    /// A statement never becomes one that means something else where nothing is refused.
    #[test]
    fn expressions_keep_their_value(
        parts in proptest::collection::vec(
            (
                proptest::sample::select(&["n", "3", "t.n", "(n + 1)", "abs(n)", "'2'", "-n", "\"n\"",
                    "CASE WHEN n > 1 THEN n ELSE 1 END", "coalesce(n, 1)", "CAST('4' AS INT)",
                    "(SELECT max(n) FROM t)", "n || 1", "max(n, 2)", "1.5e1"][..]),
                proptest::sample::select(&["+", "-", "*", "/", "%", "&", "|", "<<", "||", "<", ">=", "=",
                    "AND", "OR", "<> -", "IN (1, 2) +", "BETWEEN 1 AND"][..]),
            ),
            1..6,
        ),
    ) {
        let mut expression = String::new();
        for (operand, operator) in &parts {
            write!(expression, "{operand} {operator} ").unwrap();
        }
        let sql = format!("SELECT {expression} 1 FROM t");
        let (connection, refusals, seen) = database();
        let plain = rows(&connection, &sql);
        let got = rows(&connection, &checked(&sql, Scope::Arithmetic));
        if refusals.take().is_none() {
            proptest::prop_assert_eq!(got, plain, "{}", checked(&sql, Scope::Arithmetic));
        }
        seen.clear();
        // Comparisons of text with numbers may come out better, but none may become no SQL.
        let got = rows(&connection, &checked(&sql, Scope::All));
        proptest::prop_assert!(got.is_ok() || refusals.take().is_some(), "{}", checked(&sql, Scope::All));
    }
}
