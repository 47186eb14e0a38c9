//! A query only reads: its first word, whatever comments, brackets and blanks stand before it, and
//! the words by which a query that looks harmless writes all the same. The server's read-only
//! transaction is the second line of defence; not every server has one, and not everything that
//! writes minds it. Not here: parameters, a second statement (`rewrite`).

use super::Dialect;
use super::lexer::{is_word, opaque_at, word_end};
use super::rewrite::SqlError;

/// What a query may begin with.
const READS: [&str; 6] = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"];

/// What changes rows where a query could stand: after `WITH x AS (...)` and inside of it.
const CHANGES: [&str; 5] = ["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"];

/// What `EXPLAIN ANALYZE` would run as well.
const RUNS: [&str; 10] = [
    "CREATE", "DROP", "ALTER", "TRUNCATE", "CALL", "DO", "EXECUTE", "DECLARE", "REFRESH", "COPY",
];

/// Functions of SQLite that reach beyond the database.
const REACHES_OUT: [&str; 3] = ["load_extension", "writefile", "fts3_tokenizer"];

const ONLY_READS: &str = "a query only reads: it begins with SELECT or WITH";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Open,
    Close,
    /// A string or a quoted name.
    Hidden,
    Sign,
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    at: usize,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }
}

/// What is known of the inside of a pair of brackets, or of the whole.
#[derive(Clone, Copy, Default)]
struct Level {
    /// A statement may stand here, and nothing of it has been seen.
    begins: bool,
    /// `WITH` has been seen, and not yet what it leads to.
    with: bool,
    /// It is a query.
    selects: bool,
}

/// Refuses a statement that does anything but read.
pub(super) fn only_reads(dialect: Dialect, text: &str) -> Result<(), SqlError> {
    let tokens = tokens(dialect, text)?;
    let Some(first) = tokens.iter().find(|token| token.kind != Kind::Open) else { return Ok(()) };
    if !first.is_one_of(&READS) {
        return Err(no_beginning(dialect, *first));
    }
    if first.is("EXPLAIN") {
        explains(&tokens)?;
    }
    let mut levels = vec![Level { begins: true, ..Level::default() }];
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        match token.kind {
            Kind::Open => {
                let outer = levels.last().copied().unwrap_or_default();
                let body = before.is_some_and(|token| token.is_one_of(&["AS", "MATERIALIZED"]));
                let begins = body || outer.begins || before.is_none_or(|t| t.kind == Kind::Sign);
                levels.push(Level { begins, ..Level::default() });
            }
            Kind::Close => {
                if levels.len() > 1 {
                    levels.pop();
                }
            }
            Kind::Word => {
                let Some(level) = levels.last_mut() else { continue };
                word(dialect, level, &tokens, index)?;
                level.begins = false;
            }
            Kind::Hidden | Kind::Sign => {
                if let Some(level) = levels.last_mut() {
                    level.begins = false;
                }
            }
        }
    }
    Ok(())
}

fn word(
    dialect: Dialect,
    level: &mut Level,
    tokens: &[Token<'_>],
    index: usize,
) -> Result<(), SqlError> {
    let token = tokens[index];
    let is = |distance: usize, word: &str| tokens.get(index + distance).is_some_and(|t| t.is(word));
    let next = tokens.get(index + 1);
    let names = next.is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Hidden));
    let names = names && !is(1, "AS");
    if token.is_one_of(&CHANGES) && (level.begins || level.with) && names {
        return Err(writes(token));
    }
    if token.is_one_of(&["SELECT", "VALUES", "TABLE"]) {
        level.with = false;
        level.selects = true;
    } else if token.is("WITH") && !level.selects {
        level.with = true;
    }
    let before = index.checked_sub(1).and_then(|index| tokens.get(index));
    let named = before.is_some_and(|before| before.text == "." || before.is("AS"));
    if token.is("INTO") && !named {
        let mut error = refused("`INTO` writes what a query selects".to_owned(), token);
        error.hint = Some("a query only reads: delete it".to_owned());
        return Err(error);
    }
    let locks = token.is("FOR")
        && (is(1, "UPDATE") || is(1, "SHARE") || is(1, "NO") && is(2, "KEY") || is(1, "KEY"));
    let locks = locks || token.is("LOCK") && is(1, "IN") && is(2, "SHARE");
    if locks && level.selects {
        let words = format!("{} {}", token.text, next.map_or("", |next| next.text));
        let mut error = refused(format!("`{words}` locks rows"), token);
        error.hint = Some("a query only reads: delete it".to_owned());
        return Err(error);
    }
    let called = next.is_some_and(|next| next.kind == Kind::Open);
    if dialect == Dialect::Sqlite && called && token.is_one_of(&REACHES_OUT) {
        let mut error = refused(format!("`{}` reaches beyond the database", token.text), token);
        error.hint = Some("a query only reads".to_owned());
        return Err(error);
    }
    Ok(())
}

