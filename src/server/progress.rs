//! How a connection gets on, as the one sees it who has to choose which one makes room. Not here: the
//! choice (`places`), and when one that does not get on is given up (`paced`, `connection`).

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// What a connection is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its client, for a request: none has come, or all were answered.
    Silent,
    /// Its client, to read its answer.
    Unread,
    /// Us, for an answer.
    Answering,
}

/// Bytes of an answer that the system takes in advance: what a connection may hold of its memory.
pub(super) const SEND_BUFFER: usize = 256 << 10;

/// Bytes that the systems of both sides take before anybody has read any: the buffer of ours, which the
/// system makes twice as large as it is asked to.
const IN_ADVANCE: usize = 2 * SEND_BUFFER;

/// How a connection is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) phase: Phase,
    /// How often its client took what shows that it reads.
    pub(super) taken: usize,
    /// When it last got on.
    pub(super) last: Instant,
}

/// The phase of a connection, and when it last got on: began, brought a request, was answered, or took
/// bytes of an answer. Bytes of a request that is not complete are nothing yet.
#[derive(Debug)]
pub(super) struct Progress(Mutex<State>);

#[derive(Debug)]
struct State {
    last: Instant,
    answering: usize,
    unread: bool,
    /// Bytes written since the last request.
    taken: usize,
}

impl Progress {
    pub(super) fn begun() -> Self {
        let last = Instant::now();
        Self(Mutex::new(State { last, answering: 0, unread: false, taken: 0 }))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        // A lock that a defect left behind still holds a state.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// It brought a request.
    pub(super) fn asked(&self) {
        self.change(|state| {
            state.last = Instant::now();
            state.taken = 0;
        });
    }

    /// It took so many bytes of an answer.
    pub(super) fn took(&self, bytes: usize) {
        self.change(|state| {
            state.last = Instant::now();
            state.taken = state.taken.saturating_add(bytes);
        });
    }

    /// Its client takes no bytes now, or all of them are gone.
    pub(super) fn is_unread(&self, unread: bool) {
        self.change(|state| state.unread = unread);
    }

    /// A request is here as a whole, and being answered until what is returned is dropped.
    pub(super) fn answering(self: &Arc<Self>) -> Answering {
        self.change(|state| state.answering += 1);
        Answering(Arc::clone(self))
    }

    /// How it is now.
    pub(super) fn seen(&self) -> Seen {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let phase = match *state {
            State { unread: true, .. } => Phase::Unread,
            State { answering: 0, .. } => Phase::Silent,
            State { .. } => Phase::Answering,
        };
        Seen { phase, taken: state.taken / IN_ADVANCE, last: state.last }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Answering(Arc<Progress>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.answering -= 1;
            state.last = Instant::now();
        });
    }
}
