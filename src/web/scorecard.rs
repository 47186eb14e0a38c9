//! The page at `/`: are we on track?

use std::collections::BTreeMap;

use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::frame::Place;
use super::summary::{Tone, answer, most_urgent_first};
use super::words::{ABSENT, as_of, badge, complete_through, moment, target};
use crate::figures;
use crate::id::MetricId;
use crate::snapshot::{KpiState, Snapshot, Verdict};

/// Columns of the table of KPIs.
const COLUMNS: [&str; 9] = [
    "Status",
    "KPI",
    "Value",
    "Target",
    "Attainment",
    "Pace",
    "Projected",
    "Period",
    "Data through",
];

/// Those of them that hold numbers.
const NUMBERS: std::ops::RangeInclusive<usize> = 2..=6;

impl Site<'_> {
    /// The scorecard: the answer in one sentence, every KPI, objectives, sources in trouble.
    pub fn scorecard(&self) -> String {
        let Some(snapshot) = self.snapshot else { return self.waiting() };
        let (tone, sentence) = answer(snapshot);
        let body = html! {
            div.headline class=(tone_class(tone)) {
                p.crumbs { "KPI scorecard · " (as_of(snapshot.as_of, snapshot.timezone)) }
                h1 { (sentence) }
            }
            (kpis(snapshot))
            (objectives(snapshot))
            (sources(snapshot))
        };
        self.page(Place::Scorecard, &sentence, &body)
    }

    /// The page before the first evaluation.
    fn waiting(&self) -> String {
        let body = html! {
            p.crumbs { "KPI scorecard" }
            h1 { "Waiting for the first evaluation." }
            p.muted { "The sources are being asked; this page looks again by itself." }
        };
        self.page(Place::Scorecard, "KPI scorecard", &body)
    }
}

fn kpis(snapshot: &Snapshot) -> Markup {
    html! {
        div.scroll {
            table.kpis {
                caption.hidden { "All KPIs, the most urgent first" }
                thead {
                    tr {
                        @for (i, column) in COLUMNS.into_iter().enumerate() {
                            th.number[NUMBERS.contains(&i)] scope="col" { (column) }
                        }
                    }
                }
                @for (state, verdict) in most_urgent_first(snapshot) {
                    (row(state, verdict, snapshot.timezone))
                }
            }
        }
    }
}

fn row(state: &KpiState, verdict: &Verdict, timezone: Tz) -> Markup {
    let (kpi, a) = (&state.kpi, &verdict.assessment);
    let number = |value: Option<f64>| value.map_or(ABSENT.to_owned(), |v| kpi.unit.show(v));
    let data = a.data_through.map_or(ABSENT.to_owned(), |at| complete_through(at, timezone));
    html! {
        tbody class=(a.status.as_str()) {
            tr {
                td.status data-label=(COLUMNS[0]) { (badge(a.status)) }
                th scope="row" {
                    (kpi.title)
                    @for (name, value) in &verdict.labels.0 { " " span.label { (name) ": " (value) } }
                    span.kind { (kpi.kind) @if let Some(owner) = &kpi.owner { " · " (owner) } }
                }
                td.number data-label=(COLUMNS[2]) { (number(a.value)) }
                td.number data-label=(COLUMNS[3]) { (target(kpi, a)) }
                td.number data-label=(COLUMNS[4]) { (attainment(a.target_ratio)) }
                td.number data-label=(COLUMNS[5]) { (a.pace_ratio.map_or(ABSENT.to_owned(), pace)) }
                td.number data-label=(COLUMNS[6]) { (number(a.projected_value)) }
                td.when data-label=(COLUMNS[7]) { (period(&a.period.id)) }
                td.when data-label=(COLUMNS[8]) { (data) }
            }
            @if !a.reason.is_empty() {
                tr.reason { td {} td colspan=(COLUMNS.len() - 1) { (a.reason) } }
            }
        }
    }
}

/// Explicit dates may break between, not inside, the two.
fn period(id: &str) -> Markup {
    html! {
        @for (i, part) in id.split("..").enumerate() {
            @if i > 0 { " " }
            span.unbroken { @if i > 0 { "to " } (part) }
        }
    }
}

fn pace(ratio: f64) -> String {
    format!("{ratio:.2}")
}

fn attainment(ratio: Option<f64>) -> Markup {
    let Some(ratio) = ratio else { return html! { (ABSENT) } };
    html! { (figures::attainment(ratio)) (bar(ratio)) }
}

/// A bar that repeats a share written beside it.
fn bar(ratio: f64) -> Markup {
    let width = format!("width:{:.1}%", ratio.clamp(0.0, 1.0) * 100.0);
    html! { span.bar aria-hidden="true" { span style=(width) {} } }
}

fn objectives(snapshot: &Snapshot) -> Markup {
    html! {
        @if !snapshot.objectives.is_empty() {
            section {
                h2 { "Objectives" }
                ul.cards {
                    @for (id, state) in &snapshot.objectives {
                        li {
                            strong { (state.objective.title) }
                            span.kind {
                                (kpi_count(snapshot, id))
                                @if let Some(owner) = &state.objective.owner { " · " (owner) }
                            }
                            @match state.progress_ratio {
                                Some(ratio) => {
                                    span.progress { (figures::attainment(ratio)) " of the way" }
                                    (bar(ratio))
                                }
                                None => span.progress { "no progress known yet" },
                            }
                        }
                    }
                }
            }
        }
    }
}

fn kpi_count(snapshot: &Snapshot, objective: &str) -> String {
    let belongs = |state: &&KpiState| state.kpi.objective.as_deref() == Some(objective);
    match snapshot.kpis.iter().filter(belongs).count() {
        1 => "1 KPI".to_owned(),
        count => format!("{count} KPIs"),
    }
}

/// Only those in trouble: the healthy ones need no attention.
fn sources(snapshot: &Snapshot) -> Markup {
    let troubled = || {
        let all = snapshot.sources.iter();
        all.filter(|(_, source)| source.up == Some(false) || !source.problems.is_empty())
    };
    html! {
        @if troubled().next().is_some() {
            section {
                h2 { "Sources with problems" }
                ul.cards {
                    @for (id, source) in troubled() {
                        li.off_track {
                            strong { (id) }
                            span.kind {
                                @match source.last_success {
                                    Some(at) => { "last good fetch " (moment(at, snapshot.timezone)) },
                                    None => { "no good fetch yet" },
                                }
                            }
                            @for (metrics, problem) in told_once(&source.problems) {
                                p.problem { strong { (metrics) } ": " (problem) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Each problem with the metrics that have it: a database that is down is one problem.
fn told_once(problems: &BTreeMap<MetricId, String>) -> Vec<(String, &str)> {
    const NAMED: usize = 3;
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for (metric, problem) in problems {
        match found.iter_mut().find(|(known, _)| known == problem) {
            Some((_, metrics)) => metrics.push(metric.as_str()),
            None => found.push((problem, vec![metric.as_str()])),
        }
    }
    let named = |metrics: &[&str]| match metrics.len().checked_sub(NAMED) {
        None | Some(0) => metrics.join(", "),
        Some(more) => format!("{} and {more} more", metrics[..NAMED].join(", ")),
    };
    found.into_iter().map(|(problem, metrics)| (named(&metrics), problem)).collect()
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Doubtful => "doubtful",
        Tone::Good => "good",
    }
}
