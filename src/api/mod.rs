//! A snapshot as JSON: what `/api/v1/kpis` and `eval --format json` print. The sources are next door.

mod sources;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Value, json};

use crate::assess::Status;
use crate::kpi::{Accumulation, Direction, Function, Kind, Unit};
use crate::metric::Labels;
use crate::signals::Lead;
use crate::snapshot::{Breakdown, KpiState, LeadState, Member, Snapshot, Verdict};

pub use sources::sources_json;

/// `{"as_of": …, "kpis": […]}`, one object per KPI and label set; with `only`, those of one KPI.
/// Instants are RFC 3339 in the snapshot's zone; a number that does not exist is `null`.
pub fn kpis_json(snapshot: &Snapshot, only: Option<&str>) -> Value {
    let kpis: Vec<_> = snapshot
        .verdicts()
        .filter(|(state, _)| only.is_none_or(|id| state.kpi.id == id))
        .map(|(state, verdict)| KpiJson::new(state, verdict, snapshot.timezone))
        .collect();
    json!({ "as_of": instant(snapshot.as_of, snapshot.timezone), "kpis": kpis })
}

/// The same objects, one a line, each with the `as_of` of the snapshot before its fields.
///
/// # Errors
/// What the JSON writer says; it has no reason to.
pub fn kpi_lines(snapshot: &Snapshot) -> serde_json::Result<Vec<u8>> {
    let as_of = &instant(snapshot.as_of, snapshot.timezone);
    let mut lines = Vec::new();
    for (state, verdict) in snapshot.verdicts() {
        let kpi = KpiJson::new(state, verdict, snapshot.timezone);
        serde_json::to_writer(&mut lines, &LineJson { as_of, kpi })?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn instant(at: DateTime<Utc>, timezone: Tz) -> String {
    at.with_timezone(&timezone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// One verdict; the fields stand in the order in which they are printed.
#[derive(Serialize)]
struct KpiJson<'a> {
    kpi: &'a str,
    labels: &'a Labels,
    title: &'a str,
    kind: Kind,
    function: Function,
    objective: Option<&'a str>,
    team: Option<&'a str>,
    unit: &'a Unit,
    direction: Direction,
    accumulation: Accumulation,
    period: PeriodJson<'a>,
    value: Option<f64>,
    baseline_value: Option<f64>,
    target_value: Option<f64>,
    target_lower_value: Option<f64>,
    target_upper_value: Option<f64>,
    target_ratio: Option<f64>,
    progress_ratio: Option<f64>,
    expected_value: Option<f64>,
    expected_progress_ratio: Option<f64>,
    pace_ratio: Option<f64>,
    pace_on_track_ratio: Option<f64>,
    pace_at_risk_ratio: Option<f64>,
    projected_value: Option<f64>,
    projected_lower_value: Option<f64>,
    projected_upper_value: Option<f64>,
    projected_target_ratio: Option<f64>,
    projected_method: Option<&'static str>,
    target_hit_probability: Option<f64>,
    required_value_per_day: Option<f64>,
    required_pace_ratio: Option<f64>,
    status: Status,
    signal: &'static str,
    predicts: Vec<LeadJson<'a>>,
    breakdown: Vec<BreakdownJson<'a>>,
    data_through: Option<String>,
    reason: &'a str,
}

/// What a claim to predict is worth; lag and correlation only where it is verified.
#[derive(Serialize)]
struct LeadJson<'a> {
    kpi: &'a str,
    verdict: &'static str,
    lag_weeks: Option<usize>,
    correlation: Option<f64>,
}

/// The members of a value by one column.
#[derive(Serialize)]
struct BreakdownJson<'a> {
    by: &'a str,
    adds_up: bool,
    others: usize,
    members: Vec<MemberJson<'a>>,
}

/// One of them; the two parts only where the formula is a quotient.
#[derive(Serialize)]
struct MemberJson<'a> {
    member: &'a str,
    value: Option<f64>,
    share: Option<f64>,
    change: Option<f64>,
    share_change: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
}

impl<'a> BreakdownJson<'a> {
    fn new(breakdown: &'a Breakdown) -> Self {
        let member = |member: &'a Member| MemberJson {
            member: &member.name,
            value: member.value,
            share: member.share,
            change: member.change,
            share_change: member.share_change,
            numerator: member.sums.map(|sums| sums.numerator),
            denominator: member.sums.map(|sums| sums.denominator),
        };
        Self {
            by: &breakdown.by,
            adds_up: breakdown.adds_up,
            others: breakdown.others,
            members: breakdown.members.iter().map(member).collect(),
        }
    }
}

#[derive(Serialize)]
struct LineJson<'a> {
    as_of: &'a str,
    #[serde(flatten)]
    kpi: KpiJson<'a>,
}

#[derive(Serialize)]
struct PeriodJson<'a> {
    id: &'a str,
    start: String,
    end: String,
    elapsed_ratio: f64,
}

impl<'a> LeadJson<'a> {
    fn new(state: &'a LeadState) -> Self {
        let (lag_weeks, correlation) = match state.lead {
            Lead::Leads { lag, rho } => (Some(lag), Some(rho)),
            Lead::NoEvidence { .. } | Lead::Unverified { .. } => (None, None),
        };
        Self { kpi: &state.predicts, verdict: state.lead.verdict(), lag_weeks, correlation }
    }
}

impl<'a> KpiJson<'a> {
    fn new(state: &'a KpiState, verdict: &'a Verdict, timezone: Tz) -> Self {
        let (kpi, numbers) = (&state.kpi, &verdict.assessment);
        let period = &numbers.period;
        Self {
            kpi: &kpi.id,
            labels: &verdict.labels,
            title: &kpi.title,
            kind: kpi.kind,
            function: kpi.function,
            objective: kpi.objective.as_deref(),
            team: kpi.team.as_deref(),
            unit: &kpi.unit,
            direction: kpi.direction,
            accumulation: kpi.accumulation,
            period: PeriodJson {
                id: &period.id,
                start: instant(period.span.start, timezone),
                end: instant(period.span.end, timezone),
                elapsed_ratio: numbers.elapsed_ratio,
            },
            value: numbers.value,
            baseline_value: numbers.baseline_value,
            target_value: numbers.target_value,
            target_lower_value: numbers.target_lower_value,
            target_upper_value: numbers.target_upper_value,
            target_ratio: numbers.target_ratio,
            progress_ratio: numbers.progress_ratio,
            expected_value: numbers.expected_value,
            expected_progress_ratio: numbers.expected_progress_ratio,
            pace_ratio: numbers.pace_ratio,
            pace_on_track_ratio: numbers.pace_on_track_ratio,
            pace_at_risk_ratio: numbers.pace_at_risk_ratio,
            projected_value: numbers.projected_value,
            projected_lower_value: numbers.projected_lower_value,
            projected_upper_value: numbers.projected_upper_value,
            projected_target_ratio: numbers.projected_target_ratio,
            projected_method: numbers.projected_method,
            target_hit_probability: numbers.target_hit_probability,
            required_value_per_day: numbers.required_value_per_day,
            required_pace_ratio: numbers.required_pace_ratio,
            status: numbers.status,
            signal: verdict.signal.as_str(),
            predicts: state.leads.iter().map(LeadJson::new).collect(),
            breakdown: state
                .breakdowns
                .iter()
                .filter(|breakdown| breakdown.labels == verdict.labels)
                .map(BreakdownJson::new)
                .collect(),
            data_through: numbers.data_through.map(|at| instant(at, timezone)),
            reason: &numbers.reason,
        }
    }
}
