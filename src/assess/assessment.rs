//! The result of an assessment: every number that a KPI has at an instant, its status and what there is
//! to say. Not here: how they are found (`measured`, `judge`).

use chrono::{DateTime, Utc};

use super::finding::Finding;
use super::status::Status;
use super::sums::Sums;
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::calendar::{PeriodKind, Window};

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
