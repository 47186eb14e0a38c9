//! Which KPIs read each metric, looked up once for a configuration: with thousands of both, nobody
//! goes through all KPIs for every metric.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::MetricId;
use crate::kpi::{Definitions, Kpi};

/// The KPIs that draw on each metric, in the order of the configuration.
#[derive(Debug, Default)]
pub struct Readers(BTreeMap<MetricId, Vec<Arc<Kpi>>>);

impl Readers {
    /// Those of a configuration.
    pub fn of(definitions: &Definitions) -> Self {
        let mut readers: BTreeMap<MetricId, Vec<Arc<Kpi>>> = BTreeMap::new();
        for kpi in &definitions.kpis {
            for metric in kpi.metrics() {
                readers.entry(metric.clone()).or_default().push(Arc::clone(kpi));
            }
        }
        Self(readers)
    }

    /// The KPIs that draw on a metric.
    pub fn kpis(&self, metric: &MetricId) -> &[Arc<Kpi>] {
        self.0.get(metric).map_or(&[], Vec::as_slice)
    }
}
