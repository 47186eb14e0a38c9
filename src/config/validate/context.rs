//! What every validator needs: places, ids that exist, a place for problems, and the few checks that
//! all of them make.

use std::collections::BTreeMap;

use crate::config::document::Names;
use crate::config::raw::Text;
use crate::reader::diagnostic::Problems;
use crate::reader::entry::Entry;
use crate::reader::files::{Files, Span};
use crate::reader::spanned::Spanned;
use crate::reader::suggest::{closest, did_you_mean, listed};

/// The state of a validation.
pub(super) struct Context<'a> {
    pub(super) files: &'a Files,
    pub(super) problems: &'a mut Problems,
    pub(super) notes: Problems,
    pub(super) sources: Names,
    pub(super) objectives: Names,
    pub(super) metrics: Names,
    pub(super) kpis: Names,
    /// Label columns of the metrics that are right so far.
    pub(super) labels: BTreeMap<String, Vec<String>>,
    /// Columns of the metrics that say which they have.
    pub(super) columns: BTreeMap<String, Vec<String>>,
    /// What formulas ask of metrics.
    pub(super) uses: BTreeMap<String, Use>,
}

/// How formulas name a metric.
#[derive(Default)]
pub(super) struct Use {
    pub(super) columns: Vec<String>,
    pub(super) bare: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(files: &'a Files, problems: &'a mut Problems) -> Self {
        Self {
            files,
            problems,
            notes: Problems::default(),
            sources: Names::default(),
            objectives: Names::default(),
            metrics: Names::default(),
            kpis: Names::default(),
            labels: BTreeMap::new(),
            columns: BTreeMap::new(),
            uses: BTreeMap::new(),
        }
    }

    /// A mistake at a place, with what to do about it.
    pub(super) fn problem(&mut self, span: Span, message: String, hint: impl Into<Option<String>>) {
        self.problems.at(span, message).hint(hint);
    }

    /// What is no mistake, and could be better.
    pub(super) fn note(&mut self, span: Span, message: String, hint: impl Into<Option<String>>) {
        self.notes.at(span, message).hint(hint);
    }

    /// A key that has to be there, unless a mistake in it has been reported. `hint` says what to add.
    pub(super) fn required<T, E>(
        &mut self,
        entry: &Entry<E>,
        key: &str,
        value: Option<T>,
        hint: &str,
    ) -> Option<T> {
        if value.is_none() && !entry.is_broken(key) {
            let message = format!("`{}` lacks `{key}`", entry.path);
            self.problem(entry.span, message, format!("add {hint}"));
        }
        value
    }

    /// An id that has to exist among `names`; `what` says of what kind.
    pub(super) fn reference(
        &mut self,
        names: fn(&Self) -> &Names,
        what: &str,
        path: &str,
        id: &Text,
    ) -> Option<String> {
        if names(self).has(&id.value) {
            return Some(id.value.clone());
        }
        let known: Vec<&str> = names(self).ids.iter().map(String::as_str).collect();
        let hint = match id.interpolated {
            _ if known.is_empty() => format!("no {what} is defined yet"),
            true => format!("the {what}s are {}", listed(&known, "and")),
            false => did_you_mean(&id.value, &format!("the {what}s are"), &known),
        };
        let message = format!("`{path}`: {} is the id of no {what}", self.shown(id, &id.value));
        self.problem(id.span, message, hint);
        None
    }

    /// Refuses a word that is none of `known`; `expected` says all that could stand there.
    pub(super) fn wrong_word<T>(
        &mut self,
        path: &str,
        given: &Spanned<T>,
        word: &str,
        expected: &str,
        known: &[&str],
    ) {
        let found = self.shown(given, word);
        let similar = closest(word, known.iter().copied()).filter(|_| !given.interpolated);
        let message = format!("`{path}`: expected {expected}, found {found}");
        self.problem(given.span, message, similar.map(|one| format!("did you mean `{one}`?")));
    }

    /// A value for a message: what the file says, never what a reference stands for.
    pub(super) fn shown<T>(&self, given: &Spanned<T>, value: &str) -> String {
        if given.interpolated {
            let file = self.files.get(given.span.file);
            let written = &file.text[given.span.start..given.span.end];
            let line = written.lines().next().unwrap_or("").trim_matches(['"', '\'']);
            return format!("the value of `{line}`");
        }
        format!("`{}`", value.lines().next().unwrap_or(""))
    }
}
