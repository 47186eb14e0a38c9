//! Idle connections and a limit on how many are in use. Deliberately less than a pool library: a
//! fetch takes a connection out for good and puts it back when it is known to be clean, and a
//! database that is down is reported at once instead of being tried until a time-out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

pub(super) struct Pool<C> {
    slots: Semaphore,
    idle: Mutex<Vec<C>>,
}

impl<C> Pool<C> {
    pub(super) fn new(max_connections: u32) -> Self {
        let slots = usize::try_from(max_connections).unwrap_or(usize::MAX);
        let slots = Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS));
        Self { slots, idle: Mutex::new(Vec::new()) }
    }

    /// The right to use one connection. The semaphore is never closed.
    pub(super) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.acquire().await.ok()
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
