//! What a way to project says, and what the ways share for saying it. Not here: the ways (`methods`).

/// What a method says about the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) value: f64,
    /// Standard deviation that the errors of single steps let expect, for methods that have such.
    pub(super) spread: Option<f64>,
}

/// Standard deviation of a weighed sum of steps to come whose errors of 1 live on as `response`
/// says.
pub(super) fn spread(weights: &[f64], response: &[f64]) -> f64 {
    let lasting = (0..weights.len())
        .map(|from| weights[from..].iter().zip(response).map(|(w, r)| w * r).sum::<f64>());
    lasting.map(|sum| sum * sum).sum::<f64>().sqrt()
}

/// Geometric mean; of numbers that are not all positive, the arithmetic one.
pub(super) fn middle(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    if values.is_empty() {
        None
    } else if values.iter().all(|value| *value > 0.0) {
        Some((values.iter().map(|value| value.ln()).sum::<f64>() / count).exp())
    } else {
        Some(values.iter().sum::<f64>() / count)
    }
}
