//! One KPI from the book: its formula over the measurements of each span, label set by label set.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::book::Book;
use super::breakdown::{Column, Limited, labels_of_whole, whole_of};
use super::demand::{Plan, last_close, plan, shared};
use super::join::{Input, Inputs, Joined};
use super::openings::Openings;
use super::runs::RunLog;
use super::seasons::Seasons;
use crate::assess::{Absent, Evidence, Measured, MetricProblem, Sums, assess};
use crate::calendar::{Calendar, Period};
use crate::id::MetricId;
use crate::kpi::{Baseline, Definitions, Formula, Kpi, SeriesKey, Target};
use crate::metric::{FetchError, Labels, Measurement, Metric, Span};
use crate::shown;
use crate::signals::Signal;
use crate::snapshot::{Breakdown, Verdict};

/// What the book gives for a KPI.
pub(super) enum KpiOutcome {
    /// Its verdicts.
    Verdicts(Verdicts),
    /// Its metrics were measured in different periods: a roll-over is under way, and what was shown
    /// before holds until all have arrived.
    Straddles,
}

/// Verdicts of one KPI that belong together.
#[derive(Default)]
pub(super) struct Verdicts {
    /// On the current period.
    pub(super) current: Vec<Verdict>,
    /// On the one that closed last.
    pub(super) last_period: Arc<[Verdict]>,
    /// What the current values are made of.
    pub(super) breakdowns: Vec<Breakdown>,
    /// The instant the measurements were made for; `None` without any.
    pub(super) as_of: Option<DateTime<Utc>>,
}

/// What came of the sources so far.
#[derive(Clone, Copy)]
pub(super) struct Observed<'a> {
    /// What was measured.
    pub(super) book: &'a Book,
    /// Which runs failed.
    pub(super) log: &'a RunLog,
}

/// What is known without the sources.
pub(super) struct Known<'a> {
    /// What is asked for.
    pub(super) definitions: &'a Definitions,
    /// What was frozen.
    pub(super) openings: &'a Openings,
    /// The result of the last period, where that is found already.
    pub(super) closed: Option<Arc<[Verdict]>>,
}

/// What was measured of one series for its running period.
#[derive(Debug, Clone, Copy)]
pub(super) struct MeasuredPoint {
    /// Up to when it is complete.
    pub(super) through: DateTime<Utc>,
    /// The value.
    pub(super) value: Option<f64>,
    /// Its two parts, when the formula is a quotient.
    pub(super) sums: Option<Sums>,
}

/// Says what earlier periods tell about a measured value.
type Witness<'w> = dyn FnMut(&SeriesKey, &Period, MeasuredPoint) -> Evidence + 'w;

/// The measurements of one KPI.
struct KpiView<'a> {
    /// Columns that divide the whole.
    divided_by: &'a [String],
    definitions: &'a Definitions,
    observed: Observed<'a>,
    openings: &'a Openings,
    /// By metric: each was measured at an instant of its own.
    plans: BTreeMap<&'a MetricId, Plan>,
}

