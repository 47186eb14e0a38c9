//! The result of an assessment: every number that a KPI has at an instant, its status and what there is
//! to say. Not here: how they are found (`measured`, `judge`).

use chrono::{DateTime, Utc};

use super::finding::Finding;
use super::status::Status;
use super::sums::Sums;
use super::target::Goal;
use crate::calendar::Period;
use crate::families::{self, Family};
use crate::kpi::Kpi;

/// A number of an assessment that is shown as it is: in JSON and as a gauge.
#[derive(Clone, Copy)]
pub struct Number {
    /// Its key in JSON.
    pub key: &'static str,
    /// Its gauge.
    pub family: Family,
    /// Takes it out of an assessment.
    pub read: fn(&Assessment) -> Option<f64>,
}

/// Declares the assessment, with each number once: field, which is its key in JSON, and gauge. They
/// stand in the order of JSON; gauges have the order of `families`.
macro_rules! assessment {
    ($($(#[doc = $doc:literal])+ $number:ident: $family:ident,)*) => {
        /// All that is known about one KPI and label set at one instant. A number that does not
        /// exist is `None`: never zero, NaN or infinity. Ratios are 1 = 100 %.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Assessment {
            /// The period the numbers are about.
            pub period: Period,
            /// Share of it that has passed, 0 to 1, up to `data_through`.
            pub elapsed_ratio: f64,
            $($(#[doc = $doc])+ pub $number: Option<f64>,)*
            /// Numerator and denominator of the value, when the formula is a quotient.
            pub sums: Option<Sums>,
            /// The target as a goal, as soon as it can be resolved.
            pub goal: Option<Goal>,
            /// How the projection was found: `path`, or the method that history chose.
            pub projected_method: Option<&'static str>,
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
                    $($number: None,)*
                    sums: None,
                    goal: None,
                    projected_method: None,
                    status: Status::NoData,
                    beyond_noise: Status::NoData,
                    data_through: None,
                    findings: Vec::new(),
                    reason: String::new(),
                }
            }
        }

        impl Number {
            /// All of them, in the order of JSON.
            pub const ALL: &[Self] = &[$(Self {
                key: stringify!($number),
                family: families::$family,
                read: |assessment| assessment.$number,
            }),*];
        }
    };
}

assessment! {
    /// In the KPI's unit, as are all `*_value`s.
    value: KPI_VALUE,
    /// Resolved baseline.
    baseline_value: KPI_BASELINE_VALUE,
    /// Resolved target; the nearer limit of a range is not here but in the two below.
    target_value: KPI_TARGET_VALUE,
    /// Lower limit of a range or `min` target.
    target_lower_value: KPI_TARGET_LOWER_VALUE,
    /// Upper limit of a range or `max` target.
    target_upper_value: KPI_TARGET_UPPER_VALUE,
    /// Attainment: 1 or more is a met target, whatever the direction.
    target_ratio: KPI_TARGET_RATIO,
    /// Share of the way from baseline (flow: zero) to target.
    progress_ratio: KPI_PROGRESS_RATIO,
    /// Where the value should be now.
    expected_value: KPI_EXPECTED_VALUE,
    /// Share of the way that should be done now.
    expected_progress_ratio: KPI_EXPECTED_PROGRESS_RATIO,
    /// 1 is exactly on the path.
    pace_ratio: KPI_PACE_RATIO,
    /// The pace from which it is on track, at this point of the period.
    pace_on_track_ratio: KPI_PACE_ON_TRACK_RATIO,
    /// The pace below which it is off track, at this point of the period.
    pace_at_risk_ratio: KPI_PACE_AT_RISK_RATIO,
    /// Value at the end of the period if things go on like this.
    projected_value: KPI_PROJECTED_VALUE,
    /// Lower bound of the 80 % interval of the projection; needs history.
    projected_lower_value: KPI_PROJECTED_LOWER_VALUE,
    /// Upper bound of it.
    projected_upper_value: KPI_PROJECTED_UPPER_VALUE,
    /// Attainment of the projected value.
    projected_target_ratio: KPI_PROJECTED_TARGET_RATIO,
    /// Probability of meeting the target at the close, above 0 and below 1; needs history.
    target_hit_probability: KPI_TARGET_HIT_PROBABILITY,
    /// Run rate still needed per day (flow only), 0 when reached.
    required_value_per_day: KPI_REQUIRED_VALUE_PER_DAY,
    /// How many times as fast as so far the rest of the period must run, 0 when nothing is left.
    required_pace_ratio: KPI_REQUIRED_PACE_RATIO,
}

impl Number {
    /// The number that a gauge shows.
    pub fn of(family: &Family) -> Option<&'static Self> {
        Self::ALL.iter().find(|number| number.family == *family)
    }
}

impl Assessment {
    /// What it adds to its objective, 0 to 1: its progress. Spending is no progress: a budget counts 1
    /// on or below its path, and less by what is spent above it.
    pub fn contribution(&self, kpi: &Kpi) -> Option<f64> {
        let ratio = match self.goal {
            Some(goal @ Goal::AtMost(limit)) if goal.is_budget(kpi.accumulation) => {
                let overspent = self.value? - self.expected_value?;
                if limit > 0.0 {
                    1.0 - overspent.max(0.0) / limit
                } else {
                    f64::from(overspent <= 0.0)
                }
            }
            _ => self.progress_ratio?,
        };
        Some(ratio.clamp(0.0, 1.0))
    }

    /// Whether there is something to be done or to be known about it.
    pub fn needs_somebody(&self) -> bool {
        let is_fine = matches!(self.status, Status::TooEarly | Status::OnTrack | Status::Achieved);
        !is_fine || self.projected_target_ratio.is_some_and(|ratio| ratio < 1.0)
    }

    /// As much of the reason as so many bytes hold.
    pub fn reason_within(&self, bytes: usize) -> &str {
        let end = self.reason.floor_char_boundary(bytes);
        &self.reason[..end]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::calendar::{PeriodKind, Window};

    #[test]
    fn a_number_has_one_gauge_that_is_called_like_its_key() {
        for number in Number::ALL {
            assert_eq!(number.family.name, format!("kpi_{}", number.key));
            let found = Number::of(&number.family).map(|found| found.key);
            assert_eq!(found, Some(number.key), "two numbers for {}", number.family);
        }
        let value = Assessment { value: Some(3.0), ..assessment() };
        let read: Vec<_> = Number::ALL.iter().filter_map(|n| (n.read)(&value)).collect();
        assert_eq!(read, [3.0]);
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
