//! Several settings of one model, each trusted as far as it foretold the past: exp(-AIC/2), Burnham
//! and Anderson, "Model Selection and Multimodel Inference", 2.9. Not for the models themselves.

/// Squared errors below this share of the squared values tell settings apart by rounding only.
const ROUNDING: f64 = 1e-14;

/// A setting: how well it did and what it says comes next.
pub(super) struct MixtureMember {
    /// Sum of squared errors one step ahead.
    pub(super) squares: f64,
    /// Numbers chosen to fit.
    pub(super) parameters: f64,
    /// The next values.
    pub(super) path: Vec<f64>,
}

/// Mean of what the members say, weighed by their likelihood over `count` errors; `None` without
/// a member. `size` is the sum of the squared values.
pub(super) fn mean_path(members: &[MixtureMember], count: usize, size: f64) -> Option<Vec<f64>> {
    let score = |member: &MixtureMember| score(member.squares, member.parameters, count, size);
    let best = members.iter().map(score).fold(f64::NEG_INFINITY, f64::max);
    let mut sum = vec![0.0; members.first()?.path.len()];
    let mut total = 0.0;
    for member in members {
        let weight = (score(member) - best).exp();
        total += weight;
        for (sum, value) in sum.iter_mut().zip(&member.path) {
            *sum += weight * value;
        }
    }
    for value in &mut sum {
        *value /= total;
    }
    Some(sum)
}

/// Logarithm of the likelihood, less one for each parameter.
pub(super) fn score(squares: f64, parameters: f64, count: usize, size: f64) -> f64 {
    let squares = squares.max(size * ROUNDING).max(f64::MIN_POSITIVE);
    -(count as f64 / 2.0) * squares.ln() - parameters
}
