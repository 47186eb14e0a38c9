//! The immutable result of one evaluation. Built by `engine`, read by everything that shows it:
//! `exposition`, `web`, `server`, `cli`. Nothing here computes.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::assess::{Assessment, Status, Sums};
use crate::calendar::Calendar;
use crate::id::{KpiId, MetricId, SourceId};
use crate::kpi::{Kpi, Objective};
use crate::metric::Labels;
use crate::note::Note;
use crate::signals::{Lead, Signal};

/// Everything known at one instant. Consistent in itself: value, target, period and status of a
/// KPI always belong together.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The instant for which it was computed.
    pub as_of: DateTime<Utc>,
    /// Zone for showing instants.
    pub timezone: Tz,
    /// How its days are grouped into weeks, months and periods.
    pub calendar: Calendar,
    /// Every configured KPI, in the order of the configuration; shared with the snapshots before as long
    /// as nothing about it changes.
    pub kpis: Vec<Arc<KpiState>>,
    /// By id.
    pub objectives: BTreeMap<String, ObjectiveState>,
    /// The metrics behind the KPIs, metric by metric.
    pub metrics: Vec<Arc<[MetricState]>>,
    /// By id.
    pub sources: BTreeMap<SourceId, SourceState>,
}

/// One KPI with a verdict per label set.
#[derive(Debug, Clone)]
pub struct KpiState {
    /// Its definition.
    pub kpi: Arc<Kpi>,
    /// Never empty: a KPI without any value has one verdict, `no_data`, with no labels.
    /// Shared with the states before as long as none of them changes.
    pub verdicts: Arc<[Verdict]>,
    /// The result of the period that closed last, by label set; empty where none was measured and
    /// for explicit dates, which have no period before.
    pub last_period: Arc<[Verdict]>,
    /// The members of each verdict, by each column of the KPI's breakdown.
    pub breakdowns: Arc<[Breakdown]>,
    /// What its predictions are worth, one for each KPI it predicts.
    pub leads: Vec<LeadState>,
    /// Whether the days before today are still being read: then nothing is said that depends on them, and
    /// statuses are those that were shown last.
    pub awaits_history: bool,
    /// When what gives its numbers their meaning last changed; `None` if it never did.
    pub definition_changed: Option<DateTime<Utc>>,
    /// How what they are measured against last changed; `None` if it never did.
    pub goal_changed: Option<GoalChange>,
    /// How its periods ended, the newest first, as the store has it.
    pub closed: Arc<[ClosedPeriod]>,
    /// What people said about it, the newest first.
    pub notes: Vec<Note>,
    /// When its numbers were last computed from good data.
    pub last_success: Option<DateTime<Utc>>,
    /// The instant for which the oldest of its answers was asked; `None` without any.
    pub measured_at: Option<DateTime<Utc>>,
}

/// How a period of one label set ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedPeriod {
    /// The user's own labels.
    pub labels: Labels,
    /// Id of the period.
    pub period: String,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// The result.
    pub value: Option<f64>,
    /// What it was measured against, where that is a single number.
    pub target: Option<f64>,
    /// Attainment.
    pub target_ratio: Option<f64>,
    /// The verdict.
    pub status: Status,
    /// What the source says since, where that is something else: the result stays.
    pub restated: Option<Restated>,
}

/// What a source says of a period whose result is final.
#[derive(Debug, Clone, PartialEq)]
pub struct Restated {
    /// Since when.
    pub at: DateTime<Utc>,
    /// The value.
    pub value: Option<f64>,
}

/// A change of a KPI's goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoalChange {
    /// When it was first seen.
    pub at: DateTime<Utc>,
    /// What differs, as it was.
    pub before: String,
    /// The same, as it is.
    pub now: String,
}

/// The assessment of one label set.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The user's own labels.
    pub labels: Labels,
    /// The numbers.
    pub assessment: Assessment,
    /// Whether the newest weeks are noise or news.
    pub signal: Signal,
}

/// What a value is made of, by one column: no verdicts.
#[derive(Debug, Clone, PartialEq)]
pub struct Breakdown {
    /// The verdict that is divided.
    pub labels: Labels,
    /// The column.
    pub by: String,
    /// The largest first; what is beyond their limit comes last, as `other`.
    pub members: Vec<Member>,
    /// How many members `other` stands for; 0 without it.
    pub others: usize,
    /// Whether the members make up the whole. Distinct counts and medians do not.
    pub adds_up: bool,
}

/// One part of a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Value of the column; empty for none.
    pub name: String,
    /// In the KPI's unit.
    pub value: Option<f64>,
    /// Numerator and denominator of it, when the formula is a quotient.
    pub sums: Option<Sums>,
    /// Its share of the whole: of the denominator of a quotient, else of the value.
    pub share: Option<f64>,
    /// Value less that at the same point of the period before.
    pub change: Option<f64>,
    /// Share less that at the same point of the period before.
    pub share_change: Option<f64>,
}

/// What a KPI's claim to predict another is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadState {
    /// Id of the lagging KPI.
    pub predicts: KpiId,
    /// What history says.
    pub lead: Lead,
}

/// An objective with the mean progress of its KPIs.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveState {
    /// Its definition.
    pub objective: Objective,
    /// Mean of progress clamped to 0..1 over its KPIs; absent when none has a progress.
    pub progress_ratio: Option<f64>,
}

/// One metric series for a current window.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricState {
    /// `orders.revenue`, or `sessions` when it has one value column.
    pub name: String,
    /// Set where several windows of the metric are in use: the KPI whose window this is.
    pub kpi: Option<KpiId>,
    /// The user's own labels.
    pub labels: Labels,
    /// Finite.
    pub value: f64,
}

/// What is known about a source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceState {
    /// Whether the last fetch of every metric of it was good; `None` before the first.
    pub up: Option<bool>,
    /// Last good fetch.
    pub last_success: Option<DateTime<Utc>>,
    /// What is wrong, in words without secrets: one entry a failing metric.
    pub problems: BTreeMap<MetricId, String>,
}

impl KpiState {
    /// Whether another state of the same KPI says the same.
    pub fn says_what(&self, other: &Self) -> bool {
        let Self { kpi, verdicts, last_period, breakdowns, leads, .. } = self;
        Arc::ptr_eq(kpi, &other.kpi)
            && self.last_success == other.last_success
            && self.measured_at == other.measured_at
            && self.definition_changed == other.definition_changed
            && self.goal_changed == other.goal_changed
            && same(verdicts, &other.verdicts)
            && same(last_period, &other.last_period)
            && same(breakdowns, &other.breakdowns)
            && *leads == other.leads
            && self.awaits_history == other.awaits_history
            && same(&self.closed, &other.closed)
            && self.notes == other.notes
    }
}

fn same<T: PartialEq>(one: &Arc<[T]>, other: &Arc<[T]>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

impl Snapshot {
    /// All verdicts with their KPIs, in order.
    pub fn verdicts(&self) -> impl Iterator<Item = (&KpiState, &Verdict)> {
        let states = self.kpis.iter().map(Arc::as_ref);
        states.flat_map(|state| state.verdicts.iter().map(move |verdict| (state, verdict)))
    }

    /// All metrics, by name (`orders.revenue`).
    pub fn metrics(&self) -> impl Iterator<Item = &MetricState> {
        self.metrics.iter().flat_map(|of_one| of_one.iter())
    }
}
