//! How the periods of a KPI ended, and what its source says of them since.

use maud::{Markup, html};

use crate::figures;
use crate::kpi::Unit;
use crate::snapshot::{ClosedPeriod, KpiState, Restated, Snapshot};
use crate::web::words::Column::{Number, Words};
use crate::web::words::{ABSENT, badge, complete_through, heading, label_chips, moment, target};

/// Rows of the table.
const MOST_ROWS: usize = 200;

/// The periods that the store knows, else the one that the sources tell of.
pub(super) fn periods(snapshot: &Snapshot, state: &KpiState) -> Markup {
    // Before the first number there is nothing to tell.
    let told = |closed: &&ClosedPeriod| closed.value.is_some() || closed.restated.is_some();
    let all: Vec<&ClosedPeriod> = state.closed.iter().filter(told).collect();
    if all.is_empty() {
        return last_period(state);
    }
    let results: Vec<Option<f64>> = all.iter().map(|closed| closed.value).collect();
    let results = column(&state.kpi.unit, &results);
    let restated = all.iter().any(|closed| closed.restated.is_some());
    let labelled = all.iter().any(|closed| !closed.labels.is_empty());
    html! {
        section {
            h2 { "Closed periods" }
            table.plain {
                thead {
                    tr {
                        th scope="col" { "Period" }
                        @if labelled { th scope="col" { "Labels" } }
                        th scope="col" { "Status" }
                        th.number scope="col" { "Result" }
                        th.number scope="col" { "Target" }
                        th.number scope="col" { "Attainment" }
                        @if restated { th scope="col" { "Restated" } }
                    }
                }
                tbody {
                    @for (closed, result) in all.iter().zip(&results).take(MOST_ROWS) {
                        tr {
                            th scope="row" { (closed.period) span.note { "to " (complete_through(closed.end, snapshot.timezone)) } }
                            @if labelled { td { (label_chips(&closed.labels)) } }
                            td { (badge(closed.status)) }
                            td.number data-label="Result" { (result) }
                            td.number data-label="Target" { (goal(state, closed)) }
                            td.number data-label="Attainment" { (closed.target_ratio.map_or(ABSENT.to_owned(), figures::attainment)) }
                            @if restated {
                                td data-label="Restated" {
                                    @if let Some(now) = &closed.restated { (since(snapshot, &state.kpi.unit, now)) }
                                }
                            }
                        }
                    }
                }
            }
            @if restated { p.muted { "A result that is final stays as it was told, whatever its source says since." } }
            @if all.len() > MOST_ROWS { p.muted { "and " (all.len() - MOST_ROWS) " older ones" } }
        }
    }
}

/// A target that is no single number is the one of now, or nothing is known of it.
fn goal(state: &KpiState, closed: &ClosedPeriod) -> String {
    let shown = |value| state.kpi.unit.show(value);
    if let Some(value) = closed.target {
        return shown(value);
    }
    let of_then = state.last_period.iter().find(|verdict| {
        verdict.labels == closed.labels && verdict.assessment.period.id == closed.period
    });
    of_then.map_or(ABSENT.to_owned(), |verdict| target(&state.kpi, &verdict.assessment))
}

fn since(snapshot: &Snapshot, unit: &Unit, restated: &Restated) -> String {
    let said = restated.value.map_or("nothing".to_owned(), |value| unit.show(value));
    format!("the source says {said} since {}", moment(restated.at, snapshot.timezone))
}

/// Numbers below each other.
fn column(unit: &Unit, values: &[Option<f64>]) -> Vec<String> {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let mut shown = unit.show_alike(&known).into_iter();
    let text = |value: &Option<f64>| value.and_then(|_| shown.next());
    values.iter().map(text).map(|text| text.unwrap_or_else(|| ABSENT.to_owned())).collect()
}

fn last_period(state: &KpiState) -> Markup {
    let unit = &state.kpi.unit;
    let value = |value: Option<f64>| value.map_or(ABSENT.to_owned(), |value| unit.show(value));
    html! {
        @if !state.last_period.is_empty() {
            section {
                h2 { "The period that closed last" }
                table.plain {
                    (heading(&[Words("Period"), Words("Status"), Number("Result"), Number("Target"), Number("Attainment")]))
                    tbody {
                        @for verdict in state.last_period.iter().take(MOST_ROWS) {
                            @let a = &verdict.assessment;
                            tr {
                                th scope="row" { (a.period.id) " " (label_chips(&verdict.labels)) }
                                td { (badge(a.status)) }
                                td.number data-label="Result" { (value(a.value)) }
                                td.number data-label="Target" { (target(&state.kpi, a)) }
                                td.number data-label="Attainment" { (a.target_ratio.map_or(ABSENT.to_owned(), figures::attainment)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
