//! `/review`: what changed since the last review, what follows, every KPI in a row; two pages of paper. What
//! is in it is `review`'s; the same as a document is the command `report`.

use maud::{Markup, html};

use super::Site;
use super::frame::Place;
use super::spark::line;
use super::words::{ABSENT, as_of, badge, target};
use crate::filter::Filter;
use crate::id::KpiId;
use crate::report::{self, parts};
use crate::review::{Cadence, Known, Review, Row, review};

/// Columns of the table besides the spans.
const COLUMNS: usize = 6;

impl Site<'_> {
    /// The page.
    pub fn review(&self, filter: &Filter, cadence: Cadence) -> String {
        let Some(snapshot) = self.snapshot else { return self.waiting() };
        let known = Known { snapshot, days: self.days };
        let review = review(known, filter, cadence);
        let link = |id: &KpiId| Some(Place::Review.link(&format!("kpi/{id}")));
        let body = html! {
            p.crumbs {
                "Review · " (as_of(snapshot.as_of, snapshot.timezone))
                " · compared with " (review.since.format("%-d %b %Y"))
            }
            h1 { (review.headline) }
            @if let Some(besides) = &review.besides { p.lead { (besides) } }
            (cadences(&review, filter))
            (parts::topics(&review, &link))
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
                                @for last in &review.columns { th.number scope="col" { (report::column(review, *last)) } }
                                th scope="col" { "A year" }
                                th.number scope="col" { (report::on(review.cadence)) }
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
                    a.title href=(Place::Review.link(&format!("kpi/{}", kpi.id))) { bdi { (kpi.title) } }
                    @if row.sets > 1 { span.aside { "worst of " (row.sets) } }
                }
                @for number in &numbers { td.number { (number) } }
                td { (line(&row.line)) }
                td.number { (parts::change(row, row.change)) }
                td.number { (parts::change(row, row.year)) }
                td.number { strong { (shown(a.value)) } span.of { " of " (target(kpi, a)) } }
            }
            @if says {
                tr.more-of-it {
                    td {}
                    td colspan=(review.columns.len() + COLUMNS - 1) {
                        @if a.needs_somebody() { (a.reason) " " }
                        (parts::remark(review, row))
                    }
                }
            }
        }
    }
}
