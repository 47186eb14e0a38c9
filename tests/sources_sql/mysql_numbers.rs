//! Columns of numbers that MariaDB compares with a time as they are.

use kpi_exporter::metric::FetchErrorKind;
use kpi_exporter::source::sql::SqlSource;
use sqlx::MySqlConnection;

use super::mariadb::execute;
use super::number;
use crate::ask::table;

/// MariaDB compares numbers that are no time with one, without a word.
pub(super) async fn no_time(source: &SqlSource, admin: &mut MySqlConnection) {
    execute(
        admin,
        "CREATE OR REPLACE TABLE z (seconds BIGINT, parts DECIMAL(20, 3), millis BIGINT, y YEAR, whole INT, month INT, \
         sheet INT, day INT, stamp BIGINT, short INT, mixed BIGINT, made DATETIME, n INT)",
    )
    .await;
    execute(
        admin,
        "INSERT INTO z (made, n) VALUES ('2024-03-31 23:00', 1), ('2026-04-01 05:00', 10), \
         ('2026-06-30 20:00', 100), ('2028-07-02', 1000), (NULL, 5000)",
    )
    .await;
    execute(
        admin,
        "UPDATE z SET seconds = UNIX_TIMESTAMP(made), parts = seconds + 0.5, millis = 1000 * seconds, y = YEAR(made), \
         whole = y, month = DATE_FORMAT(made, '%Y%m'), sheet = DATEDIFF(made, '1899-12-30'), \
         day = DATE_FORMAT(made, '%Y%m%d'), stamp = DATE_FORMAT(made, '%Y%m%d%H%i%s'), \
         short = DATE_FORMAT(made, '%y%m%d'), \
         mixed = IF(n = 1, seconds, day)",
    )
    .await;
    let two_sided = |column: &str| {
        format!(
            "SELECT sum(n) AS value FROM z WHERE {column} >= :window_start_date AND {column} < :window_end_date"
        )
    };
    for (column, cure) in [
        ("seconds", "seconds >= :window_start_unix AND seconds < :window_end_unix"),
        ("parts", "parts >= :window_start_unix AND parts < :window_end_unix"),
        ("millis", "millis >= 1000 * :window_start_unix AND millis < 1000 * :window_end_unix"),
        ("y", "MAKEDATE(y, 1)"),
        ("whole", "MAKEDATE(whole, 1)"),
        ("month", "STR_TO_DATE(CONCAT(month, '01'), '%Y%m%d')"),
        ("sheet", "DATE_ADD('1899-12-30', INTERVAL sheet DAY)"),
    ] {
        for compared in [":window_end", ":window_end_date"] {
            for sql in [
                two_sided(column),
                format!("SELECT sum(n) AS value FROM z WHERE {column} < {compared}"),
                format!("SELECT sum(n) AS value FROM shop.z AS a WHERE {compared} > a.`{column}`"),
            ] {
                let error = table(source, &sql).await.unwrap_err();
                assert_eq!(error.kind, FetchErrorKind::Shape, "{error}");
                assert!(
                    error.message.contains(&format!("column `{column}` of table `z` holds `")),
                    "{error}"
                );
                assert!(error.hint.unwrap().contains(cure), "{column}");
            }
        }
        let (sql, expected) = if cure.contains('>') {
            (format!("SELECT sum(n) AS value FROM z WHERE {cure}"), 110.0)
        } else if column == "y" || column == "whole" {
            (format!("SELECT sum(n) AS value FROM z WHERE {cure} < :window_end_date"), 111.0)
        } else {
            (two_sided(cure), 110.0)
        };
        assert_eq!(table(source, &sql).await.unwrap().rows, [[number(expected)]], "{sql}");
    }
    for sql in [
        two_sided("day"),
        "SELECT sum(n) AS value FROM z WHERE day >= :window_start AND day < :window_end".to_owned(),
        "SELECT sum(n) AS value FROM z WHERE stamp >= :window_start AND stamp < :window_end"
            .to_owned(),
        "SELECT sum(n) AS value FROM z WHERE short >= :window_start AND short < :window_end"
            .to_owned(),
        two_sided("FROM_UNIXTIME(seconds)"),
        "SELECT sum(n) AS value FROM (SELECT FROM_UNIXTIME(seconds) AS seconds, n FROM z) a \
         WHERE seconds >= :window_start AND seconds < :window_end"
            .to_owned(),
    ] {
        assert_eq!(table(source, &sql).await.unwrap().rows, [[number(110.0)]], "{sql}");
    }
    // With a day they are compared as numbers: every stamp is after it, every short day before.
    for column in ["stamp", "short"] {
        let error = table(source, &two_sided(column)).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Shape, "{error}");
        let cure = format!("write `{column} >= :window_start AND {column} < :window_end`");
        assert_eq!(error.hint, Some(cure));
    }
    // What holds days as well is not refused.
    assert!(table(source, &two_sided("mixed")).await.is_ok());
}

/// Names that nobody would choose, columns that tell nothing, and such as are of the same name.
pub(super) async fn odd_names(source: &SqlSource, admin: &mut MySqlConnection) {
    for sql in [
        "CREATE OR REPLACE VIEW `o'h \\ ``w` AS SELECT seconds AS `bei ``m` FROM z",
        "CREATE OR REPLACE TABLE nothing (seconds BIGINT, day INT)",
        "INSERT INTO nothing VALUES (NULL, NULL)",
        "CREATE OR REPLACE TABLE also (seconds DATETIME)",
    ] {
        execute(admin, sql).await;
    }
    let odd = "SELECT count(*) AS value FROM `o'h \\ ``w` WHERE `bei ``m` < :window_end";
    let error = table(source, odd).await.unwrap_err();
    assert!(error.message.contains("column `bei `m` of table `o'h \\ `w` holds"), "{error}");
    for sql in [
        // Nothing is told by it.
        "SELECT count(*) AS value FROM nothing WHERE seconds < :window_end AND day < :window_end_date",
        // It is another's column, which is a time.
        "SELECT count(*) AS value FROM z AS a JOIN also AS b ON a.n = 1 WHERE b.seconds < :window_end",
        "WITH c (seconds) AS (SELECT FROM_UNIXTIME(seconds) FROM z) \
         SELECT count(*) AS value FROM c WHERE seconds < :window_end",
    ] {
        assert!(table(source, sql).await.is_ok(), "{sql}");
    }
}
