//! The input of a projection, and what a method may see of it. Not for choosing or judging methods.

/// One day in so many carries something.
const SPARSE: usize = 10;

/// What the steps of a period are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// Increments: the period ends at their sum.
    Flow,
    /// A stock, or a period-to-date ratio, at the end of each step: the period ends at the last.
    Level,
}

/// The steps of one period, or of its beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct Season {
    /// One value per step, in order.
    pub steps: Vec<f64>,
    /// Weekday of the first step, counted from any fixed day (modulo 7), when steps are days.
    pub first_weekday: Option<usize>,
}

/// A period in progress and those before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seasons {
    /// What the steps are.
    pub kind: StepKind,
    /// Complete periods without gaps between them, oldest first.
    pub earlier: Vec<Season>,
    /// The current period so far; the last step may be running.
    pub current: Season,
    /// Steps of the current period that have passed, above `current.steps.len() - 1` and at most
    /// that length.
    pub elapsed: f64,
    /// Steps the current period will have.
    pub length: usize,
}

/// A point of a period: everything that was known then, and nothing later.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) kind: StepKind,
    pub(super) earlier: &'a [Season],
    pub(super) done: &'a [f64],
    pub(super) first_weekday: Option<usize>,
    pub(super) elapsed: f64,
    pub(super) length: usize,
}

impl<'a> View<'a> {
    /// The current point of `seasons`; `None` when there is nothing to project from.
    pub(super) fn new(seasons: &'a Seasons) -> Option<Self> {
        let Seasons { kind, earlier, current, elapsed, length } = seasons;
        let count = current.steps.len();
        let fits = *elapsed > 0.0 && whole(elapsed.ceil()) == count && count <= *length;
        let periods = || earlier.iter().chain([current]);
        let whole = earlier.iter().all(|season| !season.steps.is_empty());
        let finite = periods().flat_map(|season| &season.steps).all(|step| step.is_finite());
        (fits && whole && finite).then_some(Self {
            kind: *kind,
            earlier,
            done: &current.steps,
            first_weekday: current.first_weekday,
            elapsed: *elapsed,
            length: *length,
        })
    }

    /// The earlier period `index` as it stood after `done` of its steps.
    pub(super) fn back_to(&self, index: usize, done: usize) -> Option<(Self, f64)> {
        let season = self.earlier.get(index)?;
        let then = Self {
            kind: self.kind,
            earlier: &self.earlier[..index],
            done: season.steps.get(..done)?,
            first_weekday: season.first_weekday,
            elapsed: done as f64,
            length: season.steps.len(),
        };
        Some((then, self.kind.total(&season.steps)))
    }

    /// Value so far.
    pub(super) fn so_far(&self) -> f64 {
        self.kind.total(self.done)
    }

    /// Whether nothing is left to project.
    pub(super) fn is_over(&self) -> bool {
        self.elapsed >= self.length as f64
    }

    /// Whether steps are days and the period is longer than a week.
    pub(super) fn has_weeks(&self) -> bool {
        self.first_weekday.is_some() && self.length > 7
    }

    /// Whether hardly a day carries anything: rows by the month, deals.
    pub(super) fn is_sparse(&self) -> bool {
        let steps = || self.earlier.iter().flat_map(|season| &season.steps).chain(self.done);
        let carry = steps().filter(|step| **step != 0.0).count();
        self.has_weeks() && carry * SPARSE <= steps().count()
    }

    /// Weekday of a step of the period, when steps are days.
    pub(super) fn weekday(&self, index: usize) -> Option<usize> {
        self.first_weekday.map(|first| weekday(first, index))
    }

    /// Below this the period cannot end, as far as the steps tell: what stands already where no
    /// step ever took anything away, zero where no level ever was below.
    pub(super) fn least(&self) -> f64 {
        let earlier = self.earlier.iter().flat_map(|season| &season.steps);
        if !self.done.iter().chain(earlier).all(|step| *step >= 0.0) {
            return f64::NEG_INFINITY;
        }
        match self.kind {
            StepKind::Flow => self.so_far(),
            StepKind::Level => 0.0,
        }
    }

    /// The last `count` whole steps, newest first, with their weekday.
    pub(super) fn newest(&self, count: usize) -> impl Iterator<Item = (f64, Option<usize>)> {
        let whole = whole(self.elapsed);
        let current = (&self.done[..whole], self.first_weekday);
        let earlier = self.earlier.iter().rev().map(|s| (s.steps.as_slice(), s.first_weekday));
        [current].into_iter().chain(earlier).flat_map(with_weekdays).take(count)
    }
}

/// The steps of a period, newest first, each with its weekday.
fn with_weekdays(
    (steps, first): (&[f64], Option<usize>),
) -> impl Iterator<Item = (f64, Option<usize>)> {
    steps.iter().enumerate().rev().map(move |(i, v)| (*v, first.map(|f| weekday(f, i))))
}

/// Weekday of step `index` of a period that starts on `first`.
pub(super) fn weekday(first: usize, index: usize) -> usize {
    (first % 7 + index) % 7
}

/// Whole steps up to a position.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounds down, and what is negative to 0"
)]
pub(super) fn whole(position: f64) -> usize {
    position as usize
}

impl StepKind {
    /// Value of a period with these steps.
    pub(super) fn total(self, steps: &[f64]) -> f64 {
        match self {
            Self::Flow => steps.iter().sum(),
            Self::Level => steps.last().copied().unwrap_or(0.0),
        }
    }
}
