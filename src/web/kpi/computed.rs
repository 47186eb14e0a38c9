//! How a KPI is computed: formula, window, target, path, and what each metric asks its source.

use maud::{Markup, html};
use serde_json::Value;

use crate::calendar::{PeriodKind, WindowSpec};
use crate::figures;
use crate::kpi::{Baseline, Kpi, Path, Target, Unit};
use crate::metric::Metric;
use crate::snapshot::{KpiState, MetricState, Snapshot};
use crate::web::Site;
use crate::web::frame::Place;
use crate::web::words::{ABSENT, label_chips};

/// Rows of values of one metric that are shown.
const MOST_VALUES: usize = 12;

/// The section.
pub(super) fn section(site: &Site<'_>, snapshot: &Snapshot, state: &KpiState) -> Markup {
    let kpi = &state.kpi;
    html! {
        section {
            h2 { "How it is computed" }
            dl.facts.wide {
                div { dt { "Formula" } dd { code { (kpi.formula) } } }
                div { dt { "Window" } dd { (window(kpi)) } }
                div { dt { "Baseline" } dd { (baseline(kpi)) } }
                div { dt { "Target" } dd { (goal(kpi)) } }
                div { dt { "Path" } dd { (path(kpi)) } }
                div { dt { "At risk, off track" } dd {
                    "when the rest of the period must run more than "
                    (Unit::Count.show(kpi.thresholds.at_risk)) " times, "
                    (Unit::Count.show(kpi.thresholds.off_track)) " times as fast as so far; no verdict in the first "
                    (figures::share(kpi.thresholds.too_early)) " of it"
                } }
            }
            @for id in kpi.metrics() {
                (metric(site, snapshot, kpi, id))
            }
        }
    }
}

fn metric(site: &Site<'_>, snapshot: &Snapshot, kpi: &Kpi, id: &str) -> Markup {
    let mut logs = site.runs.sources.values().filter_map(|source| source.metrics.get(id));
    let log = logs.find(|log| log.metric.is_some());
    let definition = log.and_then(|log| log.metric.as_deref());
    let newest = log.and_then(|log| log.runs.front());
    html! {
        details.metric {
            summary {
                code { (id) }
                @if let Some(metric) = definition { span.aside { "from " (metric.source) ", " (metric.schedule) } }
                @if newest.is_some_and(|run| run.error.is_some()) {
                    " " span.off_track { "✕ the last run failed" }
                }
            }
            @if let Some(metric) = definition { (asked(metric)) }
            (values(snapshot, kpi, id))
            p { a href=(Place::Below.link("sources")) { "Its last runs" } }
        }
    }
}

/// What the source is asked; what must not be shown is not in it.
fn asked(metric: &Metric) -> Markup {
    let (language, what) = metric.query.definition();
    html! { p.muted { "Asked in " (language) ":" } pre { (text(&what)) } }
}

/// A text as it is; of parts, those that say something, each on a line of its own.
fn text(what: &Value) -> String {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let says = |value: &&Value| {
        !matches!(value, Value::Null)
            && value.as_array().is_none_or(|list| !list.is_empty())
            && value.as_object().is_none_or(|map| !map.is_empty())
    };
    match what {
        Value::Object(parts) if parts.len() == 1 => parts.values().map(plain).collect(),
        Value::Object(parts) => {
            let parts = parts.iter().filter(|(_, value)| says(value));
            let lines: Vec<_> =
                parts.map(|(key, value)| format!("{key}: {}", plain(value))).collect();
            lines.join("\n")
        }
        other => plain(other),
    }
}

/// What was measured last.
fn values(snapshot: &Snapshot, kpi: &Kpi, id: &str) -> Markup {
    let of_metric = |state: &&MetricState| {
        let name = state.name.split('.').next().unwrap_or_default();
        name == id && state.kpi.as_ref().is_none_or(|of| *of == kpi.id)
    };
    let all: Vec<&MetricState> = snapshot.metrics().filter(of_metric).collect();
    html! {
        @if !all.is_empty() {
            table.plain {
                thead { tr { th scope="col" { "Measured" } th.number scope="col" { "Now" } } }
                tbody {
                    @for state in all.iter().take(MOST_VALUES) {
                        tr {
                            th scope="row" { code { (state.name) } " " (label_chips(&state.labels)) }
                            td.number { (Unit::Count.show(state.value)) }
                        }
                    }
                }
            }
            @if all.len() > MOST_VALUES { p.muted { "and " (all.len() - MOST_VALUES) " more" } }
        }
    }
}

fn window(kpi: &Kpi) -> String {
    match kpi.window {
        WindowSpec::PeriodToDate => match kpi.period {
            PeriodKind::Dates { start, .. } => format!("from {} on", start.format("%-d %b %Y")),
            ref period => format!("the {period} so far"),
        },
        WindowSpec::TrailingDays(days) => {
            format!("the last {}", figures::days(f64::from(days), "complete"))
        }
        WindowSpec::TrailingSeconds(seconds) => {
            format!("the last {}", figures::duration(seconds as f64))
        }
    }
}

fn baseline(kpi: &Kpi) -> Markup {
    html! {
        @match &kpi.baseline {
            Baseline::None => (ABSENT),
            Baseline::Fixed(value) => (kpi.unit.show(*value)),
            Baseline::PreviousPeriod => "the period before",
            Baseline::SamePeriodLastYear => "the same period of the year before",
            Baseline::Formula(formula) => code { (formula) },
        }
    }
}

fn goal(kpi: &Kpi) -> Markup {
    let shown = |value: &f64| kpi.unit.show(*value);
    html! {
        @match &kpi.target {
            Target::Absolute(value) => (shown(value)),
            Target::Relative(growth) => { (Unit::Percent.show(1.0 + growth)) " of the baseline" },
            Target::Delta(change) => { (kpi.unit.show_change(*change)) " against the baseline" },
            Target::Min(limit) => { "at least " (shown(limit)) ", all the time" },
            Target::Max(limit) => { "at most " (shown(limit)) ", all the time" },
            Target::Range { min, max } => { "between " (shown(min)) " and " (shown(max)) },
            Target::Formula(formula) => code { (formula) },
        }
    }
}

fn path(kpi: &Kpi) -> Markup {
    html! {
        @match &kpi.path {
            Path::Linear => "in proportion to the days that have passed",
            Path::Trailing => "as its trailing window sees an even way",
            Path::BusinessDays => "in proportion to the business days that have passed",
            Path::Flat => "the target holds from the first day on",
            Path::Seasonal(_) => "as earlier periods did at the same point",
            Path::Milestones(_) => "through the milestones of the configuration",
            Path::Formula(formula) => { "as planned: " code { (formula) } },
        }
    }
}
