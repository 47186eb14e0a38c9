//! Notes: what people say about a KPI and when, next to its numbers. Not here: where they are kept
//! (`store`) and who may write them (`server`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::id::KpiId;

/// What somebody said about a KPI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// About which.
    pub kpi: KpiId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, where that is known.
    pub author: Option<String>,
    /// What.
    pub text: String,
}

/// The notes of every KPI, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Notes(BTreeMap<KpiId, Vec<Note>>);

impl Notes {
    /// The notes of a KPI, the newest first.
    pub fn of(&self, kpi: &str) -> &[Note] {
        self.0.get(kpi).map_or(&[], Vec::as_slice)
    }
}

impl FromIterator<Note> for Notes {
    fn from_iter<I: IntoIterator<Item = Note>>(notes: I) -> Self {
        let mut all: BTreeMap<KpiId, Vec<Note>> = BTreeMap::new();
        for note in notes {
            all.entry(note.kpi.clone()).or_default().push(note);
        }
        for notes in all.values_mut() {
            notes.sort_by_key(|note| std::cmp::Reverse(note.at));
        }
        Self(all)
    }
}