/// Evaluates one KPI. `now` is the instant for which the age of data counts.
pub(super) fn evaluate_kpi(
    kpi: &Kpi,
    known: Known<'_>,
    observed: Observed<'_>,
    now: DateTime<Utc>,
    witness: &mut Witness<'_>,
) -> KpiOutcome {
    let Known { definitions, openings, closed } = known;
    let calendar = &definitions.calendar;
    let mut view = KpiView {
        divided_by: &kpi.breakdown,
        definitions,
        observed,
        openings,
        plans: BTreeMap::new(),
    };
    let mut as_of = now;
    for metric in kpi.metrics() {
        let Some(measured_at) = observed.book.get(metric).map(|entry| entry.as_of) else {
            let period = calendar.period_at(&kpi.period, now);
            let problem = problem(definitions, observed.log, metric);
            let current = vec![no_data(kpi, definitions, &period, now, problem)];
            return KpiOutcome::Verdicts(Verdicts { current, ..Verdicts::default() });
        };
        as_of = as_of.min(measured_at);
        view.plans.insert(metric, plan(kpi, calendar, measured_at));
    }
    let period = calendar.period_at(&kpi.period, as_of);
    if view.plans.values().any(|plan| plan.period != period) {
        return KpiOutcome::Straddles;
    }
    let current = view.verdicts(kpi, &period, (as_of, now), witness);
    let breakdowns = kpi.breakdown.iter().flat_map(|by| view.members(kpi, by)).collect();
    let of_close = || {
        let Some(close) = last_close(kpi, &period) else { return Arc::default() };
        let closed = calendar.period_at(&kpi.period, close);
        view.plans.values_mut().for_each(|of_metric| *of_metric = plan(kpi, calendar, close));
        let mut verdicts =
            view.verdicts(kpi, &closed, (close, close), &mut |_, _, _| Evidence::default());
        verdicts.retain(|verdict| verdict.assessment.value.is_some());
        verdicts.into()
    };
    let last_period = closed.unwrap_or_else(of_close);
    KpiOutcome::Verdicts(Verdicts { current, last_period, breakdowns, as_of: Some(as_of) })
}

