//! What a KPI was evaluated from, and whether an evaluation of other runs would find the same: answers that
//! have not changed, and an instant that moves nothing of what they say. Then they are only fresher. Not here:
//! evaluating (`evaluate`).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::book::Entry;
use super::demand::{Plan, last_close, plan, shared};
use super::kpi_state::Observed;
use super::openings::GRACE;
use super::seasons::Seasons;
use crate::assess::{Finding, Left};
use crate::calendar::{Calendar, Period};
use crate::kpi::{Definitions, Kpi, Path};
use crate::metric::{Measurement, Metric, Span};
use crate::snapshot::Verdict;

/// The runs behind an evaluation.
#[derive(Debug)]
pub(super) struct Drawn {
    /// The instant it was made for: that of the oldest of them.
    pub(super) as_of: DateTime<Utc>,
    /// One for each metric, in order.
    entries: Vec<Arc<Entry>>,
    /// Whether a later run of one of them failed.
    is_failing: bool,
}

/// Two sets of runs of the same KPI.
pub(super) struct Compared<'a> {
    kpi: &'a Kpi,
    definitions: &'a Definitions,
    before: &'a Drawn,
    now: &'a Drawn,
}

impl Drawn {
    /// `None` while one of the metrics was never measured.
    pub(super) fn of(
        kpi: &Kpi,
        definitions: &Definitions,
        observed: Observed<'_>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let metrics = kpi.metrics();
        let of_each = metrics.iter().map(|metric| observed.book.get(metric).cloned());
        let entries: Vec<Arc<Entry>> = of_each.collect::<Option<_>>()?;
        let as_of = entries.iter().map(|entry| entry.as_of).fold(now, DateTime::min);
        let log = |metric| observed.log.of(definitions.metrics.get(metric)?);
        let mut logs = metrics.into_iter().filter_map(log);
        let is_failing = logs.any(|log| log.error().is_some());
        Some(Self { as_of, entries, is_failing })
    }

    pub(super) fn since<'a>(
        &'a self,
        before: &'a Self,
        kpi: &'a Kpi,
        definitions: &'a Definitions,
    ) -> Compared<'a> {
        Compared { kpi, definitions, before, now: self }
    }
}

impl Compared<'_> {
    /// Whether the result of the last period is what it was.
    pub(super) fn has_same_close(&self) -> bool {
        let calendar = &self.definitions.calendar;
        let close = |drawn: &Drawn| {
            last_close(self.kpi, &calendar.period_at(&self.kpi.period, drawn.as_of))
        };
        match (close(self.before), close(self.now)) {
            (Some(before), Some(now)) if before == now => {
                !self.is_failing() && self.found_the_same(|_| plan(self.kpi, calendar, now))
            }
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether `verdicts`, found before, are what would be found now.
    pub(super) fn has_same_verdicts(&self, verdicts: &[Verdict]) -> bool {
        let Self { kpi, before, now, .. } = self;
        let calendar = &self.definitions.calendar;
        let asked = |drawn: &Drawn| calendar.asked_until(kpi.window, drawn.as_of);
        let period = calendar.period_at(&kpi.period, now.as_of);
        // What an evaluation draws on besides answers and up to when they are complete.
        let is_moved = before.as_of > now.as_of
            || calendar.period_at(&kpi.period, before.as_of) != period
            || calendar.day_before(before.as_of) != calendar.day_before(now.as_of)
            || left(kpi, calendar, &period, before) != left(kpi, calendar, &period, now)
            || is_settled(&period, before) != is_settled(&period, now)
            || matches!(kpi.path, Path::Formula(_))
            || !kpi.predicts.is_empty();
        let (asked_before, asked_now) = (asked(before), asked(now));
        // Where the source does not say how far its data reach, they reach up to the run.
        let says_how_far = |verdict: &Verdict| {
            verdict.assessment.data_through.is_some_and(|through| {
                through < before.as_of && (through < asked_before || asked_before == asked_now)
            })
        };
        !is_moved
            && !self.is_failing()
            && verdicts.iter().all(|verdict| says_how_far(verdict) && !is_withheld(verdict))
            && self.found_the_same(|drawn| plan(kpi, calendar, drawn.as_of))
    }

    fn is_failing(&self) -> bool {
        self.before.is_failing || self.now.is_failing
    }

    /// Whether the answers to all that is asked for are the same ones.
    fn found_the_same(&self, plan_of: impl Fn(&Entry) -> Plan) -> bool {
        let metrics = self.kpi.metrics().into_iter();
        let metrics = metrics.map(|metric| self.definitions.metrics.get(metric));
        let mut entries = self.before.entries.iter().zip(&self.now.entries).zip(metrics);
        entries.all(|((before, now), metric)| {
            let Some(metric) = metric else { return false };
            let plans = (plan_of(before), plan_of(now));
            plans.0.period == plans.1.period
                && plans.0.seasons == plans.1.seasons
                && spans(&plans.0).zip(spans(&plans.1)).all(|(then, asked)| {
                    match (answer(before, metric, then), answer(now, metric, asked)) {
                        (Some(before), Some(now)) => Arc::ptr_eq(before, now),
                        (before, now) => before.is_none() && now.is_none(),
                    }
                })
        })
    }
}

fn answer<'e>(
    entry: &'e Entry,
    metric: &Metric,
    span: Option<Span>,
) -> Option<&'e Arc<Measurement>> {
    entry.measurements.get(&shared(metric, span?))
}

/// Every span of a plan, what it is for by its place.
fn spans(plan: &Plan) -> impl Iterator<Item = Option<Span>> {
    let seasons = plan.seasons.iter().flat_map(Seasons::spans).map(|(_, span)| Some(span));
    let Plan { value, baseline, whole, before, so_far, .. } = plan;
    [Some(*value), *baseline, Some(*whole), *before, Some(*so_far)].into_iter().chain(seasons)
}

fn left(kpi: &Kpi, calendar: &Calendar, period: &Period, drawn: &Drawn) -> Left {
    Left::of(kpi, calendar, period, drawn.as_of)
}

/// Whether what opened with the period is frozen.
fn is_settled(period: &Period, drawn: &Drawn) -> bool {
    drawn.as_of >= period.span.start + GRACE
}

/// Whether there may be a value that is not shown: being fresher brings it back.
fn is_withheld(verdict: &Verdict) -> bool {
    let withholds = |finding: &Finding| {
        matches!(finding, Finding::TooOld { .. } | Finding::NothingComplete | Finding::Fails(_))
    };
    verdict.assessment.findings.iter().any(withholds)
}
