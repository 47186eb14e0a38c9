//! Sends digests: one task each, so that a channel that hangs delays neither polling nor the other digests.
//!
//! Each slot is sent once. It is written down before it is sent; a post is held back by its last byte until
//! the store has it as released. A process that is killed before has sent nothing and tries again; one that
//! is killed afterwards has let it go, and does not. What is left is the moment between the two.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use super::sleep_until;
use crate::clock::Clock;
use crate::digest::{Digest, Message, id, send};
use crate::exposition::SelfMetrics;
use crate::review::Known;
use crate::schedule::doubling;
use crate::server::Shared;
use crate::store::{DigestSlot, DigestState, Store, StoreError};

/// Slots that passed without a daemon are still sent for so long.
const LATE: TimeDelta = TimeDelta::hours(24);
/// The newest of them, at most.
const MOST_LATE: usize = 10;
/// Steps of a schedule that are looked at for it.
const MOST_STEPS: usize = 100_000;
/// Between two attempts, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(15));
/// How often it is looked whether something is due.
const LOOK_UP: TimeDelta = TimeDelta::seconds(30);
/// The same while there is nothing to show yet.
const WAIT: Duration = Duration::from_millis(200);
/// Of a digest that was let go of by a process that did not come to note how it went.
const UNSURE: &str = "the program was ended while it was being sent, so it may not have arrived";

#[derive(Clone)]
pub(super) struct Digester {
    pub(super) digest: Digest,
    pub(super) external_url: Option<String>,
    pub(super) store: Arc<Store>,
    pub(super) shared: Arc<Shared>,
    pub(super) self_metrics: Arc<SelfMetrics>,
    pub(super) clock: Clock,
}

/// Whether a next attempt lies further ahead than any pause: a clock that was wrong has set it.
fn is_beyond(due: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    TimeDelta::from_std(PAUSE.1).is_ok_and(|longest| due - now > longest * 2)
}

impl Digester {
    /// Works until it is dropped. A store that fails is told and looked at again.
    pub(super) async fn run(self) {
        while !self.shared.is_ready() {
            tokio::time::sleep(WAIT).await;
        }
        let mut failing = false;
        loop {
            let next = match self.look().await {
                Ok(next) => {
                    failing = false;
                    next
                }
                Err(problem) => {
                    if !failing {
                        warn!(digest = %self.digest.name, "digest waits for the store: {problem}");
                    }
                    failing = true;
                    (self.clock)() + LOOK_UP
                }
            };
            sleep_until(next, self.clock).await;
        }
    }

    /// Sends what is due; when to look again.
    async fn look(&self) -> Result<DateTime<Utc>, StoreError> {
        let name = &self.digest.name;
        let start = self.store.digest_start(name, (self.clock)()).await?;
        let now = (self.clock)();
        let slots = self.slots(start, now);
        self.tell_skipped(start, slots.first().copied(), now).await?;
        for slot in slots {
            self.store.claim_digest(name, slot, now).await?;
        }
        let mut next = self.digest.schedule.next_after(now, self.digest.timezone);
        for slot in self.store.open_digests(name).await? {
            if slot.state == DigestState::Pending && slot.due > now && !is_beyond(slot.due, now) {
                next = Some(next.map_or(slot.due, |next| next.min(slot.due)));
                continue;
            }
            let after = self.work_on(slot, now).await?;
            if after.state == DigestState::Pending {
                next = Some(next.map_or(after.due, |next| next.min(after.due)));
            }
        }
        Ok(next.unwrap_or(now + LOOK_UP).min(now + LOOK_UP))
    }

    /// The slots between `start` and `now` that may still be sent, the oldest first.
    fn slots(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let from = start.max(now - LATE);
        let next = |at: &DateTime<Utc>| self.digest.schedule.next_after(*at, self.digest.timezone);
        let slots = std::iter::successors(next(&from), next).take(MOST_STEPS);
        let slots: Vec<DateTime<Utc>> = slots.take_while(|slot| *slot <= now).collect();
        slots[slots.len().saturating_sub(MOST_LATE)..].to_vec()
    }

