//! Named parameters in SQL text: `:window_start` becomes the placeholder of the dialect, everything
//! else stays as it was written. No SQL parser: it knows just enough of each dialect not to mistake
//! a cast, a string, a comment or an array slice for a parameter.

use std::fmt::Write;

use super::Dialect;
use super::lexer::{opaque_at, starts_word, word_end};
use crate::source::params::{Param, Point};

/// One statement, ready to be prepared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    text: String,
    sql: String,
    params: Vec<Param>,
    /// Where each unaltered stretch begins: in `sql`, in `text`.
    stretches: Vec<(usize, usize)>,
}

/// Why a text cannot be used as a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// Lower case, no full stop.
    pub message: String,
    /// Where, in bytes of the text.
    pub offset: usize,
    /// How many bytes.
    pub len: usize,
    /// What to do about it.
    pub hint: Option<String>,
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
    pub(super) fn place(&self, position: usize) -> (usize, usize) {
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
/// An unknown parameter, a placeholder in the database's own style, no statement, or a second one.
pub fn parse(dialect: Dialect, text: &str) -> Result<Statement, SqlError> {
    let mut parser = Parser {
        dialect,
        text,
        at: 0,
        copied: 0,
        brackets: 0,
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
            let mut error = error("a second statement begins here", self.at, 1);
            error.hint = Some("a query is one statement: combine them with WITH".to_owned());
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
                match Param::parse(name) {
                    Some(param) if self.brackets == 0 || !after_operand => {
                        self.replace(param, end);
                    }
                    None if self.brackets == 0 => return Err(self.unknown(name)),
                    _ => self.at = end,
                }
            }
            _ => self.at += 1,
        }
        Ok(())
    }

    /// `?`, `$1`, `@name`: nothing would be bound to them, and SQLite would read them as NULL.
    fn sigil(&mut self) -> Result<(), SqlError> {
        let bytes = self.text.as_bytes();
        let next = bytes.get(self.at + 1).copied().unwrap_or(b' ');
        let placeholder = match (bytes[self.at], self.dialect) {
            (b'?', Dialect::MySql | Dialect::Sqlite) => true,
            (b'$', Dialect::Postgres) => next.is_ascii_digit(),
            (b'$' | b'@', Dialect::Sqlite) => starts_word(next),
            _ => false,
        };
        let end = word_end(bytes, self.at + 1);
        if placeholder {
            let found = &self.text[self.at..end];
            let mut error = error(format!("nothing is bound to `{found}`"), self.at, end - self.at);
            error.hint = Some("parameters have names, as in `:window_start`".to_owned());
            return Err(error);
        }
        self.at = end;
        Ok(())
    }

    fn replace(&mut self, param: Param, end: usize) {
        self.copy_to(self.at);
        let known = self.out.params.iter().position(|known| *known == param);
        let number = match known {
            Some(index) if self.dialect != Dialect::MySql => index + 1,
            _ => {
                self.out.params.push(param);
                self.out.params.len()
            }
        };
        // Writing to a string cannot fail.
        let _ = match self.dialect {
            Dialect::Postgres => write!(self.out.sql, "${number}"),
            Dialect::Sqlite => write!(self.out.sql, "?{number}"),
            Dialect::MySql => write!(self.out.sql, "?"),
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

fn error(message: impl Into<String>, offset: usize, len: usize) -> SqlError {
    SqlError { message: message.into(), offset, len, hint: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Dialect; 3] = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite];

    fn sql(dialect: Dialect, text: &str) -> String {
        parse(dialect, text).unwrap().sql().to_owned()
    }

    #[test]
    fn parameters_become_the_placeholders_of_the_dialect() {
        let text = "SELECT 1 WHERE d >= :window_start AND d < :window_end AND :window_start > 0;";
        for (dialect, expected, bound) in [
            (Dialect::Postgres, "SELECT 1 WHERE d >= $1 AND d < $2 AND $1 > 0", 2),
            (Dialect::MySql, "SELECT 1 WHERE d >= ? AND d < ? AND ? > 0", 3),
            (Dialect::Sqlite, "SELECT 1 WHERE d >= ?1 AND d < ?2 AND ?1 > 0", 2),
        ] {
            let statement = parse(dialect, text).unwrap();
            assert_eq!(statement.sql(), expected);
            assert_eq!(statement.params().len(), bound);
        }
    }

    #[test]
    fn casts_and_named_arguments_are_left_alone() {
        let pg = Dialect::Postgres;
        assert_eq!(sql(pg, "SELECT :window_start::date, x::text"), "SELECT $1::date, x::text");
        assert_eq!(sql(pg, "SELECT f(a := :as_of)"), "SELECT f(a := $1)");
        assert_eq!(sql(Dialect::MySql, "SELECT @n:=1, @n"), "SELECT @n:=1, @n");
    }

    #[test]
    fn slices_are_no_parameters_but_parameters_in_arrays_are() {
        let pg = Dialect::Postgres;
        for same in ["SELECT a[1:n]", "SELECT a[:n]", "SELECT a[lo:hi]", "SELECT a[1:as_of]"] {
            assert_eq!(sql(pg, same), same);
        }
        let array = "SELECT ARRAY[:window_start, CASE WHEN x BETWEEN :as_of AND y THEN 1 END]";
        let expected = "SELECT ARRAY[$1, CASE WHEN x BETWEEN $2 AND y THEN 1 END]";
        assert_eq!(sql(pg, array), expected);
    }

    #[test]
    fn what_is_hidden_in_each_dialect_stays_hidden() {
        for (dialect, fragment) in fragments() {
            let text = format!("SELECT {fragment} , :as_of");
            let mark = match dialect {
                Dialect::Postgres => "$1",
                Dialect::MySql => "?",
                Dialect::Sqlite => "?1",
            };
            assert_eq!(sql(dialect, &text), format!("SELECT {fragment} , {mark}"), "{dialect:?}");
        }
    }

    fn fragments() -> Vec<(Dialect, &'static str)> {
        let everywhere =
            ["':as_of'", "'it''s :as_of; '", "\":as_of\"", "/* ' :as_of; */", "-- ' :x\n"];
        let own = [
            (Dialect::Postgres, "E'\\':as_of\\\\'"),
            (Dialect::Postgres, "'\\'"),
            (Dialect::Postgres, "E'a''\\' :as_of'"),
            (Dialect::Postgres, "$$ ' :as_of; $$"),
            (Dialect::Postgres, "$body$ $$ :as_of $body$"),
            (Dialect::Postgres, "/* /* ' */ :as_of */"),
            (Dialect::Postgres, "a ?| b"),
            (Dialect::Postgres, "a #> b"),
            (Dialect::MySql, "'\\':as_of'"),
            (Dialect::MySql, "\"\\\" :as_of\""),
            (Dialect::MySql, "`:as_of`"),
            (Dialect::MySql, "# ' :as_of\n"),
            (Dialect::MySql, "5--3"),
            (Dialect::Sqlite, "[:as_of']"),
            (Dialect::Sqlite, "`:as_of`"),
            (Dialect::Sqlite, "'\\'"),
        ];
        let shared =
            ALL.iter().flat_map(|dialect| everywhere.iter().map(|fragment| (*dialect, *fragment)));
        shared.chain(own).collect()
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (dialect, text, message, offset, len, hint) in [
            (
                Dialect::Postgres,
                "SELECT :window_strat",
                "unknown parameter `:window_strat`",
                7,
                13,
                Some("did you mean `:window_start`?"),
            ),
            (Dialect::Sqlite, " -- nothing\n;", "the query is empty", 0, 13, None),
            (
                Dialect::MySql,
                "SELECT 1; SELECT 2",
                "a second statement begins here",
                10,
                1,
                Some("a query is one statement: combine them with WITH"),
            ),
            (
                Dialect::Sqlite,
                "SELECT @day",
                "nothing is bound to `@day`",
                7,
                4,
                Some("parameters have names, as in `:window_start`"),
            ),
            (
                Dialect::Postgres,
                "SELECT $1",
                "nothing is bound to `$1`",
                7,
                2,
                Some("parameters have names, as in `:window_start`"),
            ),
        ] {
            let error = parse(dialect, text).unwrap_err();
            let expected =
                SqlError { message: message.into(), offset, len, hint: hint.map(str::to_owned) };
            assert_eq!(error, expected);
        }
        let far = parse(Dialect::MySql, "SELECT :nonsense").unwrap_err();
        assert!(far.hint.unwrap().starts_with("the parameters are :window_start"));
    }

    #[test]
    fn what_a_query_depends_on_is_known() {
        let statement = parse(Dialect::Sqlite, "SELECT :window_start_date, :as_of_unix").unwrap();
        assert!(statement.uses_as_of() && !statement.uses_period());
        let statement = parse(Dialect::Sqlite, "SELECT ':as_of', :period_end").unwrap();
        assert!(!statement.uses_as_of() && statement.uses_period());
    }

    #[test]
    fn a_position_that_the_server_reports_is_found_in_the_original() {
        let text = "SELECT é, :window_start,\n  amout FROM t";
        let statement = parse(Dialect::Postgres, text).unwrap();
        let position = statement.sql().chars().position(|c| c == 'm').unwrap();
        assert_eq!(statement.place(position), (2, 3));
        assert_eq!(statement.place(1), (1, 1));
    }

    proptest! {
        #[test]
        fn text_without_parameters_comes_out_identical(
            text in "[-'\"`$E#/*\\\\:=\\[\\]? \nab1é]{1,40}",
            dialect in prop::sample::select(&ALL[..]),
        ) {
            if let Ok(statement) = parse(dialect, &text) {
                prop_assert_eq!(statement.sql(), text);
            }
        }

        #[test]
        fn hidden_parts_and_parameters_do_not_disturb_each_other(
            picks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..8),
        ) {
            for dialect in ALL {
                let own: Vec<_> = fragments().into_iter().filter(|(d, _)| *d == dialect).collect();
                let (mut text, mut expected) = ("SELECT 1".to_owned(), "SELECT 1".to_owned());
                for (pick, with_parameter) in &picks {
                    let (_, fragment) = pick.get(&own);
                    let placeholder = match dialect {
                        Dialect::Postgres => "$1",
                        Dialect::MySql => "?",
                        Dialect::Sqlite => "?1",
                    };
                    text += &format!(" {fragment} {}", if *with_parameter { ":as_of" } else { "" });
                    expected +=
                        &format!(" {fragment} {}", if *with_parameter { placeholder } else { "" });
                }
                prop_assert_eq!(sql(dialect, &text), expected);
            }
        }
    }
}
