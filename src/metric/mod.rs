//! What a metric is: what is asked, about which span of time, and what comes back, from the table of
//! an answer to numbers with labels, or the reason why there are none.
//!
//! Not here: whom to ask and how (`source`), and what the numbers mean (`kpi`, `assess`).

mod columns;
mod fetch_error;
mod few;
mod labels;
mod measurement;
pub(crate) mod moment;
mod query;
mod span;
mod table;
mod totals;

pub use fetch_error::{FetchError, FetchErrorKind};
pub use few::Few;
pub use labels::Labels;
pub use measurement::{Bad, Measurement, Series};
pub use query::{Query, QueryTerms, Template};
pub use span::Span;
pub use table::{Cell, Table};

pub(crate) use measurement::too_many_rows;
pub(crate) use query::HIDDEN;

use std::sync::Arc;

use crate::id::{MetricId, SourceId};
use crate::schedule::Schedule;

/// Numbers fetched from one source for a window of time.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub id: MetricId,
    /// Id of the source.
    pub source: SourceId,
    /// What to ask it.
    pub query: Query,
    /// Columns that tell rows apart: labels, and those of `members`.
    pub labels: Vec<String>,
    /// Those of them that only divide a whole, for the breakdowns of KPIs: no label of a verdict.
    pub members: Vec<String>,
    /// For rows that do not add up (distinct counts, medians): what is asked for the whole.
    pub total: Option<Arc<Metric>>,
    /// Columns that formulas name (`orders.revenue`); their absence is a failed fetch.
    pub columns: Vec<String>,
    /// Whether some formula names the metric without a column (`orders`): then it has to have a
    /// column `value`, or exactly one value column.
    pub bare: bool,
    /// When to fetch.
    pub schedule: Schedule,
    /// A label set without a row is 0 there, not without a value.
    pub missing_is_zero: bool,
    /// More label sets than this are refused.
    pub max_label_sets: usize,
    /// More bytes of labels than this are refused.
    pub max_bytes: u64,
}

impl Metric {
    /// The same asked elsewhere, by another query.
    #[must_use]
    pub fn stand_in(&self, source: impl Into<SourceId>, query: Query) -> Self {
        Self {
            source: source.into(),
            query,
            id: self.id.clone(),
            labels: self.labels.clone(),
            members: self.members.clone(),
            total: self.total.clone(),
            columns: self.columns.clone(),
            bare: self.bare,
            schedule: self.schedule.clone(),
            missing_is_zero: self.missing_is_zero,
            max_label_sets: self.max_label_sets,
            max_bytes: self.max_bytes,
        }
    }

    /// A forgotten GROUP BY must not flood Prometheus.
    pub const MAX_LABEL_SETS: usize = 10_000;
    /// Each label stands in some twenty series of a KPI.
    pub const MAX_BYTES: u64 = 4 << 20;

    /// A metric of which only what it has to have is known: no labels, no columns that formulas name.
    pub fn new(
        id: impl Into<MetricId>,
        source: impl Into<SourceId>,
        query: Query,
        schedule: Schedule,
    ) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            query,
            labels: Vec::new(),
            members: Vec::new(),
            total: None,
            columns: Vec::new(),
            bare: false,
            schedule,
            missing_is_zero: false,
            max_label_sets: Self::MAX_LABEL_SETS,
            max_bytes: Self::MAX_BYTES,
        }
    }
}

/// For tests: a metric without labels whose column `value` is used, and whose query asks nothing.
#[cfg(test)]
pub(crate) fn sample() -> Metric {
    #[derive(Debug)]
    struct Nothing;
    impl QueryTerms for Nothing {
        fn mentions(&self, _: &str) -> bool {
            false
        }
        fn is_secret(&self) -> bool {
            false
        }
        fn definition(&self) -> (&'static str, serde_json::Value) {
            ("nothing", serde_json::Value::Null)
        }
    }
    let schedule = Schedule::parse("@hourly").unwrap();
    Metric { bare: true, ..Metric::new("orders", "shop", Query::new(Nothing), schedule) }
}
