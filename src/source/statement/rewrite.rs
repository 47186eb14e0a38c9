//! Named parameters in SQL text: `:window_start` becomes the placeholder of the dialect, everything
//! else stays as it was written. No SQL parser: it knows just enough of each dialect not to mistake
//! a cast, a string, a comment or an array slice for a parameter.

use std::fmt::Write;

pub use super::error::SqlError;
use super::lexer::{is_word, opaque_at, starts_word, word_end};
use super::{Dialect, guard};
use crate::source::params::{Param, ParamForm, Point};

/// One statement, ready to be prepared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    text: String,
    sql: String,
    params: Vec<Param>,
    /// Where each unaltered stretch begins: in `sql`, in `text`.
    stretches: Vec<(usize, usize)>,
}

impl Statement {
    /// The text with placeholders, in the dialect it was parsed for.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// What to bind, in the order of the placeholders.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Whether the answer depends on the period.
    pub fn uses_period(&self) -> bool {
        self.uses(|point| matches!(point, Point::PeriodStart | Point::PeriodEnd))
    }

    /// Whether the answer depends on the as-of instant itself.
    pub fn uses_as_of(&self) -> bool {
        self.uses(|point| point == Point::AsOf)
    }

    fn uses(&self, wanted: impl Fn(Point) -> bool) -> bool {
        self.params.iter().any(|param| wanted(param.point))
    }

    /// Line and column (from 1, in characters) in the text as written, for a position that a server
    /// reports: characters from 1 in [`Statement::sql`].
    pub(in crate::source) fn place(&self, position: usize) -> (usize, usize) {
        let byte = self.sql.char_indices().nth(position.saturating_sub(1)).map_or(0, |(at, _)| at);
        let stretch = self.stretches.iter().rev().find(|(in_sql, _)| *in_sql <= byte);
        let (in_sql, in_text) = stretch.copied().unwrap_or((0, 0));
        let mut offset = (in_text + (byte - in_sql)).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// Finds the parameters of one statement. A trailing semicolon is dropped.
///
/// # Errors
/// An unknown parameter, a placeholder in the database's own style, no statement, a second one, or
/// one that does anything but read.
pub fn parse(dialect: Dialect, text: &str) -> Result<Statement, SqlError> {
    guard::only_reads(dialect, text)?;
    let mut parser = Parser {
        dialect,
        text,
        at: 0,
        copied: 0,
        brackets: 0,
        ternaries: 0,
        content: false,
        semicolon: false,
        out: Statement {
            text: text.to_owned(),
            sql: String::with_capacity(text.len()),
            params: Vec::new(),
            stretches: Vec::new(),
        },
    };
    while parser.at < text.len() {
        parser.step()?;
    }
    if !parser.content {
        return Err(error("the query is empty", 0, text.len()));
    }
    parser.copy_to(text.len());
    Ok(parser.out)
}

struct Parser<'a> {
    dialect: Dialect,
    text: &'a str,
    at: usize,
    /// How much of `text` has gone to `out`.
    copied: usize,
    /// Depth of `[`, inside which a colon may be a slice.
    brackets: usize,
    /// How many `?` of ClickHouse's `a ? b : c` wait for their colon.
    ternaries: usize,
    content: bool,
    semicolon: bool,
    out: Statement,
}

impl Parser<'_> {
    fn step(&mut self) -> Result<(), SqlError> {
        let bytes = self.text.as_bytes();
        if let Some(opaque) = opaque_at(self.dialect, bytes, self.at) {
            if !opaque.comment {
                self.note_content()?;
            }
            self.at = opaque.end;
            return Ok(());
        }
        match bytes[self.at] {
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b';' => {
                self.copy_to(self.at);
                self.semicolon |= self.content;
                self.at += 1;
                self.copied = self.at;
            }
            byte => {
                self.note_content()?;
                match byte {
                    b':' => self.colon()?,
                    b'?' if self.dialect == Dialect::ClickHouse => {
                        self.ternaries += 1;
                        self.at += 1;
                    }
                    b'{' if self.dialect == Dialect::ClickHouse => self.brace()?,
                    b'?' | b'$' | b'@' => self.sigil()?,
                    b'[' => {
                        self.brackets += 1;
                        self.at += 1;
                    }
                    b']' => {
                        self.brackets = self.brackets.saturating_sub(1);
                        self.at += 1;
                    }
                    _ => self.at = word_end(bytes, self.at).max(self.at + 1),
                }
            }
        }
        Ok(())
    }

    fn note_content(&mut self) -> Result<(), SqlError> {
        self.content = true;
        if self.semicolon {
            let end = word_end(self.text.as_bytes(), self.at);
            let first = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
            let mut error = error("a second statement begins here", self.at, first);
            error.hint = Some(if self.text[self.at..end].eq_ignore_ascii_case("SET") {
                guard::settings(self.dialect).to_owned()
            } else {
                "a query is one statement: combine them with WITH".to_owned()
            });
            return Err(error);
        }
        Ok(())
    }

