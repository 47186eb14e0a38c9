//! What is wrong with a configuration, collected first and shown all at once. Not here: finding the
//! mistakes.

use std::collections::BTreeSet;
use std::fmt;

use super::excerpt::excerpt;
use super::files::{Files, TextSpan};
use crate::shown;
use crate::word::{Place as Shown, Word};

/// One mistake, or a note, with its place and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A mistake, or a note only.
    pub word: Word,
    /// The file as the user named it, or what else is wrong (`environment`).
    pub file: String,
    /// Line and column, both from 1, when the mistake is at a place in the file.
    pub place: Option<(usize, usize)>,
    /// Lower case, no full stop; never holds a secret.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The source line and its underline, secrets masked.
    excerpt: Option<String>,
}

/// One or more mistakes, in the order of files and lines: the first of them, if there are very many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    shown: Vec<Diagnostic>,
    /// How many there are besides.
    more: usize,
}

/// Mistakes that are shown; the next run shows others.
const MOST: usize = 100;

/// With more than this, nobody is told which name may have been meant: comparing takes its time.
const MANY: usize = 300;

/// And not when all of them together would be compared with more names than this.
const COMPARED: usize = 50_000;

/// Mistakes while they are being collected.
#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

struct Problem {
    place: Place,
    message: String,
    hint: Option<String>,
}

enum Place {
    At(TextSpan),
    Whole(String),
}

impl Problems {
    /// A mistake at a place.
    pub(crate) fn at(&mut self, span: TextSpan, message: impl Into<String>) -> &mut Self {
        self.push(Place::At(span), message.into())
    }

    /// A mistake of a file, or of the environment, as a whole.
    pub(crate) fn whole(&mut self, file: &str, message: impl Into<String>) -> &mut Self {
        self.push(Place::Whole(file.to_owned()), message.into())
    }

    /// Says what to do about the mistake just added.
    pub(crate) fn hint(&mut self, hint: impl Into<Option<String>>) {
        if let Some(last) = self.0.last_mut() {
            last.hint = hint.into();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there are so many that each should cost less than a comparison with so many names.
    pub(crate) fn are_many(&self, names: usize) -> bool {
        self.0.len() > MANY || self.0.len().saturating_mul(names) > COMPARED
    }

    /// The same for what is no mistake: maybe none.
    pub(crate) fn into_notes(self, files: &Files) -> Vec<Diagnostic> {
        let notes = self.into_diagnostics(files).shown.into_iter();
        notes.map(|note| Diagnostic { word: Word::Note, ..note }).collect()
    }

    fn push(&mut self, place: Place, message: String) -> &mut Self {
        self.0.push(Problem { place, message, hint: None });
        self
    }

    /// The mistakes with their lines, sorted, each once.
    pub(crate) fn into_diagnostics(self, files: &Files) -> Diagnostics {
        let mut all = self.0;
        all.sort_by(|a, b| a.order(files).cmp(&b.order(files)));
        let mut seen = BTreeSet::new();
        all.retain(|one| {
            let (file, at) = one.order(files);
            seen.insert((file.to_owned(), at, one.message.clone()))
        });
        let more = all.len().saturating_sub(MOST);
        all.truncate(MOST);
        let shown = all.into_iter().map(|problem| problem.resolve(files)).collect();
        Diagnostics { shown, more }
    }
}

impl Problem {
    /// File and byte.
    fn order<'p>(&'p self, files: &'p Files) -> (&'p str, Option<usize>) {
        match &self.place {
            Place::Whole(file) => (file, None),
            Place::At(span) => (&files.get(span.file).name, Some(span.start)),
        }
    }

    fn resolve(self, files: &Files) -> Diagnostic {
        let short = |text: String| shown::cut(&text, shown::MOST_OF_A_MESSAGE).into_owned();
        let (message, hint) = (short(self.message), self.hint.map(short));
        let word = Word::Error;
        match self.place {
            Place::Whole(file) => {
                Diagnostic { word, file, place: None, message, hint, excerpt: None }
            }
            Place::At(span) => {
                let file = files.get(span.file);
                let (line, column) = files.line_column(span);
                let excerpt = Some(excerpt(file, line, span.start..span.end));
                let place = Some((line, column));
                Diagnostic { word, file: file.name.clone(), place, message, hint, excerpt }
            }
        }
    }
}

impl Diagnostics {
    /// How many; never 0.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.shown.len() + self.more
    }

    /// The first 100, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.shown.iter()
    }
}

/// `FILE:LINE:COLUMN: error: message`, the source line with a caret underline, the hint; with `{:#}` in colour.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, word) = (Shown(&self.file, self.place), self.word);
        if f.alternate() {
            write!(f, "{at:#} {word:#} {}", self.message)?;
        } else {
            write!(f, "{at} {word} {}", self.message)?;
        }
        if let Some(excerpt) = &self.excerpt {
            write!(f, "\n{excerpt}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// All of them, an empty line between two, and how many there are.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in &self.shown {
            one.fmt(f)?;
            f.write_str("\n\n")?;
        }
        let count = self.len();
        write!(f, "{count} error{}", if count == 1 { "" } else { "s" })?;
        if self.more > 0 {
            write!(f, ", of which the first {MOST} are shown")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
