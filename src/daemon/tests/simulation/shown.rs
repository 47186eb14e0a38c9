//! What somebody has seen of the daemon in a simulation: what is shown later is held against it. Not here: what has
//! to hold (`invariants`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::assess::{Finding, Proof, Status};
use crate::engine::GRACE;
use crate::snapshot::KpiState;

/// What somebody has seen.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// As it was at the last check.
    pub(super) kpis: BTreeMap<String, Seen>,
    /// Results of periods, by a clock that is right, and whether sources were asked late enough for them.
    pub(super) results: BTreeMap<(String, String), bool>,
    pub(super) finals: BTreeMap<(String, String), Option<f64>>,
    /// Of which KPI, and what.
    pub(super) notes: BTreeSet<(String, String)>,
    pub(super) counters: BTreeMap<String, f64>,
    /// Failures to write, as they are counted.
    pub(super) failures: f64,
    /// Whether there was none between the last two checks.
    pub(super) is_written: bool,
    /// When that was.
    pub(super) at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) last_success: DateTime<Utc>,
    pub(super) value: Option<f64>,
    pub(super) period: String,
    pub(super) status: Status,
    /// What waits to be confirmed.
    pub(super) waiting: Option<Finding>,
}

impl Seen {
    pub(super) fn of(state: &KpiState) -> Option<Self> {
        let verdict = &state.verdicts[0].assessment;
        let waits = |finding: &&Finding| matches!(finding, Finding::Waiting { .. });
        Some(Self {
            last_success: state.last_success?,
            value: verdict.value,
            period: verdict.period.id.clone(),
            status: verdict.status,
            waiting: verdict.findings.iter().find(waits).cloned(),
        })
    }

    /// Without what no point has said yet: it comes of history, which is read anew at a start.
    pub(super) fn said(self) -> Self {
        let is_said = |finding: &Finding| {
            !matches!(finding, Finding::Waiting { proof: Proof::Points(0, _), .. })
        };
        Self { waiting: self.waiting.filter(is_said), ..self }
    }
}

impl Shown {
    /// Takes note of a state whose results were written before.
    pub(super) fn note_results(&mut self, state: &KpiState) {
        for verdict in state.last_period.iter() {
            let period = &verdict.assessment.period;
            let is_final = state.measured_at >= Some(period.span.end + GRACE);
            let key = (state.kpi.id.to_string(), period.id.clone());
            *self.results.entry(key).or_default() |= is_final;
        }
    }

    /// What was measured in a future that did not come is forgotten.
    pub(super) fn clock_was_set(&mut self) {
        self.kpis.clear();
    }

    /// Another goal has other statuses, and what had no value leaves nothing behind.
    pub(super) fn was_reloaded(&mut self) {
        self.kpis.retain(|_, seen| seen.value.is_some());
        for seen in self.kpis.values_mut() {
            seen.status = Status::NoData;
        }
    }
}
