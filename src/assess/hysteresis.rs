//! Keeps a status from flapping (kpi-maths §4): a worse one needs `confirm` consecutive data points,
//! a better one as many and a pace clear of its limit. For the daemon only; a single evaluation
//! shows the status of the instant. Knows nothing of where its state is kept.

use chrono::NaiveDate;

use super::verdict::{Assessment, Status};
use crate::kpi::Thresholds;

/// How far beyond its limit the pace has to be for a better status.
const MARGIN: f64 = 0.02;

/// What is remembered of one KPI and label set.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// The period the status belongs to; another one starts afresh.
    pub period: String,
    /// The status shown.
    pub shown: Status,
    /// The last band shown (on track, at risk, off track); outlives a while without data.
    pub band: Option<Status>,
    /// A different band that waits to be confirmed, and the data points that say so.
    pub waiting: Option<(Status, u32)>,
    /// The last data point.
    pub point: DataPoint,
}

/// What tells one data point from a mere repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct DataPoint {
    /// The measured value.
    pub value: Option<f64>,
    /// Up to when the data is complete, where the source says so.
    pub data_through: Option<chrono::DateTime<chrono::Utc>>,
    /// Local day of the fetch.
    pub day: NaiveDate,
}

/// The memory after one more assessment.
pub fn step(
    before: Option<&Memory>,
    now: &Assessment,
    thresholds: &Thresholds,
    point: &DataPoint,
) -> Memory {
    let before = before.filter(|memory| memory.period == now.period.id);
    let band = before.and_then(|memory| memory.band);
    let memory = |shown, band, waiting| Memory {
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
    let candidate = if is > was { now.status } else { clear_of_limits(now, thresholds) };
    let new = severity(candidate).unwrap_or(was);
    if new == was || (new > was) != (is > was) {
        return memory(shown, band, None);
    }
    if before.point == *point {
        return memory(shown, band, before.waiting);
    }
    let (status, points) = match before.waiting {
        Some((waiting, points)) if (severity(waiting) > Some(was)) == (new > was) => {
            (nearer(shown, waiting, candidate), points + 1)
        }
        _ => (candidate, 1),
    };
    if points >= thresholds.confirm {
        return memory(status, Some(status), None);
    }
    memory(shown, band, Some((status, points)))
}

/// Shows the remembered status on an assessment, and says what waits.
pub fn show(memory: &Memory, thresholds: &Thresholds, assessment: &mut Assessment) {
    if let Some((waiting, points)) = memory.waiting {
        assessment.reason = format!(
            "Still {} until {} is confirmed ({points} of {} data points). {}",
            memory.shown.words(),
            waiting.words(),
            thresholds.confirm,
            assessment.reason
        );
    } else if memory.shown != assessment.status {
        assessment.reason = format!(
            "Still {}: the pace has to be clear of its limit for a better status. {}",
            memory.shown.words(),
            assessment.reason
        );
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

/// The best band whose limit the pace is clear of by the margin. Without a pace the plain comparison
/// decides, and there is no limit to be clear of.
fn clear_of_limits(now: &Assessment, thresholds: &Thresholds) -> Status {
    match now.pace_ratio {
        None => now.status,
        Some(pace) if pace >= thresholds.on_track + MARGIN => Status::OnTrack,
        Some(pace) if pace >= thresholds.at_risk + MARGIN => Status::AtRisk,
        Some(_) => Status::OffTrack,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::verdict::tests::assessment;
    use Status::{AtRisk, NoData, OffTrack, OnTrack};

    /// Feeds (pace, status) data points, each with another value; gives the statuses shown.
    fn shown(points: &[(f64, Status)]) -> Vec<Status> {
        let thresholds = Thresholds::default();
        let mut memory = None;
        let mut shown = Vec::new();
        for (i, (pace, status)) in points.iter().enumerate() {
            let now = Assessment {
                pace_ratio: (*status != NoData).then_some(*pace),
                status: *status,
                ..assessment()
            };
            let next = step(memory.as_ref(), &now, &thresholds, &point(i as f64));
            shown.push(next.shown);
            memory = Some(next);
        }
        shown
    }

    fn point(value: f64) -> DataPoint {
        DataPoint { value: Some(value), data_through: None, day: NaiveDate::default() }
    }

    #[test]
    fn the_first_evaluation_is_taken_as_it_is() {
        assert_eq!(shown(&[(0.1, OffTrack)]), [OffTrack]);
    }

    #[test]
    fn a_worse_status_needs_two_data_points_in_a_row() {
        let seen = shown(&[(1.0, OnTrack), (0.5, OffTrack), (1.0, OnTrack), (0.5, OffTrack)]);
        assert_eq!(seen, [OnTrack, OnTrack, OnTrack, OnTrack]);
        let seen = shown(&[(1.0, OnTrack), (0.5, OffTrack), (0.9, AtRisk), (0.5, OffTrack)]);
        assert_eq!(seen, [OnTrack, OnTrack, AtRisk, AtRisk]);
    }

    #[test]
    fn a_better_status_has_to_be_clear_of_its_limit() {
        let seen = shown(&[(0.9, AtRisk), (0.96, OnTrack), (0.96, OnTrack), (0.96, OnTrack)]);
        assert_eq!(seen, [AtRisk, AtRisk, AtRisk, AtRisk]);
        let seen = shown(&[(0.9, AtRisk), (0.98, OnTrack), (0.98, OnTrack)]);
        assert_eq!(seen, [AtRisk, AtRisk, OnTrack]);
        // Clear of the lower limit but not of the upper one: one step only.
        let seen = shown(&[(0.5, OffTrack), (0.96, OnTrack), (0.96, OnTrack)]);
        assert_eq!(seen, [OffTrack, OffTrack, AtRisk]);
    }

    #[test]
    fn a_repeat_of_the_same_point_confirms_nothing() {
        let thresholds = Thresholds::default();
        let good = Assessment { pace_ratio: Some(1.0), status: OnTrack, ..assessment() };
        let bad = Assessment { pace_ratio: Some(0.5), status: OffTrack, ..assessment() };
        let first = step(None, &good, &thresholds, &point(1.0));
        let second = step(Some(&first), &bad, &thresholds, &point(2.0));
        let repeat = step(Some(&second), &bad, &thresholds, &point(2.0));
        assert_eq!((repeat.shown, repeat.waiting), (OnTrack, Some((OffTrack, 1))));
        let tomorrow = DataPoint { day: NaiveDate::MAX, ..point(2.0) };
        assert_eq!(step(Some(&repeat), &bad, &thresholds, &tomorrow).shown, OffTrack);
    }

    #[test]
    fn a_while_without_data_is_shown_at_once_and_resets_nothing() {
        let seen = shown(&[(1.0, OnTrack), (0.0, NoData), (0.5, OffTrack), (0.5, OffTrack)]);
        assert_eq!(seen, [OnTrack, NoData, OnTrack, OffTrack]);
    }

    #[test]
    fn a_new_period_starts_afresh() {
        let thresholds = Thresholds::default();
        let good = Assessment { pace_ratio: Some(1.0), status: OnTrack, ..assessment() };
        let first = step(None, &good, &thresholds, &point(1.0));
        let mut bad = Assessment { pace_ratio: Some(0.5), status: OffTrack, ..assessment() };
        bad.period.id = "2026-Q3".to_owned();
        assert_eq!(step(Some(&first), &bad, &thresholds, &point(2.0)).shown, OffTrack);
    }

    #[test]
    fn what_waits_is_said_in_the_reason() {
        let thresholds = Thresholds::default();
        let good = Assessment { pace_ratio: Some(1.0), status: OnTrack, ..assessment() };
        let first = step(None, &good, &thresholds, &point(1.0));
        let mut bad = Assessment { pace_ratio: Some(0.5), status: OffTrack, ..assessment() };
        show(&step(Some(&first), &bad, &thresholds, &point(2.0)), &thresholds, &mut bad);
        assert_eq!(bad.status, OnTrack);
        let start = "Still on track until off track is confirmed (1 of 2 data points). ";
        assert!(bad.reason.starts_with(start), "{}", bad.reason);
    }
}
