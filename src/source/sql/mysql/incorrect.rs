//! Columns of text or numbers that a statement compares with a time and that hold none: MySQL and MariaDB compare them
//! all the same, and warn. Not here: numbers that are compared with a time as numbers, of which they say nothing.

use chrono::NaiveDate;
use sqlx::{AssertSqlSafe, MySqlConnection, Row, raw_sql};

use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::shown;
use crate::source::params::Param;
use crate::source::sql::database::driver::Failure;
use crate::source::statement::Statement;

/// "Truncated incorrect datetime value", and "incorrect datetime value".
const INCORRECT: u32 = 1292;
const LOOKED_AT: u8 = 20;

/// What the server could not read as a time, and the column that it is in.
struct Incorrect {
    value: String,
    /// In quotes, with the table as MariaDB says it.
    table: String,
    column: String,
}

/// Adds a remark to an answer, or refuses one of which no value is a time. To be asked before anything else is.
pub(super) async fn check(
    connection: &mut MySqlConnection,
    statement: &Statement,
    table: &mut Table,
) -> Result<(), Failure> {
    if statement.params().iter().all(|param: &Param| param.is_unix()) {
        return Ok(());
    }
    let warnings = raw_sql("SHOW WARNINGS").fetch_all(&mut *connection).await?;
    let mut found = None;
    for row in warnings {
        let (number, said): (u32, String) = (row.try_get_unchecked(1)?, row.try_get_unchecked(2)?);
        found = found.or_else(|| (number == INCORRECT).then(|| Incorrect::read(&said))?);
    }
    let Some(found) = found else { return Ok(()) };
    let (of, column) = (&found.table, &found.column);
    let sql = format!(
        "SELECT CAST({column} AS CHAR) FROM {of} WHERE {column} IS NOT NULL AND {column} <> '' LIMIT {LOOKED_AT}"
    );
    let rows = raw_sql(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.unwrap_or_default();
    let values: Vec<String> = rows.iter().filter_map(|row| row.try_get_unchecked(0).ok()).collect();
    let is_none = |value: &String| !is_dated(value) && value.contains(|c: char| c.is_ascii_digit());
    let (message, hint) = found.told(&values);
    if !values.is_empty() && values.iter().all(is_none) {
        let refusal = FetchError::new(FetchErrorKind::Shape, message).with_hint(hint);
        return Err(Failure::Refused(refusal));
    }
    let remark = format!("{message}: {hint}");
    table.doubt = Some(remark.clone());
    table.remarks.push(remark);
    Ok(())
}

impl Incorrect {
    /// From "Incorrect datetime value: '31.03.2026' for column `shop`.`o`.`v` at row 1". Empty text stands for NULL in
    /// many a table.
    fn read(said: &str) -> Option<Self> {
        let (_, rest) = said.split_once("datetime value: '")?;
        let (value, rest) = rest.rsplit_once("' for column `")?;
        let (path, _) = rest.rsplit_once("` at row ")?;
        let (table, column) = path.rsplit_once("`.`")?;
        let is_date = value.trim().is_empty() || is_dated(value);
        (!is_date).then(|| Self {
            value: value.to_owned(),
            table: format!("`{table}`"),
            column: format!("`{column}`"),
        })
    }

    fn told(&self, values: &[String]) -> (String, String) {
        const FORMS: [&str; 4] = ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"];
        let table = self.table.rsplit("`.`").next().unwrap_or_default().trim_matches('`');
        let value = shown::line(&self.value, 40);
        let message = format!(
            "column {} of table `{table}` holds `{value}`, which cannot be compared with a time like \
             `2026-11-28 09:00:00`",
            self.column
        );
        let all =
            |form: &&str| values.iter().all(|value| NaiveDate::parse_from_str(value, form).is_ok());
        let forms: Vec<&str> = FORMS.into_iter().filter(all).collect();
        let column = self.column.trim_matches('`');
        let hint = match forms.as_slice() {
            [form] => format!("write `STR_TO_DATE({column}, '{form}')`, with `:window_start_date`"),
            _ => format!(
                "make days of it, as `STR_TO_DATE({column}, '%d.%m.%Y')` does of `30.11.2026`, or compare \
                 seconds with `:window_start_unix`"
            ),
        };
        (message, hint)
    }
}

/// Whether it begins with a day, of which the server reads no more than it knows.
fn is_dated(text: &str) -> bool {
    text.get(..10).is_some_and(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok())
}
