//! `/review`: what changed since the last review, what follows, every KPI in a row; two pages of paper. What
//! is in it is `review`'s; the same as a document is the command `report`.

use chrono::NaiveDate;
use maud::{Markup, html};

use super::Site;
use super::frame::Place;
use super::spark::line;
use super::words::{ABSENT, as_of, badge, target};
use crate::assess::Status;
use crate::filter::Filter;
use crate::review::{Action, Cadence, Change, Item, Known, Review, Row, review};

/// Columns of the table besides the spans.
const COLUMNS: usize = 6;

impl Site<'_> {
    /// The page.
    pub fn review(&self, filter: &Filter, cadence: Cadence) -> String {
        let Some(snapshot) = self.snapshot else { return self.waiting() };
        let known = Known { snapshot, days: self.days };
        let review = review(known, filter, cadence);
        let body = html! {
            p.crumbs {
                "Review · " (as_of(snapshot.as_of, snapshot.timezone))
                " · compared with " (review.since.format("%-d %b %Y"))
            }
            h1 { (review.headline) }
            @if let Some(besides) = &review.besides { p.lead { (besides) } }
            (cadences(&review, filter))
            div.topics {
                @for section in &review.sections {
                    section {
                        h2 { (section.topic.title()) }
                        ul.told {
                            @for item in &section.items { (told(item)) }
                            @if section.more > 0 { li.muted { "and " (section.more) " more" } }
                        }
                    }
                }
                (actions(&review.actions))
            }
            @if let Some(nothing) = &review.nothing { p.muted { (nothing) } }
            (rows(&review))
        };
        self.page(Place::Review, "Review", &body)
    }
}

/// The other cadences, as links that keep the filter.
fn cadences(review: &Review<'_>, filter: &Filter) -> Markup {
    let address = |cadence: Cadence| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("period", &cadence.to_string());
        query.extend_pairs(filter.pairs());
        format!("./review?{}", query.finish())
    };
    html! {
        nav.choose.chips aria-label="How often" {
            div.chips {
                @for cadence in Cadence::ALL {
                    a.chip aria-current=[(cadence == review.cadence).then_some("true")] href=(address(cadence)) { (cadence) }
                }
            }
        }
    }
}

fn told(item: &Item<'_>) -> Markup {
    html! {
        li {
            (mark(item.status))
            @if let (Some(state), Some(subject)) = (item.state, item.subject()) {
                a href=(Place::Review.link(&format!("kpi/{}", state.kpi.id))) { (subject) } ": "
            }
            (item.text)
        }
    }
}

/// Sign and colour; the words are in the sentence.
fn mark(status: Option<Status>) -> Markup {
    html! {
        @if let Some(status) = status {
            span.badge.(status.as_str()) aria-hidden="true" { (status.symbol()) } " "
        }
    }
}

fn actions(actions: &[Action<'_>]) -> Markup {
    html! {
        @if !actions.is_empty() {
            section {
                h2 { "What to do" }
                ul.told {
                    @for action in actions {
                        li {
                            (mark(Some(action.verdict.assessment.status)))
                            strong { (action.state.kpi.title) } " (" (action.why) ", " (action.period.words()) "): "
                            @if action.state.kpi.levers.is_empty() { "no levers are written down" }
                            @else { (action.state.kpi.levers.join(", ")) }
                            @if let Some(owner) = action.state.kpi.owner.as_ref().or(action.state.kpi.team.as_ref()) {
                                span.muted { " · " (owner) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rows(review: &Review<'_>) -> Markup {
    let noun = review.cadence.noun();
    html! {
        @if !review.rows.is_empty() {
            section.every {
                h2 { "Every KPI" span.aside { "what each " (noun) " brought, or how it ended; a year as a line" } }
                div.wide role="region" aria-label="Every KPI" tabindex="0" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Status" }
                                th scope="col" { "KPI" }
                                @for last in &review.columns { th.number scope="col" { (column(review.cadence, *last)) } }
                                th scope="col" { "A year" }
                                th.number scope="col" { (noun) " on " (noun) }
                                th.number scope="col" { "year on year" }
                                th.number scope="col" { "Now of target" }
                            }
                        }
                        @for row in &review.rows { (one(review, row)) }
                    }
                }
            }
        }
    }
}

fn column(cadence: Cadence, last: NaiveDate) -> String {
    match cadence {
        Cadence::Weekly => last.format("%-d %b").to_string(),
        Cadence::Monthly => last.format("%b %Y").to_string(),
        Cadence::Quarterly => format!("to {}", last.format("%b %Y")),
    }
}

fn one(review: &Review<'_>, row: &Row<'_>) -> Markup {
    let (kpi, a) = (&row.state.kpi, &row.verdict.assessment);
    let shown = |value: Option<f64>| value.map_or(ABSENT.to_owned(), |v| kpi.unit.show(v));
    let numbers = row.told(ABSENT);
    let says = a.needs_somebody() || row.note.is_some() || row.story.is_some();
    html! {
        tbody class=(a.status.as_str()) {
            tr {
                td { (badge(a.status)) }
                th scope="row" {
                    a.title href=(Place::Review.link(&format!("kpi/{}", kpi.id))) { (kpi.title) }
                    @if row.sets > 1 { span.aside { "worst of " (row.sets) } }
                }
                @for number in &numbers { td.number { (number) } }
                td { (line(&row.line)) }
                td.number { (change(row, row.change)) }
                td.number { (change(row, row.year)) }
                td.number { strong { (shown(a.value)) } span.of { " of " (target(kpi, a)) } }
            }
            @if says {
                tr.more-of-it {
                    td {}
                    td colspan=(review.columns.len() + COLUMNS - 1) {
                        @if a.needs_somebody() { (a.reason) " " }
                        @if let Some(story) = &row.story { (story) " " }
                        @if let Some(note) = row.note {
                            "“" bdi { (note.text) } "” "
                            @if let Some(author) = &note.author { bdi { (author) } ", " }
                            (note.at.with_timezone(&review.snapshot.timezone).format("%-d %b"))
                        }
                    }
                }
            }
        }
    }
}

fn change(row: &Row<'_>, change: Option<Change>) -> Markup {
    html! { @match change { Some(change) => (change.text(&row.state.kpi.unit)), None => (ABSENT) } }
}
