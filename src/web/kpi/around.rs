//! What stands around a KPI: levers, what it announces and what announces it, members, notes, and how its
//! definition changed.

use std::sync::Arc;

use maud::{Markup, html};

use super::marks;
use crate::figures;
use crate::kpi::Kpi;
use crate::snapshot::{Breakdown, KpiState, LeadState, Snapshot};
use crate::web::frame::Place;
use crate::web::words::{ABSENT, badge, label_chips, lead_time, moment};

/// Breakdowns that are shown: one for each label set and column.
const MOST_TABLES: usize = 40;

/// Notes that are shown.
const MOST_ROWS: usize = 200;

/// What the team can do about it.
pub(super) fn levers(kpi: &Kpi) -> Markup {
    html! {
        @if !kpi.levers.is_empty() {
            section {
                h2 { "Levers" }
                ul { @for lever in &kpi.levers { li { (lever) } } }
            }
        }
    }
}

/// What it says of others, and what others say of it.
pub(super) fn leads(snapshot: &Snapshot, state: &KpiState) -> Markup {
    let led_by: Vec<(&KpiState, Option<&LeadState>)> = snapshot
        .kpis
        .iter()
        .map(Arc::as_ref)
        .filter(|other| other.kpi.predicts.contains(&state.kpi.id))
        .map(|other| (other, other.leads.iter().find(|lead| lead.predicts == state.kpi.id)))
        .collect();
    let leads = &state.kpi.predicts;
    let after = state.kpi.lead_time.map(lead_time);
    html! {
        @if !leads.is_empty() {
            section {
                h2 { "What it leads" }
                ul {
                    @for id in leads {
                        @let lead = state.leads.iter().find(|lead| lead.predicts == *id);
                        li {
                            (named(snapshot, id))
                            @if let Some(after) = &after { ", by " (after) " as configured" }
                            (proof(lead))
                        }
                    }
                }
            }
        }
        @if !led_by.is_empty() {
            section {
                h2 { "What leads it" }
                ul {
                    @for (other, lead) in led_by { li { (named(snapshot, &other.kpi.id)) (proof(lead)) } }
                }
            }
        }
    }
}

/// What history says to a claim.
fn proof(lead: Option<&LeadState>) -> Markup {
    html! { @if let Some(lead) = lead { span.note { (lead.lead.words("week")) } } }
}

/// A KPI with its status, as a link.
fn named(snapshot: &Snapshot, id: &str) -> Markup {
    let state = snapshot.kpis.iter().find(|state| state.kpi.id == id);
    html! {
        @match state {
            Some(state) => {
                a href=(Place::Below.link(&format!("kpi/{id}"))) { bdi { (state.kpi.title) } } " "
                @if let Some(worst) = crate::summary::worst_first(state).first() {
                    (badge(worst.assessment.status))
                }
            }
            None => (id),
        }
    }
}

/// What the value is made of.
pub(super) fn members(state: &KpiState) -> Markup {
    html! {
        @for breakdown in state.breakdowns.iter().take(MOST_TABLES) {
            section {
                h2 { "By " (breakdown.by) " " (label_chips(&breakdown.labels)) }
                (table(state, breakdown))
                @if !breakdown.adds_up {
                    p.muted { "Members do not add up to the whole: what is counted once in the whole may be in several of them." }
                }
            }
        }
    }
}

fn table(state: &KpiState, breakdown: &Breakdown) -> Markup {
    let unit = &state.kpi.unit;
    let value = |value: Option<f64>| value.map_or(ABSENT.to_owned(), |value| unit.show(value));
    let change = |by: Option<f64>| by.map_or(ABSENT.to_owned(), |by| unit.show_change(by));
    let share = |ratio: Option<f64>| ratio.map_or(ABSENT.to_owned(), figures::share);
    html! {
        table.plain {
            thead {
                tr {
                    th scope="col" { (breakdown.by) }
                    th.number scope="col" { "Now" }
                    th.number scope="col" { "Share" }
                    th.number scope="col" { "Against the period before" }
                }
            }
            tbody {
                @for member in &breakdown.members {
                    tr {
                        th scope="row" { @if member.name.is_empty() { "(none)" } @else { (member.name) } }
                        td.number data-label="Now" { (value(member.value)) }
                        td.number data-label="Share" { (share(member.share)) }
                        td.number data-label="Change" { (change(member.change)) }
                    }
                }
            }
        }
    }
}

/// What people said, the newest first.
pub(super) fn notes(snapshot: &Snapshot, state: &KpiState) -> Markup {
    html! {
        @if !state.notes.is_empty() {
            section {
                h2 { "Notes" }
                dl.notes {
                    @for (index, note) in state.notes.iter().enumerate().take(MOST_ROWS) {
                        dt {
                            (marks::number(index)) " "
                            (note.at.with_timezone(&snapshot.timezone).format("%-d %b %Y"))
                            @if let Some(author) = &note.author { " · " bdi { (author) } }
                        }
                        dd { (note.text) }
                    }
                }
                @if state.notes.len() > MOST_ROWS {
                    p.muted { "and " (state.notes.len() - MOST_ROWS) " older ones" }
                }
            }
        }
    }
}

/// When numbers got another meaning, or another goal.
pub(super) fn changes(snapshot: &Snapshot, state: &KpiState) -> Markup {
    let when = |at| moment(at, snapshot.timezone);
    let nothing = state.definition_changed.is_none() && state.goal_changed.is_none();
    html! {
        @if !nothing {
            section {
                h2 { "Changes of its definition" }
                ul {
                    @if let Some(at) = state.definition_changed {
                        li { (when(at)) ": what is measured changed. Values before and after are two series." }
                    }
                    @if let Some(change) = &state.goal_changed {
                        li { (when(change.at)) ": a new goal: " (change.now) span.note { "before: " (change.before) } }
                    }
                }
            }
        }
    }
}
