//! Keeps a status from flapping (kpi-maths §4): a worse one needs `confirm` consecutive data points,
//! or good fetches that keep saying so for `confirm_for`; a better one as many, and a pace and a
//! chance clear of their limits. For the daemon only; a single evaluation shows the status of the
//! instant. Knows nothing of where its state is kept.
//!
//! Neighbouring days of a trailing window share most of their data: two of them are hardly more than
//! one. What chance may explain has to last for a sixth of the window there, 5 days of 30. Simulated
//! (300 quarters each, shares of 5 to 30 %, 50 and 500 trials a day, on target at the close): two
//! days raise 0.08 to 0.50 false alarms per half-year, this 0.02 to 0.27, and a fall by 30 % is seen
//! 2 days later. The sum of a period so far is of the same kind, and so is the chance that follows from
//! it: eight days of a quarter, two of a month (`docs/early-warning.md`). What is beyond doubt does not
//! wait.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::assessment::Assessment;
use super::chance::{UNLIKELY, counts, hardly, patience};
use super::finding::{Finding, Proof};

use super::status::Status;
use crate::calendar::WindowSpec;
use crate::kpi::Kpi;

/// How far beyond its limit the pace has to be for a better status.
const MARGIN: f64 = 0.02;
/// The same for the probability of the target.
const CHANCE_MARGIN: f64 = 0.1;
/// A trailing window is new enough when this part of it is.
const PARTS_OF_A_WINDOW: u64 = 6;
/// ... and nobody waits for longer than this.
const MOST_DAYS: u64 = 5;
/// The same for what a period brings: the sum so far is hardly another one from one day to the next.
const PARTS_OF_A_PERIOD: u64 = 11;
const MOST_DAYS_OF_A_PERIOD: u64 = 8;

/// What is remembered of one KPI and label set.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusMemory {
    /// The period the status belongs to; another one starts afresh.
    pub period: String,
    /// The status shown.
    pub shown: Status,
    /// The last band shown (on track, at risk, off track); outlives a while without data.
    pub band: Option<Status>,
    /// A different band that waits to be confirmed.
    pub waiting: Option<Waiting>,
    /// The last data point.
    pub point: DataPoint,
}

/// A band that waits to be confirmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The band.
    pub status: Status,
    /// Consecutive data points that say so, or say worse.
    pub points: u32,
    /// The fetch that was the first to say so.
    pub since: DateTime<Utc>,
    /// The answers that the last of the points came with; not kept over a restart.
    pub by: Option<Arc<Answers>>,
}

/// The last answer of each metric of a KPI. They come one after the other, and each changes the value: the
/// next point is one that a metric brings which brought the last one too. What others bring meanwhile
/// amends the last one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// When each was asked for, always in the same order.
    asked: Vec<Option<DateTime<Utc>>>,
    /// Those that are new, by place.
    new: Vec<usize>,
}

impl Answers {
    /// The next ones.
    #[must_use]
    pub fn next(&self, asked: Vec<Option<DateTime<Utc>>>) -> Self {
        let before = |place: usize| self.asked.get(place).copied().flatten();
        let is_new = |place: &usize| asked[*place].is_some_and(|at| before(*place) != Some(at));
        Self { new: (0..asked.len()).filter(is_new).collect(), asked }
    }

    /// Whether one that was new is there anew.
    fn follow(&self, before: &Self) -> bool {
        before.new.is_empty()
            || before.new.iter().any(|place| before.asked[*place] != self.asked[*place])
    }
}

/// What tells one data point from a mere repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct DataPoint {
    /// The measured value.
    pub value: Option<f64>,
    /// Up to when the data is complete, where the source says so.
    pub data_through: Option<DateTime<Utc>>,
    /// Local day of the fetch.
    pub day: NaiveDate,
}

/// When a change is confirmed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfirmationRules {
    /// Data points in a row.
    confirm: u32,
    /// Or good fetches for so long.
    confirm_for: Duration,
    /// What chance may explain lasts for so long.
    settle: Option<Duration>,
    /// How much higher the limit of a probability is in a long period.
    patience: f64,
}

impl ConfirmationRules {
    /// Those of a KPI.
    pub fn of(kpi: &Kpi) -> Self {
        let day = 86_400;
        let settle = match kpi.window {
            WindowSpec::PeriodToDate => {
                let days = (kpi.period.usual_days() / PARTS_OF_A_PERIOD).min(MOST_DAYS_OF_A_PERIOD);
                Some(days.saturating_sub(1) * day)
            }
            // The first of the days counts.
            WindowSpec::TrailingDays(days) => {
                let days = u64::from(days).div_ceil(PARTS_OF_A_WINDOW).min(MOST_DAYS);
                Some(days.saturating_sub(1) * day)
            }
            WindowSpec::TrailingSeconds(seconds) => {
                Some((seconds / PARTS_OF_A_WINDOW).min(MOST_DAYS * day))
            }
        };
        Self {
            confirm: kpi.thresholds.confirm,
            confirm_for: kpi.thresholds.confirm_for,
            settle: settle.map(Duration::from_secs),
            patience: patience(kpi),
        }
    }

