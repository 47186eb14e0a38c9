//! The result of an assessment: every number a KPI has at an instant, and its status.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::finding::Finding;
use super::target::Goal;
use crate::calendar::Period;
use crate::kpi::Kpi;

/// All that is known about one KPI and label set at one instant. A number that does not exist is
/// `None`: never zero, NaN or infinity. Ratios are 1 = 100 %.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The period the numbers are about.
    pub period: Period,
    /// Share of it that has passed, 0 to 1, up to `data_through`.
    pub elapsed_ratio: f64,
    /// In the KPI's unit, as are all `*_value`s.
    pub value: Option<f64>,
    /// Numerator and denominator of it, when the formula is a quotient.
    pub sums: Option<Sums>,
    /// Resolved baseline.
    pub baseline_value: Option<f64>,
    /// The target as a goal, as soon as it can be resolved.
    pub goal: Option<Goal>,
    /// Resolved target; the nearer limit of a range is not here but in the two below.
    pub target_value: Option<f64>,
    /// Lower limit of a range or `min` target.
    pub target_lower_value: Option<f64>,
    /// Upper limit of a range or `max` target.
    pub target_upper_value: Option<f64>,
    /// Attainment: 1 or more is a met target, whatever the direction.
    pub target_ratio: Option<f64>,
    /// Share of the way from baseline (flow: zero) to target.
    pub progress_ratio: Option<f64>,
    /// Where the value should be now.
    pub expected_value: Option<f64>,
    /// Share of the way that should be done now.
    pub expected_progress_ratio: Option<f64>,
    /// 1 is exactly on the path.
    pub pace_ratio: Option<f64>,
    /// The pace from which it is on track, at this point of the period.
    pub pace_on_track_ratio: Option<f64>,
    /// The pace below which it is off track, at this point of the period.
    pub pace_at_risk_ratio: Option<f64>,
    /// Value at the end of the period if things go on like this.
    pub projected_value: Option<f64>,
    /// Attainment of that.
    pub projected_target_ratio: Option<f64>,
    /// Lower bound of the 80 % interval of the projection; needs history.
    pub projected_lower_value: Option<f64>,
    /// Upper bound of it.
    pub projected_upper_value: Option<f64>,
    /// How the projection was found: `path`, or the method that history chose.
    pub projected_method: Option<&'static str>,
    /// Probability of meeting the target at the close, above 0 and below 1; needs history.
    pub target_hit_probability: Option<f64>,
    /// Run rate still needed per day (flow only), 0 when reached.
    pub required_value_per_day: Option<f64>,
    /// How many times as fast as so far the rest of the period must run, 0 when nothing is left.
    pub required_pace_ratio: Option<f64>,
    /// The verdict.
    pub status: Status,
    /// The verdict that stands however much chance had a hand in it.
    pub beyond_noise: Status,
    /// Up to when the data is complete.
    pub data_through: Option<DateTime<Utc>>,
    /// Why this status, and what else there is to say.
    pub findings: Vec<Finding>,
    /// The same in words, once all is found.
    pub reason: String,
}

impl Assessment {
    /// What is known of a period of which nothing was measured: no data.
    pub fn nothing(period: Period, elapsed_ratio: f64) -> Self {
        Self {
            period,
            elapsed_ratio,
            value: None,
            sums: None,
            baseline_value: None,
            goal: None,
            target_value: None,
            target_lower_value: None,
            target_upper_value: None,
            target_ratio: None,
            progress_ratio: None,
            expected_value: None,
            expected_progress_ratio: None,
            pace_ratio: None,
            pace_on_track_ratio: None,
            pace_at_risk_ratio: None,
            projected_value: None,
            projected_target_ratio: None,
            projected_lower_value: None,
            projected_upper_value: None,
            projected_method: None,
            target_hit_probability: None,
            required_value_per_day: None,
            required_pace_ratio: None,
            status: Status::NoData,
            beyond_noise: Status::NoData,
            data_through: None,
            findings: Vec::new(),
            reason: String::new(),
        }
    }
}

