//! The parts of a review that its page and its document have in common, as markup: what there is to say by
//! topic, what to do, and the remark below a row. Not here: the frames around them, and the rows.

use maud::{Markup, html};

use super::to_do;
use crate::assess::Status;
use crate::id::KpiId;
use crate::review::{Action, Change, Item, Review, Row};

/// Where the page of a KPI is, if it has one.
pub type Link<'a> = &'a dyn Fn(&KpiId) -> Option<String>;

/// What there is to say by topic, what to do, and in one line what there is nothing to say about.
pub fn topics(review: &Review<'_>, link: Link<'_>) -> Markup {
    html! {
        div.topics {
            @for section in &review.sections {
                section {
                    h2 { (section.topic.title()) }
                    ul.told {
                        @for item in &section.items { (told(item, link)) }
                        @if section.more > 0 { li.muted { "and " (section.more) " more" } }
                    }
                }
            }
            @if !review.actions.is_empty() { (actions(&review.actions)) }
        }
        @if let Some(nothing) = &review.nothing { p.muted { (nothing) } }
    }
}

fn told(item: &Item<'_>, link: Link<'_>) -> Markup {
    html! {
        li {
            (mark(item.status))
            @if let (Some(state), Some(subject)) = (item.state, item.subject()) {
                strong { (linked(&state.kpi.id, &subject, link)) } ": "
            }
            (item.text)
        }
    }
}

/// The period is named where it is not the same for all, and the heading has it.
fn actions(actions: &[Action<'_>]) -> Markup {
    let several = actions.iter().any(|action| action.period != actions[0].period);
    html! {
        section.actions {
            h2 { (to_do(actions)) }
            ul.told {
                @for action in actions {
                    @let kpi = &action.state.kpi;
                    li {
                        (mark(Some(action.verdict.assessment.status)))
                        strong { bdi { (kpi.title) } } " (" (action.why) @if several { ", " (action.period.words()) } "): "
                        @if kpi.levers.is_empty() { "no levers are written down" } @else { (kpi.levers.join(", ")) }
                        @if let Some(owner) = kpi.owner.as_ref().or(kpi.team.as_ref()) { span.muted { " · " bdi { (owner) } } }
                    }
                }
            }
        }
    }
}

/// Sign and colour; the words are in the sentence.
pub(super) fn mark(status: Option<Status>) -> Markup {
    html! {
        @if let Some(status) = status {
            span.badge.(status.as_str()) aria-hidden="true" { (status.symbol()) } " "
        }
    }
}

/// A text that leads to the page of a KPI.
pub(super) fn linked(id: &KpiId, text: &str, link: Link<'_>) -> Markup {
    html! { @match link(id) { Some(url) => { a href=(url) { bdi { (text) } } }, None => { bdi { (text) } } } }
}

/// What happened to a KPI, and its newest note.
pub fn remark(review: &Review<'_>, row: &Row<'_>) -> Markup {
    html! {
        @if let Some(story) = &row.story { " " em { (story) } }
        @if let Some(note) = row.note {
            " " span.remark {
                "“" bdi { (note.text) } "” "
                @if let Some(author) = &note.author { bdi { (author) } ", " }
                (note.at.with_timezone(&review.snapshot.timezone).format("%-d %B"))
            }
        }
    }
}

/// A change from span to span, marked where it is for the worse.
pub fn change(row: &Row<'_>, change: Option<Change>) -> Markup {
    let kpi = &row.state.kpi;
    let good = change.and_then(|change| change.is_good(kpi.direction));
    html! {
        @match change {
            Some(change) => span.worse[good == Some(false)] { (change.text(&kpi.unit)) },
            None => (super::ABSENT),
        }
    }
}
