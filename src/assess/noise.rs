//! How far chance alone may have moved a value (kpi-maths §4). A share has its binomial error, a sum
//! of events the error of counting, anything else the spread that history shows. Not here: what is
//! forgiven for it (`judge`).

use super::sums::Sums;
use super::target::Goal;
use crate::calendar::WindowSpec;
use crate::kpi::{Accumulation, Kpi, Unit};

/// z of the allowance: a limit that is passed by more is passed by chance one time in twenty.
pub(super) const Z: f64 = 1.645;
/// z of what is beyond doubt: one time in a thousand.
pub(super) const BEYOND_DOUBT: f64 = 3.0;

/// How uncertain a value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Its standard error, in the KPI's unit.
    pub error: f64,
    /// How many observations a share rests on.
    pub n: Option<f64>,
    /// Where it comes from.
    origin: Origin,
}

/// What the bounds of a value follow from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Origin {
    Share(Sums),
    Count,
    History,
}

impl Noise {
    /// The noise of a value; `spread` is the standard error that history shows.
    pub fn of(kpi: &Kpi, value: f64, sums: Option<Sums>, spread: Option<f64>) -> Option<Self> {
        if let Some(sums) = sums.filter(|sums| is_share(kpi, *sums)) {
            let (low, high) = wilson(sums.numerator, sums.denominator, Z);
            let (error, n) = ((high - low) / (2.0 * Z), Some(sums.denominator));
            return Some(Self { error, n, origin: Origin::Share(sums) });
        }
        let counted = counts_events(kpi) && value >= 0.0;
        let counted = counted.then(|| Self { error: value.sqrt(), n: None, origin: Origin::Count });
        let seen = spread.filter(|error| error.is_finite() && *error > 0.0);
        let seen = seen.map(|error| Self { error, n: None, origin: Origin::History });
        // Events that come in bursts scatter more than independent ones.
        match (counted, seen) {
            (Some(counted), Some(seen)) if seen.error > counted.error => Some(seen),
            (counted, seen) => counted.or(seen),
        }
    }

    /// What the value may be but for chance: `value ± z s` where the sample is large. Where it is
    /// small the score intervals reach further: Wilson's, and that of a Poisson mean, which leaves
    /// room above a count of 0.
    fn bounds(&self, value: f64, z: f64) -> (f64, f64) {
        let (low, high) = (value - z * self.error, value + z * self.error);
        match self.origin {
            Origin::Share(sums) => {
                let score = wilson(sums.numerator, sums.denominator, z);
                (low.min(score.0).max(0.0), high.max(score.1).min(1.0))
            }
            Origin::Count => {
                let (centre, reach) = (value + z * z / 2.0, z * (value + z * z / 4.0).sqrt());
                (centre - reach, centre + reach)
            }
            Origin::History => (low, high),
        }
    }

    /// The value, made as good as chance may have made it bad.
    pub(super) fn at_best(&self, goal: Goal, value: f64, z: f64) -> f64 {
        let (low, high) = self.bounds(value, z);
        match goal {
            Goal::AtLeast(_) => high,
            Goal::AtMost(_) => low,
            Goal::Between(limit, _) if value < limit => high.min(limit),
            Goal::Between(_, limit) if value > limit => low.max(limit),
            Goal::Between(..) => value,
        }
    }

    /// How far the allowance reaches, for people: half of the interval.
    pub fn reach(&self) -> f64 {
        Z * self.error
    }
}

/// Whether the ratio is a share of a whole, so that binomial statistics apply.
pub(super) fn is_share(kpi: &Kpi, sums: Sums) -> bool {
    kpi.accumulation == Accumulation::Ratio
        && kpi.unit == Unit::Percent
        && sums.denominator >= 1.0
        && (0.0..=sums.denominator).contains(&sums.numerator)
}

/// Whether a value is a number of events: a `count` that is summed over its period or over a
/// trailing window. A count at an instant (customers) is a stock, whose error counting does not tell.
fn counts_events(kpi: &Kpi) -> bool {
    let summed = match kpi.accumulation {
        Accumulation::Flow => true,
        Accumulation::Level => kpi.window != WindowSpec::PeriodToDate,
        Accumulation::Ratio => false,
    };
    kpi.unit == Unit::Count && summed
}