    /// Slots that passed since the newest known one and are too old to be sent: the newest is written down,
    /// so that the page tells of it, and all are counted.
    async fn tell_skipped(
        &self,
        start: DateTime<Utc>,
        first_sent: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let name = &self.digest.name;
        let known = self.store.last_digest(name).await?.map_or(start, |last| last.slot.max(start));
        let until = first_sent.unwrap_or(now);
        let next = |at: &DateTime<Utc>| self.digest.schedule.next_after(*at, self.digest.timezone);
        let passed = std::iter::successors(next(&known), next).take(MOST_STEPS);
        let passed = passed.take_while(|slot| *slot < until);
        let (count, newest) = passed.fold((0, None), |(count, _), slot| (count + 1, Some(slot)));
        let Some(slot) = newest.filter(|slot| *slot <= now) else { return Ok(()) };
        if !self.store.claim_digest(name, slot, now).await? {
            return Ok(());
        }
        let state = DigestState::Skipped;
        self.note(&DigestSlot { slot, state, attempts: 0, due: now, problem: None }).await?;
        self.self_metrics.count_digests(name, state.as_str(), count);
        warn!(digest = %name, slots = count, newest = %slot, "digests not sent: no program ran when they were due");
        Ok(())
    }

    async fn work_on(
        &self,
        slot: DigestSlot,
        now: DateTime<Utc>,
    ) -> Result<DigestSlot, StoreError> {
        let name = &self.digest.name;
        if slot.state == DigestState::Released {
            // Twice is certain to annoy; that it is lost is unlikely, and told.
            warn!(digest = %name, slot = %slot.slot, "digest taken as sent: {UNSURE}");
            let problem = Some(UNSURE.to_owned());
            return self.became(DigestSlot { state: DigestState::Sent, problem, ..slot }).await;
        }
        let Some(message) = self.message() else {
            return self.later(slot, now, "nothing has been evaluated yet").await;
        };
        if self.digest.quiet_when_fine && message.is_fine {
            return self.became(DigestSlot { state: DigestState::Quiet, ..slot }).await;
        }
        let released = DigestSlot { state: DigestState::Released, ..slot.clone() };
        let release = async {
            let noted = self.store.note_digest(name, &released).await;
            noted.map_err(|problem| problem.to_string())
        };
        match send(&self.digest.to, &message, &id(name, slot.slot), release).await {
            Ok(()) => {
                self.became(DigestSlot { state: DigestState::Sent, problem: None, ..slot }).await
            }
            Err(problem) => self.later(slot, now, &problem.to_string()).await,
        }
    }

    fn message(&self) -> Option<Message> {
        let published = self.shared.published()?;
        let days = self.shared.days();
        let known = Known { snapshot: published.snapshot(), days: &days };
        Some(self.digest.message(known, self.external_url.as_deref()))
    }

    /// After a failed attempt: later and later, until it is too late.
    async fn later(
        &self,
        slot: DigestSlot,
        now: DateTime<Utc>,
        problem: &str,
    ) -> Result<DigestSlot, StoreError> {
        let attempts = slot.attempts + 1;
        self.self_metrics.count_digest(&self.digest.name, "failed");
        let problem = Some(problem.to_owned());
        if now > slot.slot + LATE {
            let slot = DigestSlot { state: DigestState::GivenUp, attempts, problem, ..slot };
            return self.became(slot).await;
        }
        let pause = doubling(PAUSE.0, PAUSE.1, attempts, &self.digest.name);
        let due = (self.clock)() + TimeDelta::from_std(pause).unwrap_or(LOOK_UP);
        let state = DigestState::Pending;
        let slot = DigestSlot { state, attempts, due, problem, slot: slot.slot };
        if attempts == 1 {
            let problem = slot.problem.as_deref().unwrap_or_default();
            warn!(digest = %self.digest.name, to = self.digest.to.name(), "digest not sent, trying again: {problem}");
        }
        self.note(&slot).await?;
        Ok(slot)
    }

    /// Something final.
    async fn became(&self, slot: DigestSlot) -> Result<DigestSlot, StoreError> {
        let (name, to) = (&self.digest.name, self.digest.to.name());
        let outcome = slot.state.as_str();
        self.note(&slot).await?;
        self.self_metrics.count_digest(name, outcome);
        if slot.state == DigestState::GivenUp {
            let problem = slot.problem.as_deref().unwrap_or_default();
            warn!(digest = %name, to, slot = %slot.slot, "digest given up: {problem}");
        } else {
            info!(digest = %name, to, slot = %slot.slot, outcome, "digest done");
        }
        Ok(slot)
    }

    async fn note(&self, slot: &DigestSlot) -> Result<(), StoreError> {
        self.store.note_digest(&self.digest.name, slot).await?;
        self.shared.publish_digest(&self.digest.name, slot.clone());
        Ok(())
    }
}
