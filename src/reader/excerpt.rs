//! One line of a configuration with a caret underline, for people. Not here: messages
//! (`diagnostic`). Nothing secret leaves this file.

use std::fmt::Write as _;
use std::ops::Range;

use super::files::SourceFile;
use super::secrets::{likely_secrets, secrets_of_urls};

/// Characters shown of a long line, before and after the place.
const BEFORE: usize = 80;
const AFTER: usize = 80;

/// The line of a place and, below it, a caret under each of its columns:
///
/// ```text
///   12 |     kind: leadng
///      |           ^^^^^^
/// ```
///
/// Tabs are kept, so that the underline stands right at any tab width; a place of several lines is
/// underlined to the end of its first.
pub(crate) fn excerpt(file: &SourceFile, number: usize, place: Range<usize>) -> String {
    let line_start = file.text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let rest = &file.text[line_start..];
    let line = rest[..rest.find('\n').unwrap_or(rest.len())].trim_end();
    let from = (place.start - line_start).min(line.len());
    let to = place.end.saturating_sub(line_start).clamp(from, line.len());

    let mut hidden = secrets_of_urls(line);
    let inside = |at: usize| at.saturating_sub(line_start).min(line.len());
    match &file.secrets {
        Some(known) => hidden.extend(known.iter().map(|s| inside(s.start)..inside(s.end))),
        None => hidden.extend(likely_secrets(line)),
    }

    let mut shown = Shown::default();
    let window = visible(line, from);
    if window.start > 0 {
        shown.push('…', false);
    }
    let mut in_secret = false;
    for (at, c) in line.char_indices().filter(|(at, _)| window.contains(at)) {
        let marked = (from..to).contains(&at) || (from == to && at == from);
        match hidden.iter().any(|region| region.contains(&at)) {
            true if in_secret => {}
            true => "***".chars().for_each(|star| shown.push(star, marked)),
            false => shown.push(c, marked),
        }
        in_secret = hidden.iter().any(|region| region.contains(&at));
    }
    if window.end < line.len() {
        shown.push('…', false);
    }
    if from == line.len() {
        shown.underline.push('^');
    }
    shown.render(number)
}

/// A line and its underline, built side by side.
#[derive(Default)]
struct Shown {
    line: String,
    underline: String,
}

impl Shown {
    fn push(&mut self, c: char, marked: bool) {
        let c = if c.is_control() && c != '\t' { ' ' } else { c };
        self.line.push(c);
        match (c, marked) {
            ('\t', false) => self.underline.push('\t'),
            (_, true) => self.underline.extend(std::iter::repeat_n('^', width(c))),
            (_, false) => self.underline.extend(std::iter::repeat_n(' ', width(c))),
        }
    }

    fn render(&self, number: usize) -> String {
        let digits = number.to_string().len();
        let mut text = format!("  {number} | {}\n", self.line);
        let _ = write!(text, "  {:digits$} | {}", "", self.underline.trim_end());
        text
    }
}

/// The bytes of a long line around a place.
fn visible(line: &str, from: usize) -> Range<usize> {
    let back = line[..from].char_indices().rev().nth(BEFORE).map_or(0, |(at, _)| at);
    let ahead = line[from..].char_indices().nth(AFTER).map_or(line.len(), |(at, _)| from + at);
    back..ahead
}

/// Columns a character takes in a terminal: two for East Asian wide ones and emoji, none for
/// combining marks, one for the rest. A short form of Unicode's East Asian Width (UAX #11).
fn width(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn show(text: &str, part: &str) -> String {
        let at = text.find(part).unwrap();
        let file = SourceFile {
            name: "f".into(),
            text: text.into(),
            lines: vec![0],
            dir: PathBuf::new(),
            secrets: None,
        };
        excerpt(&file, 7, at..at + part.len())
    }

    #[test]
    fn the_caret_stands_under_the_place_after_tabs_and_wide_characters() {
        assert_eq!(show("a: 1\none: bad\nc: 2", "bad"), "  7 | one: bad\n    |      ^^^");
        assert_eq!(show("\tone:\tbad", "bad"), "  7 | \tone:\tbad\n    | \t    \t^^^");
        assert_eq!(show("売上: 悪い", "悪い"), "  7 | 売上: 悪い\n    |       ^^^^");
    }

    #[test]
    fn literal_secrets_are_not_shown_and_the_caret_still_fits() {
        assert_eq!(
            show("s: { url: pg://reader:pw@db, oops: 1 }", "oops"),
            "  7 | s: { url: pg://***@db, oops: 1 }\n    |                        ^^^^"
        );
        assert_eq!(
            show("password: hunter2", "hunter2"),
            "  7 | password: ***\n    |           ^^^"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("k: {}BAD{}", "x".repeat(500), "y".repeat(500));
        let shown = show(&text, "BAD");
        assert!(shown.lines().all(|line| line.chars().count() < 200), "{shown}");
        assert!(shown.contains("BAD"));
    }
}
