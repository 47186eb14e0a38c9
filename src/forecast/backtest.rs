//! What the methods would have said at the same point of earlier periods, how far off they would
//! have been, and which to use. No trial sees anything later than its own point.

use super::Projection;
use super::history::{View, whole};
use super::methods::{Method, Projections};
use super::spread::{Scale, Spread};

/// Most periods that are tried, newest first: older ones tell little about today.
const MAX_PERIODS: usize = 12;
/// Periods that a trial sees before its own, as the methods need them; one must do while that
/// would leave too few trials, and makes the errors large rather than small.
const SEEN: usize = 2;
/// Periods without which a record says nothing about the next one.
const PERIODS_FOR_SPREAD: usize = 2;
/// Periods without which methods cannot be told apart.
const PERIODS_TO_CHOOSE: usize = 3;
/// A method must have made at most this share of the usual method's error to replace it: a handful
/// of periods cannot tell methods apart that differ by less.
const CLEARLY_LOWER: f64 = 0.5;

/// What the methods say now, and how they did.
pub(super) struct Record<'a> {
    view: &'a View<'a>,
    now: Projections,
    trials: Vec<Trial>,
}

/// One point of an earlier period.
struct Trial {
    period: usize,
    actual: f64,
    said: Projections,
}

impl<'a> Record<'a> {
    /// Tries all methods on the same elapsed share of earlier periods and, since errors are few, a
    /// twelfth of a period before and after it.
    pub(super) fn of(view: &'a View<'a>) -> Self {
        let periods = view.earlier.len();
        let first = if periods >= SEEN + PERIODS_TO_CHOOSE { SEEN } else { 1 };
        let first = first.max(periods.saturating_sub(MAX_PERIODS));
        let tried = (first..periods).flat_map(|period| {
            points(view, period).into_iter().filter_map(move |done| {
                let (then, actual) = view.back_to(period, done)?;
                Some(Trial { period, actual, said: Projections::at(&then) })
            })
        });
        Self { view, now: Projections::at(view), trials: tried.collect() }
    }

    /// A method with its record; `None` where it does not apply.
    pub(super) fn candidate(&self, method: Method) -> Option<Candidate> {
        if self.view.earlier.len() < method.needs() {
            return None;
        }
        let value = self.now.by(method)?;
        let said =
            || self.trials.iter().filter_map(|t| Some((t.period, t.actual, t.said.by(method)?)));
        let positive = value > 0.0 && said().all(|(_, actual, said)| actual > 0.0 && said > 0.0);
        let scale = if positive { Scale::Log } else { Scale::Plain };
        let squares: f64 = said().map(|(_, actual, said)| scale.error(actual, said).powi(2)).sum();
        let trials = said().count();
        let mut periods: Vec<usize> = said().map(|(period, ..)| period).collect();
        periods.dedup();
        let error = (squares / trials as f64).sqrt().max(scale.floor(self.view, value));
        Some(Candidate { method, value, scale, error, trials, periods: periods.len() })
    }

    /// The usual method, unless another did clearly better.
    pub(super) fn best(&self) -> Option<Candidate> {
        let order = Method::by_preference(self.view);
        let usual = order.iter().find_map(|method| self.candidate(*method))?;
        let better = order
            .iter()
            .filter_map(|method| self.candidate(*method))
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
    trials: usize,
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

    pub(super) fn projection(self, view: &View<'_>) -> Projection {
        let enough = self.periods >= PERIODS_FOR_SPREAD;
        let spread = || Spread::of(view, self.scale, self.error, self.trials);
        Projection { value: self.value, method: self.method, spread: enough.then(spread).flatten() }
    }
}
