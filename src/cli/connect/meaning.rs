//! What an answer means to the KPIs that use it, where that looks like a mistake: seconds under a unit
//! of days, percents that count to a hundred. Not here: what a source notices itself.

use std::collections::BTreeMap;

use crate::cli::probe::Probe;
use crate::id::MetricId;
use crate::kpi::{Definitions, Expr, Kpi, MetricRef, Unit};
use crate::metric::{Labels, Measurement, Metric};
use crate::source::Remark;

/// A ratio may be above one: more was sold than planned. Not by so much.
const HIGHEST_RATIO: f64 = 1.5;

/// The only metric that a formula is, if it is one.
fn alone(kpi: &Kpi) -> Option<&MetricRef> {
    match kpi.formula.expr() {
        Expr::Metric(reference) => Some(reference),
        _ => None,
    }
}

/// Intervals, which count seconds, as values of KPIs in another unit of time.
pub(super) fn of_durations(
    metric: &Metric,
    definitions: &Definitions,
    probe: &Probe,
) -> Vec<Remark> {
    let Some(table) = &probe.table else { return Vec::new() };
    let mut remarks = Vec::new();
    for kpi in &definitions.kpis {
        let Some(reference) = alone(kpi).filter(|reference| reference.metric == metric.id) else {
            continue;
        };
        let Some(seconds) = seconds_in(&kpi.unit) else { continue };
        let name = reference.column.as_deref().unwrap_or("value");
        let place = table.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
        let place = place.or((table.columns.len() == 1).then_some(0));
        let kind =
            place.and_then(|place| Some((table.columns.get(place)?, table.types.get(place)?)));
        let Some((column, kind)) = kind.filter(|(_, kind)| is_span(kind)) else { continue };
        let message = format!(
            "`{column}` is of type {kind}, which is read as seconds, and KPI `{}` is in {}",
            kpi.id, kpi.unit
        );
        let hint = format!(
            "let the query give {}: `extract(epoch FROM …) / {seconds}` in PostgreSQL, \
             `time_to_sec(…) / {seconds}` in MySQL",
            kpi.unit
        );
        remarks.push(Remark { message, hint: Some(hint) });
    }
    remarks
}

fn is_span(kind: &str) -> bool {
    kind == "time" || kind.starts_with("interval")
}

/// Of the units of time that are not seconds.
fn seconds_in(unit: &Unit) -> Option<u32> {
    match unit {
        Unit::Days => Some(86_400),
        Unit::Other(word) => match word.trim().to_lowercase().as_str() {
            "min" | "mins" | "minute" | "minutes" => Some(60),
            "h" | "hour" | "hours" => Some(3600),
            "d" | "day" => Some(86_400),
            "week" | "weeks" => Some(604_800),
            _ => None,
        },
        _ => None,
    }
}

/// KPIs in percent whose values look like parts of a hundred, by the metric that they come from.
pub(super) fn of_percents(
    definitions: &Definitions,
    measured: &BTreeMap<MetricId, Measurement>,
) -> Vec<(MetricId, Remark)> {
    let percents = definitions.kpis.iter().filter(|kpi| kpi.unit == Unit::Percent);
    percents.filter_map(|kpi| of_percent(kpi, measured)).collect()
}

fn of_percent(kpi: &Kpi, measured: &BTreeMap<MetricId, Measurement>) -> Option<(MetricId, Remark)> {
    let first = kpi.formula.references().next()?.0.metric.clone();
    let known: Vec<&Measurement> =
        kpi.formula.metrics().into_iter().map(|id| measured.get(id)).collect::<Option<_>>()?;
    let labels = known.first()?.series.keys();
    let value = |labels: &Labels| {
        kpi.formula.expr().eval(&|reference: &MetricRef| {
            let series = measured.get(&reference.metric)?.series.get(labels)?;
            series.value(reference.column.as_deref())
        })
    };
    let highest = labels.filter_map(value).fold(f64::NEG_INFINITY, |a, b| a.max(b.abs()));
    if !highest.is_finite() || highest <= HIGHEST_RATIO {
        return None;
    }
    let message = format!(
        "KPI `{}` is in percent and has the value {highest}, which is {} %: that looks like parts of a \
         hundred",
        kpi.id,
        highest * 100.0
    );
    let hint = "a value of 1 is 100 %: divide by 100, in the query or in the formula";
    Some((first, Remark { message, hint: Some(hint.to_owned()) }))
}
