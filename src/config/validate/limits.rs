//! `limits`, of all and of one metric: what may get large, and how large. The size of the files
//! themselves is looked at before they are read (`load`).

use super::context::Context;
use crate::config::document::Document;
use crate::config::raw::LimitsRaw;
use crate::config::size::{LARGEST, USUAL};
use crate::kpi::Formula;
use crate::metric::Metric;
use crate::reader::bounds::Bounds;
use crate::reader::forms::{Parsed, Size};
use crate::reader::spanned::Spanned;
use crate::source::metric_raw;

/// Label sets that a metric may be allowed at most.
const MOST_LABEL_SETS: u32 = 10_000_000;
/// Bytes of labels that a metric may be allowed at most.
const MOST_BYTES: u64 = 4 << 30;
/// Filters in filters take twice as long at each level.
const MOST_DEPTH: u32 = 12;

/// What a metric may measure.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) label_sets: usize,
    pub(super) bytes: u64,
}

/// The top-level section; the bounds on what is written hold from here on.
pub(super) fn limits(context: &mut Context<'_>, document: &mut Document) -> Limits {
    let raw: LimitsRaw = document.section("limits", context.problems);
    let usual = Bounds::default();
    let (terms, depth) = (raw.max_formula_terms.as_ref(), raw.max_jsonpath_depth.as_ref());
    let path = "limits.max_formula_terms";
    let formula_terms = context.within(path, terms, 1..=Formula::MAX_TERMS, usual.formula_terms);
    let path = "limits.max_jsonpath_depth";
    let jsonpath_depth = context.within(path, depth, 1..=MOST_DEPTH, usual.jsonpath_depth);
    context.report.bounds = Bounds { formula_terms, jsonpath_depth };
    let given = raw.max_config_size.as_ref();
    size(context, "limits.max_config_size", given, LARGEST, USUAL);
    let usual = Limits { label_sets: Metric::MAX_LABEL_SETS, bytes: Metric::MAX_BYTES };
    let of_metric = metric_raw::LimitsRaw {
        max_label_sets: raw.max_label_sets,
        max_metric_bytes: raw.max_metric_bytes,
    };
    usual.of_metric(context, "limits", &of_metric)
}

impl Limits {
    /// The same with what a metric says itself.
    pub(super) fn of_metric(
        &self,
        context: &mut Context<'_>,
        path: &str,
        raw: &metric_raw::LimitsRaw,
    ) -> Self {
        let usual = u32::try_from(self.label_sets).unwrap_or(MOST_LABEL_SETS);
        let given = raw.max_label_sets.as_ref();
        let key = format!("{path}.max_label_sets");
        let label_sets = context.within(&key, given, 1..=MOST_LABEL_SETS, usual);
        let key = format!("{path}.max_metric_bytes");
        let bytes = size(context, &key, raw.max_metric_bytes.as_ref(), MOST_BYTES, self.bytes);
        Self { label_sets: usize::try_from(label_sets).unwrap_or(self.label_sets), bytes }
    }
}

/// A size of 1 KiB or more.
fn size(
    context: &mut Context<'_>,
    path: &str,
    given: Option<&Spanned<Parsed<Size>>>,
    most: u64,
    usual: u64,
) -> u64 {
    let Some(given) = given else { return usual };
    let Parsed(Size(bytes)) = given.value;
    if !(1024..=most).contains(&bytes) {
        let message = format!("`{path}`: expected 1KiB to {}MiB", most >> 20);
        let hint = format!("{}MiB is the default", usual >> 20);
        context.problem(given.span, message, hint);
        return usual;
    }
    bytes
}
