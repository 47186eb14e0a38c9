//! The description of the API, from the types that it is made of.

#![expect(dead_code, reason = "paths are described by functions that nobody calls")]

use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use crate::assess::Status;
use crate::filter::{self, KEYS};
use crate::kpi::{Function, KpiKind};
use crate::review::Cadence;
use crate::snapshot::Snapshot;

use super::around::{HistoryJson, NewNoteJson, NoteJson, NotesJson, ObjectivesJson};
use super::badge::BadgeJson;
use super::review::ReviewJson;
use super::sources::SourcesJson;
use super::{KpisJson, NumbersJson};

/// A refusal, as RFC 9457 has it.
#[derive(Serialize, ToSchema)]
struct Problem {
    /// `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What was wrong, and what would be right.
    detail: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "kpi-exporter",
        description = "What the pages show, for programs. Absent numbers are null; ratios are 1 = 100 %. \
                       Every answer has an ETag.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    paths(
        kpis,
        kpi,
        history,
        notes,
        note,
        objectives,
        sources,
        review,
        badge_json,
        badge_svg,
        openapi_json
    ),
    components(schemas(Problem, KpisJson, NumbersJson))
)]
struct Described;

/// The document. With a snapshot it says which teams and objectives there are.
pub fn openapi(snapshot: Option<&Snapshot>) -> Value {
    let mut document = serde_json::to_value(Described::openapi()).unwrap_or_default();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let paths = paths.into_iter().flat_map(|paths| paths.values_mut());
    let operations = paths.filter_map(Value::as_object_mut).flat_map(|path| path.values_mut());
    for operation in operations {
        if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
            for parameter in parameters {
                settle(parameter, snapshot);
            }
        }
    }
    document
}

/// A parameter is left out or has a value, never null; one with a few values has these, or none.
fn settle(parameter: &mut Value, snapshot: Option<&Snapshot>) {
    let name = parameter["name"].as_str().unwrap_or_default().to_owned();
    let Some(schema) = parameter.get_mut("schema") else { return };
    if let Some(one) =
        schema["type"].as_array().and_then(|types| types.iter().find(|t| *t != "null"))
    {
        schema["type"] = one.clone();
    }
    let known: Vec<String> = match name.as_str() {
        "period" => Cadence::ALL.iter().map(Cadence::to_string).collect(),
        "function" => Function::ALL.iter().map(Function::to_string).collect(),
        "kind" => KpiKind::ALL.iter().map(KpiKind::to_string).collect(),
        "status" => Status::ALL.iter().map(|status| status.as_str().to_owned()).collect(),
        "id" => {
            snapshot.iter().flat_map(|s| &s.kpis).map(|state| state.kpi.id.to_string()).collect()
        }
        _ => snapshot.map_or_else(Vec::new, |snapshot| {
            filter::values(&name, snapshot).into_iter().collect()
        }),
    };
    if KEYS.contains(&name.as_str()) && !known.is_empty() {
        let known: Vec<String> = known.into_iter().chain([String::new()]).collect();
        schema["items"]["enum"] = known.into();
    } else if !known.is_empty() {
        schema["enum"] = known.into();
    }
}

/// Every KPI and label set, in the order of the configuration.
#[utoipa::path(get, path = "/api/v1/kpis", params(
    ("team" = Option<Vec<String>>, Query, description = "Of these teams."),
    ("objective" = Option<Vec<String>>, Query, description = "Of these objectives, by id."),
    ("function" = Option<Vec<String>>, Query, description = "Of these functions."),
    ("kind" = Option<Vec<String>>, Query, description = "leading, efficiency, lagging."),
    ("status" = Option<Vec<String>>, Query, description = "With these statuses."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Objects in the answer."),
    ("offset" = Option<u32>, Query, minimum = 0, description = "Objects to leave out before them."),
), responses(
    (status = 200, body = KpisJson, description = "The KPIs."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet."),
))]
fn kpis() {}

