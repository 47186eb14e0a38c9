//! Which family carries which number of a snapshot, piece by piece: what a family says of one KPI depends on
//! nothing but the state of that KPI, so that it is written anew only when that is another (`rendered`).

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::encode::push_label;
use super::families::{self, Family};
use super::labels::push_user_labels;
use super::sink::FamilySink;
use crate::assess::{Assessment, Number, Status};
use crate::calendar::{PeriodKind, WindowSpec};
use crate::kpi::{Direction, Kpi, KpiKind, Range as Allowed};
use crate::signals::{Lead, Signal};
use crate::snapshot::{KpiState, LeadState, Member, MetricState, Verdict};

/// Bytes after which a reason is cut: it may hold what a server answered.
const LONGEST_REASON: usize = 600;

/// Takes a number out of a verdict; `None` leaves the sample out.
type Read = fn(&KpiState, &Assessment) -> Option<f64>;

/// What a family tells of one KPI.
#[derive(Clone, Copy)]
pub(super) enum OfKpi {
    Info,
    FirstLever,
    Leads,
    Status,
    Signal,
    /// A number of its members.
    Members(fn(&Member) -> Option<f64>),
    /// A number of each verdict.
    Number(Read),
    Assessed(fn(&Assessment) -> Option<f64>),
    /// A number of each result of the last period.
    Last(Read),
    /// Why a verdict, or a result, is as it is.
    Reason,
    LastReason,
}

/// What a family is about.
#[derive(Clone, Copy)]
pub(super) enum About {
    /// Each KPI by itself.
    Kpis(OfKpi),
    /// Each metric by itself.
    Metrics,
    /// All of the snapshot.
    All,
    /// The program itself, not the snapshot.
    Program,
}

/// What the samples of a family are about.
pub(super) fn about(family: &Family) -> About {
    let of_kpi = match *family {
        families::KPI_INFO => OfKpi::Info,
        families::KPI_LEVER_INFO => OfKpi::FirstLever,
        families::KPI_BREAKDOWN_VALUE => OfKpi::Members(|member| member.value),
        families::KPI_BREAKDOWN_SHARE => OfKpi::Members(|member| member.share),
        families::KPI_STATUS => OfKpi::Status,
        families::KPI_SIGNAL => OfKpi::Signal,
        families::KPI_LEAD_CORRELATION => OfKpi::Leads,
        families::KPI_MAX_DATA_AGE_SECONDS => {
            OfKpi::Number(|state, _| Some(max_age(&state.kpi).as_secs_f64()))
        }
        families::KPI_VALUE_OUT_OF_RANGE => OfKpi::Number(out_of_range),
        families::KPI_PERIOD_ELAPSED_RATIO => OfKpi::Number(|_, is| Some(is.elapsed_ratio)),
        families::KPI_PERIOD_START_TIMESTAMP_SECONDS => {
            OfKpi::Number(|_, is| Some(seconds(is.period.span.start)))
        }
        families::KPI_PERIOD_END_TIMESTAMP_SECONDS => {
            OfKpi::Number(|_, is| Some(seconds(is.period.span.end)))
        }
        families::KPI_LAST_PERIOD_VALUE => OfKpi::Last(|_, is| is.value),
        families::KPI_LAST_PERIOD_TARGET_RATIO => OfKpi::Last(|_, is| is.target_ratio),
        families::KPI_LAST_PERIOD_END_TIMESTAMP_SECONDS => {
            OfKpi::Last(|_, is| Some(seconds(is.period.span.end)))
        }
        families::KPI_DEFINITION_CHANGED_TIMESTAMP_SECONDS => {
            OfKpi::Number(|state, _| state.definition_changed.map(seconds))
        }
        families::KPI_GOAL_CHANGED_TIMESTAMP_SECONDS => {
            OfKpi::Number(|state, _| Some(seconds(state.goal_changed.as_ref()?.at)))
        }
        families::KPI_DATA_TIMESTAMP_SECONDS => OfKpi::Number(|_, is| is.data_through.map(seconds)),
        families::KPI_LAST_SUCCESS_TIMESTAMP_SECONDS => {
            OfKpi::Number(|state, _| state.last_success.map(seconds))
        }
        families::KPI_REASON_INFO => OfKpi::Reason,
        families::KPI_LAST_PERIOD_REASON_INFO => OfKpi::LastReason,
        families::KPI_METRIC_VALUE => return About::Metrics,
        families::KPI_OBJECTIVE_PROGRESS_RATIO
        | families::KPI_FRAMEWORK_KPIS
        | families::KPI_SOURCE_UP
        | families::KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS => return About::All,
        _ => match Number::of(family) {
            Some(number) => OfKpi::Assessed(number.read),
            None => return About::Program,
        },
    };
    About::Kpis(of_kpi)
}

