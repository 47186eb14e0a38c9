//! What history adds to an assessment: a projection chosen by how well it did before, its interval,
//! the probability of meeting the target, and how much is noise. Not here: the forecasting itself
//! (`forecast`).

use super::assessment::Assessment;
use super::target::Goal;
use crate::forecast::Projection;

/// What earlier periods say about the running one; all of it absent without history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Where the period will end.
    pub projection: Option<Projection>,
    /// Earlier periods that the projection was learned from.
    pub periods: usize,
    /// Standard error of the value, by what history scattered around its path.
    pub spread: Option<f64>,
    /// How large the denominator of a ratio may get by the close: the upper end of what is likely.
    pub denominator: Option<f64>,
}

impl Evidence {
    /// Probability that the goal is met at the close.
    pub fn hit_probability(&self, goal: Goal) -> Option<f64> {
        hit_probability(self.projection.as_ref()?, goal)
    }
}

fn hit_probability(projection: &Projection, goal: Goal) -> Option<f64> {
    match goal {
        Goal::AtLeast(target) => projection.hit_probability(target, true),
        Goal::AtMost(target) => projection.hit_probability(target, false),
        Goal::Between(low, high) if low < high => projection
            .hit_probability(low, true)
            .zip(projection.hit_probability(high, true))
            .map(|(above_low, above_high)| (above_low - above_high).max(0.0)),
        Goal::Between(..) => None,
    }
}

impl Assessment {
    /// Puts a projection from history in the place of the one that only follows the path. Only
    /// where there was one at all: not before `too_early`, not without a value.
    pub(super) fn look_ahead(&mut self, projection: &Projection) {
        let Some(goal) = self.goal.filter(|_| self.projected_value.is_some()) else { return };
        let interval = projection.interval();
        self.projected_value = Some(projection.value);
        self.projected_target_ratio = goal.attainment(projection.value);
        self.projected_method = Some(projection.method.as_str());
        self.projected_lower_value = interval.map(|(lower, _)| lower);
        self.projected_upper_value = interval.map(|(_, upper)| upper);
        self.target_hit_probability = hit_probability(projection, goal);
    }
}
