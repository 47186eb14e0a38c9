//! Validated definitions: objectives, metrics and KPIs with every reference resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{Accumulation, Baseline, Direction, Formula, Path, Range, Target, Unit};
use crate::calendar::{Calendar, PeriodKind, WindowSpec};
use crate::id::{KpiId, MetricId};
use crate::metric::Metric;

/// Older data than this is no data, where nobody says otherwise: a day and some patience.
pub const MAX_AGE: Duration = Duration::from_hours(26);

/// Everything the engine works from. Invariant: every metric that a formula names exists, as does
/// every objective and KPI that a KPI names.
#[derive(Debug)]
pub struct Definitions {
    /// Zone, fiscal year, business days.
    pub calendar: Calendar,
    /// By id.
    pub objectives: BTreeMap<String, Objective>,
    /// By id.
    pub metrics: BTreeMap<MetricId, Arc<Metric>>,
    /// In the order of the configuration.
    pub kpis: Vec<Arc<Kpi>>,
}

/// A business goal that KPIs ladder up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective {
    /// For people.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
}

/// Whether a KPI predicts or reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KpiKind {
    /// Predicts the outcome.
    Leading,
    /// How well activity turns into outcome.
    Efficiency,
    /// The outcome.
    Lagging,
}

impl KpiKind {
    /// All of them, in the order in which they show something.
    pub const ALL: [Self; 3] = [Self::Leading, Self::Efficiency, Self::Lagging];

    /// Leading and efficiency KPIs are the early ones: they page first.
    pub fn is_early(self) -> bool {
        matches!(self, Self::Leading | Self::Efficiency)
    }
}

/// The business function a KPI belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Function {
    Marketing,
    Sales,
    Product,
    CustomerSuccess,
    Executive,
    Finance,
    Operations,
    Other,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Marketing,
        Self::Sales,
        Self::Product,
        Self::CustomerSuccess,
        Self::Executive,
        Self::Finance,
        Self::Operations,
        Self::Other,
    ];
}

/// One key performance indicator.
#[derive(Clone, Debug)]
pub struct Kpi {
    /// Its name.
    pub id: KpiId,
    /// For people.
    pub title: String,
    /// What is counted, in one sentence.
    pub description: Option<String>,
    /// Predicts or reports.
    pub kind: KpiKind,
    /// Business function.
    pub function: Function,
    /// Id of the objective it ladders up to.
    pub objective: Option<String>,
    /// Team that reviews it.
    pub team: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What the team can do about it.
    pub levers: Vec<String>,
    /// How it is computed from metrics.
    pub formula: Formula,
    /// How it adds up over time.
    pub accumulation: Accumulation,
    /// What its numbers mean.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// Time-bound: the period of the target.
    pub period: PeriodKind,
    /// What span one value covers.
    pub window: WindowSpec,
    /// Columns that divide the whole into members without verdicts of their own.
    pub breakdown: Vec<String>,
    /// Where it starts from.
    pub baseline: Baseline,
    /// Where it should get to.
    pub target: Target,
    /// The way there.
    pub path: Path,
    /// Ids of the lagging KPIs it predicts.
    pub predicts: Vec<KpiId>,
    /// How long before.
    pub lead_time: Option<Duration>,
    /// Its share in the progress of its objective, against 1 of others.
    pub weight: f64,
    /// Limits of the verdict.
    pub thresholds: Thresholds,
    /// Older data than this is no data.
    pub max_age: Duration,
    /// Lint codes silenced for this KPI.
    pub allow: Vec<String>,
    /// What its value can be by its definition.
    pub range: Range,
    /// The template of the catalogue that it is made from.
    pub template: Option<&'static str>,
}

impl Kpi {
    /// One that says no more than it must; all else as it is where nobody says it: a count of events
    /// that is to grow by the end of the month.
    pub fn new(id: impl Into<KpiId>, formula: Formula, target: Target) -> Self {
        let id: KpiId = id.into();
        Self {
            title: id.to_string(),
            id,
            description: None,
            kind: KpiKind::Lagging,
            function: Function::Other,
            objective: None,
            team: None,
            owner: None,
            levers: Vec::new(),
            formula,
            accumulation: Accumulation::Flow,
            unit: Unit::Count,
            direction: Direction::Increase,
            period: PeriodKind::Month,
            window: WindowSpec::PeriodToDate,
            breakdown: Vec::new(),
            baseline: Baseline::None,
            target,
            path: Path::Linear,
            predicts: Vec::new(),
            lead_time: None,
            weight: 1.0,
            thresholds: Thresholds::default(),
            max_age: MAX_AGE,
            allow: Vec::new(),
            range: Range::default(),
            template: None,
        }
    }

    /// All its formulas: of its value, then those over the whole period.
    pub fn formulas(&self) -> impl Iterator<Item = &Formula> {
        std::iter::once(&self.formula).chain(self.whole_formulas())
    }

    /// The formulas that are measured over the whole period: of baseline, target and path.
    pub fn whole_formulas(&self) -> impl Iterator<Item = &Formula> {
        let goal = self.baseline.formula().into_iter().chain(self.target.formula());
        goal.chain(self.path.formula())
    }

    /// Every metric it draws on, each once, by id.
    pub fn metrics(&self) -> BTreeSet<&MetricId> {
        self.formulas().flat_map(Formula::metrics).collect()
    }

    /// Whether its value (not just its target or baseline) draws on a metric.
    pub fn value_draws_on(&self, metric: &MetricId) -> bool {
        self.formula.draws_on(metric)
    }

    /// Whether a number over the whole period draws on a metric.
    pub fn whole_draws_on(&self, metric: &MetricId) -> bool {
        self.whole_formulas().any(|formula| formula.draws_on(metric))
    }

    /// Whether anything of it draws on a metric.
    pub fn draws_on(&self, metric: &MetricId) -> bool {
        self.value_draws_on(metric) || self.whole_draws_on(metric)
    }

    /// Whether its value is a quotient of what the period has brought so far, so that the rest of
    /// the period still counts.
    pub fn is_ratio_to_date(&self) -> bool {
        self.accumulation == Accumulation::Ratio && self.window == WindowSpec::PeriodToDate
    }
}

/// When a verdict turns, as how many times as fast as so far the rest of the period must run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// More than this is at risk.
    pub at_risk: f64,
    /// More than this is off track.
    pub off_track: f64,
    /// No verdict before this share of the period.
    pub too_early: f64,
    /// Data points needed to confirm a worse status (daemon only).
    pub confirm: u32,
    /// For so long good fetches may say the same instead.
    pub confirm_for: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            at_risk: 1.1,
            off_track: 1.3,
            too_early: 0.10,
            confirm: 2,
            confirm_for: Duration::from_hours(1),
        }
    }
}

impl std::fmt::Display for KpiKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Leading => "leading",
            Self::Efficiency => "efficiency",
            Self::Lagging => "lagging",
        })
    }
}

impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Marketing => "marketing",
            Self::Sales => "sales",
            Self::Product => "product",
            Self::CustomerSuccess => "customer_success",
            Self::Executive => "executive",
            Self::Finance => "finance",
            Self::Operations => "operations",
            Self::Other => "other",
        })
    }
}
