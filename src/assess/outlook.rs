//! What history adds to an assessment: a projection chosen by how well it did before, its interval,
//! and the probability of meeting the target. Not here: the forecasting itself (`forecast`).

use super::target::Goal;
use super::verdict::Assessment;
use crate::forecast::Projection;

impl Assessment {
    /// Puts a projection from history in the place of the one that only follows the path. Only
    /// where there was one at all: not before `too_early`, not without a value.
    pub fn look_ahead(&mut self, projection: &Projection) {
        let Some(goal) = self.goal.filter(|_| self.projected_value.is_some()) else { return };
        let interval = projection.interval();
        self.projected_value = Some(projection.value);
        self.projected_target_ratio = goal.attainment(projection.value);
        self.projected_method = Some(projection.method.as_str());
        self.projected_lower_value = interval.map(|(lower, _)| lower);
        self.projected_upper_value = interval.map(|(_, upper)| upper);
        self.target_hit_probability = match goal {
            Goal::AtLeast(target) => projection.hit_probability(target, true),
            Goal::AtMost(target) => projection.hit_probability(target, false),
            Goal::Between(low, high) if low < high => projection
                .hit_probability(low, true)
                .zip(projection.hit_probability(high, true))
                .map(|(above_low, above_high)| (above_low - above_high).max(0.0)),
            Goal::Between(..) => None,
        };
    }
}
