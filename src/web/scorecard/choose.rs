//! What to look at: counts that are links, and a form. Both only change the address.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::View;
use crate::assess::Status;
use crate::snapshot::{KpiState, Snapshot};
use crate::summary::worst_status;

/// The bar below the headline; nothing where there is nothing to choose.
pub(super) fn bar(snapshot: &Snapshot, chosen: &[&KpiState], view: &View) -> Markup {
    html! {
        @if !snapshot.kpis.is_empty() {
            div.choose {
                (chips(chosen, view))
                (form(snapshot, view))
            }
        }
    }
}

/// One for each status that a KPI has.
fn chips(chosen: &[&KpiState], view: &View) -> Markup {
    let count = |status| chosen.iter().filter(|state| worst_status(state) == Some(status)).count();
    let is_chosen = |status: Status| view.filter.has("status", status.as_str());
    let any = Status::ALL.into_iter().any(is_chosen);
    html! {
        nav.chips aria-label="By status" {
            @for status in Status::WORST_FIRST {
                @if count(status) > 0 || is_chosen(status) {
                    a.chip.(status.as_str()) aria-current=[is_chosen(status).then_some("true")] href=(with_status(view, Some(status))) {
                        span aria-hidden="true" { (status.symbol()) " " } (count(status)) " " (status.words())
                    }
                }
            }
            @if any { a.chip href=(with_status(view, None)) { "all " (chosen.len()) } }
        }
    }
}

/// This page with another status.
fn with_status(view: &View, status: Option<Status>) -> String {
    let pairs = view.filter.pairs().filter(|(key, _)| *key != "status");
    let status = status.map(|status| ("status", status.as_str()));
    written(pairs.chain(status), view)
}

/// This page as it is asked for.
pub(super) fn address(view: &View) -> String {
    written(view.filter.pairs(), view)
}

fn written<'p>(pairs: impl Iterator<Item = (&'static str, &'p str)>, view: &View) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    query.extend_pairs(kept(view));
    let query = query.finish();
    if query.is_empty() { "./".to_owned() } else { format!("./?{query}") }
}

/// What links and the form keep besides the filter.
fn kept(view: &View) -> impl Iterator<Item = (&'static str, String)> {
    let sort = view.sort.map(|sort| ("sort", sort.text()));
    sort.into_iter().chain(view.refresh.map(|seconds| ("refresh", seconds.to_string())))
}

/// Values with what is written for them.
type Values = Vec<(String, String)>;

/// A choice for everything in which KPIs differ.
fn form(snapshot: &Snapshot, view: &View) -> Markup {
    let kpis = || snapshot.kpis.iter().map(|state| &state.kpi);
    let plain = |values: BTreeSet<String>| {
        let worded = values.into_iter().map(|value| (value.clone(), value.replace('_', " ")));
        worded.collect::<Vec<_>>()
    };
    let teams: BTreeSet<String> = kpis().filter_map(|kpi| kpi.team.clone()).collect();
    let teams = teams.into_iter().map(|team| (team.clone(), team)).collect();
    let objectives = snapshot.objectives.iter();
    let objectives = objectives.map(|(id, o)| (id.clone(), o.objective.title.clone())).collect();
    let choices: [(&str, &str, Values); 4] = [
        ("team", "Team", teams),
        ("objective", "Objective", objectives),
        ("function", "Function", plain(kpis().map(|kpi| kpi.function.to_string()).collect())),
        ("kind", "Kind", plain(kpis().map(|kpi| kpi.kind.to_string()).collect())),
    ];
    let useful = |key: &str, values: &[(String, String)]| {
        values.len() > 1 || view.filter.pairs().any(|(chosen, _)| chosen == key)
    };
    let choices: Vec<_> =
        choices.into_iter().filter(|(key, _, values)| useful(key, values)).collect();
    html! {
        @if !choices.is_empty() {
            form action="./" method="get" {
                @for (key, name, values) in &choices {
                    label {
                        (name) " "
                        select name=(key) {
                            option value="" { "all" }
                            @for (value, text) in values {
                                option value=(value) selected[view.filter.has(key, value)] { (text) }
                            }
                        }
                    }
                }
                @for (key, value) in view.filter.pairs().filter(|(key, _)| *key == "status") {
                    input type="hidden" name=(key) value=(value);
                }
                @for (key, value) in kept(view) { input type="hidden" name=(key) value=(value); }
                button type="submit" { "Show" }
            }
        }
    }
}
