//! What history adds to an assessment: a projection chosen by how well it did before, its interval,
//! the probability of meeting the target, and how much is noise. Not here: the forecasting itself
//! (`forecast`).

use super::assessment::Assessment;
use super::finding::Finding;
use super::path::{Expected, Shape};
use super::status::Status;
use super::target::Goal;
use crate::forecast::{Method, Projection};

/// So many earlier periods tell where the running one will end from its first day on.
const FROM_THE_FIRST_DAY: usize = 3;

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
    pub fn hit_probability(&self, goal: Goal, path: &Expected) -> Option<f64> {
        hit_probability(self.projection.as_ref()?, goal, path)
    }
}

/// A level that is projected to stay where it is says nothing about a way that is still to be gone:
/// whoever is on the ramp would have no chance until its last days.
fn hit_probability(projection: &Projection, goal: Goal, path: &Expected) -> Option<f64> {
    let on_the_way = matches!(path.shape, Shape::Ramp(_)) && path.share < 1.0;
    if on_the_way && projection.method == Method::Last {
        return None;
    }
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
    /// The same while earlier periods are not known yet, with the status that was shown last: without all
    /// that they have a say in.
    #[must_use]
    pub fn ahead_of_history(self, status: Status) -> Self {
        Self {
            projected_value: None,
            projected_lower_value: None,
            projected_upper_value: None,
            projected_target_ratio: None,
            projected_method: None,
            target_hit_probability: None,
            status,
            beyond_noise: status,
            findings: vec![Finding::AwaitsHistory],
            ..self
        }
    }

    /// Puts a projection from history in the place of the one that only follows the path. Before
    /// `too_early` there is none of those, and three earlier periods are needed.
    pub(super) fn look_ahead(&mut self, evidence: &Evidence, path: &Expected) {
        let Some(projection) = &evidence.projection else { return };
        let known = self.projected_value.is_some() || evidence.periods >= FROM_THE_FIRST_DAY;
        let Some(goal) = self.goal.filter(|_| known && self.value.is_some()) else { return };
        let interval = projection.interval();
        self.projected_value = Some(projection.value);
        self.projected_target_ratio = goal.attainment(projection.value);
        self.projected_method = Some(projection.method.as_str());
        self.projected_lower_value = interval.map(|(lower, _)| lower);
        self.projected_upper_value = interval.map(|(_, upper)| upper);
        self.target_hit_probability = hit_probability(projection, goal, path);
    }
}