/// One KPI, with its label sets rendered once for all families.
pub(super) struct KpiRows<'a> {
    state: &'a KpiState,
    labels: String,
    verdicts: Vec<Range<usize>>,
    last_period: Vec<Range<usize>>,
}

impl<'a> KpiRows<'a> {
    pub(super) fn of(state: &'a KpiState) -> Self {
        let (mut labels, mut set) = (String::new(), String::new());
        let mut ranges = |verdicts: &[Verdict]| {
            let range = |verdict: &Verdict| {
                set.clear();
                push_label(&mut set, "kpi", &state.kpi.id);
                push_user_labels(&mut set, &verdict.labels);
                let start = labels.len();
                labels.push_str(&set);
                start..labels.len()
            };
            verdicts.iter().map(range).collect()
        };
        let (verdicts, last_period) = (ranges(&state.verdicts), ranges(&state.last_period));
        Self { state, labels, verdicts, last_period }
    }

    fn verdicts(&self) -> impl Iterator<Item = (&str, &'a Verdict)> {
        let labels = self.verdicts.iter().map(|range| &self.labels[range.clone()]);
        labels.zip(self.state.verdicts.iter())
    }

    fn last_period(&self) -> impl Iterator<Item = (&str, &'a Verdict)> {
        let labels = self.last_period.iter().map(|range| &self.labels[range.clone()]);
        labels.zip(self.state.last_period.iter())
    }

    /// Hands over the samples of a family.
    pub(super) fn write(&self, sink: &mut impl FamilySink, family: &Family, of: OfKpi) {
        let state = self.state;
        match of {
            OfKpi::Info => sink.sample(&info_labels(&state.kpi), 1.0),
            OfKpi::FirstLever => first_lever(sink, &state.kpi),
            OfKpi::Leads => leads(sink, state),
            OfKpi::Members(number) => members(sink, state, number),
            OfKpi::Status => {
                let all = Status::ALL.map(Status::as_str);
                self.states(sink, family.name, &all, |is| is.assessment.status.as_str());
            }
            // What is not known yet is none of the states, and a sentence that is there for seconds is a series
            // of its own.
            OfKpi::Signal | OfKpi::Reason if state.awaits_history => {}
            OfKpi::Signal => {
                let all = Signal::ALL.map(Signal::as_str);
                self.states(sink, family.name, &all, |is| is.signal.as_str());
            }
            OfKpi::Number(read) => {
                numbers(sink, self.verdicts(), |verdict| read(state, &verdict.assessment));
            }
            OfKpi::Assessed(read) => {
                numbers(sink, self.verdicts(), |verdict| read(&verdict.assessment));
            }
            OfKpi::Last(read) => {
                numbers(sink, self.last_period(), |verdict| read(state, &verdict.assessment));
            }
            OfKpi::Reason => reasons(sink, self.verdicts()),
            OfKpi::LastReason => reasons(sink, self.last_period()),
        }
    }

    /// A stateset names the state in a label called like the family.
    fn states(
        &self,
        sink: &mut impl FamilySink,
        name: &str,
        all: &[&str],
        current: fn(&Verdict) -> &'static str,
    ) {
        for (labels, verdict) in self.verdicts() {
            let current = current(verdict);
            for state in all {
                let on = f64::from(u8::from(*state == current));
                sink.sample_with(labels, (name, state), on);
            }
        }
    }
}

fn numbers<'r>(
    sink: &mut impl FamilySink,
    rows: impl Iterator<Item = (&'r str, &'r Verdict)>,
    read: impl Fn(&Verdict) -> Option<f64>,
) {
    for (labels, verdict) in rows {
        if let Some(value) = read(verdict) {
            sink.sample(labels, value);
        }
    }
}

/// The sentence that an alert tells. Only where somebody is needed: each new sentence is a new series.
fn reasons<'r>(sink: &mut impl FamilySink, rows: impl Iterator<Item = (&'r str, &'r Verdict)>) {
    for (labels, verdict) in rows.filter(|(_, verdict)| verdict.assessment.needs_somebody()) {
        let mut labels = labels.to_owned();
        push_label(&mut labels, "reason", verdict.assessment.reason_within(LONGEST_REASON));
        sink.sample(&labels, 1.0);
    }
}

