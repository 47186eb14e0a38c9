//! What the login of a source may do besides reading: `check --connect` asks the database once and
//! warns. Sessions are read-only anyway; a login that may only read is the other half. Not here:
//! printing.

use crate::metric::{Cell, Query, Table, Template};
use crate::source::kind::{Aside, Remark};
use crate::source::statement::{Dialect, SqlQuery};

/// So many powers are told; the rest are counted.
const TOLD: usize = 3;

/// What each row says a login may do, and what else than another login would cure it.
const POSTGRES: &str = "
WITH me AS (
  SELECT oid AS id, rolsuper AS super, rolcreaterole AS roles, rolcreatedb AS databases,
    rolreplication AS replicates
  FROM pg_catalog.pg_roles WHERE rolname = current_user
),
tables AS (
  SELECT n.nspname || '.' || c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'v') AND has_schema_privilege(n.oid, 'USAGE')
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
      OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
),
schemas AS (
  SELECT nspname AS name, has_schema_privilege('public', oid, 'CREATE') AS everyone
  FROM pg_catalog.pg_namespace
  WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
    AND has_schema_privilege(oid, 'CREATE')
),
more AS (
  SELECT 2 AS place, 'may create roles' AS what, NULL AS cure FROM me WHERE roles
  UNION ALL SELECT 3, 'may create databases', NULL FROM me WHERE databases
  UNION ALL SELECT 4, 'may replicate', NULL FROM me WHERE replicates
  UNION ALL SELECT 5, 'has the rights of ' || rolname, NULL FROM pg_catalog.pg_roles, me
  WHERE rolname IN ('pg_write_all_data', 'pg_execute_server_program', 'pg_write_server_files',
      'pg_signal_backend', 'pg_maintain', 'pg_create_subscription')
    AND pg_has_role(id, oid, 'MEMBER')
  UNION ALL SELECT 6, 'may write to ' || min(name)
    || CASE count(*) WHEN 1 THEN '' ELSE ' and ' || count(*) - 1 || ' more' END, NULL
  FROM tables HAVING count(*) > 0
  UNION ALL SELECT 7, 'may create tables in schema ' || name,
    CASE WHEN everyone THEN 'REVOKE CREATE ON SCHEMA ' || quote_ident(name) || ' FROM PUBLIC' END
  FROM schemas
  UNION ALL SELECT 8, 'may create schemas in the database', NULL
  WHERE has_database_privilege(current_database(), 'CREATE')
)
SELECT current_user AS login, quote_ident(coalesce(current_schema(), 'public')) AS home, what, cure
FROM (
  SELECT 1 AS place, 'is a superuser' AS what, NULL AS cure FROM me WHERE super
  UNION ALL SELECT more.* FROM more WHERE NOT (SELECT super FROM me)
) powers
ORDER BY place, what LIMIT 100";

/// Asked without knowing what may be granted: `powers` reads it.
const GRANTS: &str = "SHOW GRANTS";

/// What MySQL and MariaDB let a login do that changes nothing for others.
const READS: [&str; 14] = [
    "USAGE",
    "SELECT",
    "SHOW DATABASES",
    "SHOW VIEW",
    "SHOW_ROUTINE",
    "SHOW CREATE ROUTINE",
    "PROCESS",
    "EXECUTE",
    "REFERENCES",
    "LOCK TABLES",
    "CREATE TEMPORARY TABLES",
    "BINLOG MONITOR",
    "REPLICATION CLIENT",
    "SLAVE MONITOR",
];

/// How privileges of ClickHouse begin that change something.
const CHANGES: [&str; 13] = [
    "ALL",
    "INSERT",
    "ALTER",
    "CREATE",
    "DROP",
    "UNDROP",
    "TRUNCATE",
    "OPTIMIZE",
    "SYSTEM",
    "KILL",
    "ACCESS MANAGEMENT",
    "BACKUP",
    "WRITE",
];

/// What is asked to find out, where it can be known.
pub(super) fn aside(dialect: Dialect, database: Option<&str>) -> Option<Aside> {
    let sql = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::MySql | Dialect::ClickHouse => GRANTS,
        // SQLite has no logins and is opened for reading; Trino leaves it to its catalogs.
        Dialect::Sqlite | Dialect::Trino => return None,
    };
    let query = Query::new(SqlQuery(Template::plain(sql.trim())));
    let database = database.map(str::to_owned);
    Some(Aside { query, read: Box::new(move |table| remark(dialect, database.as_deref(), table)) })
}

/// What a person should know of the answer.
fn remark(dialect: Dialect, database: Option<&str>, table: &Table) -> Option<Remark> {
    match dialect {
        Dialect::Postgres => postgres(table),
        Dialect::MySql => {
            let database = database.unwrap_or("shop").replace('`', "``");
            let cure = format!(
                "give it a login that may only read: CREATE USER kpi_reader IDENTIFIED BY '…'; \
                 GRANT SELECT ON `{database}`.* TO kpi_reader"
            );
            granted(table, cure, |privilege| !READS.contains(&privilege))
        }
        Dialect::ClickHouse => {
            let database = database.unwrap_or("default").replace('`', "``");
            let cure = format!(
                "give it a login that may only read: CREATE USER kpi_reader IDENTIFIED BY '…'; \
                 GRANT SELECT ON `{database}`.* TO kpi_reader"
            );
            granted(table, cure, |privilege| {
                CHANGES.iter().any(|change| privilege.starts_with(change))
            })
        }
        Dialect::Sqlite | Dialect::Trino => None,
    }
}

