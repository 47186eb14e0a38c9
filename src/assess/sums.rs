//! The two parts of a quotient. Not here: how they are formed (`engine`).

/// Numerator and denominator of a ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sums {
    /// Above the line.
    pub numerator: f64,
    /// Below the line.
    pub denominator: f64,
}
