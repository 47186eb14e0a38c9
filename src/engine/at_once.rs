//! What can be said before the days before today are known: stored values, with the statuses that were
//! remembered of them. Nothing that earlier periods have a say in is found here, nothing is remembered
//! of it, and if it cannot be said of every KPI it is said of none. Not here: what is found once history
//! is there (`evaluate`).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::book::Book;
use super::evaluate::{Engine, Evaluated};
use super::kpi_state::{Known, KpiOutcome, Observed, Verdicts, evaluate_kpi};
use super::metric_states::Shown;
use super::runs::RunLog;
use crate::assess::{Evidence, Status};
use crate::kpi::{Kpi, SeriesKey};
use crate::snapshot::{KpiState, Verdict};

impl Engine {
    /// What `book` says of today, ahead of history; `None` where a status is not remembered.
    pub fn at_once(&self, book: &Book, log: &RunLog, now: DateTime<Utc>) -> Option<Evaluated> {
        let definitions = self.definitions();
        let observed = Observed { book, log };
        let states = definitions.kpis.iter().map(|kpi| self.state_at_once(kpi, observed, now));
        let kpis = states.collect::<Option<Vec<_>>>()?;
        let metrics = definitions.metrics.values().map(|metric| {
            let mut shown = Shown::default();
            shown.update(metric, &definitions.calendar, self.readers(), book);
            shown.states
        });
        Some(Evaluated { as_of: now, kpis, metrics: metrics.collect(), sources: log.states() })
    }

    fn state_at_once(
        &self,
        kpi: &Arc<Kpi>,
        observed: Observed<'_>,
        now: DateTime<Utc>,
    ) -> Option<Arc<KpiState>> {
        let (definitions, openings) = (self.definitions(), self.openings());
        let known = Known { definitions, openings, closed: None };
        let outcome = evaluate_kpi(kpi, known, observed, now, &mut |_, _, _| Evidence::default());
        let KpiOutcome::Verdicts(Verdicts { current, last_period, breakdowns, as_of }) = outcome
        else {
            return None;
        };
        let current = current.into_iter().map(|verdict| self.remembered(kpi, verdict));
        let verdicts = current.collect::<Option<Arc<[Verdict]>>>()?;
        let good = verdicts.iter().any(|verdict| verdict.assessment.value.is_some());
        Some(Arc::new(KpiState {
            kpi: Arc::clone(kpi),
            verdicts,
            last_period,
            breakdowns: breakdowns.into(),
            leads: Vec::new(),
            awaits_history: true,
            definition_changed: None,
            goal_changed: None,
            closed: Arc::default(),
            notes: Vec::new(),
            last_success: as_of.filter(|_| good),
            measured_at: as_of,
        }))
    }

    /// The verdict with the status that was shown last, unless today's data alone decide.
    fn remembered(&self, kpi: &Kpi, verdict: Verdict) -> Option<Verdict> {
        let is = &verdict.assessment;
        let memory = self.memories()?.get(&SeriesKey::new(&kpi.id, &verdict.labels));
        let shown =
            memory.filter(|memory| memory.period == is.period.id).map(|memory| memory.shown);
        let status = match is.status {
            Status::Achieved | Status::Missed => is.status,
            Status::NoData => {
                // Too old, or nothing to hold it against; or nobody has asked yet, as before.
                let is_told = is.value.is_some() || is.data_through.is_some();
                return (is_told || shown == Some(Status::NoData)).then_some(verdict);
            }
            Status::TooEarly | Status::OnTrack | Status::AtRisk | Status::OffTrack => {
                let facts = [Status::NoData, Status::Achieved, Status::Missed];
                shown.filter(|shown| !facts.contains(shown))?
            }
        };
        let assessment = verdict.assessment.ahead_of_history(status);
        Some(Verdict { assessment, ..verdict })
    }
}

#[cfg(test)]
#[path = "tests/at_once.rs"]
mod tests;
