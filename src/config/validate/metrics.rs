//! Metrics: source, query, labels. What formulas ask of them is added once all KPIs are read. Not
//! here: what metrics of `http` sources have besides (`request`, `answer`, `pagination`).

use std::collections::BTreeMap;

use super::context::Context;
use super::sections::{Defaults, max_label_sets, schedule};
use super::text::template;
use super::{answer, pagination, request};
use crate::config::parse;
use crate::config::raw::{MetricRaw, Text};
use crate::id::SourceId;
use crate::metric::{Format, HttpQuery, Metric, Query, Template};
use crate::reader::entry::Entry;
use crate::reader::suggest::did_you_mean;
use crate::source::SourceConfig;

/// Labels that the exposition or the answer of a source uses itself.
const RESERVED: [&str; 5] = ["kpi", "kpi_status", "metric", "value", "data_through"];

/// Labels that Prometheus sets on everything it scrapes.
const OF_A_SCRAPE: [&str; 2] = ["instance", "job"];

/// In what language a source is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Sql,
    PromQl,
    Http,
}

impl Language {
    fn of(source: &SourceConfig) -> Self {
        match source {
            SourceConfig::Files(_)
            | SourceConfig::Sql(_)
            | SourceConfig::ClickHouse(_)
            | SourceConfig::Trino(_) => Self::Sql,
            SourceConfig::Prometheus(_) => Self::PromQl,
            SourceConfig::Http(_) => Self::Http,
        }
    }
}

/// One metric; `None` after a mistake.
pub(super) fn metric(
    context: &mut Context<'_>,
    entry: &Entry<MetricRaw>,
    sources: &BTreeMap<SourceId, SourceConfig>,
    defaults: &Defaults,
) -> Option<Metric> {
    let raw = &entry.value;
    let id = context.required(
        entry,
        "source",
        raw.source.as_ref(),
        "the id of a source, like `source: shop`",
    );
    let id = id.and_then(|id| {
        context.reference(|context| &context.sources, "source", &entry.key("source"), id)
    });
    let source = id.as_ref().and_then(|id| sources.get(id.as_str()));
    let language = source.map(Language::of);
    let query = match language {
        Some(Language::Http) => http(context, entry).map(|query| Query::Http(Box::new(query))),
        Some(Language::PromQl) => promql(context, entry).map(Query::PromQl),
        // An unknown source is asked with SQL, unless the metric looks otherwise.
        None if raw.request.is_some() || entry.is_broken("request") => None,
        _ => sql(context, entry, source).map(Query::Sql),
    };
    let labels = labels(context, entry, language);
    if let Some(labels) = &labels {
        context.labels.insert(entry.id.clone(), labels.clone());
    }
    match &query {
        Some(Query::PromQl(_)) => note_columns(context, entry, vec!["value".to_owned()]),
        Some(Query::Http(query)) => http_columns(context, entry, query),
        _ => {}
    }
    let schedule = match &raw.schedule {
        Some(text) => schedule(context, &entry.key("schedule"), text),
        None => defaults.schedule.clone(),
    };
    let limit = raw
        .limits
        .as_ref()
        .and_then(|limits| max_label_sets(&entry.key("limits"), limits, context.problems));
    Some(Metric {
        labels: labels?,
        max_label_sets: limit.unwrap_or(defaults.max_label_sets),
        ..Metric::new(entry.id.as_str(), id?, query?, schedule?)
    })
}

/// Columns that are known before anything is fetched.
fn note_columns(context: &mut Context<'_>, entry: &Entry<MetricRaw>, columns: Vec<String>) {
    context.columns.insert(entry.id.clone(), columns);
}

fn sql(
    context: &mut Context<'_>,
    entry: &Entry<MetricRaw>,
    source: Option<&SourceConfig>,
) -> Option<Template> {
    if source.is_some() {
        refuse_http_keys(context, entry, "SQL");
    }
    let example = "one, like `query: SELECT count(*) AS value FROM orders`";
    let query = context.required(entry, "query", entry.value.query.as_ref(), example)?;
    let path = entry.key("query");
    filled(context, &path, query, "write a SELECT that gives one row, or one per label set")?;
    if let Some(source) = source {
        no_placeholders(context, &path, query);
        check_sql(context, &path, query, |text| parse::query(source, text));
    }
    Some(Template { text: query.value.clone(), secret: query.interpolated })
}

