//! What a database is asked to be known, and what its answers mean. Statements that read only; asking them
//! is for others.

use std::collections::BTreeMap;

use super::column::Column;
use super::names::{is_writable, quoted};
use super::{Schema, Table};
use crate::metric::{self, Cell};
use crate::source::statement::Dialect;

/// Columns that are listed at most.
pub const MOST_COLUMNS: usize = 100_000;
/// Rows that are looked at.
const ROWS: usize = 2000;
/// Values of a column that are kept.
const VALUES: usize = 200;

const POSTGRES: &str = "
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind IN ('v', 'm') AS is_view,
  n.nspname = coalesce(current_schema(), '') AS is_home, a.attname::text AS column_name,
  CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN format_type(t.typbasetype, NULL)
    ELSE format_type(a.atttypid, NULL) END AS kind
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum";

const MYSQL: &str = "
SELECT c.table_schema, c.table_name, t.table_type LIKE '%VIEW' AS is_view,
  c.table_schema = coalesce(database(), '') AS is_home, c.column_name,
  CASE WHEN c.column_type LIKE 'tinyint(1)%' THEN 'tinyint(1)' ELSE c.data_type END AS kind
FROM information_schema.columns c
JOIN information_schema.tables t
  ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
ORDER BY c.table_schema, c.table_name, c.ordinal_position";

const SQLITE: &str = "
SELECT '' AS \"schema\", m.name, m.type = 'view' AS is_view, 1 AS is_home, p.name AS column_name, p.type AS kind
FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p
WHERE m.type IN ('table', 'view') AND substr(m.name, 1, 7) <> 'sqlite_'
ORDER BY m.name, p.cid";

/// What lists the columns of all tables; `None` where nobody looks.
pub fn columns_query(dialect: Dialect) -> Option<String> {
    let query = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::MySql => MYSQL,
        Dialect::Sqlite => SQLITE,
        Dialect::ClickHouse | Dialect::Trino => return None,
    };
    Some(format!("{}\nLIMIT {MOST_COLUMNS}", query.trim()))
}

/// The tables that the answer lists.
pub fn columns_of(dialect: Dialect, answer: &metric::Table) -> Schema {
    let mut schema = Schema { dialect, tables: Vec::new() };
    for row in &answer.rows {
        let [space, name, view, home, column, kind] = &row[..] else { continue };
        let (space, name) = (text(space), text(name));
        let column = Column { name: text(column), kind: text(kind), values: Vec::new() };
        match schema.tables.last_mut() {
            Some(table) if table.schema == space && table.name == name => {
                table.columns.push(column);
            }
            _ => schema.tables.push(Table {
                schema: space,
                name,
                is_home: is_true(home),
                is_view: is_true(view),
                is_empty: false,
                columns: vec![column],
            }),
        }
    }
    schema
}

/// What shows some rows of a table.
pub fn sample_query(dialect: Dialect, table: &Table) -> String {
    let columns = table.columns.iter().filter(|column| is_writable(&column.name)).take(100);
    let columns: Vec<String> = columns.map(|column| quoted(dialect, &column.name)).collect();
    format!("SELECT {} FROM {} LIMIT {ROWS}", columns.join(", "), table.in_sql(dialect))
}

/// Notes what some rows of a table hold.
pub fn sample_of(table: &mut Table, answer: &metric::Table) {
    table.is_empty = answer.rows.is_empty();
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in &answer.rows {
        for (name, cell) in answer.columns.iter().zip(row) {
            let of = values.entry(name).or_default();
            let text = text(cell);
            if !matches!(cell, Cell::Null | Cell::Other(_))
                && of.len() < VALUES
                && !of.contains(&text)
            {
                of.push(text);
            }
        }
    }
    for column in &mut table.columns {
        column.values = values.remove(column.name.as_str()).unwrap_or_default();
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Null | Cell::Other(_) => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Written(_, text) | Cell::Text(text) => text.clone(),
        Cell::Instant(at) => at.to_rfc3339(),
    }
}

fn is_true(cell: &Cell) -> bool {
    matches!(cell, Cell::Number(number) | Cell::Written(number, _) if *number != 0.0)
}