/// Wilson score interval for `successes` of `trials`.
///
/// Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference".
fn wilson(successes: f64, trials: f64, z: f64) -> (f64, f64) {
    let share = successes / trials;
    let z2 = z * z;
    let centre = share + z2 / (2.0 * trials);
    let spread = z * (share * (1.0 - share) / trials + z2 / (4.0 * trials * trials)).sqrt();
    let scale = 1.0 + z2 / trials;
    ((centre - spread) / scale, (centre + spread) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::kpi;

    #[test]
    fn wilson_gives_the_published_interval() {
        // Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662 at 95 %.
        let z = 1.959_963_984_540_054;
        let (low, high) = wilson(81.0, 263.0, z);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        // No successes at all still leaves room above: 0 of 20 gives 0 to 0.1611.
        let (low, high) = wilson(0.0, 20.0, z);
        assert!(low.abs() < 1e-12 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
    }

    fn share(numerator: f64, denominator: f64) -> Option<Noise> {
        let kpi = Kpi { accumulation: Accumulation::Ratio, unit: Unit::Percent, ..kpi() };
        let sums = Some(Sums { numerator, denominator });
        Noise::of(&kpi, numerator / denominator, sums, Some(9.0))
    }

    #[test]
    fn the_share_of_the_worked_example_has_an_error_of_a_fifth_of_its_way() {
        let noise = share(150.0, 1500.0).unwrap();
        assert!((noise.error / 0.04 - 0.194).abs() < 5e-4, "{}", noise.error / 0.04);
        assert_eq!(noise.n, Some(1500.0));
        // "Within noise: ±1.3 points", and 0.302632 with 0.319 more is still below its limit.
        assert!((noise.reach() - 0.012_8).abs() < 5e-5, "{}", noise.reach());
        assert!((noise.reach() / 0.04 - 0.319).abs() < 1e-3, "{}", noise.reach() / 0.04);
        // At the baseline of 12 % the same number of trials is off by 0.21 of the way.
        let start = share(180.0, 1500.0).unwrap();
        assert!((start.error / 0.04 - 0.21).abs() < 5e-3, "{}", start.error / 0.04);
    }

    #[test]
    fn a_quotient_that_is_no_share_has_the_spread_of_history_or_none() {
        assert_eq!(share(30.0, 20.0).and_then(|noise| noise.n), None);
        assert_eq!(share(30.0, 20.0).map(|noise| noise.error), Some(9.0));
        let kpi = Kpi { accumulation: Accumulation::Ratio, ..kpi() };
        assert_eq!(Noise::of(&kpi, 3.0, None, None), None);
        assert_eq!(Noise::of(&kpi, 3.0, None, Some(0.0)), None);
    }

    #[test]
    fn events_have_the_error_of_counting_and_money_and_stocks_have_not() {
        let flow = kpi();
        let counted = Noise::of(&flow, 100.0, None, None).unwrap();
        let (low, high) = counted.bounds(100.0, Z);
        assert!((counted.error - 10.0).abs() < 1e-12 && low < 85.0 && high > 116.0);
        let (_, above_nothing) = Noise::of(&flow, 0.0, None, None).unwrap().bounds(0.0, Z);
        assert!(above_nothing > 2.7);
        let error = |spread| Noise::of(&flow, 100.0, None, Some(spread)).map(|noise| noise.error);
        assert_eq!((error(25.0), error(5.0)), (Some(25.0), Some(10.0)));
        let stock = Kpi { accumulation: Accumulation::Level, ..kpi() };
        assert_eq!(Noise::of(&stock, 100.0, None, None), None);
        let trailing = Kpi { window: WindowSpec::TrailingDays(30), ..stock };
        assert!(Noise::of(&trailing, 100.0, None, None).is_some());
        let money = Kpi { unit: Unit::Currency("USD".into()), ..kpi() };
        assert_eq!(Noise::of(&money, 100.0, None, None), None);
    }
}
