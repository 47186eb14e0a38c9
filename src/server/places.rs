//! Places for connections. Who comes is let in: where there is no room, the connection makes it that gets
//! on least, so that whoever holds connections without using them keeps nobody out. That goes by
//! connections, since behind a proxy all clients are one peer. Not here: what a connection does
//! (`connection`), and how its progress is known (`progress`).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, sleep};

use super::progress::{Phase, Progress, Seen};

/// Connections at a time, of all and of one peer.
const MOST: usize = 512;
const MOST_OF_A_PEER: usize = 384;

/// A client that let so much time pass, without a request or without reading, goes before all others.
const PATIENCE: Duration = Duration::from_secs(1);

/// Those that are being answered go where so many of them come to one that is not: else the few that have
/// just come, and not said yet what they want, would go at once.
const MOST_ANSWERED_TO_ANOTHER: usize = 8;

/// So long newcomers of a second wait in all, that no answer is cut off for them; others wait behind them.
const SECOND: Duration = Duration::from_secs(1);
const WAIT_IN_A_SECOND: Duration = Duration::from_millis(200);
const WAIT: Duration = Duration::from_millis(2);

/// The connections there are. Dropping it ends them.
#[derive(Debug, Default)]
pub(super) struct Places {
    tasks: JoinSet<()>,
    taken: HashMap<Id, Place>,
    /// Places that each peer has taken.
    of_peers: HashMap<IpAddr, usize>,
    waited: Waited,
}

/// For how long newcomers waited since when.
#[derive(Debug)]
struct Waited {
    since: Instant,
    long: Duration,
}

impl Default for Waited {
    fn default() -> Self {
        Self { since: Instant::now(), long: Duration::ZERO }
    }
}

impl Waited {
    /// Whether another may wait; it is counted.
    fn may_wait(&mut self) -> bool {
        if self.since.elapsed() >= SECOND {
            *self = Self::default();
        }
        self.long += WAIT;
        self.long <= WAIT_IN_A_SECOND
    }
}

#[derive(Debug)]
struct Place {
    peer: IpAddr,
    progress: Arc<Progress>,
    task: AbortHandle,
}

impl Places {
    /// Waits for a moment where only requests that are being answered could make room.
    pub(super) async fn wait_for(&mut self, peer: IpAddr) {
        let peer = network_of(peer);
        while self.in_the_way(peer).is_some_and(|(_, phase)| phase == Phase::Answering)
            && self.waited.may_wait()
        {
            tokio::select! {
                () = sleep(WAIT) => {}
                () = self.one_ended() => {}
            }
        }
    }

    /// Lets a connection in, and says whether another had to go.
    pub(super) fn let_in<F>(&mut self, peer: IpAddr, serve: impl FnOnce(Arc<Progress>) -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let peer = network_of(peer);
        let in_the_way = self.in_the_way(peer);
        if let Some((id, _)) = in_the_way
            && let Some(place) = self.free(id)
        {
            let Seen { phase, taken, last } = place.progress.seen();
            let (peer, since) = (place.peer, last.elapsed());
            tracing::debug!(%peer, ?phase, taken, ?since, "a connection makes room for another");
            place.task.abort();
        }
        let progress = Arc::new(Progress::begun());
        let task = self.tasks.spawn(serve(Arc::clone(&progress)));
        self.taken.insert(task.id(), Place { peer, progress, task });
        *self.of_peers.entry(peer).or_default() += 1;
        in_the_way.is_some()
    }

    fn free(&mut self, id: Id) -> Option<Place> {
        let place = self.taken.remove(&id)?;
        if let Some(count) = self.of_peers.get_mut(&place.peer) {
            *count -= 1;
            if *count == 0 {
                self.of_peers.remove(&place.peer);
            }
        }
        Some(place)
    }

    /// Waits until some connection ends; for ever if there is none.
    pub(super) async fn one_ended(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => drop(self.free(id)),
            Some(Err(error)) => drop(self.free(error.id())),
            None => std::future::pending().await,
        }
    }

    /// Waits until all have ended.
    pub(super) async fn all_ended(&mut self) {
        while !self.tasks.is_empty() {
            self.one_ended().await;
        }
    }

    fn held(&self, peer: IpAddr) -> usize {
        self.of_peers.get(&peer).copied().unwrap_or_default()
    }

    /// The connection that has to go before another of `peer` comes in: of all, or of that peer where it
    /// has as many as it may.
    fn in_the_way(&self, peer: IpAddr) -> Option<(Id, Phase)> {
        let too_many = self.held(peer) >= MOST_OF_A_PEER;
        if !too_many && self.taken.len() < MOST {
            return None;
        }
        let taken = self.taken.iter().filter(|(_, place)| !too_many || place.peer == peer);
        least_progress(taken.map(|(id, place)| Candidate::new(*id, place)).collect())
    }
}

/// A connection that may make room.
#[derive(Debug)]
struct Candidate {
    id: Id,
    peer: IpAddr,
    seen: Seen,
}

impl Candidate {
    fn new(id: Id, place: &Place) -> Self {
        Self { id, peer: place.peer, seen: place.progress.seen() }
    }

    /// Its client leaves us waiting.
    fn is_stuck(&self) -> bool {
        self.seen.phase != Phase::Answering && self.seen.last.elapsed() >= PATIENCE
    }

    /// It is of no use to anybody now.
    fn is_idle(&self) -> bool {
        self.seen.phase == Phase::Silent || self.is_stuck()
    }
}

/// Who goes. Of several peers, it is one of who has most that are idle. Of one, the connection stuck for
/// longest, those first that say nothing, and of the others those that read nothing yet. Where none is, all have just come or get on, and it is a flood:
/// of those that say nothing where it is one of them, else of those that wait for their readers, those first
/// that read nothing yet, the longest.
fn least_progress(mut candidates: Vec<Candidate>) -> Option<(Id, Phase)> {
    let mut idle: HashMap<IpAddr, usize> = HashMap::new();
    for one in candidates.iter().filter(|one| one.is_idle()) {
        *idle.entry(one.peer).or_default() += 1;
    }
    if let Some(most) = idle.values().max() {
        candidates.retain(|one| idle.get(&one.peer) == Some(most));
    }
    let some_are_stuck = candidates.iter().any(Candidate::is_stuck);
    candidates.retain(|one| !some_are_stuck || one.is_stuck());
    let many = |phase: Phase| candidates.iter().filter(|one| one.seen.phase == phase).count();
    let silent = many(Phase::Silent);
    let (unread, answering) = (many(Phase::Unread), many(Phase::Answering));
    let phase = if silent > 0 && (some_are_stuck || silent > unread + answering) {
        Phase::Silent
    } else if unread > 0 {
        Phase::Unread
    } else if answering > MOST_ANSWERED_TO_ANOTHER * silent {
        Phase::Answering
    } else {
        Phase::Silent
    };
    let of_it = candidates.iter().filter(|one| one.seen.phase == phase);
    let progress = |one: &&Candidate| (one.seen.taken, one.seen.last);
    of_it.min_by_key(progress).map(|one| (one.id, phase))
}

/// Whom an address belongs to: of IPv6, a whole /64 is given to one.
fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
#[path = "tests/places.rs"]
mod tests;
