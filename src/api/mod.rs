//! A snapshot as JSON: what `/api/v1/kpis` and `eval --format json` print. The sources are next door.

mod around;
mod badge;
mod openapi;
mod review;
mod sources;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::assess::{Assessment, Number, Status};
use crate::families;
use crate::filter::Filter;
use crate::id::KpiId;
use crate::kpi::{Accumulation, Direction, Function, KpiKind, Unit};
use crate::metric::Labels;
use crate::signals::Lead;
use crate::snapshot::{Breakdown, KpiState, LeadState, Member, Snapshot, Verdict};

pub use around::{NewNoteJson, history_json, note_json, notes_json, objectives_json};
pub use badge::{badge_json, badge_svg};
pub use openapi::openapi;
pub use review::review_json;
pub use sources::sources_json;

/// Which objects are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// Those that a filter keeps, each by its own status.
    Kept(&'a Filter),
    /// Those of one KPI.
    Only(&'a str),
}

/// `{"as_of": …, "kpis": […]}`, one object per KPI and label set that is asked for.
/// Instants are RFC 3339 in the snapshot's zone; a number that does not exist is `null`.
pub fn kpis_json(snapshot: &Snapshot, which: Which<'_>) -> Value {
    let as_of = instant(snapshot.as_of, snapshot.timezone);
    json!({ "as_of": as_of, "kpis": objects(snapshot, which) })
}

/// Which part of an answer is asked for; all of it without a limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Page {
    /// So many objects.
    pub limit: Option<usize>,
    /// After so many others.
    pub offset: Option<usize>,
}

/// The same with how many there are in all, and where the next part is. `query` is that of the request.
pub fn kpis_page_json(snapshot: &Snapshot, which: Which<'_>, page: Page, query: &str) -> Value {
    let mut kpis = objects(snapshot, which);
    let total = kpis.len();
    let offset = page.offset.unwrap_or(0).min(total);
    kpis.drain(..offset);
    kpis.truncate(page.limit.unwrap_or(usize::MAX));
    let end = offset + kpis.len();
    let next = page.limit.filter(|_| end < total).map(|_| next_page(query, end));
    json!(KpisJson { as_of: instant(snapshot.as_of, snapshot.timezone), total, next, kpis })
}

fn next_page(query: &str, offset: usize) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "offset");
    let mut next = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
    next.extend_pairs(pairs).append_pair("offset", &offset.to_string());
    next.finish()
}

/// The KPIs of an answer.
#[derive(Serialize, ToSchema)]
struct KpisJson<'a> {
    /// The instant for which they were computed.
    #[schema(format = DateTime)]
    as_of: String,
    /// How many there are, whatever part of them is here.
    total: usize,
    /// The query of the next part; null for the last.
    next: Option<String>,
    kpis: Vec<KpiJson<'a>>,
}

fn objects<'a>(snapshot: &'a Snapshot, which: Which<'_>) -> Vec<KpiJson<'a>> {
    let asked = |state: &KpiState, verdict: &Verdict| match which {
        Which::Kept(filter) => {
            filter.keeps(&state.kpi) && filter.keeps_status(verdict.assessment.status)
        }
        Which::Only(id) => state.kpi.id == id,
    };
    snapshot
        .verdicts()
        .filter(|(state, verdict)| asked(state, verdict))
        .map(|(state, verdict)| KpiJson::new(state, verdict, snapshot.timezone))
        .collect()
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
#[derive(Serialize, ToSchema)]
struct KpiJson<'a> {
    kpi: &'a str,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    labels: &'a Labels,
    title: &'a str,
    #[schema(value_type = String)]
    kind: KpiKind,
    #[schema(value_type = String)]
    function: Function,
    objective: Option<&'a str>,
    team: Option<&'a str>,
    #[schema(value_type = String)]
    unit: &'a Unit,
    #[schema(value_type = String)]
    direction: Direction,
    #[schema(value_type = String)]
    accumulation: Accumulation,
    period: PeriodJson<'a>,
    #[serde(flatten)]
    numbers: NumbersJson<'a>,
    #[schema(value_type = String)]
    status: Status,
    signal: Option<&'static str>,
    predicts: Vec<LeadJson<'a>>,
    breakdown: Vec<BreakdownJson<'a>>,
    data_through: Option<String>,
    reason: &'a str,
}

/// Each number under its own key; how a projection was found stands with it.
struct NumbersJson<'a>(&'a Assessment);

impl Serialize for NumbersJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Number::ALL.len() + 1))?;
        for number in Number::ALL {
            map.serialize_entry(number.key, &(number.read)(self.0))?;
            if number.family == families::KPI_PROJECTED_TARGET_RATIO {
                map.serialize_entry("projected_method", &self.0.projected_method)?;
            }
        }
        map.end()
    }
}

impl PartialSchema for NumbersJson<'_> {
    fn schema() -> RefOr<Schema> {
        let mut object = ObjectBuilder::new();
        let or_null =
            |kind| ObjectBuilder::new().schema_type(SchemaType::from_iter([kind, Type::Null]));
        for number in Number::ALL {
            let schema = or_null(Type::Number).description(Some(number.family.help));
            object = object.property(number.key, schema).required(number.key);
        }
        object =
            object.property("projected_method", or_null(Type::String)).required("projected_method");
        object.into()
    }
}

impl ToSchema for NumbersJson<'_> {}

/// What a claim to predict is worth; lag and correlation only where it is verified.
#[derive(Serialize, ToSchema)]
struct LeadJson<'a> {
    kpi: &'a str,
    verdict: &'static str,
    lag_weeks: Option<usize>,
    correlation: Option<f64>,
}

/// The members of a value by one column.
#[derive(Serialize, ToSchema)]
struct BreakdownJson<'a> {
    by: &'a str,
    adds_up: bool,
    others: usize,
    members: Vec<MemberJson<'a>>,
}

/// One of them; the two parts only where the formula is a quotient.
#[derive(Serialize, ToSchema)]
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

#[derive(Serialize, ToSchema)]
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
            numbers: NumbersJson(numbers),
            status: numbers.status,
            signal: (!state.awaits_history).then(|| verdict.signal.as_str()),
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
