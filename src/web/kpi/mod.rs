//! `/kpi/{id}`: everything that is known of one KPI, for the first hour after an alert.

mod around;
mod axis;
mod chart;
mod closed;
mod computed;
mod facts;
mod labels;
mod lines;
mod marks;
mod multiples;
mod placed;

use maud::{Markup, html};

use super::Site;
use super::frame::Place;
use super::words::Column::{Number, Words};
use super::words::{badge, counted, heading, label_chips, target};
use crate::kpi::SeriesKey;
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::summary::worst_first;

/// Label sets told in full; the rest is in the table only.
const IN_FULL: usize = 40;

/// Label sets in the table; the JSON has all.
const IN_TABLE: usize = 500;

impl Site<'_> {
    /// The page of a KPI; `None` for one that is not configured.
    pub fn kpi(&self, id: &str) -> Option<String> {
        let snapshot = self.snapshot?;
        let state = snapshot.kpis.iter().find(|state| state.kpi.id == id)?;
        let verdicts = worst_first(state);
        let body = html! {
            (head(snapshot, state, &verdicts))
            @match verdicts.as_slice() {
                [only] => (self.told(snapshot, state, only)),
                several => {
                    (multiples::multiples(self, snapshot, state, several))
                    (overview(state, several))
                    @for (index, verdict) in several.iter().enumerate().take(IN_FULL) {
                        details.set id=(format!("set-{index}")) open[index == 0] {
                            summary { (badge(verdict.assessment.status)) " " (label_chips(&verdict.labels)) }
                            (self.told(snapshot, state, verdict))
                        }
                    }
                    @if several.len() > IN_FULL {
                        p.muted {
                            "The other " (several.len() - IN_FULL) " label sets are, the worst " (IN_TABLE) " of all, in the table above; all are in the "
                            a href=(Place::Below.link(&format!("api/v1/kpis/{id}"))) { "JSON" } "."
                        }
                    }
                }
            }
            div.pairs {
                (around::levers(&state.kpi))
                (around::leads(snapshot, state))
            }
            (around::notes(snapshot, state))
            (around::members(state))
            (closed::periods(snapshot, state))
            (computed::section(self, snapshot, state))
            (around::changes(snapshot, state))
        };
        Some(self.page(Place::Below, &state.kpi.title, &body))
    }

    /// The page for an id that no KPI has: what there is instead.
    pub fn no_such_kpi(&self, id: &str) -> String {
        let kpis = self.snapshot.map(|snapshot| snapshot.kpis.as_slice()).unwrap_or_default();
        let title = format!("No KPI is called “{id}”");
        let body = html! {
            h1 { (title) }
            @if self.snapshot.is_none() {
                p.muted { "Nothing has been evaluated yet: try again soon." }
            } @else if kpis.is_empty() {
                p.muted { "No KPI is configured." }
            } @else {
                p.muted { "It may have been renamed or taken out of the configuration. There are:" }
                ul.columns {
                    @for state in kpis {
                        li { a href=(Place::Below.link(&format!("kpi/{}", state.kpi.id))) { bdi { (state.kpi.title) } } }
                    }
                }
            }
        };
        self.page(Place::Below, &title, &body)
    }

    fn told(&self, snapshot: &Snapshot, state: &KpiState, verdict: &Verdict) -> Markup {
        html! {
            @if !verdict.assessment.reason.is_empty() {
                p.reason { (verdict.assessment.reason) }
            }
            div.picture {
                (chart::chart(snapshot, state, verdict, self.days.of(&SeriesKey::new(&state.kpi.id, &verdict.labels))))
                (facts::facts(snapshot, state, verdict, self.days.of(&SeriesKey::new(&state.kpi.id, &verdict.labels))))
            }
        }
    }
}

fn head(snapshot: &Snapshot, state: &KpiState, verdicts: &[&Verdict]) -> Markup {
    let kpi = &state.kpi;
    let objective = kpi.objective.as_deref().and_then(|id| snapshot.objectives.get(id));
    html! {
        p.crumbs {
            a href=(Place::Below.link("")) { "Scorecard" }
            @if let (Some(objective), Some(id)) = (objective, &kpi.objective) {
                " › "
                a href=(Place::Below.link(&format!("?objective={}", query_text(id)))) { (objective.objective.title) }
            }
        }
        h1 {
            bdi { (kpi.title) } " "
            @if let Some(worst) = verdicts.first() { (badge(worst.assessment.status)) }
        }
        @if let Some(description) = &kpi.description { p.lead { (description) } }
    }
}

fn overview(state: &KpiState, verdicts: &[&Verdict]) -> Markup {
    let kpi = &state.kpi;
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| kpi.unit.show(value));
    html! {
        section {
            h2 { (counted(verdicts.len(), "label set", "label sets")) ", the worst first" }
            table.plain {
                (heading(&[Words("Status"), Words("Labels"), Number("Now"), Number("Target"), Number("Due now"), Number("Projected")]))
                tbody {
                    @for (index, verdict) in verdicts.iter().enumerate().take(IN_TABLE) {
                        @let a = &verdict.assessment;
                        tr {
                            td { (badge(a.status)) }
                            th scope="row" {
                                @if index < IN_FULL { a href=(format!("#set-{index}")) { (label_chips(&verdict.labels)) } }
                                @else { (label_chips(&verdict.labels)) }
                            }
                            td.number data-label="Now" { (number(a.value)) }
                            td.number data-label="Target" { (target(kpi, a)) }
                            td.number data-label="Due now" { (number(a.expected_value)) }
                            td.number data-label="Projected" { (number(a.projected_value)) }
                        }
                    }
                }
            }
        }
    }
}

/// A text as the value of a parameter of a link.
fn query_text(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
