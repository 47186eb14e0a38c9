//! The metrics behind the KPIs as they are shown, metric by metric, over the windows that are current.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::book::Book;
use super::breakdown::whole_of;
use super::demand::{plan, shared};
use super::readers::Readers;
use crate::calendar::Calendar;
use crate::id::KpiId;
use crate::metric::{Metric, Span};
use crate::snapshot::MetricState;

/// What was measured of a metric, for the current windows of the KPIs that read it.
pub(super) fn metric_states(
    metric: &Metric,
    calendar: &Calendar,
    readers: &Readers,
    book: &Book,
) -> Arc<[MetricState]> {
    let Some(entry) = book.get(&metric.id) else { return Arc::default() };
    let as_of = entry.as_of;
    let mut windows: Vec<(&KpiId, Span)> = Vec::new();
    let drawing = readers.kpis(&metric.id).iter();
    for kpi in drawing.filter(|kpi| kpi.value_draws_on(&metric.id)) {
        windows.push((&kpi.id, shared(metric, plan(kpi, calendar, as_of).value)));
    }
    let distinct: BTreeSet<Span> = windows.iter().map(|(_, span)| *span).collect();
    if distinct.len() <= 1 {
        windows.truncate(1);
    }
    let mut states = Vec::new();
    for (kpi, span) in &windows {
        let Some(measured) = entry.measurements.get(span) else { continue };
        // Members are those of KPIs, a bounded number of them.
        for (labels, series) in &whole_of(metric, measured, &[]).series {
            for (column, value) in &series.values {
                states.push(MetricState {
                    name: name(metric, column, series.values.len()),
                    kpi: (distinct.len() > 1).then(|| (*kpi).to_owned()),
                    labels: labels.clone(),
                    value: *value,
                });
            }
        }
    }
    states.into()
}

/// `sessions` for a metric with one value, `orders.revenue` for one of several.
fn name(metric: &Metric, column: &str, columns: usize) -> String {
    if column == "value" || (metric.bare && columns == 1) {
        metric.id.to_string()
    } else {
        format!("{}.{column}", metric.id)
    }
}