fn promql(context: &mut Context<'_>, entry: &Entry<MetricRaw>) -> Option<Template> {
    refuse_http_keys(context, entry, "PromQL");
    let example = "one, like `query: sum(increase(orders_total[{{window_seconds}}s]))`";
    let query = context.required(entry, "query", entry.value.query.as_ref(), example)?;
    let path = entry.key("query");
    filled(context, &path, query, "write PromQL that gives one sample, or one per label set")?;
    let first = query.value.split_whitespace().next().unwrap_or("");
    if first.eq_ignore_ascii_case("select") || first.eq_ignore_ascii_case("with") {
        let message = format!("`{path}` is SQL, but its source is asked with PromQL");
        let hint = "write it like `sum(increase(orders_total[{{window_seconds}}s]))`".to_owned();
        context.problem(query.span, message, hint);
        return None;
    }
    template(context, &path, query)
}

fn http(context: &mut Context<'_>, entry: &Entry<MetricRaw>) -> Option<HttpQuery> {
    let raw = &entry.value;
    let given = raw.request.as_ref().map(|given| &given.value);
    let request = if entry.is_broken("request") {
        None
    } else {
        request::request(context, &entry.key("request"), given)
    };
    let answer = answer::answer(context, entry);
    let sql = raw.query.as_ref().map(|query| sql_over_rows(context, entry, query));
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
        query.pagination = Some(pagination::pagination(context, &path, given, &query)?);
    }
    Some(query)
}

/// SQL over what a request fetched.
fn sql_over_rows(
    context: &mut Context<'_>,
    entry: &Entry<MetricRaw>,
    query: &Text,
) -> Option<Template> {
    let path = entry.key("query");
    filled(context, &path, query, "delete the key, or write SQL over the table `rows`")?;
    let words = query.value.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    if !words.into_iter().any(|word| word.eq_ignore_ascii_case("rows")) {
        let message = format!("`{path}` does not read the table `rows`");
        let hint = "over HTTP, `request` fetches and SQL reads what came: `SELECT … FROM rows`";
        context.problem(query.span, message, hint.to_owned());
        return None;
    }
    no_placeholders(context, &path, query);
    check_sql(context, &path, query, parse::query_of_rows);
    Some(Template { text: query.value.clone(), secret: query.interpolated })
}

/// What formulas and labels may name, when that is known.
fn http_columns(context: &mut Context<'_>, entry: &Entry<MetricRaw>, query: &HttpQuery) {
    if query.sql.is_some() {
        return;
    }
    let raw = &entry.value;
    let path = entry.key("labels");
    if query.format == Format::Number {
        note_columns(context, entry, vec!["value".to_owned()]);
        if let Some(label) = raw.labels.iter().flatten().next() {
            let message = format!("`{path}`: a plain number has no labels");
            context.problem(label.span, message, "delete the key".to_owned());
        }
        return;
    }
    let columns: Vec<&str> = query.columns.iter().map(|(name, _)| name.as_str()).collect();
    if columns.is_empty() {
        return;
    }
    let known = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    for label in raw.labels.iter().flatten().filter(|label| !known(&label.value)) {
        let found = context.shown(label, &label.value);
        let message = format!("`{path}`: {found} is not among `columns`");
        let hint = if label.interpolated {
            "add it there, with where it comes from".to_owned()
        } else {
            did_you_mean(&label.value, "the columns are", &columns)
        };
        context.problem(label.span, message, hint);
    }
    let labels = context.labels.get(&entry.id);
    let is_label = |name: &str| labels.is_some_and(|labels| labels.iter().any(|l| l == name));
    let numbers = columns.iter().any(|name| *name != "data_through" && !is_label(name));
    if let Some(given) = raw.columns.as_ref().filter(|_| !numbers) {
        let message = format!("`{}` has no column for a number", entry.key("columns"));
        let hint = "name one `value` and say where it comes from".to_owned();
        context.problem(given.span, message, hint);
    }
    note_columns(context, entry, columns.into_iter().map(str::to_owned).collect());
}

