//! Tells which sources and metrics of two configurations are the same: their connections, schedules and
//! values outlive a reload. Secrets count, and nothing of a print is ever shown.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::id::{MetricId, SourceId};
use crate::metric::Metric;

/// Stands for how each source and metric is written.
#[derive(Default, Clone)]
pub struct Prints {
    sources: BTreeMap<SourceId, u64>,
    metrics: BTreeMap<MetricId, u64>,
}

impl Prints {
    pub(crate) fn add_source(&mut self, id: SourceId, written: u64) {
        self.sources.insert(id, written);
    }

    /// A metric is more than what is written below its key: what KPIs use of it, and defaults.
    pub(crate) fn add_metric(&mut self, metric: &Metric, written: u64) {
        let mut hasher = DefaultHasher::new();
        (written, format!("{metric:?}")).hash(&mut hasher);
        self.metrics.insert(metric.id.clone(), hasher.finish());
    }

    /// Whether a source is the same in both.
    pub fn is_same_source(&self, other: &Self, id: &SourceId) -> bool {
        self.sources.get(id).is_some_and(|print| other.sources.get(id) == Some(print))
    }

    /// Whether a metric is the same in both, and asks the same source.
    pub fn is_same_metric(&self, other: &Self, metric: &Metric) -> bool {
        let print = self.metrics.get(&metric.id);
        print.is_some_and(|print| other.metrics.get(&metric.id) == Some(print))
            && self.is_same_source(other, &metric.source)
    }
}

impl fmt::Debug for Prints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prints(***)")
    }
}
