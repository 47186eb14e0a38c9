//! Columns that a query compares with the window and that hold no instants: the database is asked for
//! their types by `check --connect`. Not here: SQLite, whose types say nothing (`sqlite::forms`).

use crate::metric::{Cell, Query, Table, Template};
use crate::source::kind::{Aside, Remark};
use crate::source::statement::{Dialect, SqlQuery, all_names, compared};

/// What tells whether such columns are among those that a query names.
pub(super) fn aside(dialect: Dialect, query: &Query) -> Option<Aside> {
    let text = &query.terms::<SqlQuery>()?.0.text;
    let columns = compared(dialect, text);
    let (select, types) = match dialect {
        Dialect::Postgres => (
            "table_name::text, column_name::text, data_type::text",
            "'timestamp without time zone'",
        ),
        Dialect::Trino => (
            "table_name, column_name, data_type",
            "'timestamp', 'timestamp(0)', \
            'timestamp(3)', 'timestamp(6)', 'timestamp(9)', 'timestamp(12)'",
        ),
        Dialect::MySql => (
            "table_name, column_name, data_type",
            "'char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'smallint', 'mediumint', 'int', \
             'bigint', 'year', 'decimal', 'float', 'double'",
        ),
        Dialect::Sqlite | Dialect::ClickHouse => return None,
    };
    if columns.is_empty() {
        return None;
    }
    let (columns, tables) = (list(&columns), list(&all_names(dialect, text)));
    let sql = format!(
        "SELECT DISTINCT {select} FROM information_schema.columns \
         WHERE lower(column_name) IN ({columns}) AND lower(table_name) IN ({tables}) \
         AND data_type IN ({types}) ORDER BY 1, 2 LIMIT 20"
    );
    let query = Query::new(SqlQuery(Template { text: sql, secret: query.is_secret() }));
    Some(Aside { query, read: Box::new(move |table| remark(dialect, table)) })
}

/// Names in quotes, in small letters.
pub(super) fn list(names: &[String]) -> String {
    let quoted = |name: &String| {
        let name = name.to_lowercase().replace('\\', "").replace('\'', "''");
        format!("'{name}'")
    };
    names.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

fn remark(dialect: Dialect, table: &Table) -> Option<Remark> {
    let text = |column: usize| match table.rows.first()?.get(column)? {
        Cell::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let (table, column, kind) = (text(0)?, text(1)?, text(2)?.to_lowercase());
    let (what, cure) = match dialect {
        Dialect::MySql if kind.contains("char") || kind.contains("text") => (
            "which is read as local time of the calendar as far as it looks like one".to_owned(),
            format!(
                "if it is not local, write `CONVERT_TZ(…)` around it, or compare \
                     `UNIX_TIMESTAMP(…)` with `:window_start_unix`; best make {column} a DATETIME"
            ),
        ),
        Dialect::MySql if kind == "year" => (
            "which does not compare with a time".to_owned(),
            format!("write `{column} >= YEAR(:window_start_date)`"),
        ),
        Dialect::MySql => (
            "which compares with a time as digits like 20261128 only".to_owned(),
            format!("if it holds seconds since 1970, write `{column} >= :window_start_unix`"),
        ),
        Dialect::Trino => (
            "which is read as local time of the calendar".to_owned(),
            format!("if it holds UTC, write `with_timezone({column}, 'UTC')`"),
        ),
        _ => (
            "which is read as local time of the calendar".to_owned(),
            format!(
                "if it holds UTC, write `{column} AT TIME ZONE 'UTC'`; if it is local, name that \
                     zone"
            ),
        ),
    };
    let message = format!(
        "column `{column}` of table `{table}`, compared with the window, is `{kind}`, {what}"
    );
    Some(Remark { message, hint: Some(cure) })
}