    fn colon(&mut self) -> Result<(), SqlError> {
        let bytes = self.text.as_bytes();
        match bytes.get(self.at + 1) {
            Some(b':' | b'=') => self.at += 2,
            Some(&next) if starts_word(next) => {
                let end = word_end(bytes, self.at + 1);
                let name = &self.text[self.at + 1..end];
                let after_operand = self.at > 0
                    && (matches!(bytes[self.at - 1], b')' | b']' | b'"' | b'\'')
                        || word_end(bytes, self.at - 1) == self.at);
                let param = Param::parse(name);
                let own = param.is_none() && self.is_own_colon();
                match param {
                    Some(param) if self.brackets == 0 || !after_operand => {
                        self.replace(param, end);
                    }
                    None if self.brackets == 0 && !own => return Err(self.unknown(name)),
                    _ => self.at = end,
                }
            }
            _ => {
                self.ternaries = self.ternaries.saturating_sub(1);
                self.at += 1;
            }
        }
        Ok(())
    }

    /// ClickHouse has colons of its own before names: `a ? b :c`, and `document.key.:Int64`.
    fn is_own_colon(&mut self) -> bool {
        if self.dialect != Dialect::ClickHouse {
            return false;
        }
        let ends_ternary = self.ternaries > 0;
        self.ternaries = self.ternaries.saturating_sub(1);
        ends_ternary || self.text[..self.at].ends_with('.')
    }

    /// `{name:Type}`, ClickHouse's own placeholder; other braces are no concern of this room.
    fn brace(&mut self) -> Result<(), SqlError> {
        let inner = &self.text[self.at + 1..];
        let end = inner.find('}').map_or(inner.len(), |end| end + 1);
        let name = inner[..end].split_once(':').map_or("", |(name, _)| name.trim());
        if name.bytes().next().is_some_and(starts_word) && name.bytes().all(is_word) {
            return Err(nothing_bound(&self.text[self.at..self.at + 1 + end], self.at));
        }
        self.at += 1;
        Ok(())
    }

    /// `?`, `$1`, `@name`: nothing would be bound to them, and SQLite would read them as NULL.
    fn sigil(&mut self) -> Result<(), SqlError> {
        let bytes = self.text.as_bytes();
        let next = bytes.get(self.at + 1).copied().unwrap_or(b' ');
        let placeholder = match (bytes[self.at], self.dialect) {
            (b'?', Dialect::MySql | Dialect::Sqlite) => true,
            (b'?', Dialect::Trino) => !self.follows_pattern(),
            (b'$', Dialect::Postgres) => next.is_ascii_digit(),
            (b'$' | b'@', Dialect::Sqlite) => starts_word(next),
            _ => false,
        };
        let end = word_end(bytes, self.at + 1);
        if placeholder {
            return Err(nothing_bound(&self.text[self.at..end], self.at));
        }
        self.at = end;
        Ok(())
    }

    /// Whether a `?` here is a quantifier of `MATCH_RECOGNIZE`, as in `A?` and `B+?`.
    fn follows_pattern(&self) -> bool {
        let before = self.text[..self.at].bytes().next_back();
        before.is_some_and(|byte| is_word(byte) || b")}*+?".contains(&byte))
    }

    fn replace(&mut self, param: Param, end: usize) {
        self.copy_to(self.at);
        let known = self.out.params.iter().position(|known| *known == param);
        let number = match known {
            Some(index) if !matches!(self.dialect, Dialect::MySql | Dialect::Trino) => index + 1,
            _ => {
                self.out.params.push(param);
                self.out.params.len()
            }
        };
        // Writing to a string cannot fail.
        let _ = match self.dialect {
            Dialect::Postgres => write!(self.out.sql, "${number}"),
            Dialect::Sqlite => write!(self.out.sql, "?{number}"),
            Dialect::MySql | Dialect::Trino => write!(self.out.sql, "?"),
            Dialect::ClickHouse => {
                let kind = match param.form {
                    // Without a zone: that of the session, which is the calendar's.
                    ParamForm::Instant => "DateTime64(3)",
                    ParamForm::Date => "Date",
                    ParamForm::Unix => "Int64",
                };
                write!(self.out.sql, "{{{}:{kind}}}", param.name())
            }
        };
        self.at = end;
        self.copied = end;
    }

    fn copy_to(&mut self, end: usize) {
        if self.copied < end {
            self.out.stretches.push((self.out.sql.len(), self.copied));
            self.out.sql.push_str(&self.text[self.copied..end]);
            self.copied = end;
        }
    }

    fn unknown(&self, name: &str) -> SqlError {
        let mut error = error(format!("unknown parameter `:{name}`"), self.at, name.len() + 1);
        let closest = Param::names()
            .map(|known| (strsim::normalized_damerau_levenshtein(name, &known), known))
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .filter(|(likeness, _)| *likeness >= 0.6);
        error.hint = Some(match closest {
            Some((_, known)) => format!("did you mean `:{known}`?"),
            None => {
                "the parameters are :window_start, :window_end, :period_start, :period_end and \
                     :as_of, each also with _date or _unix"
                    .to_owned()
            }
        });
        error
    }
}

fn nothing_bound(found: &str, offset: usize) -> SqlError {
    let mut error = error(format!("nothing is bound to `{found}`"), offset, found.len());
    error.hint = Some("parameters have names, as in `:window_start`".to_owned());
    error
}

fn error(message: impl Into<String>, offset: usize, len: usize) -> SqlError {
    SqlError::new(message, offset, len)
}

#[cfg(test)]
#[path = "tests/rewrite.rs"]
mod tests;
