//! The page at `/`: are we on track, why, what now?

mod choose;
mod problems;
mod row;
mod warning;

use maud::{Markup, html};

use super::Site;
use super::frame::Place;
use super::words::{as_of, complete_through, counted, period_days};
use crate::figures;
use crate::filter::Filter;
use crate::snapshot::{KpiState, ObjectiveState, Snapshot};
use crate::summary::{Tone, answer, besides, most_urgent_first};

/// What of the scorecard somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Which KPIs.
    pub filter: Filter,
    /// Seconds after which the browser shall ask again; links keep it.
    pub refresh: Option<u32>,
}

/// What is the same for every KPI shown is said once, above.
pub(super) struct Common {
    period: Option<String>,
    through: Option<String>,
}

impl Site<'_> {
    /// The scorecard: the answer in one sentence, then every KPI by objective.
    pub fn scorecard(&self, view: &View) -> String {
        let Some(snapshot) = self.snapshot else { return self.waiting() };
        let chosen: Vec<&KpiState> =
            snapshot.kpis.iter().filter(|state| view.filter.keeps(&state.kpi)).collect();
        let (tone, sentence) = answer(&chosen);
        let shown = most_urgent_first(&chosen, &view.filter);
        let common = Common::of(snapshot, &shown);
        let body = html! {
            div.headline.(tone_class(tone)) {
                p.crumbs {
                    "KPI scorecard · " (as_of(snapshot.as_of, snapshot.timezone))
                    @if let Some(period) = &common.period { " · " (period) }
                    @if let Some(through) = &common.through { " · data through " (through) }
                }
                h1 { (sentence) }
                @if let Some(besides) = besides(&chosen) { p.lead { (besides) } }
            }
            (choose::bar(snapshot, &chosen, view))
            (warning::early(snapshot, &chosen))
            @if shown.is_empty() && !chosen.is_empty() {
                p.empty { "No KPI has this status. " a href="./" { "Show all" } }
            } @else if shown.is_empty() && !snapshot.kpis.is_empty() {
                p.empty { "No KPI fits. " a href="./" { "Show all" } }
            } @else if shown.is_empty() {
                p.empty { "Add KPIs under " code { "kpis:" } " in the configuration; " code { "kpi-exporter demo --write DIR" } " writes an example to start from." }
            }
            @for (objective, states) in by_objective(snapshot, &shown) {
                (section(snapshot, objective, &states, &common))
            }
            (problems::problems(snapshot))
        };
        self.page(Place::Scorecard, &sentence, &body)
    }

    /// The page before the first evaluation.
    pub fn waiting(&self) -> String {
        let body = html! {
            p.crumbs { "KPI scorecard" }
            h1 { "Waiting for the first evaluation." }
            p.muted { "The sources are being asked; this page looks again by itself." }
        };
        self.page(Place::Scorecard, "KPI scorecard", &body)
    }
}

impl Common {
    fn of(snapshot: &Snapshot, shown: &[&KpiState]) -> Self {
        let numbers = || shown.iter().flat_map(|s| &s.verdicts).map(|v| &v.assessment);
        let one = |texts: Vec<Option<String>>| match texts.as_slice() {
            [first, rest @ ..] if rest.iter().all(|text| text == first) => first.clone(),
            _ => None,
        };
        let today = snapshot.as_of.with_timezone(&snapshot.timezone).date_naive();
        let period = |a: &crate::assess::Assessment| {
            let left = (a.period.end_day - today).num_days().max(0);
            format!("{} left of {}", figures::days(left as f64, ""), period_days(&a.period))
        };
        Self {
            period: one(numbers().map(|a| Some(period(a))).collect()),
            through: one(numbers()
                .map(|a| a.data_through.map(|at| complete_through(at, snapshot.timezone)))
                .collect()),
        }
    }
}

/// The KPIs of each objective, those without one last. The objective with the most urgent KPI comes
/// first.
fn by_objective<'s>(
    snapshot: &'s Snapshot,
    shown: &[&'s KpiState],
) -> Vec<(Option<&'s ObjectiveState>, Vec<&'s KpiState>)> {
    let mut sections: Vec<(Option<&str>, Vec<&KpiState>)> = Vec::new();
    for state in shown {
        let id = state.kpi.objective.as_deref();
        match sections.iter_mut().find(|(known, _)| *known == id) {
            Some((_, states)) => states.push(state),
            None => sections.push((id, vec![state])),
        }
    }
    sections.sort_by_key(|(id, _)| id.is_none());
    let objective = |id: Option<&str>| id.and_then(|id| snapshot.objectives.get(id));
    sections.into_iter().map(|(id, states)| (objective(id), states)).collect()
}

fn section(
    snapshot: &Snapshot,
    objective: Option<&ObjectiveState>,
    states: &[&KpiState],
    common: &Common,
) -> Markup {
    let title = objective.map_or("Without an objective", |o| o.objective.title.as_str());
    html! {
        section.objective {
            h2 {
                (title)
                @if let Some(owner) = objective.and_then(|o| o.objective.owner.as_deref()) { span.aside { (owner) } }
                span.count {
                    (counted(states.len(), "KPI", "KPIs"))
                    @if let Some(ratio) = objective.and_then(|o| o.progress_ratio) {
                        " · " (figures::attainment(ratio)) " of the way"
                    }
                }
            }
            table.kpis {
                caption.hidden { (title) ": KPIs, the most urgent first" }
                thead {
                    tr {
                        th scope="col" { "Status" }
                        th scope="col" { "KPI" }
                        th.number scope="col" { "Now of target" }
                        th.picture-head scope="col" { "Progress" span.legend { "┊ due today " span.unbroken { "┃ target" } } }
                        th.number scope="col" { "Pace" }
                        th.number scope="col" { "Projected" }
                    }
                }
                @for state in states { (row::kpi(snapshot, state, common)) }
            }
        }
    }
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Doubtful => "doubtful",
        Tone::Good => "good",
    }
}
