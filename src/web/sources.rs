//! `/sources`: for whoever asks why a KPI has no data. Each source with its state, each metric with its
//! last runs, the newest error in full, and when it is asked next.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::frame::Place;
use super::words::Column::{Number, Words};
use super::words::{ABSENT, counted, heading, moment};
use crate::engine::{MetricLog, RunRecord, SourceLog};
use crate::figures;
use crate::store::DigestSlot;

impl Site<'_> {
    /// The page.
    pub fn sources(&self, digests: &BTreeMap<String, DigestSlot>) -> String {
        let all = &self.runs.sources;
        let timezone = self.runs.timezone;
        let body = html! {
            h1 { (self.sentence()) }
            p.muted {
                "The last ten runs of each metric, the oldest first. The same "
                a href=(Place::Sources.link("api/v1/sources")) { "as JSON" } "."
            }
            @for (id, source) in all.iter().filter(|(_, source)| source.up() == Some(false)) {
                (section(id, source, timezone))
            }
            @for (id, source) in all.iter().filter(|(_, source)| source.up() != Some(false)) {
                (section(id, source, timezone))
            }
            (super::digests::section(digests, timezone))
        };
        self.page(Place::Sources, "Sources", &body)
    }

    fn sentence(&self) -> String {
        let all = &self.runs.sources;
        let with = |up| all.values().filter(|source| source.up() == up).count();
        let (down, unknown) = (with(Some(false)), with(None));
        let total = counted(all.len(), "source", "sources");
        if all.is_empty() {
            "No source is configured.".to_owned()
        } else if down > 0 {
            format!("{down} of {total} {} down.", if down == 1 { "is" } else { "are" })
        } else if unknown == all.len() {
            format!("{total}, not asked yet.")
        } else if unknown > 0 {
            format!("No source is down; {unknown} of {total} not asked yet.")
        } else if all.len() == 1 {
            "The source answers.".to_owned()
        } else {
            format!("All {total} answer.")
        }
    }
}

fn section(id: &str, source: &SourceLog, timezone: Tz) -> Markup {
    let (class, sign, word) = match source.up() {
        Some(true) => ("on_track", "✓", "up"),
        Some(false) => ("off_track", "✕", "down"),
        None => ("no_data", "?", "not asked yet"),
    };
    html! {
        section.source.(class) {
            h2 {
                (id) " "
                span.badge { span.symbol aria-hidden="true" { (sign) } " " (word) }
                span.aside {
                    (source.facts.kind)
                    @if let Some(at) = source.last_success() { " · last good run " (moment(at, timezone)) }
                    @else if source.up().is_some() { " · no good run yet" }
                }
            }
            @if source.metrics.is_empty() {
                p.muted { "No metric asks it for anything." }
            } @else {
                table.runs {
                    caption.hidden { "Metrics of " (id) }
                    (heading(&[Words("Metric"), Words("Last runs"), Number("Took"), Number("Rows"), Words("Last good run"), Words("Next run")]))
                    @for (id, metric) in &source.metrics {
                        (rows(id, metric, timezone))
                        (trouble(metric, told_before(source, id)))
                    }
                }
            }
        }
    }
}

fn rows(id: &str, metric: &MetricLog, timezone: Tz) -> Markup {
    let newest = metric.runs.front();
    let when = |at: Option<_>| at.map_or(ABSENT.to_owned(), |at| moment(at, timezone));
    html! {
        tbody {
            tr {
                th scope="row" { (id) }
                td data-label="Last runs" {
                    @if metric.polled { (ticks(metric, timezone)) }
                    @else { span.muted { "never asked: it feeds no KPI" } }
                }
                td.number data-label="Took" {
                    (newest.map_or(ABSENT.to_owned(), |run| took(run)))
                }
                td.number data-label="Rows" {
                    (newest.map_or(ABSENT.to_owned(), |run| run.rows().to_string()))
                }
                td data-label="Last good run" { (when(metric.last_success)) }
                td data-label="Next run" {
                    (when(metric.next_run)) span.aside { (metric.schedule) }
                }
            }
        }
    }
}

/// The metric before it that failed with the same words: they are not told twice.
fn told_before<'s>(source: &'s SourceLog, id: &str) -> Option<&'s str> {
    let error = source.metrics.get(id)?.error()?;
    let mut before = source.metrics.iter().take_while(|(other, _)| other.as_str() != id);
    let same = before.find(|(_, metric)| metric.error() == Some(error))?;
    Some(same.0.as_str())
}

/// What is wrong now, in full.
fn trouble(metric: &MetricLog, as_for: Option<&str>) -> Markup {
    let error = metric.error();
    let newest = metric.runs.front();
    let bad_rows = newest.map_or(0, |run| run.bad_rows());
    let remarks = newest.map(|run| run.remarks()).unwrap_or_default();
    if error.is_none() && metric.bad_row.is_none() && remarks.is_empty() {
        return html! {};
    }
    html! { tbody {
        @if let Some(error) = error {
            tr.trouble {
                td colspan="6" {
                    p.off_track {
                        strong { span aria-hidden="true" { "✕ " } (error.kind.as_str().replace('_', " ")) }
                        @if metric.failures > 1 { " · " (metric.failures) " runs in a row" }
                    }
                    @match as_for {
                        Some(other) => p.hint { "the same as for " (other) },
                        None => {
                            pre { (error.message) }
                            @if let Some(hint) = &error.hint { p.hint { strong { "What to do: " } (hint) } }
                        }
                    }
                }
            }
        }
        @if let Some(row) = &metric.bad_row {
            tr.trouble {
                td colspan="6" {
                    p.at_risk {
                        strong { span aria-hidden="true" { "! " } "rows without a usable number" }
                        @if bad_rows > 0 { " · " (bad_rows) " in the newest run" }
                    }
                    pre { (row) }
                }
            }
        }
        @for remark in remarks {
            tr.trouble { td colspan="6" { p.at_risk { strong { span aria-hidden="true" { "! " } "noticed" } } pre { (remark) } } }
        }
    } }
}

/// One tick a run: its height is how long it took against the longest, its sign the outcome.
fn ticks(metric: &MetricLog, timezone: Tz) -> Markup {
    if metric.runs.is_empty() {
        return html! { span.muted { "none yet" } };
    }
    let good = metric.runs.iter().filter(|run| run.error.is_none()).count();
    let all = metric.runs.len();
    html! {
        ol.ticks aria-label=(format!("{good} of {all} runs were good")) {
            @for run in metric.runs.iter().rev() {
                @let told = told(run, timezone);
                li title=(told) class=(if run.error.is_some() { "off_track" } else { "on_track" }) {
                    span aria-hidden="true" { (if run.error.is_some() { "✕" } else { "✓" }) }
                    span.hidden { (told) }
                }
            }
        }
    }
}

fn told(run: &RunRecord, timezone: Tz) -> String {
    format!(
        "{}: {}, {}, {}",
        moment(run.as_of, timezone),
        run.outcome().replace('_', " "),
        took(run),
        counted(run.rows(), "row", "rows")
    )
}

fn took(run: &RunRecord) -> String {
    figures::duration(run.duration.as_secs_f64())
}
