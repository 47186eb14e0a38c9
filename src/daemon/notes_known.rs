//! What people said, as far as it was read: notes come from other processes as well.

use crate::note::Notes;
use crate::store::Store;

/// The notes of a store, and the number of the newest of them.
#[derive(Default)]
pub(super) struct NotesKnown {
    pub(super) notes: Notes,
    newest: i64,
}

impl NotesKnown {
    /// Reads them again, if there is one that was not there before.
    pub(super) async fn look(&mut self, store: &Store) {
        let Ok(newest) = store.newest_note().await else { return };
        if newest != self.newest
            && let Ok(notes) = store.notes().await
        {
            *self = Self { notes, newest };
        }
    }
}