/// Hands over what was measured of a metric.
pub(super) fn write_metric(sink: &mut impl FamilySink, states: &[MetricState]) {
    let mut set = String::new();
    for metric in states {
        set.clear();
        push_label(&mut set, "metric", &metric.name);
        if let Some(kpi) = &metric.kpi {
            push_label(&mut set, "kpi", kpi);
        }
        push_user_labels(&mut set, &metric.labels);
        sink.sample(&set, metric.value);
    }
}

/// Data of complete days is of the last midnight all day long.
fn max_age(kpi: &Kpi) -> Duration {
    match kpi.window {
        WindowSpec::TrailingDays(_) => kpi.max_age + Duration::from_hours(24),
        WindowSpec::PeriodToDate | WindowSpec::TrailingSeconds(_) => kpi.max_age,
    }
}

/// Nothing without a value or without limits.
fn out_of_range(state: &KpiState, is: &Assessment) -> Option<f64> {
    let range = state.kpi.range;
    let value = is.value.filter(|_| range != Allowed::default())?;
    Some(f64::from(u8::from(range.beyond(value).is_some())))
}

/// Seconds since the epoch, to the microsecond.
pub(super) fn seconds(instant: DateTime<Utc>) -> f64 {
    instant.timestamp_micros() as f64 / 1e6
}

/// What a value is made of.
fn members(sink: &mut impl FamilySink, state: &KpiState, number: fn(&Member) -> Option<f64>) {
    let mut set = String::new();
    for breakdown in state.breakdowns.iter() {
        for member in &breakdown.members {
            let Some(number) = number(member) else { continue };
            set.clear();
            push_label(&mut set, "kpi", &state.kpi.id);
            push_label(&mut set, "by", &breakdown.by);
            push_label(&mut set, "member", &member.name);
            push_user_labels(&mut set, &breakdown.labels);
            sink.sample(&set, number);
        }
    }
}

/// What the claims to predict are worth. A claim that is not verified has no correlation to show.
fn leads(sink: &mut impl FamilySink, state: &KpiState) {
    for LeadState { predicts, lead } in &state.leads {
        let mut labels = one_label("kpi", &state.kpi.id);
        push_label(&mut labels, "predicts", predicts);
        push_label(&mut labels, "verdict", lead.verdict());
        let rho = if let Lead::Leads { rho, .. } = lead { *rho } else { 0.0 };
        sink.sample(&labels, rho);
    }
}

/// Alerts say what can be done first; the rest is on the pages.
fn first_lever(sink: &mut impl FamilySink, kpi: &Kpi) {
    if let Some(lever) = kpi.levers.first() {
        let mut labels = one_label("kpi", &kpi.id);
        push_label(&mut labels, "lever", lever);
        sink.sample(&labels, 1.0);
    }
}

/// Only what changes slowly: a period id in here would give every alert a new identity each period.
fn info_labels(kpi: &Kpi) -> String {
    let mut set = String::new();
    let mut push = |name, value: &str| push_label(&mut set, name, value);
    push("kpi", &kpi.id);
    push("title", &kpi.title);
    push("kind", kind_name(kpi.kind));
    push("function", &kpi.function.to_string());
    push("objective", kpi.objective.as_deref().unwrap_or_default());
    push("team", kpi.team.as_deref().unwrap_or_default());
    push("owner", kpi.owner.as_deref().unwrap_or_default());
    push("unit", &kpi.unit.to_string());
    push("direction", direction_name(kpi.direction));
    push("period", period_name(&kpi.period));
    set
}

pub(super) fn one_label(name: &str, value: &str) -> String {
    let mut set = String::new();
    push_label(&mut set, name, value);
    set
}

pub(super) fn kind_name(kind: KpiKind) -> &'static str {
    match kind {
        KpiKind::Leading => "leading",
        KpiKind::Efficiency => "efficiency",
        KpiKind::Lagging => "lagging",
    }
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Increase => "increase",
        Direction::Decrease => "decrease",
        Direction::Maintain => "maintain",
    }
}

fn period_name(period: &PeriodKind) -> &'static str {
    match period {
        PeriodKind::Week => "week",
        PeriodKind::Month => "month",
        PeriodKind::Quarter => "quarter",
        PeriodKind::Half => "half",
        PeriodKind::Year => "year",
        PeriodKind::Dates { .. } => "dates",
    }
}
