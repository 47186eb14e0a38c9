//! The review as one HTML file: no script, nothing to load, two pages of paper.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::parts::{Link, change, linked, mark, remark, topics};
use super::{ABSENT, column, on, span, target, title};
use crate::id::KpiId;
use crate::review::{Review, Row};

const STYLE: &str = include_str!("style.css");

/// With more KPIs than this the rows stand closer, and only trouble is explained.
const DENSE: usize = 14;

/// Size of a line of a year.
const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 22.0;

/// The whole document. Links lead to the pages below `external_url`, where it is known.
pub fn html(review: &Review<'_>, external_url: Option<&str>) -> String {
    let link = |id: &KpiId| Some(format!("{}/kpi/{id}", external_url?.trim_end_matches('/')));
    let dense = review.rows.len() > DENSE;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="color-scheme" content="light";
                title { (title(review)) }
                style { (PreEscaped(STYLE)) }
            }
            body.dense[dense] {
                (body(review, external_url, &link))
            }
        }
    };
    page.into_string()
}

/// What is in it, without a frame.
fn body(review: &Review<'_>, external_url: Option<&str>, link: Link<'_>) -> Markup {
    html! {
        header {
            p.what { (title(review)) }
            h1 { (review.headline) }
            @if let Some(besides) = &review.besides { p.lead { (besides) } }
            p.muted { (span(review)) }
        }
        main {
            (topics(review, link))
            (rows(review, link))
        }
        footer { "kpi-exporter " (env!("CARGO_PKG_VERSION")) @if let Some(url) = external_url { " · " (url) } }
    }
}

fn rows(review: &Review<'_>, link: Link<'_>) -> Markup {
    let noun = review.cadence.noun();
    html! {
        @if !review.rows.is_empty() {
            section.every {
                h2 { "Every KPI" span.muted { " · what each " (noun) " brought, or how it ended; a year as a line" } }
                table {
                    thead {
                        tr {
                            th scope="col" { "Status" }
                            th scope="col" { "KPI" }
                            @for last in &review.columns { th.number scope="col" { (column(review, *last)) } }
                            th scope="col" { "A year" }
                            th.number scope="col" { (on(review.cadence)) }
                            th.number scope="col" { "year on year" }
                            th.number scope="col" { "Now of target" }
                        }
                    }
                    @for row in &review.rows { (one(review, row, link)) }
                }
            }
        }
    }
}

fn one(review: &Review<'_>, row: &Row<'_>, link: Link<'_>) -> Markup {
    let (kpi, a) = (&row.state.kpi, &row.verdict.assessment);
    let shown = |value: Option<f64>| value.map_or(ABSENT.to_owned(), |v| kpi.unit.show(v));
    let numbers = row.told(ABSENT);
    let calm = !a.needs_somebody() && row.note.is_none();
    html! {
        tbody {
            tr {
                td.status { (mark(Some(a.status))) (a.status.words()) }
                th scope="row" {
                    (linked(&kpi.id, &kpi.title, link))
                    @if row.sets > 1 { span.muted { " worst of " (row.sets) } }
                    span.muted { " · " (kpi.kind) }
                }
                @for number in &numbers { td.number { (number) } }
                td { (line(row)) }
                td.number { (change(row, row.change)) }
                td.number { (change(row, row.year)) }
                td.number.now { strong { (shown(a.value)) } " of " (target(kpi, a)) }
            }
            tr.why.calm[calm] {
                td {}
                td colspan=(review.columns.len() + 5) {
                    (a.reason)
                    (remark(review, row))
                }
            }
        }
    }
}

/// A year: the newest as a dot.
fn line(row: &Row<'_>) -> Markup {
    let numbers = || row.line.iter().map(|(_, value)| *value);
    let (Some(low), Some(high)) = (numbers().reduce(f64::min), numbers().reduce(f64::max)) else {
        return html! {};
    };
    let days = || row.line.iter().map(|(day, _)| *day);
    let (Some(first), Some(last)) = (days().min(), days().max()) else { return html! {} };
    let length = (last - first).num_days() as f64;
    let place = |share: f64, room: f64| {
        let share = if share.is_finite() { share } else { 0.5 };
        (3.0 + share * (room - 6.0)).mul_add(10.0, 0.5).floor() / 10.0
    };
    let at = |(day, value): &(chrono::NaiveDate, f64)| {
        let x = place((*day - first).num_days() as f64 / length, WIDTH);
        (x, HEIGHT - place((value - low) / (high - low), HEIGHT))
    };
    let places: Vec<(f64, f64)> = row.line.iter().map(at).collect();
    let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let kpi = &row.state.kpi;
    let told = format!("from {} to {} over the year", kpi.unit.show(low), kpi.unit.show(high));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) width=(WIDTH) height=(HEIGHT) role="img" aria-label=(told) {
            @if points.len() > 1 { polyline fill="none" stroke="#2563a8" stroke-width="1.4" points=(points.join(" ")) {} }
            @if let Some((x, y)) = places.last() { circle cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="2.2" fill="#2563a8" {} }
        }
    }
}
