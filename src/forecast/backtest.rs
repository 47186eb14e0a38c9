//! What the methods would have said at the same point of earlier periods, how far off they would
//! have been, and which to use. No trial sees anything later than its own point.

use super::Projection;
use super::estimate::Estimate;
use super::history::{View, whole};
use super::methods::{Method, estimate};
use super::spread::{Scale, Spread};
use super::weekday::Week;

/// Most periods that are tried, newest first: older ones tell little about today.
const MAX_PERIODS: usize = 8;
/// Periods that a trial sees before its own, as the methods need them; one must do while that
/// would leave too few trials, and makes the errors large rather than small.
const SEEN: usize = 2;
/// Periods without which a record says nothing about the next one.
const PERIODS_FOR_SPREAD: usize = 2;
/// ... but one where the days themselves tell how far they scatter.
const PERIODS_OF_DAYS: usize = 1;
/// Periods without which methods cannot be told apart.
const PERIODS_TO_CHOOSE: usize = 3;
/// A method must have made at most this share of the usual method's error to replace it: a handful
/// of periods cannot tell methods apart that differ by less.
const CLEARLY_LOWER: f64 = 0.35;
/// Weight of the errors of trials beside the error that a method's own steps let expect.
const TRUST_IN_TRIALS: f64 = 0.3;
/// Errors of many series lie nearer to zero, and farther from it, than normal ones with their
/// variance: Student's t with so many degrees of freedom, and its scale for the same 80 %.
const FREEDOM_OF_STEPS: usize = 4;
const SCALE_OF_STEPS: f64 = 0.92;

/// Few periods of days tell neither the level nor its scatter well: the variance is so many times as
/// large, and so much more for each of them that is missing. Without it the intervals of months held 71 %
/// with two earlier ones, 80 % with four and 84 % with twelve.
const SURE: f64 = 0.8;
const UNSURE: f64 = 0.95;

/// What some methods say now, and how they did.
pub(super) struct Record<'a> {
    view: &'a View<'a>,
    methods: &'a [Method],
    week: Week,
    trials: Vec<Trial>,
}

/// One point of an earlier period.
struct Trial {
    period: usize,
    actual: f64,
    /// What each of the methods said.
    said: Vec<Option<f64>>,
}

impl<'a> Record<'a> {
    /// Tries methods on the same elapsed share of earlier periods and, since errors are few, a
    /// twelfth of a period before and after it.
    pub(super) fn of(view: &'a View<'a>, methods: &'a [Method]) -> Self {
        let periods = view.earlier.len();
        let first = if periods >= SEEN + PERIODS_TO_CHOOSE { SEEN } else { 1 };
        let first = first.max(periods.saturating_sub(MAX_PERIODS));
        let tried = (first..periods).flat_map(|period| {
            points(view, period).into_iter().filter_map(move |done| {
                let (then, actual) = view.back_to(period, done)?;
                let week = Week::of(&then);
                let says = |method: &Method| Some(estimate(&then, &week, *method)?.value);
                Some(Trial { period, actual, said: methods.iter().map(says).collect() })
            })
        });
        Self { view, methods, week: Week::of(view), trials: tried.collect() }
    }

    /// A method with its record; `None` where it does not apply.
    fn candidate(&self, index: usize) -> Option<Candidate> {
        let method = *self.methods.get(index)?;
        if self.view.earlier.len() < method.needs() {
            return None;
        }
        let Estimate { value, spread } = estimate(self.view, &self.week, method)?;
        let said = || {
            let said = |t: &Trial| Some((t.period, t.actual, (*t.said.get(index)?)?));
            self.trials.iter().filter_map(said)
        };
        let positive = value > 0.0 && said().all(|(_, actual, said)| actual > 0.0 && said > 0.0);
        let scale = if positive { Scale::Log } else { Scale::Plain };
        let squares: f64 = said().map(|(_, actual, said)| scale.error(actual, said).powi(2)).sum();
        let trials = said().count();
        let mut periods: Vec<usize> = said().map(|(period, ..)| period).collect();
        periods.dedup();
        let error = (squares / trials as f64).sqrt().max(scale.floor(self.view, value));
        let expected = spread.map(|spread| scale.relative(spread, value));
        Some(Candidate { method, value, scale, error, expected, periods: periods.len() })
    }

    /// The first method that applies, unless another did clearly better.
    pub(super) fn best(&self) -> Option<Candidate> {
        let mut all = (0..self.methods.len()).filter_map(|index| self.candidate(index));
        let usual = all.next()?;
        let better = all
            .filter(|other| other.clearly_better_than(&usual))
            .min_by(|a, b| a.error.total_cmp(&b.error));
        Some(better.unwrap_or(usual))
    }
}

/// Steps of an earlier period after which to try: the same share, and its neighbours when both lie
/// inside. None in a period of one step.
fn points(view: &View<'_>, period: usize) -> Vec<usize> {
    let length = view.earlier[period].steps.len();
    let same = whole((view.elapsed / view.length as f64 * length as f64).round());
    let same = same.clamp(1, length.max(2) - 1);
    let reach = (length / 12).max(1);
    if length < 2 {
        vec![]
    } else if same > reach && same + reach < length {
        vec![same - reach, same, same + reach]
    } else {
        vec![same]
    }
}

/// A method, what it says now and how it did in trials.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    method: Method,
    value: f64,
    scale: Scale,
    /// Root mean square of the errors, not below the floor of the scale.
    error: f64,
    /// The same as the method's own steps let expect it.
    expected: Option<f64>,
    /// Earlier periods tried.
    periods: usize,
}

impl Candidate {
    /// Whether the record is better by more than chance. Records on different scales cannot be
    /// compared.
    fn clearly_better_than(&self, usual: &Self) -> bool {
        self.scale == usual.scale
            && self.periods.min(usual.periods) >= PERIODS_TO_CHOOSE
            && self.error < usual.error * CLEARLY_LOWER
    }

    /// A few trials say little about the next error, and a model's own steps are too sure of
    /// themselves when it is the wrong model: both together are right.
    fn likely_error(&self, view: &View<'_>) -> f64 {
        let tried = self.error.powi(2);
        let variance = self.expected.map_or(tried, |expected| {
            let both = TRUST_IN_TRIALS * tried + (1.0 - TRUST_IN_TRIALS) * expected.powi(2);
            both * SCALE_OF_STEPS.powi(2)
        });
        let known = view.earlier.len().max(1) as f64;
        let unsure = if view.has_weeks() { SURE + UNSURE / known } else { 1.0 };
        let variance = variance * unsure;
        variance.sqrt().max(self.scale.floor(view, self.value))
    }

    /// Degrees of freedom: the trials of one period resemble each other.
    fn freedom(&self) -> usize {
        if self.expected.is_some() { FREEDOM_OF_STEPS } else { self.periods }
    }

    pub(super) fn projection(self, view: &View<'_>) -> Projection {
        let of_days = view.has_weeks() && self.expected.is_some();
        let needed = if of_days { PERIODS_OF_DAYS } else { PERIODS_FOR_SPREAD };
        let enough = self.periods >= needed;
        let spread = || Spread::of(view, self.scale, self.likely_error(view), self.freedom());
        Projection { value: self.value, method: self.method, spread: enough.then(spread).flatten() }
    }
}
