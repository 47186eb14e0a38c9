//! From snapshots of past days to the store: a daily value for each series, and a closing for each
//! period that ended with the day. Not here: what a running daemon writes besides (`daemon`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::assess::Status;
use crate::calendar::PeriodKind;
use crate::engine::GRACE;
use crate::id::KpiId;
use crate::kpi::{Definitions, Kpi, SeriesKey};
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::store::{
    Closed, Closing, Definition, Evaluation, InForce, PastGoals, Point, Revision, Store, StoreError,
};

/// Where the data of a period do not reach its end, its result is not final before this long after it:
/// they may be on their way, or the clock may be ahead of them.
const LATEST: TimeDelta = TimeDelta::days(31);

/// After so long results become final.
pub const FINAL_AFTER: [TimeDelta; 2] = [GRACE, LATEST];

/// Writes what belongs to the definitions in force.
#[derive(Debug)]
pub struct Recorder {
    store: Arc<Store>,
    definitions: Arc<Definitions>,
    in_force: BTreeMap<KpiId, InForce>,
    past: PastGoals,
}

impl Recorder {
    /// Notes the definitions in force; from now on numbers are theirs.
    ///
    /// # Errors
    /// What the store says.
    pub async fn new(
        store: Arc<Store>,
        definitions: Arc<Definitions>,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let current = |kpi: &Arc<Kpi>| (kpi.id.clone(), Definition::of(kpi, &definitions));
        let current = definitions.kpis.iter().map(current).collect();
        let in_force = store.note_revisions(&current, now).await?;
        let past = store.past_goals(&in_force, now).await?;
        Ok(Self { store, definitions, in_force, past })
    }

    /// The same on a store that has other contents now.
    ///
    /// # Errors
    /// What the store says.
    pub async fn renewed(&self, now: DateTime<Utc>) -> Result<Self, StoreError> {
        Self::new(Arc::clone(&self.store), Arc::clone(&self.definitions), now).await
    }

    /// The definitions in force, by KPI.
    pub fn in_force(&self) -> &BTreeMap<KpiId, InForce> {
        &self.in_force
    }

    fn revision(&self, kpi: &KpiId) -> Option<Revision> {
        self.in_force.get(kpi).map(|definition| definition.revision)
    }

    /// The store written to.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Closes the store, unless somebody else has it too.
    pub async fn close(self) {
        if let Some(store) = Arc::into_inner(self.store) {
            store.close().await;
        }
    }

    /// Writes the verdicts of a past day and the periods that ended with it; none of them is final by a
    /// clock that is not believed. Says what became of each closing.
    ///
    /// # Errors
    /// What the store says; the day is then not written, or not as a whole.
    pub async fn write_past(
        &self,
        day: &Snapshot,
        now: DateTime<Utc>,
        is_believed: bool,
    ) -> Result<Vec<(Closing, Closed)>, StoreError> {
        self.store.backfill(&self.points(&day.kpis)).await?;
        let kpis = self.definitions.kpis.iter();
        let periods: BTreeMap<&KpiId, &PeriodKind> =
            kpis.map(|kpi| (&kpi.id, &kpi.period)).collect();
        let closings: Vec<Closing> = day
            .verdicts()
            .filter(|(_, verdict)| verdict.assessment.period.span.end == day.as_of)
            .filter(|(_, verdict)| verdict.assessment.value.is_some())
            // Dates that were moved to measure days before them have no result.
            .filter(|(state, _)| periods.get(&state.kpi.id) == Some(&&state.kpi.period))
            .map(|(state, verdict)| self.closing(state, verdict, now, is_believed.then_some(now)))
            .collect();
        let evaluation =
            Evaluation { at: now, closings: closings.clone(), ..Evaluation::default() };
        let closed = self.store.commit(&evaluation).await?;
        Ok(closings.into_iter().zip(closed).collect())
    }

    /// Notes that the sources know nothing of a day of these KPIs.
    ///
    /// # Errors
    /// What the store says.
    pub async fn note_silent(&self, day: NaiveDate, kpis: &[KpiId]) -> Result<(), StoreError> {
        let meaning = |kpi: &KpiId| Some((kpi.clone(), self.revision(kpi)?.meaning));
        let kpis: Vec<_> = kpis.iter().filter_map(meaning).collect();
        self.store.note_silent(day, &kpis).await
    }

    /// The verdicts on KPIs as points of their days.
    pub fn points<'k>(&self, kpis: impl IntoIterator<Item = &'k Arc<KpiState>>) -> Vec<Point> {
        let calendar = &self.definitions.calendar;
        let point = |(state, verdict): (&Arc<KpiState>, &Verdict)| {
            let assessment = &verdict.assessment;
            // What a window saw before the first day of a period is no day of it.
            let begun = |at: &DateTime<Utc>| *at > assessment.period.span.start;
            let through = assessment.data_through.filter(begun)?;
            Some(Point::new(
                SeriesKey::new(&state.kpi.id, &verdict.labels),
                assessment,
                assessment.sums,
                self.revision(&state.kpi.id)?,
                calendar.day_before(through),
                through,
            ))
        };
        kpis.into_iter()
            .flat_map(|state| state.verdicts.iter().map(move |verdict| (state, verdict)))
            .filter_map(point)
            .collect()
    }

    /// How a period of one series ended, as far as is known at an instant: by the goal that was in force
    /// at its end, even if another one is now. `asked` is when the sources said so: what they said too early is
    /// not final later on, and nothing is without it, as by a clock that is not believed.
    pub fn closing(
        &self,
        state: &KpiState,
        verdict: &Verdict,
        now: DateTime<Utc>,
        asked: Option<DateTime<Utc>>,
    ) -> Closing {
        let assessment = &verdict.assessment;
        let span = assessment.period.span;
        let is_whole = assessment.data_through.is_none_or(|through| through >= span.end);
        let since = span.end + if is_whole { GRACE } else { LATEST };
        let closing = Closing {
            series: SeriesKey::new(&state.kpi.id, &verdict.labels),
            period: assessment.period.id.clone(),
            start: span.start,
            end: span.end,
            value: assessment.value,
            target: assessment.target_value,
            target_ratio: assessment.target_ratio,
            status: assessment.status,
            closed_at: now,
            final_at: asked.filter(|asked| *asked >= since).map(|_| now),
            revision: self.revision(&state.kpi.id),
        };
        let (period, baseline) = (&closing.period, assessment.baseline_value);
        let Some((goal, revision)) = self.past.of(&closing.series, period, closing.end, baseline)
        else {
            return closing;
        };
        let met = closing.value.map(|value| goal.is_met_by(value));
        Closing {
            target: goal.value(),
            target_ratio: closing.value.and_then(|value| goal.attainment(value)),
            status: match met {
                Some(true) => Status::Achieved,
                Some(false) => Status::Missed,
                None => closing.status,
            },
            revision: Some(revision),
            ..closing
        }
    }
}
