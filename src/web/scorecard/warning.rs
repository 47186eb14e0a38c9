//! The early warning: a KPI is in trouble while what it leads still looks fine.

use maud::{Markup, html};

use crate::assess::Status;
use crate::figures;
use crate::snapshot::{KpiState, Snapshot};
use crate::web::summary::worst_status;

/// Warnings that are spelled out.
const MOST: usize = 5;

/// A sentence for each pair.
pub(super) fn early(snapshot: &Snapshot, chosen: &[&KpiState]) -> Markup {
    let troubled = |state: &&&KpiState| {
        matches!(worst_status(state), Some(Status::OffTrack | Status::AtRisk | Status::Missed))
    };
    let pairs: Vec<(&KpiState, &KpiState)> = chosen
        .iter()
        .filter(troubled)
        .flat_map(|early| early.kpi.predicts.iter().map(move |id| (*early, id)))
        .filter_map(|(early, id)| {
            let late = snapshot.kpis.iter().find(|state| state.kpi.id == *id)?;
            worst_status(late).is_some_and(Status::is_good).then_some((early, late))
        })
        .collect();
    html! {
        @for (early, late) in pairs.iter().take(MOST) {
            p.warning {
                strong { span aria-hidden="true" { "▲ " } "Early warning. " }
                (sentence(early, late))
            }
        }
        @if pairs.len() > MOST { p.warning { "and " (pairs.len() - MOST) " more early warnings" } }
    }
}

fn sentence(early: &KpiState, late: &KpiState) -> String {
    let status = worst_status(early).map_or("in trouble", Status::words);
    let (title, other) = (&early.kpi.title, &late.kpi.title);
    let by = early.kpi.lead_time.map(|time| figures::duration(time.as_secs_f64()));
    let by = by.map_or(String::new(), |by| format!(" by {by}"));
    let levers = match early.kpi.levers.as_slice() {
        [] => String::new(),
        levers => format!(" Levers: {}.", levers.join(", ")),
    };
    format!("{title} is {status} and leads {other}{by}, which still looks fine.{levers}")
}