/// Keys that only mean something over HTTP.
fn refuse_http_keys(context: &mut Context<'_>, entry: &Entry<MetricRaw>, language: &str) {
    let raw = &entry.value;
    for (key, span) in [
        ("request", raw.request.as_ref().map(|given| given.span)),
        ("format", raw.format.as_ref().map(|given| given.span)),
        ("require", raw.require.as_ref().map(|given| given.span)),
        ("rows", raw.rows.as_ref().map(|given| given.span)),
        ("columns", raw.columns.as_ref().map(|given| given.span)),
        ("pagination", raw.pagination.as_ref().map(|given| given.span)),
    ] {
        let Some(span) = span else { continue };
        let message = format!("`{}` is for metrics of `http` sources", entry.key(key));
        let hint = format!("delete the key: this source is asked with {language} in `query`");
        context.problem(span, message, hint);
    }
}

fn filled(context: &mut Context<'_>, path: &str, query: &Text, hint: &str) -> Option<()> {
    if query.value.trim().is_empty() {
        context.problem(query.span, format!("`{path}` is empty"), hint.to_owned());
        return None;
    }
    Some(())
}

/// Placeholders mean nothing in SQL, which has parameters.
fn no_placeholders(context: &mut Context<'_>, path: &str, query: &Text) {
    let text = &query.value;
    for (at, _) in text.match_indices("{{") {
        let name = text[at + 2..].trim_start();
        let is_instant = |prefix: &&str| name.starts_with(*prefix);
        if ["window_", "period_", "as_of"].iter().any(is_instant) {
            let span = context.files.part(query.span, text, at..at + 2);
            let message = format!("`{path}`: SQL has no placeholders, but parameters");
            let hint = "write `:window_start` instead of `{{window_start}}`".to_owned();
            return context.problem(span, message, hint);
        }
    }
}

fn check_sql(
    context: &mut Context<'_>,
    path: &str,
    query: &Text,
    check: impl Fn(&str) -> Result<(), parse::QueryMistake>,
) {
    if let Err(mistake) = check(&query.value) {
        if query.interpolated {
            let message = format!("`{path}`: the query has a mistake in its parameters");
            return context.problem(query.span, message, None);
        }
        let span = context.files.part(query.span, &query.value, mistake.part);
        context.problem(span, format!("`{path}`: {}", mistake.message), mistake.hint);
    }
}

/// Names that Prometheus takes as labels, each once.
fn labels(
    context: &mut Context<'_>,
    entry: &Entry<MetricRaw>,
    language: Option<Language>,
) -> Option<Vec<String>> {
    let rename = match language {
        Some(Language::Http) if entry.value.query.is_none() => "rename the column under `columns`",
        Some(Language::PromQl) => "rename it with label_replace()",
        _ => "rename the column with AS",
    };
    if entry.is_broken("labels") {
        return None;
    }
    let mut labels: Vec<String> = Vec::new();
    let mut good = true;
    for label in entry.value.labels.iter().flatten() {
        let name = &label.value;
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let word = starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let shown = context.shown(label, name);
        let path = entry.key("labels");
        let (message, hint) = if !word || name.starts_with("__") {
            let hint =
                format!("letters, digits and `_`, not starting with a digit or `__`; {rename}");
            (format!("`{path}`: {shown} cannot be a label"), hint)
        } else if RESERVED.contains(&name.as_str()) {
            (format!("`{path}`: the label {shown} is taken"), rename.to_owned())
        } else if OF_A_SCRAPE.contains(&name.as_str()) {
            (format!("`{path}`: Prometheus sets {shown} itself on scrape"), rename.to_owned())
        } else if labels.contains(name) {
            (format!("`{path}`: {shown} is there twice"), "name each label once".to_owned())
        } else {
            labels.push(name.clone());
            continue;
        };
        context.problem(label.span, message, hint);
        good = false;
    }
    good.then_some(labels)
}
