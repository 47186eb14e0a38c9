//! What a metric asks a `prometheus` source: PromQL with placeholders, from the metric's keys.

use serde_json::json;

use crate::metric::{Query, QueryTerms, Template};
use crate::reader::entry::Entry;
use crate::reader::report::Report;
use crate::source::kind::Question;
use crate::source::metric_raw::{MetricRaw, filled, refuse_http_keys};
use crate::source::template;

/// PromQL with placeholders (`{{window_seconds}}` ...).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromQlQuery(pub Template);

impl QueryTerms for PromQlQuery {
    fn mentions(&self, instant: &str) -> bool {
        self.0.text.contains(instant)
    }

    fn is_secret(&self) -> bool {
        self.0.secret
    }

    fn definition(&self) -> (&'static str, serde_json::Value) {
        ("promql", json!(self.0))
    }
}

/// `None` after a mistake.
pub(super) fn question(report: &mut Report<'_>, entry: &Entry<MetricRaw>) -> Option<Question> {
    refuse_http_keys(report, entry, "PromQL");
    let example = "one, like `query: sum(increase(orders_total[{{window_seconds}}s]))`";
    let query = report.required(entry, "query", entry.value.query.as_ref(), example)?;
    let path = entry.key("query");
    filled(report, &path, query, "write PromQL that gives one sample, or one per label set")?;
    let first = query.value.split_whitespace().next().unwrap_or("");
    if first.eq_ignore_ascii_case("select") || first.eq_ignore_ascii_case("with") {
        let message = format!("`{path}` is SQL, but its source is asked with PromQL");
        let hint = "write it like `sum(increase(orders_total[{{window_seconds}}s]))`".to_owned();
        report.problem(query.span, message, hint);
        return None;
    }
    let query = Query::new(PromQlQuery(template::read(report, &path, query)?));
    Some(Question { query, columns: Some(vec!["value".to_owned()]) })
}
