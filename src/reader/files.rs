//! The texts of a configuration and places in them: bytes, lines, columns. Not here: what the texts
//! mean (`yaml`) and how places are shown to people (`excerpt`).

use std::ops::Range;
use std::path::{Path, PathBuf};

/// One file as read, or a built-in text.
pub(crate) struct SourceFile {
    /// As shown in messages.
    pub(crate) name: String,
    /// Without a byte order mark.
    pub(crate) text: String,
    /// Where each line begins.
    pub(super) lines: Vec<usize>,
    /// What relative paths in it are relative to.
    pub(crate) dir: PathBuf,
    /// Bytes that hold literal passwords, tokens and the like, known once it has been parsed.
    pub(crate) secrets: Option<Vec<Range<usize>>>,
}

/// Which of the [`Files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(usize);

impl FileId {
    pub(crate) fn number(self) -> usize {
        self.0
    }

    pub(crate) fn from_number(number: usize) -> Self {
        Self(number)
    }
}

/// A stretch of bytes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TextSpan {
    pub(crate) file: FileId,
    pub(crate) start: usize,
    /// Exclusive.
    pub(crate) end: usize,
}

/// All files of one configuration.
#[derive(Default)]
pub(crate) struct Files(Vec<SourceFile>);

impl Files {
    /// Takes in a text; a byte order mark is dropped.
    pub(crate) fn add(&mut self, name: &str, text: &str, dir: &Path) -> FileId {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let dir = dir.to_owned();
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        self.0.push(SourceFile { name: name.to_owned(), text, lines, dir, secrets: None });
        FileId(self.0.len() - 1)
    }

    pub(crate) fn get(&self, id: FileId) -> &SourceFile {
        &self.0[id.0]
    }

    pub(crate) fn set_secrets(&mut self, id: FileId, secrets: Vec<Range<usize>>) {
        self.0[id.0].secrets = Some(secrets);
    }

    /// Line and column of a place, both from 1; columns count characters.
    pub(crate) fn line_column(&self, span: TextSpan) -> (usize, usize) {
        let file = self.get(span.file);
        let line = file.lines.partition_point(|start| *start <= span.start);
        let start = file.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let at = file.text.floor_char_boundary(span.start);
        (line, file.text[start..at].chars().count() + 1)
    }

    /// `FILE:LINE:COLUMN`.
    pub(crate) fn place(&self, span: TextSpan) -> String {
        let (line, column) = self.line_column(span);
        format!("{}:{line}:{column}", self.get(span.file).name)
    }

    /// The place of a part of a scalar's value, given the span of the whole scalar. The value and
    /// the text differ by quotes, indentation and line folding, so they are walked side by side;
    /// where that fails (escapes, interpolated values) the whole span stands for the part.
    pub(crate) fn part(&self, whole: TextSpan, value: &str, part: Range<usize>) -> TextSpan {
        let base = whole.start;
        let raw = &self.get(whole.file).text[base..whole.end];
        let offsets = align(raw, value);
        let locate = |at: usize| offsets.get(at).copied().flatten();
        let Some(start) = locate(part.start) else { return whole };
        // One past the last byte of the part; an empty part is one place.
        let end = match part.end.checked_sub(1).filter(|last| *last >= part.start) {
            Some(last) => match locate(last) {
                Some(at) => at + 1,
                None => return whole,
            },
            None => start,
        };
        // A part may end in the middle of a character: what is shown is whole ones.
        let text = &self.get(whole.file).text;
        let (start, end) = (base + start, base + end);
        let start = text.floor_char_boundary(start);
        TextSpan { file: whole.file, start, end: text.ceil_char_boundary(end) }
    }
}

/// For each byte of `value` (and the one after it) its offset in `raw`; `None` from where the two
/// cannot be matched.
fn align(raw: &str, value: &str) -> Vec<Option<usize>> {
    let mut offsets = vec![None; value.len() + 1];
    let mut at = usize::from(raw.starts_with(['"', '\'']));
    for (i, wanted) in value.char_indices() {
        loop {
            let Some(found) = raw[at..].chars().next() else { return offsets };
            let folded = wanted.is_whitespace() && found.is_whitespace();
            if found == wanted || folded {
                for byte in 0..wanted.len_utf8() {
                    offsets[i + byte] = Some(at + byte.min(found.len_utf8() - 1));
                }
                at += found.len_utf8();
                break;
            }
            if !found.is_whitespace() && found != '\\' {
                return offsets;
            }
            at += found.len_utf8();
        }
    }
    offsets[value.len()] = Some(at);
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_values_are_found_through_quotes_indentation_and_folding() {
        for (raw, value, part, expected) in [
            ("orders.x / y", "orders.x / y", "y", 11),
            ("\"orders.x / y\"", "orders.x / y", "y", 12),
            ("\"a \\\"q\\\" y\"", "a \"q\" y", "y", 9),
            ("SELECT 1\n      FROM y\n", "SELECT 1\nFROM y\n", "y", 20),
            ("multi\n  liny", "multi liny", "y", 11),
        ] {
            let mut files = Files::default();
            let file = files.add("f", raw, Path::new(""));
            let whole = TextSpan { file, start: 0, end: raw.len() };
            let at = value.rfind(part).unwrap();
            let span = files.part(whole, value, at..at + part.len());
            assert_eq!((span.start, span.end), (expected, expected + part.len()), "{raw}");
        }
    }

    #[test]
    fn a_value_that_is_not_in_the_text_has_the_place_of_the_whole() {
        let mut files = Files::default();
        let file = files.add("f", "${env:X}", Path::new(""));
        let whole = TextSpan { file, start: 0, end: 8 };
        assert_eq!(files.part(whole, "a + b", 4..5), whole);
    }

    #[test]
    fn columns_count_characters_from_one() {
        let mut files = Files::default();
        let file = files.add("f", "a: 1\nüü: x", Path::new(""));
        assert_eq!(files.line_column(TextSpan { file, start: 11, end: 12 }), (2, 5));
    }
}
