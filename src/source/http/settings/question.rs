//! What a metric asks an `http` source, from the metric's keys: request, answer and pages together.

use super::{answer, pagination, request};
use crate::metric::{Query, Template};
use crate::reader::entry::Entry;
use crate::reader::report::Report;
use crate::reader::spanned::Text;
use crate::reader::suggest::did_you_mean;
use crate::source::http::query::{AnswerFormat, HttpQuery};
use crate::source::kind::Question;
use crate::source::metric_raw::{MetricRaw, filled};
use crate::source::statement::{self, Dialect};

/// `None` after a mistake.
pub(super) fn question(
    report: &mut Report<'_>,
    entry: &Entry<MetricRaw>,
    labels: Option<&[String]>,
) -> Option<Question> {
    let query = query(report, entry)?;
    let columns = columns(report, entry, &query, labels);
    Some(Question { query: Query::new(query), columns })
}

fn query(report: &mut Report<'_>, entry: &Entry<MetricRaw>) -> Option<HttpQuery> {
    let raw = &entry.value;
    let given = raw.request.as_ref().map(|given| &given.value);
    let request = if entry.is_broken("request") {
        None
    } else {
        request::request(report, &entry.key("request"), given)
    };
    let answer = answer::answer(report, entry);
    let sql = raw.query.as_ref().map(|query| sql_over_rows(report, entry, query));
    let sql = match sql {
        Some(sql) => Some(sql?),
        None => None,
    };
    let (request, answer) = (request?, answer?);
    let mut query = HttpQuery {
        method: request.method,
        path: request.path,
        params: request.params,
        headers: request.headers,
        body: request.body,
        format: answer.format,
        require: answer.require,
        rows: answer.rows,
        columns: answer.columns,
        pagination: None,
        sql,
    };
    if let Some(given) = &raw.pagination {
        let path = entry.key("pagination");
        query.pagination = Some(pagination::pagination(report, &path, given, &query)?);
    }
    Some(query)
}

/// SQL over what a request fetched.
fn sql_over_rows(
    report: &mut Report<'_>,
    entry: &Entry<MetricRaw>,
    query: &Text,
) -> Option<Template> {
    let path = entry.key("query");
    filled(report, &path, query, "delete the key, or write SQL over the table `rows`")?;
    let words = query.value.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    if !words.into_iter().any(|word| word.eq_ignore_ascii_case("rows")) {
        let message = format!("`{path}` does not read the table `rows`");
        let hint = "over HTTP, `request` fetches and SQL reads what came: `SELECT … FROM rows`";
        report.problem(query.span, message, hint.to_owned());
        return None;
    }
    Some(statement::read(report, &path, query, Dialect::Sqlite))
}

/// What formulas and labels may name, when that is known.
fn columns(
    report: &mut Report<'_>,
    entry: &Entry<MetricRaw>,
    query: &HttpQuery,
    labels: Option<&[String]>,
) -> Option<Vec<String>> {
    if query.sql.is_some() {
        return None;
    }
    let raw = &entry.value;
    let path = entry.key("labels");
    if query.format == AnswerFormat::Number {
        if let Some(label) = raw.labels.iter().flatten().next() {
            let message = format!("`{path}`: a plain number has no labels");
            report.problem(label.span, message, "delete the key".to_owned());
        }
        return Some(vec!["value".to_owned()]);
    }
    let columns: Vec<&str> = query.columns.iter().map(|(name, _)| name.as_str()).collect();
    if columns.is_empty() {
        return None;
    }
    let known = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    for label in raw.labels.iter().flatten().filter(|label| !known(&label.value)) {
        let found = report.shown(label, &label.value);
        let message = format!("`{path}`: {found} is not among `columns`");
        let hint = if label.interpolated {
            "add it there, with where it comes from".to_owned()
        } else {
            did_you_mean(&label.value, "the columns are", &columns)
        };
        report.problem(label.span, message, hint);
    }
    let is_label = |name: &str| labels.is_some_and(|labels| labels.iter().any(|l| l == name));
    let numbers = columns.iter().any(|name| *name != "data_through" && !is_label(name));
    if let Some(given) = raw.columns.as_ref().filter(|_| !numbers) {
        let message = format!("`{}` has no column for a number", entry.key("columns"));
        let hint = "name one `value` and say where it comes from".to_owned();
        report.problem(given.span, message, hint);
    }
    Some(columns.into_iter().map(str::to_owned).collect())
}
