//! Idle connections. Deliberately less than a pool library: a fetch takes a connection out for good and
//! puts it back when it is known to be clean, and a database that is down is reported at once instead
//! of being tried until a time-out. Not here: how many fetches there are at once, and so how many
//! connections: who holds the source (`engine`) lets no more through than its `max_connections`.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) struct Pool<C> {
    idle: Mutex<Vec<C>>,
}

impl<C> Pool<C> {
    pub(super) fn new() -> Self {
        Self { idle: Mutex::new(Vec::new()) }
    }

    /// The idle connection that was used last.
    pub(super) fn take(&self) -> Option<C> {
        self.idle().pop()
    }

    pub(super) fn put(&self, connection: C) {
        self.idle().push(connection);
    }

    /// Closes the idle connections: what broke one has most likely broken them all.
    pub(super) fn forget(&self) {
        self.idle().clear();
    }

    /// A panic elsewhere cannot leave a vector of connections half changed.
    fn idle(&self) -> MutexGuard<'_, Vec<C>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
