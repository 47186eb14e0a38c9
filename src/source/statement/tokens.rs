//! SQL as a row of tokens: words, literals, brackets and operators, without comments and blanks. Not
//! here: what hides what (`lexer`), and what brackets enclose (`sql::sqlite`).

use std::borrow::Cow;

use super::Dialect;
use super::lexer::{is_word, opaque_at, starts_word, word_end};

/// What a token is, as far as its first characters tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum TokenKind {
    /// A name without quotes, or a keyword.
    Word,
    /// A name in quotes; in `"`, which some dialects take for a text.
    Quoted,
    Text,
    Number,
    Parameter,
    Open,
    Close,
    Comma,
    Dot,
    /// Any other sign.
    Operator,
}

/// A stretch of the text; comments and white space are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Token<'a> {
    pub(in crate::source) kind: TokenKind,
    pub(in crate::source) text: &'a str,
    /// Where it begins, in bytes.
    pub(in crate::source) at: usize,
}

/// Characters that together are one operator.
const LONG: [&str; 10] = ["->>", "->", "||", "<=", ">=", "<>", "!=", "==", "<<", ">>"];

impl<'a> Token<'a> {
    /// Where the text goes on after it.
    pub(in crate::source) fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// Whether it is this word, in letters of any size.
    pub(in crate::source) fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(in crate::source) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether a name or a value may stand here, and no sign.
    pub(in crate::source) fn is_content(&self) -> bool {
        matches!(
            self.kind,
            TokenKind::Word | TokenKind::Quoted | TokenKind::Text | TokenKind::Number
        )
    }

    /// A name as it is meant: without its quotes.
    pub(in crate::source) fn name(&self) -> Option<Cow<'a, str>> {
        match self.kind {
            TokenKind::Word => Some(Cow::Borrowed(self.text)),
            TokenKind::Quoted => {
                let quote = self.text.get(..1)?;
                let inner = self.text.get(1..self.text.len().saturating_sub(1))?;
                Some(if inner.contains(quote) {
                    Cow::Owned(inner.replace(&quote.repeat(2), quote))
                } else {
                    Cow::Borrowed(inner)
                })
            }
            _ => None,
        }
    }
}

/// The tokens of the first statement in a text.
pub(in crate::source) fn tokens(dialect: Dialect, text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (kind, end) = match (opaque_at(dialect, bytes, at), bytes[at]) {
            (Some(opaque), _) if opaque.comment => {
                at = opaque.end;
                continue;
            }
            (Some(opaque), b'"' | b'`' | b'[') => (TokenKind::Quoted, opaque.end),
            (Some(opaque), _) => (TokenKind::Text, opaque.end),
            (None, b';') if !tokens.is_empty() => break,
            (None, byte) if byte.is_ascii_whitespace() || byte == b';' => {
                at += 1;
                continue;
            }
            // After a name, even before a digit.
            (None, b'.') if tokens.last().is_some_and(|last| ends_name(last, at)) => {
                (TokenKind::Dot, at + 1)
            }
            (None, _) => one(dialect, text, at),
        };
        let end = end.min(text.len());
        tokens.push(Token { kind, text: text.get(at..end).unwrap_or_default(), at });
        at = end;
    }
    tokens
}

/// Whether a name ends just here.
fn ends_name(token: &Token<'_>, at: usize) -> bool {
    token.end() == at && matches!(token.kind, TokenKind::Word | TokenKind::Quoted)
}

/// Kind and end of the token that begins here and hides nothing.
fn one(dialect: Dialect, text: &str, at: usize) -> (TokenKind, usize) {
    let bytes = text.as_bytes();
    let next = bytes.get(at + 1).copied().unwrap_or(b' ');
    match bytes[at] {
        b'(' => (TokenKind::Open, at + 1),
        b')' => (TokenKind::Close, at + 1),
        b',' => (TokenKind::Comma, at + 1),
        b'.' if !next.is_ascii_digit() => (TokenKind::Dot, at + 1),
        b'?' if dialect == Dialect::Sqlite => (TokenKind::Parameter, word_end(bytes, at + 1)),
        b'x' | b'X' if next == b'\'' => {
            let end = opaque_at(dialect, bytes, at + 1).map_or(at + 1, |opaque| opaque.end);
            (TokenKind::Text, end)
        }
        byte if starts_word(byte) => (TokenKind::Word, word_end(bytes, at)),
        byte if byte.is_ascii_digit() || byte == b'.' => (TokenKind::Number, number_end(bytes, at)),
        _ => {
            let long = LONG.iter().find(|long| text[at..].starts_with(**long));
            (TokenKind::Operator, at + long.map_or(1, |long| long.len()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_has_its_kind_in_every_dialect() {
        use TokenKind::{Close, Comma, Dot, Number, Open, Operator, Parameter, Quoted, Text, Word};
        for (dialect, sql, expected) in [
            (Dialect::Sqlite, "f(?1, .5e-3)", &[Word, Open, Parameter, Comma, Number, Close][..]),
            (Dialect::Sqlite, "[a b].c->>'x' -- d", &[Quoted, Dot, Word, Operator, Text]),
            (Dialect::Postgres, "a ? $$;$$ || x'00'", &[Word, Operator, Text, Operator, Text]),
            (
                Dialect::MySql,
                "t.1st <= `a`.2; b",
                &[Word, Dot, Number, Operator, Quoted, Dot, Number],
            ),
        ] {
            let kinds: Vec<TokenKind> =
                tokens(dialect, sql).iter().map(|token| token.kind).collect();
            assert_eq!(kinds, expected, "{sql}");
        }
    }

    #[test]
    fn names_lose_their_quotes() {
        let names = |sql| {
            let tokens = tokens(Dialect::Sqlite, sql);
            tokens.iter().map(|token| token.name().map(String::from)).collect::<Vec<_>>()
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            names("a \"b\"\"c\" `d``e` [f] 'g' 7"),
            [some("a"), some("b\"c"), some("d`e"), some("f"), None, None]
        );
    }
}
