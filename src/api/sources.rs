//! The sources with their last runs as JSON: what `/api/v1/sources` prints.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::instant;
use crate::engine::{Fetch, MetricLog, RunLog, RunRecord, SourceLog};
use crate::id::MetricId;

/// `{"sources": […]}`, each with its metrics and their last runs, newest first. Instants are RFC 3339
/// in the calendar's zone; what is not known is `null`. Holds no secret: texts are those of failures.
pub fn sources_json(log: &RunLog) -> Value {
    let sources =
        log.sources.iter().map(|(id, source)| SourceJson::new(id, source, log.timezone)).collect();
    json!(SourcesJson { sources })
}

#[derive(Serialize, ToSchema)]
pub(super) struct SourcesJson<'a> {
    sources: Vec<SourceJson<'a>>,
}

/// The fields stand in the order in which they are printed.
#[derive(Serialize, ToSchema)]
struct SourceJson<'a> {
    id: &'a str,
    kind: &'static str,
    up: Option<bool>,
    last_success: Option<String>,
    metrics: Vec<MetricJson<'a>>,
}

#[derive(Serialize, ToSchema)]
struct MetricJson<'a> {
    id: &'a str,
    polled: bool,
    schedule: &'a str,
    next_run: Option<String>,
    last_success: Option<String>,
    consecutive_failures: u32,
    bad_row: Option<&'a str>,
    runs: Vec<RunJson<'a>>,
}

#[derive(Serialize, ToSchema)]
struct RunJson<'a> {
    started: String,
    duration_seconds: f64,
    outcome: &'static str,
    rows: usize,
    label_sets: Option<usize>,
    bad_rows: u64,
    bad_row: Option<&'a str>,
    #[schema(value_type = Vec<String>)]
    remarks: BTreeSet<&'a str>,
    error: Option<&'a str>,
    hint: Option<&'a str>,
    fetches: Vec<FetchJson>,
}

#[derive(Serialize, ToSchema)]
struct FetchJson {
    window_start: String,
    window_end: String,
    duration_seconds: f64,
    outcome: &'static str,
    rows: Option<usize>,
    bad_rows: u64,
}

impl<'a> SourceJson<'a> {
    fn new(id: &'a str, source: &'a SourceLog, timezone: Tz) -> Self {
        let metric =
            |(id, log): (&'a MetricId, &'a Arc<MetricLog>)| MetricJson::new(id, log, timezone);
        Self {
            id,
            kind: source.facts.kind,
            up: source.up(),
            last_success: source.last_success().map(|at| instant(at, timezone)),
            metrics: source.metrics.iter().map(metric).collect(),
        }
    }
}

impl<'a> MetricJson<'a> {
    fn new(id: &'a str, log: &'a MetricLog, timezone: Tz) -> Self {
        Self {
            id,
            polled: log.polled,
            schedule: &log.schedule,
            next_run: log.next_run.map(|at| instant(at, timezone)),
            last_success: log.last_success.map(|at| instant(at, timezone)),
            consecutive_failures: log.failures,
            bad_row: log.bad_row.as_deref(),
            runs: log.runs.iter().map(|run| RunJson::new(run, timezone)).collect(),
        }
    }
}

impl<'a> RunJson<'a> {
    fn new(run: &'a RunRecord, timezone: Tz) -> Self {
        Self {
            started: instant(run.as_of, timezone),
            duration_seconds: run.duration.as_secs_f64(),
            outcome: run.outcome(),
            rows: run.rows(),
            label_sets: run.label_sets,
            bad_rows: run.bad_rows(),
            bad_row: run.bad_row(),
            remarks: run.remarks(),
            error: run.error.as_ref().map(|error| &*error.message),
            hint: run.error.as_ref().and_then(|error| error.hint.as_deref()),
            fetches: run.fetches.iter().map(|fetch| FetchJson::new(fetch, timezone)).collect(),
        }
    }
}

impl FetchJson {
    fn new(fetch: &Fetch, timezone: Tz) -> Self {
        Self {
            window_start: instant(fetch.window.start, timezone),
            window_end: instant(fetch.window.end, timezone),
            duration_seconds: fetch.duration.as_secs_f64(),
            outcome: fetch.outcome,
            rows: fetch.rows,
            bad_rows: fetch.bad_rows,
        }
    }
}
