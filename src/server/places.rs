//! Places for connections. Who comes is let in: where there is no room, the connection that has gone
//! longest without a request makes it, of the peer that has most. So whoever holds connections without
//! using them keeps nobody out. Not here: what a connection does (`connection`).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::Instant;

/// Connections at a time, of all and of one peer.
const MOST: usize = 512;
const MOST_OF_A_PEER: usize = 384;

/// When a connection last brought a request, or began.
#[derive(Debug)]
pub(super) struct LastRequest(Mutex<Instant>);

impl LastRequest {
    /// Now.
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn at(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections there are. Dropping it ends them.
#[derive(Debug, Default)]
pub(super) struct Places {
    tasks: JoinSet<()>,
    taken: HashMap<Id, Place>,
}

#[derive(Debug)]
struct Place {
    peer: IpAddr,
    last: Arc<LastRequest>,
    task: AbortHandle,
}

impl Places {
    /// Lets a connection in.
    pub(super) fn let_in<F>(&mut self, peer: IpAddr, serve: impl FnOnce(Arc<LastRequest>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let peer = network_of(peer);
        if let Some(id) = self.in_the_way(peer)
            && let Some(place) = self.taken.remove(&id)
        {
            tracing::debug!(peer = %place.peer, "a connection without requests makes room for another");
            place.task.abort();
        }
        let last = Arc::new(LastRequest(Mutex::new(Instant::now())));
        let task = self.tasks.spawn(serve(Arc::clone(&last)));
        self.taken.insert(task.id(), Place { peer, last, task });
    }

    /// Waits until some connection ends; for ever if there is none.
    pub(super) async fn one_ended(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => drop(self.taken.remove(&id)),
            Some(Err(error)) => drop(self.taken.remove(&error.id())),
            None => std::future::pending().await,
        }
    }

    /// Waits until all have ended.
    pub(super) async fn all_ended(&mut self) {
        while !self.tasks.is_empty() {
            self.one_ended().await;
        }
    }

    /// The connection that has to go before another of `peer` comes in.
    fn in_the_way(&self, peer: IpAddr) -> Option<Id> {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for place in self.taken.values() {
            *counts.entry(place.peer).or_default() += 1;
        }
        let full = self.taken.len() >= MOST;
        let heaviest = || counts.iter().max_by_key(|(_, count)| **count).map(|(peer, _)| *peer);
        let from = match counts.get(&peer) {
            Some(count) if *count >= MOST_OF_A_PEER => peer,
            _ if full => heaviest()?,
            _ => return None,
        };
        let of_it = self.taken.iter().filter(|(_, place)| place.peer == from);
        of_it.min_by_key(|(_, place)| place.last.at()).map(|(id, _)| *id)
    }
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
mod tests {
    use std::time::Duration;

    use super::*;

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Lets one in that never ends.
    fn let_in(places: &mut Places, from: &str) -> Arc<LastRequest> {
        let mut last = None;
        places.let_in(peer(from), |its| {
            last = Some(its);
            std::future::pending()
        });
        last.unwrap()
    }

    fn held(places: &Places, from: &str) -> usize {
        places.taken.values().filter(|place| place.peer == peer(from)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn the_peer_that_has_most_makes_room_with_what_it_does_not_use() {
        let mut places = Places::default();
        for _ in 0..5000 {
            let_in(&mut places, "10.0.0.1");
        }
        assert_eq!(places.taken.len(), MOST_OF_A_PEER);
        for n in 0..=255 {
            let_in(&mut places, &format!("10.0.1.{n}"));
        }
        assert_eq!(places.taken.len(), MOST);
        assert_eq!(held(&places, "10.0.0.1"), 256, "one each of the others");
        // What works stays, what is silent goes.
        tokio::time::advance(Duration::from_secs(1)).await;
        let busy = let_in(&mut places, "10.0.0.1");
        for _ in 0..1000 {
            tokio::time::advance(Duration::from_millis(1)).await;
            busy.note();
            let_in(&mut places, "10.0.0.1");
        }
        assert!(places.taken.values().any(|place| Arc::ptr_eq(&place.last, &busy)));
        for n in 0..=255 {
            assert_eq!(held(&places, &format!("10.0.1.{n}")), 1, "{n}");
        }
    }

    #[tokio::test]
    async fn places_of_connections_that_end_are_free_again() {
        let mut places = Places::default();
        for _ in 0..MOST_OF_A_PEER {
            places.let_in(peer("::1"), |_| std::future::ready(()));
        }
        places.all_ended().await;
        assert!(places.taken.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        for (one, other, same) in [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
        ] {
            assert_eq!(network_of(peer(one)) == network_of(peer(other)), same, "{one} {other}");
        }
    }
}
