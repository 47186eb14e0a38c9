//! A KPI as a badge for a README or a wiki: status and attainment, nothing else. No fonts are loaded.

use maud::html;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::assess::Status;
use crate::figures;
use crate::shown;
use crate::snapshot::KpiState;
use crate::summary::worst_first;

/// Characters of a title.
const LONGEST: usize = 40;
/// Width of a character, about.
const LETTER: usize = 7;

/// What shields.io asks of an endpoint.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BadgeJson {
    /// 1, as shields.io wants it.
    schema_version: u8,
    label: String,
    message: String,
    color: &'static str,
    is_error: bool,
}

/// A badge as shields.io reads it.
pub fn badge_json(state: &KpiState, status: Status) -> Value {
    json!(BadgeJson {
        schema_version: 1,
        label: shown::line(&state.kpi.title, LONGEST),
        message: message(state, status),
        color: colour(status).0,
        is_error: false,
    })
}

/// A badge as a picture.
pub fn badge_svg(state: &KpiState, status: Status) -> String {
    let label = shown::line(&state.kpi.title, LONGEST);
    let message = message(state, status);
    let width = |text: &str| text.chars().count() * LETTER + 12;
    let (left, right) = (width(&label), width(&message));
    let told = format!("{label}: {message}");
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(left + right) height="20" role="img" aria-label=(told) {
            title { (told) }
            rect width=(left) height="20" fill="#444b54" {}
            rect x=(left) width=(right) height="20" fill=(colour(status).1) {}
            g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle" {
                text x=(left / 2) y="14" textLength=(left - 12) lengthAdjust="spacingAndGlyphs" { (label) }
                text x=(left + right / 2) y="14" textLength=(right - 12) lengthAdjust="spacingAndGlyphs" { (message) }
            }
        }
    };
    picture.into_string()
}

fn message(state: &KpiState, status: Status) -> String {
    let worst = worst_first(state);
    let ratio = worst.first().and_then(|verdict| verdict.assessment.target_ratio);
    match ratio {
        Some(ratio) => format!("{}, {}", status.words(), figures::attainment(ratio)),
        None => status.words().to_owned(),
    }
}

/// As shields.io names it, and as it is; white text is readable on each.
const fn colour(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::OnTrack | Status::Achieved => ("success", "#1b6e3a"),
        Status::AtRisk => ("important", "#8a5a00"),
        Status::OffTrack | Status::Missed => ("critical", "#b3261e"),
        Status::TooEarly | Status::NoData => ("inactive", "#666d75"),
    }
}
