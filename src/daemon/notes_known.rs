//! What pages show of the store besides numbers, as far as it was read: notes, which come from other
//! processes as well, and how periods ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::id::KpiId;
use crate::note::Notes;
use crate::recall::closed_periods;
use crate::record::Remembered;
use crate::snapshot::ClosedPeriod;
use crate::store::{Closed, Store};

/// The notes of a store with the number of the newest, and the periods that ended.
#[derive(Default)]
pub(super) struct NotesKnown {
    notes: Notes,
    newest: i64,
    closed: BTreeMap<KpiId, Arc<[ClosedPeriod]>>,
    /// Whether they were read since the last of them was written.
    closed_is_read: bool,
}

impl NotesKnown {
    /// Reads again what is not as it was. Whether there was something.
    pub(super) async fn look(&mut self, store: &Store, now: DateTime<Utc>) -> bool {
        let mut is_new = false;
        if let Ok(newest) = store.newest_note().await
            && newest != self.newest
            && let Ok(notes) = store.notes().await
        {
            (self.notes, self.newest) = (notes, newest);
            is_new = true;
        }
        if !self.closed_is_read
            && let Ok(closed) = closed_periods(store, now).await
        {
            (self.closed, self.closed_is_read) = (closed, true);
            is_new = true;
        }
        is_new
    }

    /// Takes note of what became of a closing.
    pub(super) fn take(&mut self, how: &Closed) {
        self.closed_is_read &= *how == Closed::Unchanged;
    }

    /// All of it is another one.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// With what is shown as it was.
    pub(super) fn beside(&self, remembered: Remembered) -> Remembered {
        Remembered { notes: self.notes.clone(), closed: self.closed.clone(), ..remembered }
    }
}
