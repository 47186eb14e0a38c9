//! Control charts: has the series left its usual level in the bad direction?
//!
//! `XmR` 3σ limits find a sudden `Shift`, a CUSUM finds a slow `Drift`, both one-sided and measured
//! against a baseline that is frozen on the first 20 points or more. Where points resemble their
//! neighbours, the CUSUM adds up what the one before does not explain. Not here: where residuals come from
//! (path, forecast or season), and when a baseline starts anew: after a changed definition or an
//! accepted new level the caller passes only the points since then.
//!
//! Equations: W. A. Shewhart's individuals chart as in D. J. Wheeler, *Understanding Variation*
//! (X̄ − 2.66·mR̄); E. S. Page, *Continuous Inspection Schemes*, Biometrika 41 (1954).

/// Points on which limits are frozen.
pub const BASELINE_POINTS: usize = 20;
/// Points on which limits rest at most, where there are more: two years of weeks.
const MOST_POINTS: usize = 104;
/// Below this many baseline points there are no limits at all.
pub const MIN_BASELINE_POINTS: usize = 8;

/// Mean moving range of independent normal points in standard deviations (d₂ of two points); hence
/// 3σ is 2.66 mean moving ranges.
const MOVING_RANGE_PER_SIGMA: f64 = 1.128;
/// Lag-1 autocorrelation of the baseline, free of the bias of few points, above which its points
/// count as dependent.
const DEPENDENT: f64 = 0.1;
/// Twenty points cannot tell 0.9 from 1.
const MAX_AUTOCORRELATION: f64 = 0.9;
/// The spread of few points, the more so of dependent ones, seems smaller than it is; never by more
/// than this.
const MOST_UNDERSTATED: f64 = 0.3;
/// How much a mean of few points may be off counts as spread in cumulative sums, which add it up.
const UNSURE_MEAN: f64 = 0.5;
/// Spread given to a baseline that never moved, relative to its size: above rounding, below news.
const CONSTANT_SPREAD: f64 = 1e-9;
/// The same for a baseline of zeros.
const ZERO_SPREAD: f64 = 1e-12;

/// What the newest points say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Nothing but noise, or too few points to tell.
    None,
    /// The newest point lies more than 3σ on the bad side.
    Shift,
    /// Small deviations to the bad side have added up; no single point need stand out.
    Drift,
}

impl Signal {
    /// All of them, in the order of the stateset.
    pub const ALL: [Self; 3] = [Self::None, Self::Shift, Self::Drift];

    /// As in labels and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Shift => "shift",
            Self::Drift => "drift",
        }
    }
}

/// The usual level and spread of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartBaseline {
    /// Mean of the points, in the unit of the residuals.
    pub centre: f64,
    /// Standard deviation by which departures are measured, above 0, in the same unit.
    pub sigma: f64,
    /// How many points it rests on, 8 or more.
    pub points: usize,
    /// Whether the points never differed: then `sigma` only stands for rounding.
    pub constant: bool,
    /// How much of a departure is left at the next point, 0 for independent points.
    memory: f64,
    /// The newest of the points.
    newest: f64,
}

/// Which side of the usual level is bad, in the unit that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Lower is worse.
    Below,
    /// Higher is worse: the caller has changed the sign of the residuals.
    Above,
}

/// The answer of [`detect`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The signal that is on at the newest point present.
    pub signal: Signal,
    /// Index of the first point of what is signalled: of the unbroken run beyond the limit (shift)
    /// or of the first point after the cumulative sum was last zero (drift).
    pub since: Option<usize>,
    /// Standard deviations from the usual level, negative = bad: of the newest point, in a drift
    /// the mean since `since`. Absent without a baseline or a point to judge.
    pub deviation: Option<f64>,
    /// The limits used; absent below 8 baseline points.
    pub baseline: Option<ChartBaseline>,
    /// How many points were present, the baseline included.
    pub points: usize,
}

/// Where noise ends.
#[derive(Clone, Copy)]
struct ChartRules {
    /// Deviation beyond which a single point is a shift, in sigma.
    shift: f64,
    /// The lasting fall, in sigma, that the cumulative sum is made to find.
    fall: f64,
    /// How likely it must be made by the points since it began, as the logarithm of a ratio.
    decision: f64,
    /// Most the sum can hold above `decision`, in points at the usual level: so soon a recovery is
    /// seen however long the bad time was.
    points_to_recover: f64,
}

const RULES: ChartRules =
    ChartRules { shift: 3.0, fall: 1.5, decision: 3.7, points_to_recover: 5.5 };

