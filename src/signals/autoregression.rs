//! An autoregression fitted to one series, used as a filter that turns it into white noise. Not a
//! forecasting model.
//!
//! Equations: Yule–Walker solved by the Levinson–Durbin recursion, order by AIC (Box, Jenkins &
//! Reinsel, *Time Series Analysis*, section 3.2 and appendix A3.2; Akaike 1974).

/// Longest memory that is tried.
const MAX_ORDER: usize = 10;
/// At least this many points per coefficient.
const POINTS_PER_COEFFICIENT: usize = 5;

/// Coefficients φ₁, φ₂, … of `x_t = φ₁·x_{t−1} + … + φ_p·x_{t−p} + noise`, for a series of mean zero.
pub(super) struct Autoregression(Vec<f64>);

impl Autoregression {
    /// Fits a series of mean zero; absent when it does not vary.
    pub(super) fn fit(series: &[f64]) -> Option<Self> {
        let count = series.len() as f64;
        let longest = MAX_ORDER.min(series.len() / POINTS_PER_COEFFICIENT);
        let covariance = |lag: usize| {
            series.iter().zip(series.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>() / count
        };
        let covariances: Vec<f64> = (0..=longest).map(covariance).collect();
        let mut variance = covariances[0];
        if variance <= 0.0 || !variance.is_finite() {
            return None;
        }
        let mut coefficients: Vec<f64> = Vec::new();
        let mut best = coefficients.clone();
        let mut best_score = count * variance.ln();
        for order in 1..=longest {
            let explained: f64 =
                coefficients.iter().enumerate().map(|(i, c)| c * covariances[order - 1 - i]).sum();
            let reflection = (covariances[order] - explained) / variance;
            let mirrored: Vec<f64> = coefficients.iter().rev().copied().collect();
            for (coefficient, mirror) in coefficients.iter_mut().zip(mirrored) {
                *coefficient -= reflection * mirror;
            }
            coefficients.push(reflection);
            variance *= 1.0 - reflection * reflection;
            let score = count * variance.ln() + 2.0 * order as f64;
            if score < best_score {
                best_score = score;
                best.clone_from(&coefficients);
            }
        }
        Some(Self(best))
    }

    /// What the autoregression leaves unexplained, p points shorter than the series.
    pub(super) fn filter(&self, series: &[f64]) -> Vec<f64> {
        let Self(coefficients) = self;
        let unexplained = |window: &[f64]| {
            let (last, past) = window.split_last().map_or((0.0, window), |(l, p)| (*l, p));
            last - coefficients.iter().zip(past.iter().rev()).map(|(c, x)| c * x).sum::<f64>()
        };
        series.windows(coefficients.len() + 1).map(unexplained).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::tests::simulate::Noise;

    #[test]
    fn a_known_autoregression_is_found() {
        let series = Noise(11).autoregressive(4000, 0.6);
        let Autoregression(coefficients) = Autoregression::fit(&series).unwrap();
        assert!((coefficients[0] - 0.6).abs() < 0.05, "{coefficients:?}");
        assert!(coefficients[1..].iter().all(|c| c.abs() < 0.06), "{coefficients:?}");
    }

    #[test]
    fn the_filter_undoes_its_own_equation() {
        let mut series = vec![1.0, 2.0];
        for t in 2..8 {
            series.push(0.5 * series[t - 1] - 0.25 * series[t - 2] + 3.0);
        }
        for left in Autoregression(vec![0.5, -0.25]).filter(&series) {
            assert!((left - 3.0).abs() < 1e-12);
        }
    }

    #[test]
    fn white_noise_mostly_needs_no_memory_and_a_constant_has_none() {
        let mut noise = Noise(12);
        let longer_than_two = (0..200)
            .filter(|_| {
                let series = noise.autoregressive(100, 0.0);
                Autoregression::fit(&series).unwrap().0.len() > 2
            })
            .count();
        assert!(longer_than_two < 50, "{longer_than_two} of 200");
        assert!(Autoregression::fit(&[0.0; 50]).is_none());
    }
}
