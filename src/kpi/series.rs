//! One label set of a KPI: what has a verdict, a history and a line in the store of its own.

use crate::id::KpiId;
use crate::metric::Labels;

/// A label set of a KPI. Ordered by KPI, then by labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The KPI.
    pub kpi: KpiId,
    /// The label set; empty for a KPI without labels.
    pub labels: Labels,
}

impl SeriesKey {
    /// The key of a label set of a KPI.
    pub fn new(kpi: &KpiId, labels: &Labels) -> Self {
        Self { kpi: kpi.clone(), labels: labels.clone() }
    }
}