    /// What is confirmed by now, of a band that waits to take the place of `shown`.
    fn confirmed(
        &self,
        shown: Status,
        waiting: &Waiting,
        now: &Assessment,
        fetched: DateTime<Utc>,
    ) -> Option<Status> {
        let lasted = (fetched - waiting.since).max(TimeDelta::zero()).to_std().unwrap_or_default();
        let said =
            self.confirm <= 1 || waiting.points >= self.confirm || lasted >= self.confirm_for;
        if !said {
            return None;
        }
        let better = severity(waiting.status) < severity(shown);
        if better || self.settle.is_none_or(|settle| lasted >= settle) {
            return Some(waiting.status);
        }
        let sure = if severity(now.beyond_noise) < severity(waiting.status) {
            now.beyond_noise
        } else {
            waiting.status
        };
        (severity(sure) > severity(shown)).then_some(sure)
    }
}

/// The memory after one more assessment, of a good fetch made at an instant.
pub fn step(
    before: Option<&StatusMemory>,
    now: &Assessment,
    rules: &ConfirmationRules,
    point: &DataPoint,
    fetched: DateTime<Utc>,
    answers: &Arc<Answers>,
) -> StatusMemory {
    let before = before.filter(|memory| memory.period == now.period.id);
    let band = before.and_then(|memory| memory.band);
    let memory = |shown, band, waiting| StatusMemory {
        period: now.period.id.clone(),
        shown,
        band,
        waiting,
        point: point.clone(),
    };
    let (Some(before), Some(shown), Some(is)) = (before, band, severity(now.status)) else {
        // Facts (no data, too early, achieved, missed) are shown at once, and so is the first band.
        return memory(now.status, band.or(severity(now.status).map(|_| now.status)), None);
    };
    let was = severity(shown).unwrap_or(is);
    let candidate = if is > was { now.status } else { clear_of_limits(now, rules.patience) };
    let new = severity(candidate).unwrap_or(was);
    if new == was || (new > was) != (is > was) {
        return memory(shown, band, None);
    }
    let repeat = before.point == *point;
    // A repeat of a point that said otherwise is news of the path, not of the data.
    let begin = || Waiting {
        status: candidate,
        points: u32::from(!repeat),
        since: fetched,
        by: Some(Arc::clone(answers)).filter(|_| !repeat),
    };
    let waiting = match &before.waiting {
        Some(so_far) if (severity(so_far.status) > Some(was)) == (new > was) => {
            let counts = !repeat && so_far.by.as_ref().is_none_or(|last| answers.follow(last));
            Waiting {
                status: nearer(shown, so_far.status, candidate),
                points: so_far.points + u32::from(counts),
                since: so_far.since,
                by: if counts { Some(Arc::clone(answers)) } else { so_far.by.clone() },
            }
        }
        _ => begin(),
    };
    match rules.confirmed(shown, &waiting, now, fetched) {
        Some(status) if status != waiting.status => memory(status, Some(status), Some(waiting)),
        // What every point agreed on is confirmed; what only this one says begins to wait.
        Some(status) => memory(status, Some(status), (candidate != status).then(begin)),
        None => memory(shown, band, Some(waiting)),
    }
}

/// Shows the remembered status on an assessment, and says what waits.
pub fn show(memory: &StatusMemory, rules: &ConfirmationRules, assessment: &mut Assessment) {
    let shown = memory.shown;
    if let Some(waiting) = &memory.waiting {
        let proof = match rules.settle {
            Some(settle) if waiting.points >= rules.confirm => {
                Proof::Days(settle.as_secs().div_ceil(86_400) + 1)
            }
            _ => Proof::Points(waiting.points, rules.confirm),
        };
        let waiting = Finding::Waiting { status: waiting.status, shown, proof };
        assessment.findings.insert(0, waiting);
    } else if shown != assessment.status {
        assessment.findings.insert(0, Finding::Held { shown });
    }
    assessment.status = memory.shown;
}

/// Bands in order; other statuses are facts.
fn severity(status: Status) -> Option<u8> {
    match status {
        Status::OnTrack => Some(0),
        Status::AtRisk => Some(1),
        Status::OffTrack => Some(2),
        Status::NoData | Status::TooEarly | Status::Achieved | Status::Missed => None,
    }
}

/// Of two statuses on the same side of `shown`, the one closer to it: what every point agreed on.
fn nearer(shown: Status, a: Status, b: Status) -> Status {
    let distance = |s: Status| severity(s).unwrap_or(0).abs_diff(severity(shown).unwrap_or(0));
    if distance(a) <= distance(b) { a } else { b }
}

/// The best band whose limits the pace and the chance are clear of, and not better than the instant
/// says. Where there is no pace, or where it is not the pace that decided, there is no limit of it to
/// be clear of.
fn clear_of_limits(now: &Assessment, patience: f64) -> Status {
    let probability = now.target_hit_probability;
    let counted = probability.filter(|_| counts(now.elapsed_ratio));
    let clear = |band: Status, limit: Option<f64>, chance: f64| {
        // What earlier periods did from here stands in for the pace.
        let explained = band == Status::AtRisk && probability >= Some(UNLIKELY + CHANCE_MARGIN);
        let by_pace = match (now.pace_ratio, limit) {
            (Some(pace), Some(limit)) => pace >= limit + MARGIN || explained,
            _ => true,
        };
        let by_chance = counted.is_none_or(|p| p >= chance + CHANCE_MARGIN);
        severity(now.status) <= severity(band) && by_pace && by_chance
    };
    if clear(Status::OnTrack, now.pace_on_track_ratio, UNLIKELY) {
        Status::OnTrack
    } else if clear(Status::AtRisk, now.pace_at_risk_ratio, hardly(patience, now.elapsed_ratio)) {
        Status::AtRisk
    } else {
        Status::OffTrack
    }
}

#[cfg(test)]
#[path = "tests/hysteresis.rs"]
mod tests;
