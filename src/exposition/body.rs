//! From a snapshot to samples: which family carries which number of it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::encode::{Encoder, ExpositionFormat, push_label};
use super::families::{self, Family};
use super::labels::push_user_labels;
use super::sink::{FamilySink, Sink};
use crate::assess::{Assessment, Number, Status};
use crate::calendar::{PeriodKind, WindowSpec};
use crate::kpi::{Direction, Kpi, KpiKind, Range};
use crate::signals::{Lead, Signal};
use crate::snapshot::{KpiState, LeadState, Member, Snapshot, Verdict};

/// Data of complete days is of the last midnight all day long.
fn max_age(kpi: &Kpi) -> Duration {
    match kpi.window {
        WindowSpec::TrailingDays(_) => kpi.max_age + Duration::from_hours(24),
        WindowSpec::PeriodToDate | WindowSpec::TrailingSeconds(_) => kpi.max_age,
    }
}

/// Bytes after which a reason is cut: it may hold what a server answered.
const LONGEST_REASON: usize = 600;

/// Bytes that a sample takes, roughly: what the output is first sized for.
const SAMPLE_BYTES: usize = 80;

/// Renders everything that a snapshot says. The self-metrics, and in OpenMetrics the end mark, are
/// still to follow.
pub(super) fn render(snapshot: &Snapshot, format: ExpositionFormat) -> String {
    let rows = VerdictRows::of(snapshot, |state| &state.verdicts);
    let last_period = VerdictRows::of(snapshot, |state| &state.last_period);
    let samples = rows.rows.len() * (families::ALL.len() + Status::ALL.len());
    let mut encoder = Encoder::new(format, (samples + snapshot.metrics().count()) * SAMPLE_BYTES);
    families_of(&mut encoder, snapshot, &rows, &last_period);
    reasons(&mut encoder, &families::KPI_REASON_INFO, &rows);
    reasons(&mut encoder, &families::KPI_LAST_PERIOD_REASON_INFO, &last_period);
    sources(&mut encoder, snapshot);
    encoder.into_text()
}

/// Hands over what a snapshot says about KPIs, objectives and metrics, and nothing about sources.
pub(super) fn kpi_families(sink: &mut impl Sink, snapshot: &Snapshot) {
    let rows = VerdictRows::of(snapshot, |state| &state.verdicts);
    let last_period = VerdictRows::of(snapshot, |state| &state.last_period);
    families_of(sink, snapshot, &rows, &last_period);
}

fn families_of(
    sink: &mut impl Sink,
    snapshot: &Snapshot,
    rows: &VerdictRows,
    last_period: &VerdictRows,
) {
    for family in families::ALL {
        match *family {
            families::KPI_INFO => info(sink, snapshot),
            families::KPI_LEVER_INFO => levers(sink, snapshot),
            families::KPI_BREAKDOWN_VALUE => members(sink, family, snapshot, |member| member.value),
            families::KPI_BREAKDOWN_SHARE => members(sink, family, snapshot, |member| member.share),
            families::KPI_STATUS => {
                let all = Status::ALL.map(Status::as_str);
                rows.states(sink, family, &all, |row| row.assessment.status.as_str());
            }
            families::KPI_SIGNAL => {
                let all = Signal::ALL.map(Signal::as_str);
                rows.states(sink, family, &all, |row| row.signal.as_str());
            }
            families::KPI_LEAD_CORRELATION => leads(sink, snapshot),
            families::KPI_MAX_DATA_AGE_SECONDS => {
                rows.numbers(sink, family, |row| Some(max_age(&row.state.kpi).as_secs_f64()));
            }
            families::KPI_VALUE_OUT_OF_RANGE => rows.numbers(sink, family, out_of_range),
            families::KPI_PERIOD_ELAPSED_RATIO => {
                rows.numbers(sink, family, |row| Some(row.assessment.elapsed_ratio));
            }
            families::KPI_PERIOD_START_TIMESTAMP_SECONDS => {
                rows.numbers(sink, family, |row| Some(seconds(row.assessment.period.span.start)));
            }
            families::KPI_PERIOD_END_TIMESTAMP_SECONDS => {
                rows.numbers(sink, family, |row| Some(seconds(row.assessment.period.span.end)));
            }
            families::KPI_LAST_PERIOD_VALUE => {
                last_period.numbers(sink, family, |row| row.assessment.value);
            }
            families::KPI_LAST_PERIOD_TARGET_RATIO => {
                last_period.numbers(sink, family, |row| row.assessment.target_ratio);
            }
            families::KPI_LAST_PERIOD_END_TIMESTAMP_SECONDS => {
                let end = |row: &VerdictRow<'_>| Some(seconds(row.assessment.period.span.end));
                last_period.numbers(sink, family, end);
            }
            families::KPI_DEFINITION_CHANGED_TIMESTAMP_SECONDS => {
                rows.numbers(sink, family, |row| row.state.definition_changed.map(seconds));
            }
            families::KPI_GOAL_CHANGED_TIMESTAMP_SECONDS => {
                let changed =
                    |row: &VerdictRow<'_>| Some(seconds(row.state.goal_changed.as_ref()?.at));
                rows.numbers(sink, family, changed);
            }
            families::KPI_DATA_TIMESTAMP_SECONDS => {
                rows.numbers(sink, family, |row| row.assessment.data_through.map(seconds));
            }
            families::KPI_LAST_SUCCESS_TIMESTAMP_SECONDS => {
                rows.numbers(sink, family, |row| row.state.last_success.map(seconds));
            }
            families::KPI_OBJECTIVE_PROGRESS_RATIO => objectives(sink, snapshot),
            families::KPI_FRAMEWORK_KPIS => framework(sink, snapshot),
            families::KPI_METRIC_VALUE => metrics(sink, snapshot),
            // Of the others, those of sources and of the program itself are not about KPIs.
            _ => {
                if let Some(number) = Number::of(family) {
                    rows.numbers(sink, family, |row| (number.read)(row.assessment));
                }
            }
        }
    }
}

