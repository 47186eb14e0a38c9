//! Which spans a KPI needs at an instant. A metric is a function of a window: the same query gives
//! the value so far, the baseline, the earlier seasons and any back-fill, so all that differs
//! between them is a [`Span`]. Two KPIs that need the same span share one fetch.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::calendar::{Calendar, Period, PeriodKind, Window, WindowSpec};
use crate::kpi::{Baseline, Definitions, Formula, Kpi, Metric, Path, Query, Target};
use crate::source::Span;

/// Seasons are learned from at most this many earlier periods.
const SEASONS: usize = 3;

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
    /// Earlier periods, newest first: up to the same point, and as a whole.
    pub seasons: Vec<(Span, Span)>,
}

/// The plan of `kpi` as of an instant.
pub fn plan(kpi: &Kpi, calendar: &Calendar, as_of: DateTime<Utc>) -> Plan {
    let period = calendar.period_at(&kpi.period, as_of);
    let value =
        Span { window: calendar.window(kpi.window, &period, as_of), period: period.span, as_of };
    let baseline = match kpi.baseline {
        Baseline::PreviousPeriod => {
            let before = calendar.previous(&period);
            Some(closed(calendar, kpi.window, &before, period.span.start))
        }
        Baseline::SamePeriodLastYear => {
            let before = calendar.same_last_year(&period);
            Some(closed(calendar, kpi.window, &before, before.span.end))
        }
        Baseline::None | Baseline::Fixed(_) | Baseline::Formula(_) => None,
    };
    let whole = Span { window: period.span, period: period.span, as_of };
    let seasons = if kpi.path == Path::Seasonal {
        seasons(kpi, calendar, &period, as_of)
    } else {
        Vec::new()
    };
    Plan { period, value, baseline, whole, seasons }
}

/// The instant at which the period before closed, for periods that follow one another: planning for
/// it gives the spans of its result.
pub fn last_close(kpi: &Kpi, period: &Period) -> Option<DateTime<Utc>> {
    (!matches!(kpi.period, PeriodKind::Dates { .. })).then_some(period.span.start)
}

/// An earlier period as a whole; with a trailing window, the window that ends at `end`.
fn closed(calendar: &Calendar, window: WindowSpec, period: &Period, end: DateTime<Utc>) -> Span {
    let window = match window {
        WindowSpec::PeriodToDate => period.span,
        trailing => calendar.window(trailing, period, end),
    };
    Span { window, period: period.span, as_of: end }
}

fn seasons(
    kpi: &Kpi,
    calendar: &Calendar,
    period: &Period,
    as_of: DateTime<Utc>,
) -> Vec<(Span, Span)> {
    let mut earlier = period.clone();
    let mut seasons = Vec::with_capacity(SEASONS);
    for _ in 0..SEASONS {
        earlier = calendar.previous(&earlier);
        let point = calendar.same_point(&earlier, period, as_of);
        let so_far = calendar.window(kpi.window, &earlier, point);
        seasons.push((
            Span { window: so_far, period: earlier.span, as_of: point },
            closed(calendar, kpi.window, &earlier, earlier.span.end),
        ));
    }
    seasons
}

/// All spans of `metric` that the KPIs need as of an instant, each once.
pub fn spans_of(
    metric: &Metric,
    definitions: &Definitions,
    as_of: DateTime<Utc>,
) -> BTreeSet<Span> {
    let mut spans = BTreeSet::new();
    for kpi in &definitions.kpis {
        let in_value = names(&kpi.formula, &metric.id);
        let in_whole = whole_formulas(kpi).any(|formula| names(formula, &metric.id));
        if !in_value && !in_whole {
            continue;
        }
        let now = plan(kpi, &definitions.calendar, as_of);
        let last = last_close(kpi, &now.period).map(|at| plan(kpi, &definitions.calendar, at));
        for plan in std::iter::once(now).chain(last) {
            if in_value {
                spans.insert(plan.value);
                spans.extend(plan.baseline);
                spans.extend(plan.seasons.iter().flat_map(|(part, whole)| [*part, *whole]));
            }
            if in_whole {
                spans.insert(plan.whole);
            }
        }
    }
    spans.into_iter().map(|span| shared(metric, span)).collect()
}

/// The formulas that are measured over the whole period.
pub(super) fn whole_formulas(kpi: &Kpi) -> impl Iterator<Item = &Formula> {
    let baseline = match &kpi.baseline {
        Baseline::Formula(formula) => Some(formula),
        _ => None,
    };
    let target = match &kpi.target {
        Target::Formula(formula) => Some(formula),
        _ => None,
    };
    baseline.into_iter().chain(target)
}

/// Whether a formula names a metric.
pub(super) fn names(formula: &Formula, metric: &str) -> bool {
    formula.references().any(|(reference, _)| reference.metric == metric)
}

/// The span with what the query does not look at made equal, so that spans which give the same
/// answer are the same key.
pub(super) fn shared(metric: &Metric, span: Span) -> Span {
    let Query::Sql(text) = &metric.query;
    let Span { window, period, as_of } = span;
    let period = if text.contains(":period_") { period } else { window };
    let as_of = if text.contains(":as_of") { as_of } else { window.end };
    Span { window: Window { ..window }, period, as_of }
}
