//! Does a leading KPI lead? Cross-correlation of prewhitened differences, and never the raw one.
//!
//! Two series that merely trend correlate strongly whatever their lag. So both are differenced and
//! sent through the filter that turns the *leading* one into white noise; only then do their
//! correlations mean something (Box, Jenkins & Reinsel, *Time Series Analysis*, section 12.1). Not
//! here: which KPIs are compared, and seasons: a rhythm that both share must be removed before.

use super::autoregression::Autoregression;

/// Below this many points no verdict is given.
pub const MIN_POINTS: usize = 40;
/// Chance of calling an unrelated series a leading one, over all lags together.
const FALSE_LEADS: f64 = 0.05;
/// Lags beyond this share of the series would rest on too few pairs.
const LAG_SHARE: usize = 4;
/// Standard deviations beyond which a prewhitened change counts no further.
const OUTLIER: f64 = 3.0;

/// Whether one series announces another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lead {
    /// Changes of the leading series come before changes of the lagging one.
    Leads {
        /// By how many points: the lag with the strongest correlation.
        lag: usize,
        /// Correlation of the prewhitened changes, −1 to 1; negative when they move apart.
        rho: f64,
    },
    /// No lag stands out from chance.
    NoEvidence {
        /// The weakest correlation that would have been called a lead, 0 to 1: with few points it
        /// is large, and no evidence is then no proof of the contrary. Absent when a series never
        /// changes.
        detectable: Option<f64>,
    },
    /// Too few points to say anything.
    Unverified {
        /// Points in the longest stretch without a gap.
        points: usize,
    },
}

/// Asks whether the first of each pair announces the second by 1 to `max_lag` points.
///
/// `pairs` are `(leading, lagging)` at the same evenly spaced instants, oldest first. Differences
/// across a gap would mix lags, so the longest stretch in which both are present and finite is
/// used; below 40 points the answer is [`Lead::Unverified`]. Lag 0 is not tried (moving together is
/// no warning), nor lags above a quarter of the points. A lag stands out when `|ρ|·√n` exceeds the
/// normal quantile at 5 % divided by the number of lags (two-sided, Bonferroni).
pub fn lead_correlation(pairs: &[(Option<f64>, Option<f64>)], max_lag: usize) -> Lead {
    let (leading, lagging) = longest_stretch(pairs);
    let points = leading.len();
    if points < MIN_POINTS {
        return Lead::Unverified { points };
    }
    let (cause, effect) = (changes(&leading), changes(&lagging));
    let Some(filter) = Autoregression::fit(&cause) else {
        return Lead::NoEvidence { detectable: None };
    };
    let (cause, effect) = (tamed(filter.filter(&cause)), tamed(filter.filter(&effect)));
    let scale = (sum_of_squares(&cause) * sum_of_squares(&effect)).sqrt();
    if scale <= 0.0 || !scale.is_finite() {
        return Lead::NoEvidence { detectable: None };
    }
    let lags = max_lag.clamp(1, points / LAG_SHARE);
    let correlation =
        |lag: usize| cause.iter().zip(&effect[lag..]).map(|(a, b)| a * b).sum::<f64>() / scale;
    let strongest = (1..=lags)
        .map(|lag| (lag, correlation(lag)))
        .max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let quantile = upper_quantile(FALSE_LEADS / 2.0 / lags as f64);
    let limit = quantile * (inflation(&cause, &effect) / cause.len() as f64).sqrt();
    match strongest {
        Some((lag, rho)) if rho.abs() > limit => Lead::Leads { lag, rho },
        _ => Lead::NoEvidence { detectable: Some(limit) },
    }
}

fn longest_stretch(pairs: &[(Option<f64>, Option<f64>)]) -> (Vec<f64>, Vec<f64>) {
    let whole = |pair: &(Option<f64>, Option<f64>)| {
        pair.0.zip(pair.1).filter(|(a, b)| a.is_finite() && b.is_finite())
    };
    pairs
        .split(|pair| whole(pair).is_none())
        .max_by_key(|stretch| stretch.len())
        .map(|stretch| stretch.iter().filter_map(whole).unzip())
        .unwrap_or_default()
}

/// Differences around their mean: a steady trend is no news either.
fn changes(series: &[f64]) -> Vec<f64> {
    let steps: Vec<f64> = series.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = steps.iter().sum::<f64>() / steps.len() as f64;
    steps.iter().map(|step| step - mean).collect()
}

/// Cuts what lies beyond 3 standard deviations: two unrelated spikes that happen to be `lag` apart
/// would make a correlation of their own.
fn tamed(mut series: Vec<f64>) -> Vec<f64> {
    let limit = OUTLIER * (sum_of_squares(&series) / series.len() as f64).sqrt();
    for value in &mut series {
        *value = value.max(-limit).min(limit);
    }
    series
}

/// By how much the variance of a cross-correlation exceeds that of white noise, 1 or more:
/// `1 + 2·Σ ρ_x(k)·ρ_y(k)`, Bartlett's formula for unrelated series. A finite filter leaves some
/// memory behind, above all that of overlapping windows.
fn inflation(cause: &[f64], effect: &[f64]) -> f64 {
    let memory = |series: &[f64], lag: usize| {
        series.iter().zip(&series[lag..]).map(|(a, b)| a * b).sum::<f64>() / sum_of_squares(series)
    };
    let shared: f64 =
        (1..=cause.len() / LAG_SHARE).map(|lag| memory(cause, lag) * memory(effect, lag)).sum();
    (1.0 + 2.0 * shared).max(1.0)
}

fn sum_of_squares(series: &[f64]) -> f64 {
    series.iter().map(|value| value * value).sum()
}

/// The z with `P(Z > z) = tail` for a standard normal Z and `0 < tail < 0.5`, off by less than
/// 0.00045 (Abramowitz & Stegun, *Handbook of Mathematical Functions*, 26.2.23).
fn upper_quantile(tail: f64) -> f64 {
    let t = (-2.0 * tail.ln()).sqrt();
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - numerator / denominator
}

impl Lead {
    /// As in labels and JSON.
    pub fn verdict(&self) -> &'static str {
        match self {
            Self::Leads { .. } => "leads",
            Self::NoEvidence { .. } => "no_evidence",
            Self::Unverified { .. } => "unverified",
        }
    }

    /// Whether history bears the claim out, in a word.
    pub fn proof(&self) -> &'static str {
        match self {
            Self::Leads { .. } => "proven",
            Self::NoEvidence { .. } | Self::Unverified { .. } => "unproven",
        }
    }

    /// One clause for people, about a series with one point per `step` ("day", "week").
    pub fn words(&self, step: &str) -> String {
        match *self {
            Self::Leads { lag, rho } => {
                let sense = if rho < 0.0 { "opposite" } else { "same" };
                let plural = if lag == 1 { "" } else { "s" };
                format!(
                    "proven: its changes come {lag} {step}{plural} ahead, in the {sense} direction \
                     (prewhitened correlation {rho:.2})"
                )
            }
            Self::NoEvidence { detectable: Some(limit) } => {
                format!("unproven: a correlation above {limit:.2} would have shown")
            }
            Self::NoEvidence { detectable: None } => {
                "unproven: one of the two never changes".to_owned()
            }
            Self::Unverified { points } => {
                format!(
                    "unproven: {points} {step}s without a gap, at least {MIN_POINTS} are needed"
                )
            }
        }
    }
}

#[cfg(test)]
#[path = "tests/lead.rs"]
mod tests;
