//! An SQL text of SQLite as tokens: just enough to find the operands of an operator. Not here: what
//! hides text (`lexer`).

use crate::source::statement::Dialect;
use crate::source::statement::lexer::{is_word, opaque_at, starts_word, word_end};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name without quotes, or a keyword.
    Word,
    /// A name in quotes.
    Quoted,
    Text,
    Number,
    Parameter,
    Open,
    Close,
    Comma,
    Dot,
    Operator,
}

/// A stretch of the text; comments and white space are none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Of a parenthesis, the place of its partner among the tokens.
    pub(super) partner: Option<usize>,
    /// How many parentheses it stands in.
    pub(super) depth: usize,
}

/// The tokens of a text.
pub(super) struct Tokens<'a> {
    pub(super) text: &'a str,
    pub(super) all: Vec<Token>,
}

/// Two characters that are one operator.
const LONG: [&str; 10] = ["->>", "->", "||", "<=", ">=", "<>", "!=", "==", "<<", ">>"];

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut all = Vec::new();
        let mut open = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            if let Some(opaque) = opaque_at(Dialect::Sqlite, bytes, at) {
                if !opaque.comment {
                    let kind = if bytes[at] == b'\'' { Kind::Text } else { Kind::Quoted };
                    let (end, depth) = (opaque.end, open.len());
                    all.push(Token { kind, start: at, end, partner: None, depth });
                }
                at = opaque.end;
                continue;
            }
            if bytes[at].is_ascii_whitespace() {
                at += 1;
                continue;
            }
            let (kind, end) = one(text, at);
            let mut token = Token { kind, start: at, end, partner: None, depth: open.len() };
            match kind {
                Kind::Open => open.push(all.len()),
                Kind::Close => {
                    token.partner = open.pop();
                    token.depth = open.len();
                    let place = all.len();
                    if let Some(partner) = token.partner.and_then(|at: usize| all.get_mut(at)) {
                        partner.partner = Some(place);
                    }
                }
                _ => {}
            }
            all.push(token);
            at = end;
        }
        Self { text, all }
    }

    pub(super) fn kind(&self, at: usize) -> Option<Kind> {
        self.all.get(at).map(|token| token.kind)
    }

    pub(super) fn text(&self, at: usize) -> &'a str {
        self.all.get(at).map_or("", |token| &self.text[token.start..token.end])
    }

    /// Whether there is this word, in any case.
    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.kind(at) == Some(Kind::Word) && self.text(at).eq_ignore_ascii_case(word)
    }

    pub(super) fn is_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    /// A name as it is meant: without its quotes.
    pub(super) fn name(&self, at: usize) -> Option<String> {
        let text = self.text(at);
        match self.kind(at)? {
            Kind::Word => Some(text.to_owned()),
            Kind::Quoted => {
                let inner = text.get(1..text.len().saturating_sub(1))?;
                let quote = &text[..1];
                Some(inner.replace(&quote.repeat(2), quote))
            }
            _ => None,
        }
    }

    /// Whether a token is between these parentheses and in no others.
    pub(super) fn is_directly_in(&self, open: usize, at: usize) -> bool {
        let depth = |at: usize| self.all.get(at).map(|token| token.depth);
        depth(at) == depth(open).map(|depth| depth + 1)
    }

    /// The partner of a parenthesis.
    pub(super) fn partner(&self, at: usize) -> Option<usize> {
        self.all.get(at)?.partner
    }
}

fn one(text: &str, at: usize) -> (Kind, usize) {
    let bytes = text.as_bytes();
    let next = bytes.get(at + 1).copied().unwrap_or(b' ');
    match bytes[at] {
        b'(' => (Kind::Open, at + 1),
        b')' => (Kind::Close, at + 1),
        b',' => (Kind::Comma, at + 1),
        b'.' if !next.is_ascii_digit() => (Kind::Dot, at + 1),
        b'?' => (Kind::Parameter, word_end(bytes, at + 1)),
        b'x' | b'X' if next == b'\'' => {
            let end = opaque_at(Dialect::Sqlite, bytes, at + 1).map_or(at + 1, |opaque| opaque.end);
            (Kind::Text, end)
        }
        byte if starts_word(byte) => (Kind::Word, word_end(bytes, at)),
        byte if byte.is_ascii_digit() || byte == b'.' => (Kind::Number, number_end(bytes, at)),
        _ => {
            let long = LONG.iter().find(|long| text[at..].starts_with(**long));
            (Kind::Operator, at + long.map_or(1, |long| long.len()))
        }
    }
}

/// Digits, points, and a sign after an `e`.
fn number_end(bytes: &[u8], start: usize) -> usize {
    let hexadecimal = matches!(bytes.get(start + 1), Some(b'x' | b'X'));
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        let after_power = at > start && !hexadecimal && matches!(bytes[at - 1], b'e' | b'E');
        if !(is_word(byte) || byte == b'.' || after_power && matches!(byte, b'+' | b'-')) {
            break;
        }
        at += 1;
    }
    at.max(start + 1)
}
