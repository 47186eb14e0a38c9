//! Why sources fail, below the KPIs: each problem once. The page of the sources has the runs.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::id::MetricId;
use crate::snapshot::Snapshot;
use crate::web::frame::Place;
use crate::web::words::moment;

/// Metrics named with a problem; the rest is counted.
const NAMED: usize = 3;

/// Only those in trouble: the healthy ones need no attention.
pub(super) fn problems(snapshot: &Snapshot) -> Markup {
    let troubled = || {
        let all = snapshot.sources.iter();
        all.filter(|(_, source)| source.up == Some(false) || !source.problems.is_empty())
    };
    html! {
        @if troubled().next().is_some() {
            section.problems {
                h2 { "Sources with problems" }
                @for (id, source) in troubled() {
                    div.problem {
                        p {
                            a href=(Place::Scorecard.link("sources")) { strong { (id) } }
                            span.aside {
                                @match source.last_success {
                                    Some(at) => { "last good fetch " (moment(at, snapshot.timezone)) },
                                    None => "no good fetch yet",
                                }
                            }
                        }
                        @for (metrics, problem) in told_once(&source.problems) {
                            p { strong { (metrics) } ": " (problem) }
                        }
                    }
                }
            }
        }
    }
}

/// Each problem with the metrics that have it: a database that is down is one problem.
fn told_once(problems: &BTreeMap<MetricId, String>) -> Vec<(String, &str)> {
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
