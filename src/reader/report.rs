//! Where whoever reads an entry reports what is wrong with it: the mistakes so far, the texts that
//! they are in, and the few checks that all readers make. Not here: what any key means.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use super::bounds::Bounds;
use super::diagnostic::Problems;
use super::entry::Entry;
use super::files::{Files, TextSpan};
use super::spanned::Spanned;
use super::suggest::closest;

/// The mistakes so far, and the texts that they are in.
pub(crate) struct Report<'a> {
    pub(crate) files: &'a Files,
    pub(crate) problems: &'a mut Problems,
    /// How large what is written may be.
    pub(crate) bounds: Bounds,
}

impl Report<'_> {
    /// The folder that relative paths at a place are relative to.
    pub(crate) fn dir(&self, span: TextSpan) -> &Path {
        &self.files.get(span.file).dir
    }

    /// A whole number inside a range; the default when it is not given, or after a mistake.
    pub(crate) fn within<N: Copy + PartialOrd + Display>(
        &mut self,
        path: &str,
        given: Option<&Spanned<N>>,
        range: RangeInclusive<N>,
        default: N,
    ) -> N {
        let Some(given) = given else { return default };
        if range.contains(&given.value) {
            return given.value;
        }
        let found = self.shown(given, &given.value.to_string());
        let (least, most) = (range.start(), range.end());
        let message = format!("`{path}`: expected {least} to {most}, found {found}");
        self.problem(given.span, message, format!("{default} is the default"));
        default
    }

    /// A mistake at a place, with what to do about it.
    pub(crate) fn problem(
        &mut self,
        span: TextSpan,
        message: String,
        hint: impl Into<Option<String>>,
    ) {
        self.problems.at(span, message).hint(hint);
    }

    /// A key that has to be there, unless a mistake in it has been reported. `hint` says what to add.
    pub(crate) fn required<T, E>(
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

    /// Refuses a word that is none of `known`; `expected` says all that could stand there.
    pub(crate) fn wrong_word<T>(
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
    pub(crate) fn shown<T>(&self, given: &Spanned<T>, value: &str) -> String {
        if given.interpolated {
            let file = self.files.get(given.span.file);
            let written = &file.text[given.span.start..given.span.end];
            let line = written.lines().next().unwrap_or("").trim_matches(['"', '\'']);
            return format!("the value of `{line}`");
        }
        format!("`{}`", value.lines().next().unwrap_or(""))
    }
}
