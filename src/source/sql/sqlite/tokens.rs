//! The tokens of a statement of SQLite with the parentheses that they stand in: just enough to find the
//! operands of an operator. Not here: the tokens themselves (`statement`).

use crate::source::statement::Dialect;
pub(super) use crate::source::statement::tokens::TokenKind;
use crate::source::statement::tokens::{Token, tokens};

/// The tokens of a text.
pub(super) struct Tokens<'a> {
    pub(super) all: Vec<Token<'a>>,
    nesting: Vec<Nesting>,
}

/// Where a token stands.
#[derive(Clone, Copy, Default)]
struct Nesting {
    /// How many parentheses it stands in.
    depth: usize,
    /// Of a parenthesis, the place of its partner among the tokens.
    partner: Option<usize>,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let all = tokens(Dialect::Sqlite, text);
        let mut nesting: Vec<Nesting> = Vec::with_capacity(all.len());
        let mut open = Vec::new();
        for (place, token) in all.iter().enumerate() {
            let partner = if token.kind == TokenKind::Close { open.pop() } else { None };
            if let Some(partner) = partner.and_then(|at: usize| nesting.get_mut(at)) {
                partner.partner = Some(place);
            }
            nesting.push(Nesting { depth: open.len(), partner });
            if token.kind == TokenKind::Open {
                open.push(place);
            }
        }
        Self { all, nesting }
    }

    pub(super) fn kind(&self, at: usize) -> Option<TokenKind> {
        self.all.get(at).map(|token| token.kind)
    }

    pub(super) fn text(&self, at: usize) -> &'a str {
        self.all.get(at).map_or("", |token| token.text)
    }

    /// Whether there is this word, in any case.
    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.all.get(at).is_some_and(|token| token.is(word))
    }

    pub(super) fn is_any(&self, at: usize, words: &[&str]) -> bool {
        self.all.get(at).is_some_and(|token| token.is_one_of(words))
    }

    /// A name as it is meant: without its quotes.
    pub(super) fn name(&self, at: usize) -> Option<String> {
        self.all.get(at)?.name().map(String::from)
    }

    /// Whether a token is between these parentheses and in no others.
    pub(super) fn is_directly_in(&self, open: usize, at: usize) -> bool {
        let depth = |at: usize| self.nesting.get(at).map(|nesting| nesting.depth);
        depth(at) == depth(open).map(|depth| depth + 1)
    }

    /// The parenthesis that a token stands in.
    pub(super) fn around(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|open| {
            self.kind(*open) == Some(TokenKind::Open)
                && self.partner(*open).is_some_and(|close| close > at)
        })
    }

    /// The partner of a parenthesis.
    pub(super) fn partner(&self, at: usize) -> Option<usize> {
        self.nesting.get(at)?.partner
    }
}
