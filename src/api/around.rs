//! What stands around the numbers of now: days before, notes, objectives.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{KpiId, instant};
use crate::assess::Status;
use crate::engine::{ChartDay, RecentDays};
use crate::kpi::SeriesKey;
use crate::metric::Labels;
use crate::note::Note;
use crate::snapshot::{KpiState, Snapshot};

/// The days of a KPI by label set.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryJson<'a> {
    kpi: &'a str,
    series: Vec<SeriesJson<'a>>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SeriesJson<'a> {
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    labels: &'a Labels,
    /// The oldest first.
    days: Vec<DayJson>,
}

/// The value at the end of a local day.
#[derive(Serialize, ToSchema)]
pub(super) struct DayJson {
    #[schema(format = Date)]
    day: String,
    value: f64,
    /// Where it should have been.
    expected: Option<f64>,
    #[schema(value_type = Option<String>)]
    status: Option<Status>,
}

/// The days that are known of a KPI, both ends included.
pub fn history_json(
    state: &KpiState,
    days: &RecentDays,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Value {
    let asked = |day: &&ChartDay| {
        from.is_none_or(|from| day.day >= from) && to.is_none_or(|to| day.day <= to)
    };
    let day = |day: &ChartDay| DayJson {
        day: day.day.to_string(),
        value: day.value,
        expected: day.expected,
        status: day.status,
    };
    let series = state.verdicts.iter().map(|verdict| {
        let key = SeriesKey::new(&state.kpi.id, &verdict.labels);
        let days = days.of(&key).iter().filter(asked).map(day).collect();
        SeriesJson { labels: &verdict.labels, days }
    });
    json!(HistoryJson { kpi: &state.kpi.id, series: series.collect() })
}

/// What people said about a KPI, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct NotesJson<'a> {
    kpi: &'a str,
    notes: Vec<NoteJson<'a>>,
}

/// What somebody said.
#[derive(Serialize, ToSchema)]
pub(super) struct NoteJson<'a> {
    #[schema(format = DateTime)]
    at: String,
    author: Option<&'a str>,
    text: &'a str,
}

/// What somebody has to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNoteJson {
    /// One line of text; what cannot be seen does not count.
    #[schema(
        max_length = 2000,
        pattern = r"[^\s\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]"
    )]
    pub text: String,
    /// Who says it; with a login, it is that.
    #[schema(max_length = 100)]
    pub author: Option<String>,
}

impl<'a> NoteJson<'a> {
    pub(super) fn new(note: &'a Note, timezone: Tz) -> Self {
        let at = instant(note.at, timezone);
        Self { at, author: note.author.as_deref(), text: &note.text }
    }
}

/// One note.
pub fn note_json(note: &Note, timezone: Tz) -> Value {
    json!(NoteJson::new(note, timezone))
}

/// The notes on a KPI.
pub fn notes_json(state: &KpiState, timezone: Tz) -> Value {
    let notes = state.notes.iter().map(|note| NoteJson::new(note, timezone)).collect();
    json!(NotesJson { kpi: &state.kpi.id, notes })
}

#[derive(Serialize, ToSchema)]
pub(super) struct ObjectivesJson<'a> {
    objectives: Vec<ObjectiveJson<'a>>,
}

/// What KPIs ladder up to.
#[derive(Serialize, ToSchema)]
pub(super) struct ObjectiveJson<'a> {
    id: &'a str,
    title: &'a str,
    owner: Option<&'a str>,
    /// Weighted mean of the progress of its KPIs, 0 to 1.
    progress_ratio: Option<f64>,
    /// Ids of its KPIs.
    #[schema(value_type = Vec<String>)]
    kpis: Vec<&'a KpiId>,
}

/// The objectives, by id.
pub fn objectives_json(snapshot: &Snapshot) -> Value {
    let objectives = snapshot.objectives.iter().map(|(id, state)| ObjectiveJson {
        id,
        title: &state.objective.title,
        owner: state.objective.owner.as_deref(),
        progress_ratio: state.progress_ratio,
        kpis: snapshot
            .kpis
            .iter()
            .filter(|state| state.kpi.objective.as_ref() == Some(id))
            .map(|state| &state.kpi.id)
            .collect(),
    });
    json!(ObjectivesJson { objectives: objectives.collect() })
}
