//! Student's t distribution for whole degrees of freedom. Not for large ones: the sums take half
//! as many terms.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// Probability that t with `freedom` (1 or more) degrees of freedom is at most `x`: Abramowitz and
/// Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4.
pub(super) fn cdf(x: f64, freedom: u32) -> f64 {
    let angle = (x / f64::from(freedom).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    // Terms of the series: each is the one before, times cos² and the next odd or even ratio.
    let series = |first: f64, from: u32| {
        let mut term = first;
        let mut sum = 0.0;
        for k in (from..freedom).step_by(2) {
            sum += term;
            term *= cos * cos * f64::from(k) / f64::from(k + 1);
        }
        sum
    };
    let between = if freedom % 2 == 1 {
        FRAC_2_PI * (angle + sin * series(cos, 2))
    } else {
        sin * series(1.0, 1)
    };
    f64::midpoint(1.0, between)
}

/// The point that t exceeds with probability 1 - `p`, by bisection on the angle.
pub(super) fn quantile(p: f64, freedom: u32) -> f64 {
    let (mut low, mut high) = (-FRAC_PI_2, FRAC_PI_2);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if cdf(middle.tan(), freedom) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high).tan()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_the_printed_tables() {
        // Upper 10 % points: any table of Student's t.
        for (freedom, point) in
            [(1, 3.078), (2, 1.886), (3, 1.638), (4, 1.533), (9, 1.383), (12, 1.356), (30, 1.310)]
        {
            assert!((quantile(0.9, freedom) - point).abs() < 6e-4, "{freedom}");
            assert!((quantile(0.1, freedom) + point).abs() < 6e-4, "{freedom}");
        }
    }

    #[test]
    fn the_distribution_is_symmetric_and_ends_at_0_and_1() {
        for freedom in 1..40 {
            assert!((cdf(0.0, freedom) - 0.5).abs() < 1e-15);
            assert!((cdf(1.3, freedom) + cdf(-1.3, freedom) - 1.0).abs() < 1e-12);
            assert!(cdf(f64::INFINITY, freedom) > 1.0 - 1e-12);
            assert!(cdf(f64::NEG_INFINITY, freedom) < 1e-12);
        }
    }
}
