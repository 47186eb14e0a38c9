//! Between which values a KPI is at risk now: its pace limits as values, for pictures. Not here: the
//! verdict, which knows more than the pace (`judge`).

use super::assessment::Assessment;
use super::pace_limits::PaceLimits;
use super::target::{Goal, progress};
use crate::kpi::{Accumulation, Kpi};

impl Assessment {
    /// The values between off track and on track at this point of the period, the lesser first; `None`
    /// where there is no way to go, or nothing is due yet.
    pub fn at_risk_values(&self, kpi: &Kpi) -> Option<(f64, f64)> {
        let limits =
            PaceLimits { on_track: self.pace_on_track_ratio?, at_risk: self.pace_at_risk_ratio? };
        let share = self.expected_progress_ratio.filter(|share| *share > 0.0)?;
        self.between(kpi, limits, self.expected_value?, share)
    }

    /// The same at another point of the path, where `expected` is due.
    pub fn at_risk_around(&self, kpi: &Kpi, expected: f64) -> Option<(f64, f64)> {
        let start = match kpi.accumulation {
            Accumulation::Flow => 0.0,
            _ => self.baseline_value?,
        };
        let share = progress(expected, start, self.goal?.value()?)?;
        self.between(kpi, PaceLimits::after(&kpi.thresholds, share), expected, share)
    }

    fn between(
        &self,
        kpi: &Kpi,
        limits: PaceLimits,
        expected: f64,
        share: f64,
    ) -> Option<(f64, f64)> {
        let target = self.goal?.value()?;
        let at = |pace: f64| match (kpi.accumulation, self.goal?) {
            (Accumulation::Flow, Goal::AtLeast(_)) => Some(expected * pace),
            (Accumulation::Flow, _) => None,
            _ => {
                let baseline = self.baseline_value.filter(|_| !kpi.target.is_limit())?;
                Some(baseline + (target - baseline) * (share + pace - 1.0))
            }
        };
        let (a, b) = (at(limits.at_risk)?, at(limits.on_track)?);
        Some((a.min(b), a.max(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::kpi;
    use crate::kpi::Target;

    #[test]
    fn the_band_ends_where_the_pace_does() {
        let flow = Kpi { accumulation: Accumulation::Flow, ..kpi() };
        let numbers = Assessment {
            goal: Some(Goal::AtLeast(100.0)),
            expected_value: Some(50.0),
            expected_progress_ratio: Some(0.5),
            pace_at_risk_ratio: Some(0.8),
            pace_on_track_ratio: Some(0.9),
            baseline_value: Some(20.0),
            ..crate::assess::assessment::tests::assessment()
        };
        assert_eq!(numbers.at_risk_values(&flow), Some((40.0, 45.0)));
        let ramp =
            Kpi { accumulation: Accumulation::Level, target: Target::Absolute(100.0), ..kpi() };
        let (low, high) = numbers.at_risk_values(&ramp).unwrap();
        assert!((low - 44.0).abs() < 1e-9 && (high - 52.0).abs() < 1e-9, "{low} {high}");
        let limit = Kpi { target: Target::Min(100.0), ..ramp };
        assert_eq!(numbers.at_risk_values(&limit), None);
    }
}
