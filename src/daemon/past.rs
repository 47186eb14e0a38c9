//! Days of the past that the sources are asked for: those that passed without a daemon, then those before
//! the first start. Planned once all of history is known: what is known is not asked for. Not here: how
//! they are asked for (`catch_up`, `fill`).

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::catch_up::{self, CatchUp, Past};
use super::fill::Fill;
use super::fill_plan::Plan;
use super::stored::Unread;
use super::supervisor::keep_running;
use crate::clock::Clock;
use crate::engine::{History, SourceHandle, Sources};
use crate::kpi::Definitions;
use crate::server::Shared;
use crate::store::{DaysOfKpis, StoreError};
use crate::web::Filling;

/// History, as soon as it is read.
pub(super) type Awaited = oneshot::Receiver<Result<History, StoreError>>;

/// Who asks, and for how much.
pub(super) struct Asking {
    pub(super) definitions: Arc<Definitions>,
    pub(super) sources: Sources,
    /// Days of which the sources know nothing.
    pub(super) silent: DaysOfKpis,
    /// Days that are known, and are asked for again: results that could be final are not.
    pub(super) unsettled: DaysOfKpis,
    /// Days before today, at most.
    pub(super) most: u16,
    pub(super) clock: Clock,
    pub(super) shared: Arc<Shared>,
    /// Where the days go.
    pub(super) past: mpsc::Sender<Past>,
}

/// Who asks for what `history` lacks.
pub(super) struct Planned {
    catch_up: CatchUp,
    fill: Fill,
}

impl Asking {
    /// What there is to ask for, if anything; says on pages that it is begun.
    pub(super) fn plan(self, history: &History) -> Option<Planned> {
        let Self { definitions, sources, silent, unsettled, most, clock, shared, past } = self;
        let missing = catch_up::missing(&definitions.calendar, history, clock());
        let mut known = history.known_days();
        for (kpi, days) in unsettled {
            known.entry(kpi).or_default().retain(|day| !days.contains(day));
        }
        for (kpi, silent) in silent {
            known.entry(kpi).or_default().extend(silent);
        }
        for close in &missing {
            let day = definitions.calendar.day_before(*close);
            for kpi in &definitions.kpis {
                known.entry(kpi.id.clone()).or_default().insert(day);
            }
        }
        let plan = Plan::of(&definitions, &known, clock(), most, missing.len());
        let (caught_up, filled) = (missing.len(), plan.days());
        let begun = Some(Filling { done: 0, days: caught_up + filled });
        shared.publish_filling(begun.filter(|begun| begun.days > 0));
        if caught_up + filled == 0 {
            return None;
        }
        let all = |how: fn(&SourceHandle) -> SourceHandle| -> Sources {
            sources.iter().map(|(id, source)| (id.clone(), how(source))).collect()
        };
        let catch_up = CatchUp {
            definitions: Arc::clone(&definitions),
            sources: all(|source| source.clone().in_background()),
            closes: missing,
            shared: Arc::clone(&shared),
            past: past.clone(),
            more: filled,
        };
        let sources = all(SourceHandle::one_by_one);
        let fill = Fill { definitions, sources, plan: Arc::new(plan), shared, past };
        Some(Planned { catch_up, fill })
    }

    /// Reads history, hands it over, and asks for what it lacks.
    pub(super) async fn read(
        self,
        unread: Unread,
        to: oneshot::Sender<Result<History, StoreError>>,
    ) {
        let shared = Arc::clone(&self.shared);
        let history = unread.read().await;
        let planned = self.plan(history.as_ref().unwrap_or(&History::default()));
        if to.send(history).is_ok()
            && let Some(planned) = planned
        {
            planned.work(shared).await;
        }
    }
}

impl Planned {
    /// Works until all is done; each is started again when it ends by a defect.
    pub(super) async fn work(self, shared: Arc<Shared>) {
        let Self { catch_up, fill } = self;
        let start = move || catch_up.clone().run();
        keep_running("catch_up", Arc::clone(&shared), start).await;
        keep_running("fill", shared, move || fill.clone().run()).await;
    }
}
