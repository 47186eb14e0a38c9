//! Which spans a KPI needs at an instant. A metric is a function of a window: the same query gives
//! the value so far, the baseline, the earlier seasons and any back-fill, so all that differs
//! between them is a [`Span`]. Two KPIs that need the same span share one fetch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::earlier::{before, closed};
use super::seasons::Seasons;
use crate::calendar::{Calendar, Period, PeriodKind, Window, WindowSpec};
use crate::id::MetricId;
use crate::kpi::{Baseline, Definitions, Kpi};
use crate::metric::{Metric, Span};

/// The spans of one KPI at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The period the instant belongs to.
    pub period: Period,
    /// For the value so far.
    pub value: Span,
    /// For a baseline measured by the KPI's own formula.
    pub baseline: Option<Span>,
    /// The whole period: for target and baseline formulas.
    pub whole: Span,
    /// With a breakdown: the same point of the period before, which its members are compared with.
    pub before: Option<Span>,
    /// The running period so far: what a path from data is measured over, besides the whole.
    pub so_far: Span,
    /// Earlier periods, for a seasonal path.
    pub seasons: Option<Seasons>,
}

/// The plan of `kpi` as of an instant.
pub fn plan(kpi: &Kpi, calendar: &Calendar, as_of: DateTime<Utc>) -> Plan {
    let period = calendar.period_at(&kpi.period, as_of);
    let value =
        Span { window: calendar.window(kpi.window, &period, as_of), period: period.span, as_of };
    let baseline = match kpi.baseline {
        Baseline::PreviousPeriod => {
            let before = calendar.before(&period);
            Some(closed(calendar, kpi.window, &before, period.span.start))
        }
        Baseline::SamePeriodLastYear => {
            let before = calendar.same_last_year(&period);
            Some(closed(calendar, kpi.window, &before, before.span.end))
        }
        Baseline::None | Baseline::Fixed(_) | Baseline::Formula(_) => None,
    };
    let whole = Span { window: period.span, period: period.span, as_of };
    let so_far =
        Span { window: calendar.window(WindowSpec::PeriodToDate, &period, as_of), ..whole };
    let seasons = Seasons::of(kpi, calendar, &period, as_of);
    let before = (!kpi.breakdown.is_empty()).then(|| before(kpi, calendar, &period, as_of));
    Plan { period, value, baseline, whole, before, so_far, seasons }
}

/// The instant at which the period before closed, for periods that follow one another: planning for
/// it gives the spans of its result.
pub fn last_close(kpi: &Kpi, period: &Period) -> Option<DateTime<Utc>> {
    (!matches!(kpi.period, PeriodKind::Dates { .. })).then_some(period.span.start)
}

/// All spans of `metric` that the KPIs which read it need as of an instant, each once.
pub fn spans_of(
    metric: &Metric,
    readers: &[Arc<Kpi>],
    calendar: &Calendar,
    as_of: DateTime<Utc>,
) -> BTreeSet<Span> {
    gather(metric, readers, |kpi| plans(kpi, calendar, as_of))
}

/// Those of them that the running periods need: what a verdict is made of.
pub fn running_spans_of(
    metric: &Metric,
    readers: &[Arc<Kpi>],
    calendar: &Calendar,
    as_of: DateTime<Utc>,
) -> BTreeSet<Span> {
    gather(metric, readers, |kpi| vec![plan(kpi, calendar, as_of)])
}

fn gather(
    metric: &Metric,
    readers: &[Arc<Kpi>],
    plans: impl Fn(&Kpi) -> Vec<Plan>,
) -> BTreeSet<Span> {
    let mut spans = BTreeSet::new();
    for kpi in readers {
        add_spans(&mut spans, metric, kpi, &plans(kpi));
    }
    spans
}

/// The same for all metrics that some KPI needs, by metric id.
pub fn demand(
    definitions: &Definitions,
    as_of: DateTime<Utc>,
) -> BTreeMap<&MetricId, BTreeSet<Span>> {
    let mut demand: BTreeMap<&MetricId, BTreeSet<Span>> = BTreeMap::new();
    for kpi in &definitions.kpis {
        let plans = plans(kpi, &definitions.calendar, as_of);
        for metric in kpi.metrics().into_iter().filter_map(|id| definitions.metrics.get(id)) {
            add_spans(demand.entry(&metric.id).or_default(), metric, kpi, &plans);
        }
    }
    demand
}

/// For the running period, and for the result of the one before.
pub(super) fn plans(kpi: &Kpi, calendar: &Calendar, as_of: DateTime<Utc>) -> Vec<Plan> {
    let now = plan(kpi, calendar, as_of);
    let last = last_close(kpi, &now.period).map(|at| plan(kpi, calendar, at));
    std::iter::once(now).chain(last).collect()
}

fn add_spans(spans: &mut BTreeSet<Span>, metric: &Metric, kpi: &Kpi, plans: &[Plan]) {
    let in_value = kpi.value_draws_on(&metric.id);
    let in_whole = kpi.whole_draws_on(&metric.id);
    let in_path = kpi.path.draws_on(&metric.id);
    let mut add = |span: Span| spans.insert(shared(metric, span));
    for plan in plans {
        if in_value {
            add(plan.value);
            plan.baseline.map(&mut add);
            plan.before.map(&mut add);
            for (_, span) in plan.seasons.iter().flat_map(Seasons::spans) {
                add(span);
            }
        }
        if in_whole {
            add(plan.whole);
        }
        if in_path {
            add(plan.so_far);
        }
    }
}

/// The span with what the query does not look at made equal, so that spans which give the same
/// answer are the same key.
pub(super) fn shared(metric: &Metric, span: Span) -> Span {
    let Span { window, period, as_of } = span;
    let queries = || std::iter::once(&metric.query).chain(metric.total.iter().map(|t| &t.query));
    let mentions = |name| queries().any(|query| query.mentions(name));
    let period = if mentions("period_") { period } else { window };
    let as_of = if mentions("as_of") { as_of } else { window.end };
    Span { window: Window { ..window }, period, as_of }
}