/// Reads the current signal from a series of residuals: oldest first, evenly spaced, negative =
/// bad direction. `None` and non-finite points are missing: they are skipped, neither good nor bad.
///
/// The baseline is the first 20 points present and never moves while the slice starts at the same
/// point. Between 9 and 20 points the newest one is judged by limits from all before it; these are
/// provisional and can show a shift only. With fewer points there is no signal.
pub fn detect(residuals: &[Option<f64>]) -> Reading {
    detect_by(residuals, RULES, 1.0)
}

/// As [`detect`], for residuals from something that was itself estimated: the limits rest on more
/// points, all but the newest `judged` where there are as many, and are `wider` times as far out.
pub fn detect_wider(residuals: &[Option<f64>], wider: f64, judged: usize) -> Reading {
    let points = present(residuals);
    let baseline = points.len().saturating_sub(judged).clamp(BASELINE_POINTS, MOST_POINTS);
    detect_on(&points, baseline, RULES, wider)
}

fn detect_by(residuals: &[Option<f64>], rules: ChartRules, wider: f64) -> Reading {
    detect_on(&present(residuals), BASELINE_POINTS, rules, wider)
}

fn detect_on(points: &[(usize, f64)], baseline: usize, rules: ChartRules, wider: f64) -> Reading {
    let split = points.len().saturating_sub(1).min(baseline);
    let (before, after) = points.split_at(split);
    let values: Vec<f64> = before.iter().map(|&(_, value)| value).collect();
    match ChartBaseline::of_values(&values) {
        Some(baseline) => {
            let baseline = ChartBaseline { sigma: baseline.sigma * wider, ..baseline };
            baseline.judge(after, points.len(), rules)
        }
        None => Reading {
            signal: Signal::None,
            since: None,
            deviation: None,
            baseline: None,
            points: points.len(),
        },
    }
}

fn present(residuals: &[Option<f64>]) -> Vec<(usize, f64)> {
    let finite = |(index, value): (usize, &Option<f64>)| {
        value.filter(|v| v.is_finite()).map(|value| (index, value))
    };
    residuals.iter().enumerate().filter_map(finite).collect()
}

impl ChartBaseline {
    /// Freezes level and spread on these points, for callers that store a baseline; absent below 8.
    pub fn freeze(residuals: &[Option<f64>]) -> Option<Self> {
        let values: Vec<f64> = present(residuals).into_iter().map(|(_, value)| value).collect();
        Self::of_values(&values)
    }

    /// Reads the current signal from *all* points after a stored baseline, as [`detect`] does.
    pub fn detect(&self, later: &[Option<f64>]) -> Reading {
        let points = present(later);
        self.judge(&points, self.points + points.len(), RULES)
    }

    fn of_values(values: &[f64]) -> Option<Self> {
        if values.len() < MIN_BASELINE_POINTS {
            return None;
        }
        let count = values.len() as f64;
        let centre = values.iter().sum::<f64>() / count;
        let ranges: f64 = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
        let moving = ranges / (count - 1.0) / MOVING_RANGE_PER_SIGMA;
        let size = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let floor = (size * CONSTANT_SPREAD).max(ZERO_SPREAD);
        let constant = moving <= floor;
        let (spread, memory) =
            if constant { (floor, 0.0) } else { dependence(values, centre, moving) };
        let newest = values[values.len() - 1];
        Some(Self { centre, sigma: spread, points: values.len(), constant, memory, newest })
    }

    /// `points`: indices and values, oldest first; `total`: what the reading reports as present.
    fn judge(&self, points: &[(usize, f64)], total: usize, rules: ChartRules) -> Reading {
        let mut newest = None;
        let mut beyond = None;
        let climbing = self.climbing(rules);
        // Independent points have the limits of the textbook, others some that allow for their mean.
        let wider = if self.memory > 0.0 { climbing.unsure } else { 1.0 };
        let mut before = self.deviation(self.newest);
        let mut climb = Climb::default();
        for &(index, value) in points {
            let deviation = self.deviation(value);
            newest = Some(deviation);
            beyond = if deviation < -rules.shift * wider { beyond.or(Some(index)) } else { None };
            climb.add(index, deviation, before, &climbing);
            before = deviation;
        }
        let (signal, since, deviation) = if beyond.is_some() {
            (Signal::Shift, beyond, newest)
        } else if climb.sum > climbing.decision {
            (Signal::Drift, climb.onset, Some(climb.deviations / climb.points))
        } else {
            (Signal::None, None, newest)
        };
        Reading { signal, since, deviation, baseline: Some(*self), points: total }
    }
}

