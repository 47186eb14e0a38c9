//! Equality as people mean it: 999 of 1,000 is 99.9 %, and 0.1 + 0.2 is 0.3, whatever the last binary
//! digit says. Every comparison of a measured number with a target or limit goes through here.

/// Numbers that differ by less than this share of the larger one are the same.
const RELATIVE: f64 = 1e-9;

/// Nothing is a share of 0: what is left of decimals that add up to 0 is 0 (0.1 + 0.2 − 0.3).
const OF_NOTHING: f64 = 1e-12;

/// Whether two numbers are the same but for binary rounding.
pub fn same(a: f64, b: f64) -> bool {
    let largest = a.abs().max(b.abs());
    let tolerance = if a == 0.0 || b == 0.0 { OF_NOTHING } else { RELATIVE * largest };
    largest.is_finite() && (a - b).abs() <= tolerance
}

/// Whether `value` is `limit` or more.
pub fn at_least(value: f64, limit: f64) -> bool {
    value >= limit || same(value, limit)
}

/// Whether `value` is `limit` or less.
pub fn at_most(value: f64, limit: f64) -> bool {
    value <= limit || same(value, limit)
}

/// A number as it was written in decimals, by a hundred: 99.9 gives 0.999, not 0.9990000000000001.
pub fn hundredth(number: f64) -> f64 {
    // The shortest decimals of a number are those it was written with; `e-2` moves their point.
    format!("{number:e}")
        .split_once('e')
        .and_then(|(digits, exponent)| {
            let exponent: i32 = exponent.parse().ok()?;
            format!("{digits}e{}", exponent - 2).parse().ok()
        })
        .unwrap_or(number / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sums_of_decimals_are_the_decimal_sum() {
        assert!(same(0.1 + 0.2, 0.3));
        assert!(same(0.1 + 0.2 - 0.3, 0.0));
        assert!(at_most(1.0 - 0.7, 0.3) && at_least(1.0 - 0.9, 0.1));
        assert!(!at_least(0.299_999, 0.3) && !at_most(0.300_001, 0.3));
        assert!(!same(1e-9, 0.0), "a billionth is something");
        assert!(!same(f64::NAN, 0.3) && !same(f64::INFINITY, 1.0));
    }

    #[test]
    fn percentages_are_the_decimals_they_were_written_as() {
        for (percent, ratio) in
            [(99.9, 0.999), (1.4, 0.014), (0.1, 0.001), (-20.0, -0.2), (0.0, 0.0), (1e-300, 1e-302)]
        {
            assert_eq!(hundredth(percent).to_bits(), f64::to_bits(ratio), "{percent}");
        }
    }

    proptest! {
        #[test]
        fn a_percentage_of_any_decimals_is_exact(whole in 0..1_000_u32, tenths in 0..10_000_u32) {
            let percent: f64 = format!("{whole}.{tenths:04}").parse()?;
            let digits = format!("{whole}{tenths:04}");
            let ratio: f64 = format!("{digits}e-6").parse()?;
            prop_assert_eq!(hundredth(percent).to_bits(), ratio.to_bits());
        }

        #[test]
        fn the_order_of_the_summands_does_not_matter(
            cents in prop::collection::vec(1..1_000_000_i64, 1..200), seed in any::<u64>(),
        ) {
            let sum: i64 = cents.iter().sum();
            let target: f64 = format!("{sum}e-2").parse()?;
            let mut values: Vec<f64> = cents.iter().map(|c| hundredth(*c as f64)).collect();
            values.sort_by_key(|value| value.to_bits().wrapping_mul(seed | 1));
            let total: f64 = values.iter().sum();
            prop_assert!(same(total, target) && at_least(total, target) && at_most(total, target));
        }
    }
}
