//! Which KPIs read each metric, looked up once for a configuration: with thousands of both, nobody
//! goes through all KPIs for every metric.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::MetricId;
use crate::kpi::{Definitions, Kpi};

/// The KPIs that draw on each metric, in the order of the configuration.
#[derive(Debug, Default)]
pub struct Readers(BTreeMap<MetricId, Of>);

/// Those of one metric.
#[derive(Debug, Default)]
struct Of {
    kpis: Vec<Arc<Kpi>>,
    places: Vec<usize>,
}

impl Readers {
    /// Those of a configuration.
    pub fn of(definitions: &Definitions) -> Self {
        let mut readers: BTreeMap<MetricId, Of> = BTreeMap::new();
        for (place, kpi) in definitions.kpis.iter().enumerate() {
            for metric in kpi.metrics() {
                let of = readers.entry(metric.clone()).or_default();
                of.kpis.push(Arc::clone(kpi));
                of.places.push(place);
            }
        }
        Self(readers)
    }

    /// The KPIs that draw on a metric.
    pub fn kpis(&self, metric: &MetricId) -> &[Arc<Kpi>] {
        self.0.get(metric).map_or(&[], |of| &of.kpis)
    }

    /// Their places in the configuration.
    pub(super) fn places(&self, metric: &MetricId) -> &[usize] {
        self.0.get(metric).map_or(&[], |of| &of.places)
    }
}
