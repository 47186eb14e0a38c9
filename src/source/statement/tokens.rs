//! SQL as a row of words, brackets, quoted things and signs, without comments and blanks: for what
//! needs no more than words and their neighbours. Not here: what hides what (`lexer`).

use super::Dialect;
use super::lexer::{is_word, opaque_at, word_end};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Kind {
    /// A name, a keyword or a number.
    Word,
    Open,
    Close,
    /// A string or a quoted name.
    Hidden,
    /// Any other character.
    Sign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Token<'a> {
    pub(in crate::source) kind: Kind,
    pub(in crate::source) text: &'a str,
    /// Where it begins, in bytes.
    pub(in crate::source) at: usize,
}

impl<'a> Token<'a> {
    /// Whether it is this word, in letters of any size.
    pub(in crate::source) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(in crate::source) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// The name that it may be, without quotes.
    pub(in crate::source) fn name(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Word => Some(self.text),
            Kind::Hidden => {
                let mut inner = self.text.chars();
                let quoted =
                    matches!((inner.next(), inner.next_back()), (Some('"' | '`' | '['), Some(_)));
                quoted.then_some(inner.as_str())
            }
            Kind::Open | Kind::Close | Kind::Sign => None,
        }
    }
}

/// The tokens of the first statement in a text.
pub(in crate::source) fn tokens(dialect: Dialect, text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (kind, end) = match (opaque_at(dialect, bytes, at), bytes[at]) {
            (Some(opaque), _) if opaque.comment => {
                at = opaque.end;
                continue;
            }
            (Some(opaque), _) => (Kind::Hidden, opaque.end.min(text.len())),
            (None, b';') if !tokens.is_empty() => break,
            (None, byte) if byte.is_ascii_whitespace() || byte == b';' => {
                at += 1;
                continue;
            }
            (None, b'(') => (Kind::Open, at + 1),
            (None, b')') => (Kind::Close, at + 1),
            (None, byte) if is_word(byte) => (Kind::Word, word_end(bytes, at)),
            (None, _) => (Kind::Sign, at + 1),
        };
        tokens.push(Token { kind, text: text.get(at..end).unwrap_or_default(), at });
        at = end;
    }
    tokens
}

/// A place where a query names a column.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source) struct Mention<'a> {
    /// As it is called in the table.
    pub(in crate::source) column: &'a str,
    /// The function of which it is the only argument.
    pub(in crate::source) function: Option<&'a str>,
    /// What follows.
    pub(in crate::source) after: &'a [Token<'a>],
}

/// Where a query names one of these columns.
pub(in crate::source) fn mentions<'a>(
    tokens: &'a [Token<'a>],
    columns: &'a [String],
) -> Vec<Mention<'a>> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = token.name() else { continue };
        let column = columns.iter().find(|column| column.eq_ignore_ascii_case(name));
        let Some(column) = column else { continue };
        let after = &tokens[index + 1..];
        // The name of a table before a column, or of a function.
        if after.first().is_some_and(|next| next.text == "." || next.kind == Kind::Open) {
            continue;
        }
        let mut first = index;
        while first >= 2 && tokens[first - 1].text == "." && tokens[first - 2].name().is_some() {
            first -= 2;
        }
        // What it is called in the answer.
        if first >= 1 && tokens[first - 1].is("AS") {
            continue;
        }
        let alone = first >= 2
            && tokens[first - 1].kind == Kind::Open
            && after.first().is_some_and(|next| next.kind == Kind::Close);
        let function = alone.then(|| tokens[first - 2].text);
        found.push(Mention { column, function, after });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_wherever_they_are_named() {
        let sql = "SELECT count(*) AS paid, max(o.paid) AS \"paid\", UNIX_TIMESTAMP(`Paid`) -- paid\n\
                   FROM paid.orders o WHERE 'paid' < o.`paid` AND paid AT TIME ZONE 'UTC' > 1";
        let tokens = tokens(Dialect::MySql, sql);
        let columns = ["paid".to_owned()];
        let found = mentions(&tokens, &columns);
        let functions: Vec<_> = found.iter().map(|mention| mention.function).collect();
        assert_eq!(functions, [Some("max"), Some("UNIX_TIMESTAMP"), None, None]);
        assert!(found[3].after[0].is("at") && found[3].after[3].text == "'UTC'");
    }
}