impl Assessment {
    /// What it adds to its objective, 0 to 1: its progress. Spending is no progress: a budget counts 1
    /// on or below its path, and less by what is spent above it.
    pub fn contribution(&self, kpi: &Kpi) -> Option<f64> {
        let ratio = match self.goal {
            Some(goal @ Goal::AtMost(limit)) if goal.is_budget(kpi.accumulation) => {
                let over = self.value? - self.expected_value?;
                if limit > 0.0 { 1.0 - over.max(0.0) / limit } else { f64::from(over <= 0.0) }
            }
            _ => self.progress_ratio?,
        };
        Some(ratio.clamp(0.0, 1.0))
    }
}

/// Numerator and denominator of a ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sums {
    /// Above the line.
    pub numerator: f64,
    /// Below the line.
    pub denominator: f64,
}

/// The verdict on a KPI. The one home of how statuses are named, marked and ranked: pages, tables,
/// dashboards and rules ask here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No value, or one older than the KPI's `max_age`.
    NoData,
    /// Too little of the period has passed for a verdict.
    TooEarly,
    /// Pace at or above the on-track limit, and nothing speaks against it.
    OnTrack,
    /// Pace between the two limits, or doubtful by other evidence.
    AtRisk,
    /// Pace below the at-risk limit, or the target can no longer be reached.
    OffTrack,
    /// Target met.
    Achieved,
    /// Period over, target not met.
    Missed,
}

impl Status {
    /// All of them, in the order of the stateset.
    pub const ALL: [Self; 7] = [
        Self::NoData,
        Self::TooEarly,
        Self::OnTrack,
        Self::AtRisk,
        Self::OffTrack,
        Self::Achieved,
        Self::Missed,
    ];

    /// The same, the worst first. Off track is worse than missed: there is still time to act.
    pub const WORST_FIRST: [Self; 7] = [
        Self::OffTrack,
        Self::Missed,
        Self::AtRisk,
        Self::NoData,
        Self::TooEarly,
        Self::OnTrack,
        Self::Achieved,
    ];

    /// How bad it is: 7 for the worst, 1 for the best.
    pub const fn badness(self) -> u8 {
        match self {
            Self::OffTrack => 7,
            Self::Missed => 6,
            Self::AtRisk => 5,
            Self::NoData => 4,
            Self::TooEarly => 3,
            Self::OnTrack => 2,
            Self::Achieved => 1,
        }
    }

    /// Whether it counts as on track in shares and counts of KPIs: a young period gives no reason to
    /// think otherwise.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::OnTrack | Self::Achieved | Self::TooEarly)
    }

    /// Whether it counts as off track there.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::OffTrack | Self::Missed)
    }

    /// The sign that tells it apart without colour.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::OnTrack | Self::Achieved => "✓",
            Self::AtRisk => "!",
            Self::OffTrack | Self::Missed => "✕",
            Self::TooEarly => "…",
            Self::NoData => "?",
        }
    }

    /// As in labels and JSON: `off_track`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::TooEarly => "too_early",
            Self::OnTrack => "on_track",
            Self::AtRisk => "at_risk",
            Self::OffTrack => "off_track",
            Self::Achieved => "achieved",
            Self::Missed => "missed",
        }
    }

    /// For people: `off track`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoData => "no data",
            Self::TooEarly => "too early",
            Self::OnTrack => "on track",
            Self::AtRisk => "at risk",
            Self::OffTrack => "off track",
            Self::Achieved => "achieved",
            Self::Missed => "missed",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::calendar::{PeriodKind, Window};

    #[test]
    fn the_worst_is_first_and_nothing_is_both_good_and_bad() {
        assert!(Status::WORST_FIRST.map(Status::badness).is_sorted_by(|a, b| a > b));
        for status in Status::ALL {
            assert!(Status::WORST_FIRST.contains(&status), "{status:?}");
            assert!(!(status.is_good() && status.is_bad()), "{status:?}");
        }
    }

    /// An assessment of nothing, to be filled in by tests.
    pub(crate) fn assessment() -> Assessment {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
        let start = day.and_time(chrono::NaiveTime::MIN).and_utc();
        let period = Period {
            id: "2026-Q2".to_owned(),
            kind: PeriodKind::Quarter,
            first_day: day,
            end_day: day + chrono::Days::new(91),
            span: Window { start, end: start + chrono::TimeDelta::days(91) },
        };
        Assessment::nothing(period, 0.5)
    }
}