impl KpiView<'_> {
    fn verdicts(
        &self,
        kpi: &Kpi,
        period: &Period,
        (as_of, now): (DateTime<Utc>, DateTime<Utc>),
        witness: &mut Witness<'_>,
    ) -> Vec<Verdict> {
        let calendar = &self.definitions.calendar;
        let asked = calendar.asked_until(kpi.window, as_of);
        let values = self.formula_over(&kpi.formula, |plan| Some(plan.value));
        let sets = values.sets();
        let baselines = self.baselines(kpi);
        let targets = match &kpi.target {
            Target::Formula(formula) => Some(self.formula_over(formula, |plan| Some(plan.whole))),
            _ => None,
        };
        let seasons = self.plans.values().find_map(|plan| plan.seasons.as_ref());
        let seasonal = self.seasonal(kpi);
        let (so_far, planned) = match kpi.path.formula() {
            Some(plan) => (
                Some(self.formula_over(plan, |p| Some(p.so_far))),
                Some(self.formula_over(plan, |p| Some(p.whole))),
            ),
            None => (None, None),
        };
        let problem = kpi
            .metrics()
            .into_iter()
            .filter(|metric| self.error_of(metric).is_some())
            .map(|metric| problem(self.definitions, self.observed.log, metric))
            .next();
        let number = |inputs: Option<&Inputs<'_>>, labels: &Labels| inputs?.at(labels).value;
        let verdict = |labels: Labels| {
            let joined = values.at(&labels);
            let key = SeriesKey::new(&kpi.id, &labels);
            let frozen = self.openings.get(&key, &period.id);
            let through = joined.data_through.map_or(asked, |through| through.min(asked));
            let point = MeasuredPoint { through, value: joined.value, sums: joined.sums };
            let baseline = number(baselines.as_ref(), &labels);
            let target = number(targets.as_ref(), &labels);
            let measured = Measured {
                value: joined.value,
                sums: joined.sums,
                baseline: match kpi.baseline {
                    Baseline::Fixed(value) => Some(value),
                    _ => frozen.map_or(baseline, |frozen| frozen.baseline),
                },
                target: frozen.map_or(target, |frozen| frozen.target),
                seasonal_share: seasons.and_then(|seasons| {
                    let number = |span| number(seasonal.get(&span), &labels);
                    seasons.share(kpi, calendar, period, through, number)
                }),
                planned_share: planned_share(
                    number(so_far.as_ref(), &labels),
                    number(planned.as_ref(), &labels),
                )
                .map(|share| share * lag(calendar, period, through, as_of)),
                evidence: witness(&key, period, point),
                data_through: Some(through),
                problem: problem.clone(),
                absent: match (&sets, joined.value) {
                    (Err(absent), None) => Some(absent.clone()),
                    (Ok(_), None) => values.why(&labels),
                    (_, Some(_)) => None,
                },
                who: who(&labels),
            };
            let mut assessment = assess(kpi, calendar, period, as_of, now, &measured);
            let moved = frozen.into_iter().flat_map(|frozen| frozen.moved(baseline, target));
            assessment.findings.extend(moved);
            Verdict { labels, assessment, signal: Signal::None }
        };
        // What is planned and was not measured comes first: it is what nobody would miss else.
        let (first, rest) = ordered(&values, &sets, targets.as_ref(), baselines.as_ref());
        first.into_iter().chain(rest).map(verdict).collect()
    }

    fn error_of(&self, metric: &MetricId) -> Option<&FetchError> {
        self.observed.log.of(self.definitions.metrics.get(metric)?)?.error()
    }

    fn baselines<'m>(&'m self, kpi: &'m Kpi) -> Option<Inputs<'m>> {
        Some(match &kpi.baseline {
            Baseline::PreviousPeriod | Baseline::SamePeriodLastYear => {
                self.formula_over(&kpi.formula, |plan| plan.baseline)
            }
            Baseline::Formula(formula) => self.formula_over(formula, |plan| Some(plan.whole)),
            Baseline::None | Baseline::Fixed(_) => return None,
        })
    }

    /// The formula over each span that a seasonal path asks for. Metrics that were measured on
    /// different days have different spans: what the first of them asks for is the key.
    fn seasonal<'m>(&'m self, kpi: &'m Kpi) -> BTreeMap<Span, Inputs<'m>> {
        let first = self.plans.values().find_map(|plan| plan.seasons.as_ref());
        let spans = first.into_iter().flat_map(Seasons::spans);
        let nth = |plan: &Plan, index| Some(plan.seasons.as_ref()?.spans().nth(index)?.1);
        spans
            .enumerate()
            .map(|(index, (_, span))| {
                (span, self.formula_over(&kpi.formula, |plan| nth(plan, index)))
            })
            .collect()
    }

    /// A formula over one span of each metric's plan: over the whole of what a breakdown divides.
    fn formula_over<'m>(
        &'m self,
        formula: &'m Formula,
        span: impl Fn(&Plan) -> Option<Span>,
    ) -> Inputs<'m> {
        self.regrouped(formula, span, |metric, measured| {
            (labels_of_whole(metric, self.divided_by), whole_of(metric, measured, self.divided_by))
        })
    }

    /// The same with the rows of each metric put together in some way.
    fn regrouped<'m>(
        &'m self,
        formula: &'m Formula,
        span: impl Fn(&Plan) -> Option<Span>,
        group: impl Fn(&'m Metric, &'m Measurement) -> (Vec<&'m str>, Cow<'m, Measurement>),
    ) -> Inputs<'m> {
        Inputs::new(formula, |metric| {
            let definition = self.definitions.metrics.get(metric)?;
            let span = shared(definition, span(self.plans.get(metric)?)?);
            let measured = self.observed.book.get(metric)?.measurements.get(&span)?;
            let (labels, measured) = group(definition, measured);
            let (zero, most) = (definition.missing_is_zero, definition.max_label_sets);
            Some(Input { labels, measured, zero, most })
        })
    }

    /// What the values of a KPI are made of by one column.
    fn members(&self, kpi: &Kpi, by: &str) -> Vec<Breakdown> {
        let formula = &kpi.formula;
        let by = Column { name: by, all: &kpi.breakdown };
        let now = |limited: &Limited| {
            let rows = |m, rows| by.rows(m, rows, limited);
            self.regrouped(formula, |plan| Some(plan.value), rows).all()
        };
        let before = |limited: &Limited, members: &BTreeMap<Labels, Joined>| {
            let rows = |m, rows| by.rows(m, rows, limited);
            let before = self.regrouped(formula, |plan| plan.before, rows);
            let mut all = before.all();
            for member in members.keys() {
                all.entry(member.clone()).or_insert_with(|| before.at(member));
            }
            all
        };
        let whole = self.formula_over(formula, |plan| Some(plan.value)).all();
        let metrics = formula.metrics();
        let additive = metrics.iter().all(|metric| {
            self.definitions.metrics.get(*metric).is_none_or(|metric| metric.total.is_none())
        });
        by.breakdowns(&whole, additive, now, before)
    }
}

