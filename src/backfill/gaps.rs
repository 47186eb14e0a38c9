//! Which KPIs had no value on which days. A source that keeps only today's numbers cannot tell what
//! they were: the user is told so, KPI by KPI.

use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::id::KpiId;
use crate::kpi::{Definitions, Kpi};
use crate::snapshot::Snapshot;

/// Counts days, and days without a value for each KPI.
#[derive(Debug)]
pub struct Gaps {
    definitions: Arc<Definitions>,
    days: usize,
    found: Vec<Gap>,
    any_value: bool,
}

/// The days on which no label set of one KPI had a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// KPI id.
    pub kpi: KpiId,
    /// How many.
    pub missing: usize,
    /// Of so many.
    pub days: usize,
    /// The first of them.
    pub first: NaiveDate,
    /// Why there was none on that day.
    pub reason: String,
}

impl Gaps {
    /// Nothing counted yet.
    pub fn new(definitions: Arc<Definitions>) -> Self {
        Self { definitions, days: 0, found: Vec::new(), any_value: false }
    }

    /// Counts one day.
    pub fn add(&mut self, snapshot: &Snapshot) {
        self.days += 1;
        for state in &snapshot.kpis {
            let mut assessments = state.verdicts.iter().map(|verdict| &verdict.assessment);
            if assessments.clone().any(|assessment| assessment.value.is_some()) {
                self.any_value = true;
                continue;
            }
            if let Some(gap) = self.found.iter_mut().find(|gap| gap.kpi == state.kpi.id) {
                gap.missing += 1;
                continue;
            }
            self.found.push(Gap {
                kpi: state.kpi.id.clone(),
                missing: 1,
                days: 0,
                first: self.definitions.calendar.day_before(snapshot.as_of),
                reason: assessments.next().map(|a| a.reason.clone()).unwrap_or_default(),
            });
        }
    }

    /// The KPIs with such days, in the order of the configuration.
    pub fn found(&self) -> Vec<Gap> {
        let gap = |kpi: &Arc<Kpi>| {
            let gap = self.found.iter().find(|gap| gap.kpi == kpi.id)?;
            Some(Gap { days: self.days, ..gap.clone() })
        };
        self.definitions.kpis.iter().filter_map(gap).collect()
    }

    /// Whether some KPI had a value on some day.
    pub fn any_value(&self) -> bool {
        self.any_value
    }
}

/// `net_new_arr: no value on 12 of 730 days (first 2024-07-01): No data: ...`.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kpi, missing, days, first, reason } = self;
        write!(f, "{kpi}: no value on {missing} of {days} days (first {first}): {reason}")
    }
}
