//! A metric as written: the keys of all metrics, and those that only the queries of some kinds of
//! sources have, so that a key of another kind can be refused in words.

use serde::Deserialize;

use super::http::settings::raw::{FormatRaw, PaginationRaw, RequestRaw};
use crate::reader::entry::Entry;
use crate::reader::forms::{Choice, Mixed, Pairs, Parsed, Size, named};
use crate::reader::json::Json;
use crate::reader::report::Report;
use crate::reader::spanned::{Spanned, Text};

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MetricRaw {
    pub(crate) source: Option<Text>,
    pub(crate) query: Option<Text>,
    pub(crate) request: Option<Spanned<RequestRaw>>,
    pub(crate) format: Option<Spanned<Mixed<FormatRaw>>>,
    pub(crate) require: Option<Spanned<Pairs<String, Json>>>,
    pub(crate) rows: Option<Text>,
    pub(crate) columns: Option<Spanned<Pairs<String, String>>>,
    pub(crate) pagination: Option<Spanned<PaginationRaw>>,
    pub(crate) labels: Option<Vec<Text>>,
    pub(crate) additive: Option<Spanned<bool>>,
    pub(crate) total_query: Option<Text>,
    pub(crate) missing: Option<Choice<Missing>>,
    pub(crate) schedule: Option<Text>,
    pub(crate) limits: Option<LimitsRaw>,
}

/// What a label set without a row means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    NoData,
    Zero,
}

named!(Missing: "no_data" => Missing::NoData, "zero" => Missing::Zero);

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsRaw {
    pub(crate) max_label_sets: Option<Spanned<u32>>,
    pub(crate) max_metric_bytes: Option<Spanned<Parsed<Size>>>,
}

/// Refuses the keys that only mean something over HTTP.
pub(super) fn refuse_http_keys(report: &mut Report<'_>, entry: &Entry<MetricRaw>, language: &str) {
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
        report.problem(span, message, hint);
    }
}

/// Refuses an empty query; `hint` says what to write.
pub(super) fn filled(report: &mut Report<'_>, path: &str, query: &Text, hint: &str) -> Option<()> {
    if query.value.trim().is_empty() {
        report.problem(query.span, format!("`{path}` is empty"), hint.to_owned());
        return None;
    }
    Some(())
}
