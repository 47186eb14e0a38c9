//! Where the operand before or after a token begins and ends: a column, a literal, a call, a
//! parenthesis, a CASE, and what `||`, `->` and `->>` tie to them, for these bind tighter than
//! arithmetic. Not here: which operands are checked (`checks`).

use super::tokens::{TokenKind, Tokens};

/// Words that are no name, so that what follows one is no operand's rest.
const KEYWORDS: [&str; 47] = [
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "COLLATE",
    "CROSS",
    "DESC",
    "DISTINCT",
    "ELSE",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "FILTER",
    "FROM",
    "GLOB",
    "GROUP",
    "HAVING",
    "IN",
    "INNER",
    "INTERSECT",
    "IS",
    "ISNULL",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MATCH",
    "NATURAL",
    "NOT",
    "NOTNULL",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OVER",
    "REGEXP",
    "SELECT",
    "THEN",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
];

/// Operators that bind tighter than arithmetic.
const TIGHT: [&str; 3] = ["||", "->", "->>"];

impl Tokens<'_> {
    /// Whether it is a word that is no name.
    pub(super) fn is_keyword(&self, at: usize) -> bool {
        self.is_any(at, &KEYWORDS) || self.is(at, "END")
    }

    /// Whether an operand ends here, so that a sign after it has two.
    pub(super) fn ends_operand(&self, at: usize) -> bool {
        match self.kind(at) {
            Some(TokenKind::Word) => !self.is_any(at, &KEYWORDS) || self.is(at, "NULL"),
            Some(
                TokenKind::Quoted
                | TokenKind::Text
                | TokenKind::Number
                | TokenKind::Parameter
                | TokenKind::Close,
            ) => true,
            _ => false,
        }
    }

    /// Where the operand begins that ends with the token at `end`.
    pub(super) fn operand_start(&self, end: usize) -> Option<usize> {
        let start = self.primary_start(end)?;
        if start >= 2 && self.is_operator(start - 1, &TIGHT) {
            return self.operand_start(start - 2);
        }
        Some(start)
    }

    fn primary_start(&self, end: usize) -> Option<usize> {
        let before = |steps: usize| end.checked_sub(steps);
        match self.kind(end)? {
            TokenKind::Text | TokenKind::Number | TokenKind::Parameter => Some(end),
            TokenKind::Word if self.is(end, "END") => self.case_start(end),
            TokenKind::Word if self.is_any(end, &KEYWORDS) => None,
            TokenKind::Word | TokenKind::Quoted => {
                if before(1).is_some_and(|at| self.is_any(at, &["OVER", "COLLATE"])) {
                    return self.primary_start(before(2)?);
                }
                let mut start = end;
                while start >= 2
                    && self.kind(start - 1) == Some(TokenKind::Dot)
                    && matches!(self.kind(start - 2), Some(TokenKind::Word | TokenKind::Quoted))
                {
                    start -= 2;
                }
                Some(start)
            }
            TokenKind::Close => {
                let open = self.partner(end)?;
                let Some(before) = open.checked_sub(1) else { return Some(open) };
                if self.is_any(before, &["OVER", "FILTER"]) {
                    return self.primary_start(before.checked_sub(1)?);
                }
                if self.is(before, "IN") {
                    return None;
                }
                let called = self.kind(before) == Some(TokenKind::Quoted)
                    || self.kind(before) == Some(TokenKind::Word)
                        && (self.is(before, "EXISTS") || !self.is_any(before, &KEYWORDS));
                Some(if called { before } else { open })
            }
            _ => None,
        }
    }

    /// The last token of the operand that begins at `start`.
    pub(super) fn operand_end(&self, start: usize) -> Option<usize> {
        let end = self.primary_end(start)?;
        if self.is_operator(end + 1, &TIGHT) {
            return self.operand_end(end + 2);
        }
        Some(end)
    }

    /// The last token of the operand, without what is tied to it.
    pub(super) fn primary_end(&self, start: usize) -> Option<usize> {
        match self.kind(start)? {
            TokenKind::Text | TokenKind::Number | TokenKind::Parameter => Some(start),
            TokenKind::Open => self.partner(start),
            TokenKind::Word if self.is(start, "CASE") => self.case_end(start),
            TokenKind::Word if self.is(start, "EXISTS") => self.partner(start + 1),
            TokenKind::Word if self.is_any(start, &KEYWORDS) => None,
            TokenKind::Word | TokenKind::Quoted => {
                let mut end = start;
                while self.kind(end + 1) == Some(TokenKind::Dot)
                    && matches!(self.kind(end + 2), Some(TokenKind::Word | TokenKind::Quoted))
                {
                    end += 2;
                }
                if self.kind(end + 1) != Some(TokenKind::Open) {
                    return Some(end);
                }
                end = self.partner(end + 1)?;
                if self.is(end + 1, "FILTER") {
                    end = self.partner(end + 2)?;
                }
                if self.is(end + 1, "OVER") {
                    end = match self.kind(end + 2)? {
                        TokenKind::Open => self.partner(end + 2)?,
                        _ => end + 2,
                    };
                }
                Some(end)
            }
            _ => None,
        }
    }

    fn case_start(&self, end: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in (0..=end).rev() {
            if self.is(at, "END") {
                depth += 1;
            } else if self.is(at, "CASE") {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        None
    }

    fn case_end(&self, start: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in start..self.all.len() {
            if self.is(at, "CASE") {
                depth += 1;
            } else if self.is(at, "END") {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        None
    }

    pub(super) fn is_operator(&self, at: usize, operators: &[&str]) -> bool {
        self.kind(at) == Some(TokenKind::Operator) && operators.contains(&self.text(at))
    }
}
