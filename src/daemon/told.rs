//! What the log says of definitions that changed and of periods that ended. Not here: writing them down
//! (`keeper`).

use tracing::{info, warn};

use super::many::{Many, Told};
use crate::id::KpiId;
use crate::store::{Change, InForce, difference};

/// Periods that ended, by their id and status.
pub(super) type ClosedPeriods = Many<(String, &'static str), ()>;
/// Final results that the source says otherwise since, by their period.
pub(super) type RestatedPeriods = Many<String, (Option<f64>, Option<f64>)>;

/// One line for each that is told, or for many that are alike.
pub(super) fn tell_closed(closed: ClosedPeriods, restated: RestatedPeriods) {
    for (Told { kpi, labels, series, .. }, (period, status)) in closed.lines() {
        if series == 1 {
            info!(%kpi, %labels, period, status, "period closed");
        } else {
            info!(%kpi, series, like = %labels, period, status, "period closed");
        }
    }
    let what = "the source changed a period that was final; its result stays as it was";
    for (Told { kpi, labels, series, detail }, period) in restated.lines() {
        let (from, to) = detail;
        if series == 1 {
            warn!(%kpi, %labels, period, ?from, ?to, "{what}");
        } else {
            warn!(%kpi, series, like = %labels, period, ?from, ?to, "{what}");
        }
    }
}

/// Says which half of a definition changed, and from what to what.
pub(super) fn tell_changes(kpi: &KpiId, definition: &InForce) {
    let InForce { meaning, goal, .. } = definition;
    let differ = |change: &Change| {
        let before = change.before.as_deref().unwrap_or_default();
        difference(before, &change.now)
    };
    if meaning.is_new {
        let (from, to) = differ(meaning);
        let what = if meaning.returned {
            "an earlier meaning is back: its history goes on"
        } else {
            "the meaning changed: a new trend begins"
        };
        info!(%kpi, from, to, "{what}");
    }
    if goal.is_new {
        let (from, to) = differ(goal);
        info!(%kpi, from, to, "the goal changed, from the running period on");
    }
}
