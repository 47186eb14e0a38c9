//! What a metric asks in SQL, from the metric's keys: for every source that understands SQL.

use serde_json::json;

use super::{Dialect, rewrite};
use crate::metric::{Query, QueryTerms, Template};
use crate::reader::entry::Entry;
use crate::reader::report::Report;
use crate::reader::spanned::Text;
use crate::source::kind::Question;
use crate::source::metric_raw::{MetricRaw, filled, refuse_http_keys};

/// SQL with named parameters (`:window_start` ...).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlQuery(pub Template);

impl QueryTerms for SqlQuery {
    fn mentions(&self, instant: &str) -> bool {
        self.0.text.contains(&format!(":{instant}"))
    }

    fn is_secret(&self) -> bool {
        self.0.secret
    }

    fn definition(&self) -> (&'static str, serde_json::Value) {
        ("sql", json!(self.0.text.trim()))
    }
}

/// What any database answers.
pub(in crate::source) fn greeting() -> Query {
    Query::new(SqlQuery(Template::plain("SELECT 1 AS value")))
}

/// How a column gets another name, for hints.
pub(crate) const RENAMING: &str = "rename the column with AS";

/// `None` after a mistake. Without a dialect the source is not known, nor what would be right for it.
pub(crate) fn question(
    report: &mut Report<'_>,
    entry: &Entry<MetricRaw>,
    dialect: Option<Dialect>,
) -> Option<Question> {
    if dialect.is_some() {
        refuse_http_keys(report, entry, "SQL");
    }
    let example = "one, like `query: SELECT count(*) AS value FROM orders`";
    let query = report.required(entry, "query", entry.value.query.as_ref(), example)?;
    let path = entry.key("query");
    filled(report, &path, query, "write a SELECT that gives one row, or one per label set")?;
    let template = match dialect {
        Some(dialect) => read(report, &path, query, dialect),
        None => Template { text: query.value.clone(), secret: query.interpolated },
    };
    Some(Question { query: Query::new(SqlQuery(template)), columns: None })
}

/// SQL as written; what is wrong with its parameters is reported.
pub(in crate::source) fn read(
    report: &mut Report<'_>,
    path: &str,
    query: &Text,
    dialect: Dialect,
) -> Template {
    refuse_placeholders(report, path, query);
    if let Err(error) = rewrite::parse(dialect, &query.value) {
        if query.interpolated {
            let message = format!("`{path}`: the query has a mistake in its parameters");
            report.problem(query.span, message, None);
        } else {
            let part = error.offset..error.offset + error.len;
            let span = report.files.part(query.span, &query.value, part);
            report.problem(span, format!("`{path}`: {}", error.message), error.hint);
        }
    }
    Template { text: query.value.clone(), secret: query.interpolated }
}

/// Placeholders mean nothing in SQL, which has parameters.
fn refuse_placeholders(report: &mut Report<'_>, path: &str, query: &Text) {
    let text = &query.value;
    for (at, _) in text.match_indices("{{") {
        let name = text[at + 2..].trim_start();
        let is_instant = |prefix: &&str| name.starts_with(*prefix);
        if ["window_", "period_", "as_of"].iter().any(is_instant) {
            let span = report.files.part(query.span, text, at..at + 2);
            let message = format!("`{path}`: SQL has no placeholders, but parameters");
            let hint = "write `:window_start` instead of `{{window_start}}`".to_owned();
            return report.problem(span, message, hint);
        }
    }
}
