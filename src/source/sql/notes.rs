//! What `fetch` shows of SQL: the statement as it is sent, with what is bound to it, and the number of
//! rows.

use chrono::SecondsFormat;

use crate::metric::Table;
use crate::source::Request;
use crate::source::params::{Param, ParamValue};
use crate::source::statement::{Dialect, Statement};
use crate::source::trace::Step;

/// Notes a statement that is about to be run.
pub(super) fn sent(dialect: Dialect, request: &Request, statement: &Statement) {
    request.trace.note(|| {
        let text = if request.metric.query.is_secret() { "***" } else { statement.sql() };
        let text = text.lines().map(str::trim_end);
        let text = text.filter(|line| !line.is_empty()).map(str::to_owned);
        let bound = statement.params().iter().enumerate().map(|(index, param)| {
            let place = match dialect {
                Dialect::Postgres => format!("${}", index + 1),
                Dialect::Sqlite => format!("?{}", index + 1),
                Dialect::MySql | Dialect::Trino => format!("? number {}", index + 1),
                Dialect::ClickHouse => param.name(),
            };
            format!("{place} = {}  (:{})", value(dialect, *param, request), param.name())
        });
        Step::now("run the query").with_details(text.chain(bound))
    });
}

/// Notes an answer.
pub(super) fn got(request: &Request, table: &Table) {
    request.trace.note(|| match table.rows.len() {
        1 => Step::now("got 1 row"),
        rows => Step::now(format!("got {rows} rows")),
    });
}

/// As the driver binds it.
fn value(dialect: Dialect, param: Param, request: &Request) -> String {
    match param.value(request) {
        ParamValue::Instant(instant) => match dialect {
            // The zone of the session: columns without one are compared in it.
            Dialect::Postgres | Dialect::ClickHouse | Dialect::Trino => {
                let local = instant.with_timezone(&request.timezone);
                local.to_rfc3339_opts(SecondsFormat::AutoSi, false)
            }
            Dialect::MySql | Dialect::Sqlite => {
                let local = instant.with_timezone(&request.timezone);
                format!("'{}'", local.format("%Y-%m-%d %H:%M:%S"))
            }
        },
        ParamValue::Date(date) => format!("'{date}'"),
        ParamValue::Unix(seconds) => seconds.to_string(),
    }
}