/// One KPI, all its label sets.
#[utoipa::path(get, path = "/api/v1/kpis/{id}", params(("id" = String, Path, description = "Its id.")), responses(
    (status = 200, body = KpisJson, description = "The KPI."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "No KPI is called so."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet."),
))]
fn kpi() {}

/// The days of a KPI, the last 400 at most.
#[utoipa::path(get, path = "/api/v1/kpis/{id}/history", params(
    ("id" = String, Path, description = "Its id."),
    ("from" = Option<String>, Query, format = Date, description = "First day."),
    ("to" = Option<String>, Query, format = Date, description = "Last day."),
), responses(
    (status = 200, body = HistoryJson, description = "Its days."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "No KPI is called so."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet."),
))]
fn history() {}

/// What people said about a KPI.
#[utoipa::path(get, path = "/api/v1/kpis/{id}/notes", params(("id" = String, Path, description = "Its id.")), responses(
    (status = 200, body = NotesJson, description = "The notes, the newest first."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "No KPI is called so."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet."),
))]
fn notes() {}

/// Says something about a KPI, now. Off unless `server.accept_notes` is on; then for those with a login, or
/// on the same machine without one. Pages of other sites may not.
#[utoipa::path(post, path = "/api/v1/kpis/{id}/notes", params(("id" = String, Path, description = "Its id.")),
    request_body(content = NewNoteJson, content_type = "application/json"), responses(
    (status = 201, body = NoteJson, description = "The note, as it is shown from now on."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "What was sent is not understood."),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "Notes are not accepted, or not from there."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "No KPI is called so."),
    (status = 408, body = Problem, content_type = "application/problem+json", description = "It took too long to arrive."),
    (status = 413, body = Problem, content_type = "application/problem+json", description = "It is larger than any note."),
    (status = 415, body = Problem, content_type = "application/problem+json", description = "It is no JSON."),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "It is no note: empty, too long, or of another author than the login's."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet, or it could not be written."),
))]
fn note() {}

/// The objectives with their progress.
#[utoipa::path(get, path = "/api/v1/objectives", responses(
    (status = 200, body = ObjectivesJson, description = "The objectives."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet."),
))]
fn objectives() {}

/// The sources with the last runs of each metric.
#[utoipa::path(get, path = "/api/v1/sources", responses(
    (status = 200, body = SourcesJson, description = "The sources."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
))]
fn sources() {}

/// The review: what changed, what follows, every KPI in a row.
#[utoipa::path(get, path = "/api/v1/review", params(
    ("period" = Option<String>, Query, description = "weekly, monthly or quarterly."),
    ("team" = Option<Vec<String>>, Query, description = "Of these teams."),
    ("objective" = Option<Vec<String>>, Query, description = "Of these objectives, by id."),
    ("function" = Option<Vec<String>>, Query, description = "Of these functions."),
    ("kind" = Option<Vec<String>>, Query, description = "leading, efficiency, lagging."),
    ("status" = Option<Vec<String>>, Query, description = "With these statuses."),
), responses(
    (status = 200, body = ReviewJson, description = "The review."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet."),
))]
fn review() {}

/// Status and attainment of a KPI, for shields.io.
#[utoipa::path(get, path = "/badge/{id}.json", params(("id" = String, Path, description = "Id of the KPI.")), responses(
    (status = 200, body = BadgeJson, description = "The badge."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "No KPI is called so."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet."),
))]
fn badge_json() {}

/// The same as a picture.
#[utoipa::path(get, path = "/badge/{id}.svg", params(("id" = String, Path, description = "Id of the KPI.")), responses(
    (status = 200, body = String, content_type = "image/svg+xml", description = "The badge."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "No KPI is called so."),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing has been evaluated yet."),
))]
fn badge_svg() {}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses(
    (status = 200, body = Object, description = "The document."),
    (status = 304, description = "As the client has it."),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that is not understood, or that is given twice and is no filter."),
))]
fn openapi_json() {}