/// What each point adds to the cumulative sum: the logarithm of how much likelier it is made by a
/// lasting fall, point before point (Page 1954; Basseville & Nikiforov, *Detection of Abrupt
/// Changes*, 1993, sections 2.2 and 7.2.4). Of dependent points, only what the one before does not
/// explain is news.
struct Climbing {
    /// A point counts for at most so much: one freak value is a shift, not a drift.
    most: f64,
    memory: f64,
    /// Standard deviations that a standard deviation of the baseline counts for.
    unsure: f64,
    /// What the fall takes off its first point, and off what is news of those after it.
    first: f64,
    later: f64,
    /// Variance of news.
    news: f64,
    decision: f64,
    top: f64,
}

impl ChartBaseline {
    fn deviation(&self, value: f64) -> f64 {
        (value - self.centre) / self.sigma
    }

    fn climbing(&self, rules: ChartRules) -> Climbing {
        let memory = self.memory;
        let (first, later) = (rules.fall, rules.fall * (1.0 - memory));
        let news = 1.0 - memory * memory;
        let of_mean = ((1.0 + memory) / (1.0 - memory) / self.points as f64).sqrt();
        let at_usual = later * later / (2.0 * news);
        Climbing {
            most: rules.shift,
            memory,
            unsure: 1.0 + UNSURE_MEAN * of_mean,
            first,
            later,
            news,
            decision: rules.decision,
            top: rules.decision + rules.points_to_recover * at_usual,
        }
    }
}

/// The one-sided cumulative sum and what happened since it was last zero.
#[derive(Default)]
struct Climb {
    sum: f64,
    onset: Option<usize>,
    deviations: f64,
    points: f64,
}

impl Climb {
    fn add(&mut self, index: usize, deviation: f64, before: f64, by: &Climbing) {
        let tame = |deviation: f64| (deviation / by.unsure).clamp(-by.most, by.most);
        let news = by.memory * tame(before) - tame(deviation);
        let likelier = |fall: f64| fall * (news - fall / 2.0) / by.news;
        let (goes_on, begins) = (self.sum + likelier(by.later), likelier(by.first));
        if goes_on <= 0.0 || begins > goes_on {
            *self = Self::default();
        }
        self.sum = goes_on.max(begins).clamp(0.0, by.top);
        if self.sum > 0.0 {
            self.onset = self.onset.or(Some(index));
            self.deviations += deviation;
            self.points += 1.0;
        }
    }
}

/// Spread of the points, and how much of a departure is left at the next one.
///
/// The moving range tells the spread of independent points. Neighbours that resemble each other
/// (trailing windows that overlap, slow business) have small moving ranges, and their chart would
/// cry wolf every other time: there the plain standard deviation takes over, made up for what few
/// dependent points miss of it (Box, Jenkins & Reinsel, *Time Series Analysis*, section 2.1).
fn dependence(values: &[f64], centre: f64, moving: f64) -> (f64, f64) {
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    let products: f64 = values.windows(2).map(|pair| (pair[0] - centre) * (pair[1] - centre)).sum();
    let count = values.len() as f64;
    // Few points seem less dependent than they are: Kendall (1954), E[r] ≈ ρ − (1 + 4ρ)/n.
    let autocorrelation = (count * products / squares + 1.0) / (count - 4.0);
    if autocorrelation <= DEPENDENT {
        return (moving, 0.0);
    }
    let memory = autocorrelation.min(MAX_AUTOCORRELATION);
    let seen = (1.0 - (1.0 + memory) / (1.0 - memory) / count).max(MOST_UNDERSTATED);
    let spread = (squares / (count - 1.0) / seen).sqrt();
    (spread.max(moving), memory)
}

impl Reading {
    /// One clause for people, or nothing when all is quiet. `since` is the caller's date of the
    /// point `self.since`.
    pub fn words(&self, bad: Side, since: &str) -> Option<String> {
        let side = match bad {
            Side::Below => "below",
            Side::Above => "above",
        };
        let Some((baseline, deviation)) = self.baseline.zip(self.deviation) else {
            let needed = MIN_BASELINE_POINTS + 1;
            return self.baseline.is_none().then(|| {
                format!("no signal yet: {} points, at least {needed} are needed", self.points)
            });
        };
        let distance = deviation.abs();
        match self.signal {
            Signal::None => None,
            _ if baseline.constant => Some(format!(
                "a change: {side} its usual level since {since}, which had never moved before"
            )),
            Signal::Shift => Some(format!(
                "a shift: the last point is {distance:.1} standard deviations {side} its usual level, \
                 beyond the limit since {since}"
            )),
            Signal::Drift => Some(format!(
                "a drift: on average {distance:.1} standard deviations {side} its usual level since \
                 {since}"
            )),
        }
    }
}

#[cfg(test)]
#[path = "tests/chart.rs"]
mod tests;
