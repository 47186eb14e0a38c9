//! Notes: what people say about a KPI and when, next to its numbers. Not here: where they are kept
//! (`store`) and who may write them (`server`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::id::KpiId;
use crate::shown;

/// Characters of a note, and of the name of its author.
pub const LONGEST: usize = 2_000;
/// The same of a name.
const LONGEST_NAME: usize = 100;

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

/// Why a text is no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// Nothing is said.
    #[error("a note needs a text")]
    Empty,
    /// Too much is.
    #[error("a note has at most {LONGEST} characters, and this one has {0}")]
    TooLong(usize),
    /// Nobody is called so.
    #[error("the name of an author has at most {LONGEST_NAME} characters")]
    LongName,
}

impl Note {
    /// A note of a text as somebody wrote it: without spaces around it and controls in it.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(
        kpi: KpiId,
        at: DateTime<Utc>,
        author: Option<&str>,
        text: &str,
    ) -> Result<Self, Refused> {
        // As long as they were sent, by which the description of the API goes.
        let length = text.chars().count();
        if length > LONGEST {
            return Err(Refused::TooLong(length));
        }
        if author.is_some_and(|name| name.chars().count() > LONGEST_NAME) {
            return Err(Refused::LongName);
        }
        let text = clean(text);
        if text.is_empty() {
            return Err(Refused::Empty);
        }
        let author = author.map(clean).filter(|name| !name.is_empty());
        Ok(Self { kpi, at, author, text })
    }
}

/// Marks that turn the direction of text around would change what stands beside it.
fn clean(text: &str) -> String {
    let shown = |c: &char| {
        let turns = shown::turns(*c);
        !turns && (!c.is_control() || c.is_whitespace())
    };
    let text: String = text.chars().filter(shown).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The notes of every KPI, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Notes(BTreeMap<KpiId, Vec<Note>>);

impl Notes {
    /// The notes of a KPI, the newest first.
    pub fn of(&self, kpi: &str) -> &[Note] {
        self.0.get(kpi).map_or(&[], Vec::as_slice)
    }

    /// Those until an instant.
    #[must_use]
    pub fn until(self, at: DateTime<Utc>) -> Self {
        self.0.into_values().flatten().filter(|note| note.at <= at).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Result<String, Refused> {
        Note::new("a".into(), DateTime::UNIX_EPOCH, None, text).map(|note| note.text)
    }

    #[test]
    fn a_note_is_one_line_of_text_with_an_end() {
        assert_eq!(said(" a\n\tb\u{1b}[31m \u{202e}c "), Ok("a b[31m c".to_owned()));
        assert_eq!(said(" \n\u{0} "), Err(Refused::Empty));
        assert_eq!(said(&"ä".repeat(LONGEST)).map(|text| text.chars().count()), Ok(LONGEST));
        assert_eq!(said(&"ä".repeat(LONGEST + 1)), Err(Refused::TooLong(LONGEST + 1)));
        let named = |name: &str| Note::new("a".into(), DateTime::UNIX_EPOCH, Some(name), "x");
        assert_eq!(named(" ").map(|note| note.author), Ok(None));
        assert_eq!(named(&"x".repeat(101)), Err(Refused::LongName));
        // What is taken out counts as well: a client goes by what it sends.
        assert_eq!(named(&format!("Ann{}", "\u{4}".repeat(98))), Err(Refused::LongName));
        assert_eq!(said(&format!("a{}", " ".repeat(LONGEST))), Err(Refused::TooLong(LONGEST + 1)));
    }
}