/// What is explained may be run: it has to be a query as well.
fn explains(tokens: &[Token<'_>]) -> Result<(), SqlError> {
    let mut depth = 0_usize;
    for token in tokens.iter().skip_while(|token| !token.is("EXPLAIN")).skip(1) {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Word if token.is_one_of(&READS) => return Ok(()),
            Kind::Word if depth == 0 && (token.is_one_of(&CHANGES) || token.is_one_of(&RUNS)) => {
                return Err(writes(*token));
            }
            _ => {}
        }
    }
    Ok(())
}

fn tokens(dialect: Dialect, text: &str) -> Result<Vec<Token<'_>>, SqlError> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (kind, end) = if let Some(opaque) = opaque_at(dialect, bytes, at) {
            if opaque.comment {
                not_executed(dialect, text, at)?;
                at = opaque.end;
                continue;
            }
            (Kind::Hidden, opaque.end)
        } else {
            match bytes[at] {
                byte if byte.is_ascii_whitespace() => {
                    at += 1;
                    continue;
                }
                b';' if tokens.is_empty() => {
                    at += 1;
                    continue;
                }
                b';' => break,
                b'(' => (Kind::Open, at + 1),
                b')' => (Kind::Close, at + 1),
                byte if is_word(byte) => (Kind::Word, word_end(bytes, at)),
                _ => (Kind::Sign, at + 1),
            }
        };
        let end = end.min(text.len());
        tokens.push(Token { kind, text: text.get(at..end).unwrap_or_default(), at });
        at = end;
    }
    Ok(tokens)
}

/// `/*! ... */` of MySQL and `/*M! ... */` of MariaDB are no comments to them.
fn not_executed(dialect: Dialect, text: &str, at: usize) -> Result<(), SqlError> {
    let rest = &text[at..];
    let opening = ["/*!", "/*M!", "/*m!"].into_iter().find(|opening| rest.starts_with(opening));
    let Some(opening) = opening.filter(|_| dialect == Dialect::MySql) else { return Ok(()) };
    let mut error =
        SqlError::new(format!("`{opening}` begins a comment that is executed"), at, opening.len());
    error.hint = Some("write what is in it as a part of the query, or delete it".to_owned());
    Err(error)
}

fn no_beginning(dialect: Dialect, first: Token<'_>) -> SqlError {
    let shown: String = first.text.chars().take(30).collect();
    let mut error = refused(format!("`{shown}` begins no query"), first);
    error.hint = Some(match first {
        set if set.is("SET") => settings(dialect).to_owned(),
        _ => ONLY_READS.to_owned(),
    });
    error
}

/// What to do instead of a `SET` of one's own.
pub(super) fn settings(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::ClickHouse => {
            "the session has the calendar's zone already; other settings stand at the end of the \
             query: SETTINGS name = value"
        }
        Dialect::Postgres => {
            "the session has the calendar's zone already; other settings belong to the role: \
             ALTER ROLE … SET …"
        }
        Dialect::MySql | Dialect::Sqlite | Dialect::Trino => {
            "the session has the calendar's zone already: delete the SET"
        }
    }
}

fn writes(token: Token<'_>) -> SqlError {
    let mut error = refused(format!("`{}` writes", token.text), token);
    error.hint = Some(ONLY_READS.to_owned());
    error
}

fn refused(message: String, token: Token<'_>) -> SqlError {
    SqlError::new(message, token.at, token.text.len())
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
