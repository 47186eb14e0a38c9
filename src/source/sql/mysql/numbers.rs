//! Columns of numbers that a query compares with a time, as MySQL and MariaDB do it: with a time they read `20261128` as
//! a day; with a day they compare numbers, `20261128` being that day; and any other number all the same, without a
//! warning. Not here: text that is no time (`incorrect`).

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use sqlx::{AssertSqlSafe, MySqlConnection, Row, raw_sql};

use crate::metric::{FetchError, FetchErrorKind};
use crate::source::sql::columns::list;
use crate::source::statement::{Dialect, compared_alone, tables};

const LOOKED_AT: u8 = 20;

/// Queries of which it is known what they compare; more than these are looked at again.
const MOST: usize = 1_000;

/// What may be tables of one query.
const MOST_TABLES: usize = 100;

/// A column of numbers.
#[derive(Debug, Clone)]
struct Column {
    schema: String,
    table: String,
    name: String,
    is_year: bool,
    /// Compared with a day.
    with_day: bool,
}

/// Columns that a connection has not seen days in yet, by the texts of queries.
#[derive(Debug, Default)]
pub(super) struct Compared(HashMap<String, Vec<Column>>);

impl Compared {
    /// Why the answer to a query would not be what is meant, if so.
    pub(super) async fn refusal(
        &mut self,
        connection: &mut MySqlConnection,
        text: &str,
    ) -> Result<Option<FetchError>, sqlx::Error> {
        if !self.0.contains_key(text) {
            let columns = match columns(connection, text).await {
                // Not every server that speaks this protocol tells its columns: then it is asked without.
                Err(sqlx::Error::Database(_)) => Vec::new(),
                columns => columns?,
            };
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert(text.to_owned(), columns);
        }
        let Some(columns) = self.0.get_mut(text) else { return Ok(None) };
        let mut at = 0;
        while let Some(column) = columns.get(at) {
            let values = column.values(connection).await?;
            let Some(first) = values.first() else {
                at += 1;
                continue;
            };
            if column.is_year || !values.iter().any(|value| compares(value, column.with_day)) {
                return Ok(Some(column.refusal(first)));
            }
            columns.swap_remove(at);
        }
        Ok(None)
    }
}

/// Columns of numbers that the query compares with a time, where all that may be meant by a name are such.
async fn columns(connection: &mut MySqlConnection, text: &str) -> Result<Vec<Column>, sqlx::Error> {
    const NUMBERS: [&str; 8] =
        ["smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year"];
    let alone = compared_alone(Dialect::MySql, text);
    if alone.is_empty() {
        return Ok(Vec::new());
    }
    let columns = list(&alone.keys().cloned().collect::<Vec<_>>());
    // Equality with both: else a server opens every table that it has.
    let of_table = |(schema, table): &(Option<String>, String)| {
        let schema =
            schema.as_ref().map_or_else(|| "DATABASE()".to_owned(), |schema| text_of(schema));
        format!(
            "(SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns \
             WHERE table_schema = {schema} AND table_name = {} AND lower(column_name) IN ({columns}))",
            text_of(table)
        )
    };
    let tables = tables(Dialect::MySql, text);
    if tables.is_empty() || tables.len() > MOST_TABLES {
        return Ok(Vec::new());
    }
    let sql = tables.iter().map(of_table).collect::<Vec<_>>().join(" UNION ALL ");
    let mut columns: Vec<(Column, bool)> = Vec::new();
    for row in raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await? {
        let cell = |place: usize| row.try_get_unchecked::<String, _>(place);
        let (schema, table, name) = (cell(0)?, cell(1)?, cell(2)?);
        let kind = cell(3)?.to_lowercase();
        let with_day = alone.iter().any(|(other, day)| *day && other.eq_ignore_ascii_case(&name));
        let column = Column { schema, table, name, is_year: kind == "year", with_day };
        columns.push((column, NUMBERS.contains(&kind.as_str())));
    }
    let is_certain = |name: &str| {
        columns.iter().all(|(other, is)| *is || !other.name.eq_ignore_ascii_case(name))
    };
    let certain = columns.iter().filter(|(column, _)| is_certain(&column.name));
    Ok(certain.map(|(column, _)| column.clone()).collect())
}

impl Column {
    /// Some that tell something, as digits.
    async fn values(&self, connection: &mut MySqlConnection) -> Result<Vec<String>, sqlx::Error> {
        let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
        let (schema, table, name) = (quoted(&self.schema), quoted(&self.table), quoted(&self.name));
        let sql = format!(
            "SELECT CAST({name} AS CHAR) FROM {schema}.{table} \
             WHERE {name} IS NOT NULL AND {name} NOT IN (0, -1) LIMIT {LOOKED_AT}"
        );
        let rows = raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
        rows.iter().map(|row| row.try_get_unchecked(0)).collect()
    }

    fn refusal(&self, value: &str) -> FetchError {
        let Self { table, name, .. } = self;
        let message = format!(
            "column `{name}` of table `{table}` holds `{value}`, which cannot be compared with a time like \
             `2026-11-28 09:00:00`"
        );
        let hint = match whole(value).len() {
            _ if compares(value, false) => {
                format!("write `{name} >= :window_start AND {name} < :window_end`")
            }
            4 => format!("compare `MAKEDATE({name}, 1)` with `:window_start_date`"),
            5 => format!(
                "compare `DATE_ADD('1899-12-30', INTERVAL {name} DAY)` with `:window_start_date`"
            ),
            6 => format!(
                "compare `STR_TO_DATE(CONCAT({name}, '01'), '%Y%m%d')` with `:window_start_date`"
            ),
            9 | 10 => format!("write `{name} >= :window_start_unix AND {name} < :window_end_unix`"),
            12 | 13 => format!(
                "write `{name} >= 1000 * :window_start_unix AND {name} < 1000 * :window_end_unix`"
            ),
            _ => format!("make days of it, as `FROM_UNIXTIME({name})` does of seconds"),
        };
        FetchError::new(FetchErrorKind::Shape, message).with_hint(hint)
    }
}

/// A text as the server reads it.
fn text_of(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Whether a number compares with a day or with a time as what it tells.
fn compares(digits: &str, with_day: bool) -> bool {
    let whole = whole(digits);
    match whole.len() {
        8 => NaiveDate::parse_from_str(whole, "%Y%m%d").is_ok(),
        6 if !with_day => NaiveDate::parse_from_str(whole, "%y%m%d").is_ok(),
        12 if !with_day => NaiveDateTime::parse_from_str(whole, "%y%m%d%H%M%S").is_ok(),
        14 if !with_day => NaiveDateTime::parse_from_str(whole, "%Y%m%d%H%M%S").is_ok(),
        _ => false,
    }
}

fn whole(digits: &str) -> &str {
    digits.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_compare_as_what_they_tell() {
        for (digits, with_time, with_day) in [
            ("20261128", true, true),
            ("261128", true, false),
            ("20261128090000", true, false),
            ("261128090000", true, false),
            ("20261128090000.500", true, false),
            ("2026", false, false),
            ("46354", false, false),
            ("1796000000", false, false),
            ("1796000000.5", false, false),
            ("1796000000000", false, false),
            ("20261328", false, false),
            ("202613", false, false),
        ] {
            assert_eq!(compares(digits, false), with_time, "{digits}");
            assert_eq!(compares(digits, true), with_day, "{digits}");
        }
    }
}
