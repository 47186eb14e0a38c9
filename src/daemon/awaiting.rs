//! What the evaluator does while history is still being read: it shows what is stored of today and takes in
//! runs. It finds, writes and tells nothing that the days before could say otherwise. Not here: reading
//! (`stored`).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use tracing::{debug, error, info};

use super::evaluator::Evaluator;
use super::past::Awaited;
use crate::engine::{Engine, History, Run};
use crate::record::finish;
use crate::server::HEARTBEAT;
use crate::store::StoreError;

impl Evaluator {
    /// Until history is there. Whether there is somebody to go on for.
    pub(super) async fn wait_for_history(
        &mut self,
        mut awaited: Awaited,
        runs: &mut mpsc::Receiver<Run>,
        stop: &mut oneshot::Receiver<()>,
    ) -> bool {
        self.show_at_once((self.clock)()).await;
        let mut heartbeat = tokio::time::interval(self.tick.max(HEARTBEAT));
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.shared.beat();
            tokio::select! {
                biased;
                // Whoever reads is ended after it was told.
                _ = &mut *stop => return false,
                history = &mut awaited => {
                    self.take_history(history);
                    return true;
                }
                run = runs.recv() => match run {
                    Some(run) => {
                        self.take(run);
                        self.shared.publish_runs(Arc::new(self.log.clone()));
                    }
                    None => return false,
                },
                _ = heartbeat.tick() => {}
            }
        }
    }

    /// Shows what is stored of today, where nothing better is shown. What is shown is written: of what was
    /// taken in and not written nothing is.
    async fn show_at_once(&mut self, as_of: DateTime<Utc>) {
        let Some(keeper) = self.keeper.as_mut().filter(|keeper| keeper.has_written_all()) else {
            return;
        };
        if self.shared.is_ready() {
            return;
        }
        let Some(found) = self.engine.at_once(&self.book, &self.log, as_of) else {
            debug!("not all of today is stored: shown once history is read");
            return;
        };
        keeper.look_for_notes().await;
        let snapshot = finish(found, &self.definitions, &keeper.remembered());
        self.shared.publish(Arc::new(snapshot));
        info!("values of today are shown, as they are stored; history is being read");
    }

    fn take_history(
        &mut self,
        history: Result<Result<History, StoreError>, oneshot::error::RecvError>,
    ) {
        let problem = match history {
            Ok(Ok(history)) => {
                self.engine.remember_days(history);
                debug!("history is read");
                return;
            }
            Ok(Err(problem)) => problem.to_string(),
            Err(_) => "a defect of the program ended the reading".to_owned(),
        };
        error!("going on without history: {problem}");
        if let Some(keeper) = &mut self.keeper.take() {
            keeper.keep_unwritten(&self.engine);
        }
        self.engine = Engine::new(Arc::clone(&self.definitions));
    }
}