/// Nothing without a value or without limits.
fn out_of_range(row: &VerdictRow<'_>) -> Option<f64> {
    let range = row.state.kpi.range;
    let value = row.assessment.value.filter(|_| range != Range::default())?;
    Some(f64::from(u8::from(range.beyond(value).is_some())))
}

/// Seconds since the epoch, to the microsecond.
pub(super) fn seconds(instant: DateTime<Utc>) -> f64 {
    instant.timestamp_micros() as f64 / 1e6
}

/// All verdicts, with their label sets rendered once for all families.
struct VerdictRows<'a> {
    labels: String,
    rows: Vec<VerdictRow<'a>>,
}

struct VerdictRow<'a> {
    labels: std::ops::Range<usize>,
    state: &'a KpiState,
    assessment: &'a Assessment,
    signal: Signal,
}

impl<'a> VerdictRows<'a> {
    fn of(snapshot: &'a Snapshot, verdicts: fn(&KpiState) -> &Vec<Verdict>) -> Self {
        let (mut labels, mut set) = (String::new(), String::new());
        let mut rows = Vec::new();
        for state in &snapshot.kpis {
            for verdict in verdicts(state) {
                set.clear();
                push_label(&mut set, "kpi", &state.kpi.id);
                push_user_labels(&mut set, &verdict.labels);
                let start = labels.len();
                labels.push_str(&set);
                let labels = start..labels.len();
                let signal = verdict.signal;
                rows.push(VerdictRow { labels, state, assessment: &verdict.assessment, signal });
            }
        }
        Self { labels, rows }
    }

