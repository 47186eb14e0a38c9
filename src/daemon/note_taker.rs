//! Writes down the notes that clients bring, one after the other, and has them shown. Not here: who may
//! bring one (`server`).

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::error;

use crate::clock::Clock;
use crate::note::Note;
use crate::server::{NotTaken, NoteRequest, Shared};
use crate::store::Store;

/// Notes that wait, at most.
pub(super) const WAITING: usize = 16;

/// Works until nobody can bring one any more. `None` for a store that could not be opened.
pub(super) async fn take_notes(
    mut requests: mpsc::Receiver<NoteRequest>,
    store: Option<Arc<Store>>,
    clock: Clock,
    shared: Arc<Shared>,
) {
    while let Some(request) = requests.recv().await {
        let NoteRequest { kpi, author, text, answer } = request;
        let taken = match Note::new(kpi, clock(), author.as_deref(), &text) {
            Ok(note) => write(store.as_deref(), note).await,
            Err(refused) => Err(NotTaken::Refused(refused)),
        };
        if taken.is_ok() {
            shared.note_was_taken();
        }
        // Who does not wait any more has gone away.
        let _ = answer.send(taken);
    }
}

async fn write(store: Option<&Store>, note: Note) -> Result<Note, NotTaken> {
    let Some(store) = store else {
        error!(kpi = %note.kpi, "a note was not written: there is no store to write to");
        return Err(NotTaken::Failed);
    };
    match store.add_note(&note).await {
        Ok(()) => Ok(note),
        Err(problem) => {
            error!(kpi = %note.kpi, "a note was not written: {problem}");
            Err(NotTaken::Failed)
        }
    }
}
