//! The metrics behind the KPIs as they are shown, metric by metric, over the windows that are current.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::book::Book;
use super::breakdown::whole_of;
use super::demand::{plan, shared};
use super::readers::Readers;
use crate::calendar::Calendar;
use crate::id::KpiId;
use crate::metric::{Measurement, Metric, Span};
use crate::snapshot::MetricState;

/// A metric as it is shown.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) states: Arc<[MetricState]>,
    /// What they were made of.
    of: Vec<(KpiId, Arc<Measurement>)>,
    /// Whether its readers look at several windows.
    by_kpi: bool,
}

impl Shown {
    /// What was measured of a metric, for the current windows of the KPIs that read it.
    pub(super) fn update(
        &mut self,
        metric: &Metric,
        calendar: &Calendar,
        readers: &Readers,
        book: &Book,
    ) {
        let Some(entry) = book.get(&metric.id) else {
            *self = Self::default();
            return;
        };
        let as_of = entry.as_of;
        let mut windows: Vec<(&KpiId, Span)> = Vec::new();
        let drawing = readers.kpis(&metric.id).iter();
        for kpi in drawing.filter(|kpi| kpi.value_draws_on(&metric.id)) {
            windows.push((&kpi.id, shared(metric, plan(kpi, calendar, as_of).value)));
        }
        let distinct: BTreeSet<Span> = windows.iter().map(|(_, span)| *span).collect();
        let by_kpi = distinct.len() > 1;
        if !by_kpi {
            windows.truncate(1);
        }
        let measured = |(kpi, span)| Some((kpi, entry.measurements.get(&span)?));
        let found: Vec<(&KpiId, &Arc<Measurement>)> =
            windows.into_iter().filter_map(measured).collect();
        let mut known = self.of.iter().zip(&found);
        let is_known = self.by_kpi == by_kpi
            && self.of.len() == found.len()
            && known.all(|(known, found)| known.0 == *found.0 && Arc::ptr_eq(&known.1, found.1));
        if is_known {
            return;
        }
        let states = states(metric, by_kpi, &found);
        if states != *self.states {
            self.states = states.into();
        }
        let of = |(kpi, measured): (&KpiId, &Arc<_>)| (kpi.clone(), Arc::clone(measured));
        self.of = found.into_iter().map(of).collect();
        self.by_kpi = by_kpi;
    }
}

fn states(
    metric: &Metric,
    by_kpi: bool,
    found: &[(&KpiId, &Arc<Measurement>)],
) -> Vec<MetricState> {
    let mut states = Vec::new();
    for (kpi, measured) in found {
        // Members are those of KPIs, a bounded number of them.
        for (labels, series) in &whole_of(metric, measured, &[]).series {
            for (column, value) in series.values.iter() {
                states.push(MetricState {
                    name: name(metric, column, series.values.len()),
                    kpi: by_kpi.then(|| (*kpi).to_owned()),
                    labels: labels.clone(),
                    value: *value,
                });
            }
        }
    }
    states
}

/// `sessions` for a metric with one value, `orders.revenue` for one of several.
fn name(metric: &Metric, column: &str, columns: usize) -> String {
    if column == "value" || (metric.bare && columns == 1) {
        metric.id.to_string()
    } else {
        format!("{}.{column}", metric.id)
    }
}