    /// `None` leaves the sample out.
    fn numbers(
        &self,
        sink: &mut impl Sink,
        family: &Family,
        read: impl Fn(&VerdictRow<'_>) -> Option<f64>,
    ) {
        let mut family = sink.family(family);
        for row in &self.rows {
            if let Some(value) = read(row) {
                family.sample(&self.labels[row.labels.clone()], value);
            }
        }
    }

    /// A stateset names the state in a label called like the family.
    fn states(
        &self,
        sink: &mut impl Sink,
        states: &Family,
        all: &[&str],
        current: fn(&VerdictRow<'_>) -> &'static str,
    ) {
        let mut family = sink.family(states);
        for row in &self.rows {
            let current = current(row);
            for state in all {
                let on = f64::from(u8::from(*state == current));
                let labels = &self.labels[row.labels.clone()];
                family.sample_with(labels, (states.name, state), on);
            }
        }
    }
}

/// What values are made of.
fn members(
    sink: &mut impl Sink,
    family: &Family,
    snapshot: &Snapshot,
    number: fn(&Member) -> Option<f64>,
) {
    let mut family = sink.family(family);
    let mut set = String::new();
    for state in &snapshot.kpis {
        for breakdown in &state.breakdowns {
            for member in &breakdown.members {
                let Some(number) = number(member) else { continue };
                set.clear();
                push_label(&mut set, "kpi", &state.kpi.id);
                push_label(&mut set, "by", &breakdown.by);
                push_label(&mut set, "member", &member.name);
                push_user_labels(&mut set, &breakdown.labels);
                family.sample(&set, number);
            }
        }
    }
}

/// What the claims to predict are worth. A claim that is not verified has no correlation to show.
fn leads(sink: &mut impl Sink, snapshot: &Snapshot) {
    let mut family = sink.family(&families::KPI_LEAD_CORRELATION);
    for state in &snapshot.kpis {
        for LeadState { predicts, lead } in &state.leads {
            let mut labels = String::new();
            push_label(&mut labels, "kpi", &state.kpi.id);
            push_label(&mut labels, "predicts", predicts);
            push_label(&mut labels, "verdict", lead.verdict());
            let rho = if let Lead::Leads { rho, .. } = lead { *rho } else { 0.0 };
            family.sample(&labels, rho);
        }
    }
}

fn info(sink: &mut impl Sink, snapshot: &Snapshot) {
    let mut family = sink.family(&families::KPI_INFO);
    for state in &snapshot.kpis {
        family.sample(&info_labels(&state.kpi), 1.0);
    }
}

/// Alerts say what can be done first; the rest is on the pages.
fn levers(sink: &mut impl Sink, snapshot: &Snapshot) {
    let mut family = sink.family(&families::KPI_LEVER_INFO);
    for state in &snapshot.kpis {
        if let Some(lever) = state.kpi.levers.first() {
            let mut labels = one_label("kpi", &state.kpi.id);
            push_label(&mut labels, "lever", lever);
            family.sample(&labels, 1.0);
        }
    }
}

/// The sentence that an alert tells. Only where somebody is needed: each new sentence is a new series.
fn reasons(sink: &mut impl Sink, family: &Family, rows: &VerdictRows) {
    let mut family = sink.family(family);
    for row in rows.rows.iter().filter(|row| row.assessment.needs_somebody()) {
        let mut labels = rows.labels[row.labels.clone()].to_owned();
        push_label(&mut labels, "reason", row.assessment.reason_within(LONGEST_REASON));
        family.sample(&labels, 1.0);
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

fn objectives(sink: &mut impl Sink, snapshot: &Snapshot) {
    let mut family = sink.family(&families::KPI_OBJECTIVE_PROGRESS_RATIO);
    for (id, state) in &snapshot.objectives {
        if let Some(progress) = state.progress_ratio {
            family.sample(&one_label("objective", id), progress);
        }
    }
}

/// Zeros included, so that a rule can see that a team has no leading KPI.
fn framework(sink: &mut impl Sink, snapshot: &Snapshot) {
    const KINDS: [KpiKind; 3] = [KpiKind::Leading, KpiKind::Efficiency, KpiKind::Lagging];
    let mut teams: BTreeMap<&str, [u32; 3]> = BTreeMap::new();
    for state in &snapshot.kpis {
        let counts = teams.entry(state.kpi.team.as_deref().unwrap_or_default()).or_default();
        for (count, kind) in counts.iter_mut().zip(KINDS) {
            *count += u32::from(state.kpi.kind == kind);
        }
    }
    let mut family = sink.family(&families::KPI_FRAMEWORK_KPIS);
    for (team, counts) in teams {
        let set = one_label("team", team);
        for (count, kind) in counts.into_iter().zip(KINDS) {
            family.sample_with(&set, ("kind", kind_name(kind)), f64::from(count));
        }
    }
}

fn metrics(sink: &mut impl Sink, snapshot: &Snapshot) {
    let mut family = sink.family(&families::KPI_METRIC_VALUE);
    let mut set = String::new();
    for metric in snapshot.metrics() {
        set.clear();
        push_label(&mut set, "metric", &metric.name);
        if let Some(kpi) = &metric.kpi {
            push_label(&mut set, "kpi", kpi);
        }
        push_user_labels(&mut set, &metric.labels);
        family.sample(&set, metric.value);
    }
}

fn sources(encoder: &mut Encoder, snapshot: &Snapshot) {
    let mut family = encoder.family(&families::KPI_SOURCE_UP);
    for (id, source) in &snapshot.sources {
        if let Some(up) = source.up {
            family.sample(&one_label("source", id), f64::from(u8::from(up)));
        }
    }
    let mut family = encoder.family(&families::KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS);
    for (id, source) in &snapshot.sources {
        if let Some(at) = source.last_success {
            family.sample(&one_label("source", id), seconds(at));
        }
    }
}

fn one_label(name: &str, value: &str) -> String {
    let mut set = String::new();
    push_label(&mut set, name, value);
    set
}

fn kind_name(kind: KpiKind) -> &'static str {
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
