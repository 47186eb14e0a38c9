//! What can be done: the levers of what is not fine.

use super::Looking;
use crate::assess::Status;
use crate::calendar::Period;
use crate::shown;
use crate::snapshot::{KpiState, Verdict};
use crate::summary::worst_first;

/// What can be done about a KPI.
#[derive(Debug)]
pub struct Action<'s> {
    /// The KPI.
    pub state: &'s KpiState,
    /// Its worst verdict.
    pub verdict: &'s Verdict,
    /// The period in which it can be done: the running one, or the next where that is over.
    pub period: Period,
    /// Why: `missed, 1.0 pt short of the target`.
    pub why: String,
}

impl Action<'_> {
    /// All of it in one sentence.
    pub fn sentence(&self) -> String {
        let kpi = &self.state.kpi;
        let levers = match kpi.levers.as_slice() {
            [] => "no levers are written down".to_owned(),
            levers => levers.join(", "),
        };
        let owner = kpi.owner.as_deref().or(kpi.team.as_deref());
        let owner = owner.map_or(String::new(), |owner| format!(" ({owner})"));
        format!("{} ({}): {levers}{owner}.", shown::isolated(&kpi.title), self.why)
    }
}

/// Early KPIs first, since what they lead can still be helped.
pub(super) fn actions<'s>(looking: &Looking<'s, '_>) -> Vec<Action<'s>> {
    let mut actions: Vec<Action<'s>> =
        looking.chosen.iter().filter_map(|state| action(looking, state)).collect();
    actions.sort_by_key(|action| !action.state.kpi.kind.is_early());
    actions
}

fn action<'s>(looking: &Looking<'s, '_>, state: &'s KpiState) -> Option<Action<'s>> {
    let verdict = *worst_first(state).first()?;
    let a = &verdict.assessment;
    let misses = a.projected_target_ratio.is_some_and(|ratio| ratio < 1.0);
    let trouble = matches!(a.status, Status::OffTrack | Status::Missed | Status::AtRisk);
    if !trouble && !misses {
        return None;
    }
    let calendar = &looking.known.snapshot.calendar;
    let next = calendar.day_start(a.period.end_day + chrono::Days::new(1));
    let period = if a.period.span.end > looking.as_of() {
        a.period.clone()
    } else {
        calendar.period_at(&state.kpi.period, next)
    };
    let end = a.value.filter(|_| a.period.span.end <= looking.as_of()).or(a.projected_value);
    let why = match end.zip(a.target_value) {
        Some((end, target)) if !crate::kpi::same(end, target) => {
            let gap = state.kpi.unit.show_change((end - target).abs());
            let gap = gap.trim_start_matches('+');
            let side = if end < target { "short of" } else { "above" };
            let is_over = a.period.span.end <= looking.as_of();
            let projected = if is_over { "" } else { "projected " };
            format!("{}, {projected}{gap} {side} the target", a.status.words())
        }
        _ => a.status.words().to_owned(),
    };
    Some(Action { state, verdict, period, why })
}