fn text(row: &[Cell], column: usize) -> Option<&str> {
    match row.get(column) {
        Some(Cell::Text(text)) => Some(text),
        _ => None,
    }
}

fn postgres(table: &Table) -> Option<Remark> {
    let first = table.rows.first()?;
    let (login, home) = (text(first, 0)?, text(first, 1)?);
    let powers = table.rows.iter().filter_map(|row| text(row, 2)).map(str::to_owned).collect();
    let mut cure = format!(
        "give it a login that may only read: CREATE ROLE kpi_reader LOGIN PASSWORD '…'; GRANT USAGE \
         ON SCHEMA {home} TO kpi_reader; GRANT SELECT ON ALL TABLES IN SCHEMA {home} TO kpi_reader"
    );
    for more in table.rows.iter().filter_map(|row| text(row, 3)) {
        cure.push_str("; ");
        cure.push_str(more);
    }
    Some(Remark {
        message: format!("the login `{login}` {}", joined(powers, ", ")),
        hint: Some(cure),
    })
}

/// Reads lines like ``GRANT SELECT, INSERT (`a`, `b`) ON `shop`.* TO `kpi`@`%` ``.
fn granted(table: &Table, cure: String, is_power: impl Fn(&str) -> bool) -> Option<Remark> {
    let mut powers = Vec::new();
    for line in table.rows.iter().filter_map(|row| text(row, 0)) {
        let Some(rest) = line.strip_prefix("GRANT ") else { continue };
        // Standing in for others adds nothing to what `GRANT OPTION` says.
        if rest.starts_with("PROXY ") {
            continue;
        }
        // Without `ON` a role is granted, whose own grants are listed where it is in force.
        let Some((privileges, rest)) = split_on(rest) else { continue };
        let place = rest.split(" TO ").next().unwrap_or(rest);
        let mut found: Vec<String> = privileges.into_iter().filter(|one| is_power(one)).collect();
        if line.contains(" WITH GRANT OPTION") {
            found.push("GRANT OPTION".to_owned());
        }
        let more = found.len().saturating_sub(TOLD);
        found.truncate(TOLD);
        if !found.is_empty() {
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            powers.push(format!("{}{more} on {place}", found.join(", ")));
        }
    }
    let message =
        (!powers.is_empty()).then(|| format!("its login may do more: {}", joined(powers, "; ")));
    Some(Remark { message: message?, hint: Some(cure) })
}

/// The privileges before `ON`, without their columns, and what follows it.
fn split_on(grant: &str) -> Option<(Vec<String>, &str)> {
    let (mut depth, mut name, mut names) = (0_usize, String::new(), Vec::new());
    for (at, c) in grant.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            ',' => names.push(std::mem::take(&mut name).trim().to_owned()),
            ' ' if grant[at..].starts_with(" ON ") => {
                names.push(name.trim().to_owned());
                return Some((names, &grant[at + " ON ".len()..]));
            }
            c => name.push(c),
        }
    }
    None
}

fn joined(mut powers: Vec<String>, between: &str) -> String {
    let more = powers.len().saturating_sub(TOLD);
    powers.truncate(TOLD);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{}{more}", powers.join(between))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(dialect: Dialect, lines: &[&str]) -> Option<String> {
        let rows = lines.iter().map(|line| vec![Cell::Text((*line).to_owned())]).collect();
        let table = Table { columns: vec!["Grants".into()], rows, ..Table::default() };
        remark(dialect, Some("shop"), &table).map(|remark| remark.message)
    }

    #[test]
    fn grants_that_only_read_are_no_matter() {
        for lines in [
            &["GRANT USAGE ON *.* TO `kpi`@`%`", "GRANT SELECT ON `shop`.* TO `kpi`@`%`"][..],
            &["GRANT SELECT (`a`, `insert`), SHOW VIEW ON `shop`.`o` TO `kpi`@`%`"],
            &["GRANT `reader`@`%` TO `kpi`@`%`"],
            &["GRANT USAGE ON *.* TO `kpi`@`%` IDENTIFIED BY PASSWORD '*INSERT ON x'"],
            &[],
        ] {
            assert_eq!(told(Dialect::MySql, lines), None, "{lines:?}");
        }
        assert_eq!(told(Dialect::ClickHouse, &["GRANT SELECT, SHOW, dictGet ON *.* TO kpi"]), None);
    }

    #[test]
    fn grants_that_change_something_are_told_with_their_place() {
        for (dialect, line, expected) in [
            (
                Dialect::MySql,
                "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION",
                "ALL PRIVILEGES, GRANT OPTION on *.*",
            ),
            (
                Dialect::MySql,
                "GRANT SELECT, INSERT (`a`, `b`), UPDATE ON `shop`.`o` TO `kpi`@`%`",
                "INSERT, UPDATE on `shop`.`o`",
            ),
            (Dialect::MySql, "GRANT FILE, SUPER ON *.* TO `kpi`@`%`", "FILE, SUPER on *.*"),
            (
                Dialect::MySql,
                "GRANT A_ADMIN,B_ADMIN,C_ADMIN,D_ADMIN ON *.* TO `kpi`@`%`",
                "A_ADMIN, B_ADMIN, C_ADMIN and 1 more on *.*",
            ),
            (Dialect::ClickHouse, "GRANT SELECT, INSERT ON shop.* TO kpi", "INSERT on shop.*"),
            (Dialect::ClickHouse, "GRANT ALL ON *.* TO default", "ALL on *.*"),
        ] {
            let expected = format!("its login may do more: {expected}");
            assert_eq!(told(dialect, &[line]), Some(expected), "{line}");
        }
    }
}