/// Label sets that have verdicts: those first that are planned and were not measured.
fn ordered(
    values: &Inputs<'_>,
    sets: &Result<BTreeSet<Labels>, Absent>,
    targets: Option<&Inputs<'_>>,
    baselines: Option<&Inputs<'_>>,
) -> (Vec<Labels>, Vec<Labels>) {
    let none = BTreeSet::new();
    let measured = sets.as_ref().unwrap_or(&none);
    let of = |inputs: Option<&Inputs<'_>>| {
        inputs.map(|inputs| inputs.sets().unwrap_or_default()).unwrap_or_default()
    };
    let new = |labels: &Labels| {
        // A plan by region says nothing of regions and plans together.
        !labels.is_empty() && values.has_names_of(labels) && !measured.contains(labels)
    };
    let number = |inputs: Option<&Inputs<'_>>, labels: &Labels| inputs?.at(labels).value;
    let mut first: Vec<Labels> = of(targets).into_iter().filter(new).collect();
    first.retain(|labels| number(targets, labels).is_some());
    // What was there in the baseline and is 0 now, by the word of its metrics.
    let gone = of(baselines)
        .into_iter()
        .filter(new)
        .filter(|labels| values.at(labels).value.is_some() && !first.contains(labels));
    let mut rest: Vec<Labels> = measured.iter().cloned().chain(gone).collect();
    if !(first.is_empty() && rest.iter().all(Labels::is_empty)) {
        // Without the one that stands for no rows at all.
        rest.retain(|labels| !labels.is_empty() || values.at(labels).value.is_some());
    }
    if first.is_empty() && rest.is_empty() {
        rest.push(Labels::default());
    }
    (first, rest)
}

/// The values of labels, in words.
fn who(labels: &Labels) -> String {
    let values: Vec<&str> = labels.values().collect();
    shown::line(&values.join(", "), shown::MOST)
}

fn no_data(
    kpi: &Kpi,
    definitions: &Definitions,
    period: &Period,
    now: DateTime<Utc>,
    problem: MetricProblem,
) -> Verdict {
    let baseline = match kpi.baseline {
        Baseline::Fixed(value) => Some(value),
        _ => None,
    };
    let measured = Measured { problem: Some(problem), baseline, ..Measured::default() };
    let assessment = assess(kpi, &definitions.calendar, period, now, now, &measured);
    Verdict { labels: Labels::default(), assessment, signal: Signal::None }
}

fn problem(definitions: &Definitions, log: &RunLog, metric: &MetricId) -> MetricProblem {
    let definition = definitions.metrics.get(metric);
    let error = definition.and_then(|metric| log.of(metric)?.error());
    MetricProblem {
        metric: metric.clone(),
        source: definition.map_or_else(|| "?".into(), |metric| metric.source.clone()),
        error: error.map(|error| error.message.clone()),
    }
}

/// The share of a plan that was due so far.
fn planned_share(so_far: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let share = so_far.unwrap_or(0.0) / whole.filter(|whole| *whole > 0.0)?;
    share.is_finite().then_some(share)
}

/// A plan was asked for up to the fetch, and counts up to the data.
fn lag(calendar: &Calendar, period: &Period, through: DateTime<Utc>, as_of: DateTime<Utc>) -> f64 {
    let (data, fetch) =
        (calendar.elapsed_ratio(period, through), calendar.elapsed_ratio(period, as_of));
    if fetch > 0.0 { (data / fetch).min(1.0) } else { 1.0 }
}
