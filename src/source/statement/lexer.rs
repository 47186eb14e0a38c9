//! The parts of an SQL text that hide their content: strings, quoted names and comments, per
//! dialect. Knows nothing of parameters or statements.

use super::Dialect;

/// A stretch of text in which nothing means what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Opaque {
    /// First byte after it; the end of the text when it is not closed.
    pub(in crate::source) end: usize,
    /// Comments are no content, strings and names are.
    pub(in crate::source) comment: bool,
}

/// The string, quoted name or comment that begins at byte `at`, if one does.
pub(in crate::source) fn opaque_at(dialect: Dialect, text: &[u8], at: usize) -> Option<Opaque> {
    use Dialect::{ClickHouse, MySql, Postgres, Sqlite, Trino};
    let rest = &text[at..];
    let hidden = |end| Some(Opaque { end, comment: false });
    let comment = |end| Some(Opaque { end, comment: true });
    match (rest[0], dialect) {
        (b'\'', Postgres) => hidden(quoted(text, at, has_escape_prefix(text, at))),
        (b'\'' | b'"', MySql | ClickHouse) | (b'`', ClickHouse) => hidden(quoted(text, at, true)),
        (b'\'' | b'"', _) | (b'`', MySql | Sqlite | Trino) => hidden(quoted(text, at, false)),
        (b'[', Sqlite) => hidden(after(text, at, b"]")),
        (b'$', Postgres | ClickHouse) => dollar_tag(text, at).map(|tag| {
            let end = after(text, at + tag.len(), tag);
            Opaque { end, comment: false }
        }),
        (b'#', MySql) => comment(after(text, at, b"\n")),
        (b'#', ClickHouse) if matches!(rest.get(1), Some(b' ' | b'!')) => {
            comment(after(text, at, b"\n"))
        }
        (b'/', ClickHouse) if rest.starts_with(b"//") => comment(after(text, at, b"\n")),
        (b'-', _) if rest.starts_with(b"--") && starts_comment(dialect, rest) => {
            comment(after(text, at, b"\n"))
        }
        (b'/', Postgres | ClickHouse) if rest.starts_with(b"/*") => {
            comment(nested_comment(text, at))
        }
        (b'/', _) if rest.starts_with(b"/*") => comment(after(text, at + 2, b"*/")),
        _ => None,
    }
}

/// Whether this byte may stand in a name; bytes beyond ASCII may.
pub(in crate::source) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Whether a name may begin with this byte.
pub(in crate::source) fn starts_word(byte: u8) -> bool {
    is_word(byte) && !byte.is_ascii_digit()
}

/// The end of the name (or number) that begins at `at`.
pub(in crate::source) fn word_end(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|byte| is_word(**byte)).count()
}

/// The end of a literal in which the quote stands doubled for itself.
fn quoted(text: &[u8], start: usize, backslashes: bool) -> usize {
    let quote = text[start];
    let mut at = start + 1;
    while at < text.len() {
        match text[at] {
            b'\\' if backslashes => at += 2,
            byte if byte == quote && text.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// `E'...'`, where backslashes escape; not the end of a longer word.
fn has_escape_prefix(text: &[u8], at: usize) -> bool {
    at >= 1 && matches!(text[at - 1], b'e' | b'E') && (at == 1 || !is_word(text[at - 2]))
}

/// The opening `$tag$` (or `$$`) of a dollar-quoted string.
fn dollar_tag(text: &[u8], at: usize) -> Option<&[u8]> {
    if at > 0 && is_word(text[at - 1]) {
        return None;
    }
    let end = word_end(text, at + 1);
    let digit_first = text.get(at + 1).is_some_and(u8::is_ascii_digit);
    (text.get(end) == Some(&b'$') && !digit_first).then(|| &text[at..=end])
}

/// MySQL takes `--` for a comment only before white space: `5--3` is 8.
fn starts_comment(dialect: Dialect, rest: &[u8]) -> bool {
    dialect != Dialect::MySql
        || rest.get(2).is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

fn nested_comment(text: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The place after the first `closing` from `from` on.
fn after(text: &[u8], from: usize, closing: &[u8]) -> usize {
    text[from..]
        .windows(closing.len())
        .position(|window| window == closing)
        .map_or(text.len(), |found| from + found + closing.len())
}
