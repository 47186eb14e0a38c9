//! What an answer of the Prometheus API means: a table of label columns and the column `value`, or
//! in whose court the mistake is. Not here: asking for it.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::metric::{Cell, FetchError, FetchErrorKind, Metric, Table};
use crate::shown;
use crate::source::client::Answer;

const AGGREGATE: &str = "aggregate in the query, as in `sum(...)` or `sum by (country) (...)`";

/// A good answer.
pub(super) struct Good {
    /// The column `value`, then the metric's labels.
    pub(super) table: Table,
    /// Warnings and other remarks of the server.
    pub(super) notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Envelope {
    Success {
        data: Data,
        #[serde(default)]
        warnings: Vec<String>,
        #[serde(default)]
        infos: Vec<String>,
    },
    Error {
        #[serde(rename = "errorType", default)]
        kind: String,
        #[serde(default)]
        error: String,
    },
}

/// Remarks of a server that are told.
const MOST_NOTES: usize = 10;

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Sample>),
    Scalar((IgnoredAny, String)),
    String(IgnoredAny),
    Matrix(IgnoredAny),
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    /// Absent when it is a native histogram.
    value: Option<(IgnoredAny, String)>,
}

/// Reads an answer of any status. With `secret`, nothing of what the server said about the query is
/// repeated.
pub(super) fn read(answer: Answer, metric: &Metric, secret: bool) -> Result<Good, FetchError> {
    match serde_json::from_slice(&answer.body) {
        Ok(Envelope::Success { data, warnings, infos }) => {
            let table = table(data, metric)?;
            let notes = warnings.into_iter().chain(infos);
            let notes = notes.filter(|_| !secret).take(MOST_NOTES);
            Ok(Good { table, notes: notes.map(|note| shown::line(&note, shown::MOST)).collect() })
        }
        Ok(Envelope::Error { kind, error }) => Err(refusal(&kind, &error, secret)),
        Err(_) if answer.status == StatusCode::NOT_FOUND => {
            let message = "the server answered 404: it has no Prometheus API at this path";
            Err(FetchError::new(FetchErrorKind::Query, message)
                .with_hint("is the path prefix right? the url is what stands before /api/v1/query"))
        }
        Err(_) => {
            answer.success()?;
            let message = "the answer is not one of the Prometheus API";
            Err(shape(message)
                .with_hint("is this the url of Prometheus, and does it need a login?"))
        }
    }
}

/// The API's error types: bad data, an error while it ran, or the server's own trouble.
fn refusal(kind: &str, said: &str, secret: bool) -> FetchError {
    let said = said.strip_prefix(r#"invalid parameter "query": "#).unwrap_or(said);
    let said = match (secret, said) {
        (true, _) => format!("the server refused the query ({kind}); it holds a secret"),
        (false, "") => format!("the server refused the query ({kind})"),
        (false, said) => shown::line(said, shown::MOST),
    };
    match kind {
        "timeout" => FetchError::new(FetchErrorKind::Timeout, said)
            .with_hint("make the query cheaper, or raise the `timeout` of the source"),
        "canceled" | "internal" | "unavailable" | "too_many_requests" => {
            FetchError::new(FetchErrorKind::Unreachable, said)
        }
        _ => FetchError::new(FetchErrorKind::Query, said),
    }
}

fn table(data: Data, metric: &Metric) -> Result<Table, FetchError> {
    let columns = std::iter::once("value".to_owned()).chain(metric.labels.iter().cloned());
    let rows = match data {
        Data::Vector(samples) => rows(&samples, metric)?,
        Data::Scalar((_, value)) if metric.labels.is_empty() => vec![vec![number(&value)?]],
        Data::Scalar(_) => {
            let message =
                format!("metric `{}` has labels, but the query gives a scalar", metric.id);
            return Err(shape(message).with_hint("delete `labels`, or let it give a vector"));
        }
        Data::String(_) => return Err(shape("the query gives a string, not numbers")),
        Data::Matrix(_) => {
            return Err(shape("the query gives a range vector, not one number for each series")
                .with_hint("wrap it in sum_over_time(), increase() or another ..._over_time()"));
        }
    };
    Ok(Table { columns: columns.collect(), rows, ..Table::default() })
}

fn rows(samples: &[Sample], metric: &Metric) -> Result<Vec<Vec<Cell>>, FetchError> {
    if samples.len() > metric.max_label_sets {
        let message =
            format!("metric `{}` got more than {} series", metric.id, metric.max_label_sets);
        return Err(shape(message).with_hint(format!(
            "{AGGREGATE}; otherwise raise `limits: {{ max_label_sets: ... }}`"
        )));
    }
    if let Some(label) = metric.labels.iter().find(|label| {
        !samples.is_empty() && !samples.iter().any(|sample| sample.metric.contains_key(*label))
    }) {
        let message = format!("metric `{}`: no series has the label `{label}`", metric.id);
        return Err(shape(format!("{message}; there are: {}", known_labels(samples)))
            .with_hint("aggregations keep the labels of `by (...)`, `max(...)` alone keeps none"));
    }
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(samples.len());
    for sample in samples {
        let label = |name| sample.metric.get(name).map_or("", String::as_str);
        let labels: Vec<&str> = metric.labels.iter().map(label).collect();
        let Some((_, value)) = &sample.value else {
            return Err(shape("the query gives native histograms, not numbers")
                .with_hint("wrap it in histogram_quantile(), histogram_sum() or the like"));
        };
        let text = |text: &&str| Cell::Text((*text).to_owned());
        rows.push(std::iter::once(number(value)?).chain(labels.iter().map(text)).collect());
        if !seen.insert(labels) {
            return Err(same_labels(samples, metric));
        }
    }
    Ok(rows)
}

/// Prometheus writes numbers as text; NaN and the infinities are no values.
fn number(text: &str) -> Result<Cell, FetchError> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Cell::Number(number)),
        Ok(_) => Ok(Cell::Null),
        Err(_) => Err(shape(format!("the server gave `{text}` for a number"))),
    }
}

fn same_labels(samples: &[Sample], metric: &Metric) -> FetchError {
    let id = &metric.id;
    let message = if metric.labels.is_empty() {
        format!("metric `{id}` has no labels, but the query gives {} series", samples.len())
    } else {
        let labels = metric.labels.join(", ");
        format!("metric `{id}` has series that differ by more than its labels ({labels})")
    };
    let known = known_labels(samples);
    shape(message)
        .with_hint(format!("{AGGREGATE}, or add to `labels` what tells them apart: {known}"))
}

fn known_labels(samples: &[Sample]) -> String {
    let names: BTreeSet<&str> =
        samples.iter().flat_map(|sample| sample.metric.keys()).map(String::as_str).collect();
    match names.len() {
        0 => "none".to_owned(),
        _ => shown::list(&names.into_iter().collect::<Vec<_>>()),
    }
}

/// A formula wants a column that PromQL cannot give.
pub(super) fn no_such_column(metric: &Metric, column: &str) -> FetchError {
    let id = &metric.id;
    shape(format!("metric `{id}` has no column `{column}`: PromQL gives one number, `value`"))
        .with_hint(format!("write `{id}` in formulas, and one metric for each number"))
}

fn shape(message: impl Into<String>) -> FetchError {
    FetchError::new(FetchErrorKind::Shape, message)
}
