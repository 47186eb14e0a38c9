//! Columns that a query compares with a time as they are. Not here: all that stands beside one (`compared`).

use std::collections::{BTreeMap, BTreeSet};

use super::Dialect;
use super::compared::{after, before, compares, has_instant};
use super::tokens::{Token, TokenKind, tokens};
use crate::source::params::{Param, ParamForm};

/// Words after which a column may stand; after any other, a name is one that is given.
const BEFORE_COLUMNS: [&str; 20] = [
    "SELECT", "DISTINCT", "ALL", "WHERE", "AND", "OR", "XOR", "NOT", "ON", "HAVING", "BY", "CASE",
    "WHEN", "THEN", "ELSE", "BETWEEN", "IN", "IS", "LIKE", "USING",
];

/// Columns that stand alone beside a parameter, which stands alone too, and to whose name the query gives no other
/// meaning: what is compared is what the column holds. Of each, whether one of the parameters is a day.
pub(in crate::source) fn compared_alone(dialect: Dialect, text: &str) -> BTreeMap<String, bool> {
    let tokens = tokens(dialect, text);
    let mut found = BTreeMap::new();
    for at in 0..tokens.len() {
        if !compares(&tokens[at]) && !tokens[at].is("BETWEEN") {
            continue;
        }
        let (left, right) = (before(&tokens, at), after(&tokens, at + 1));
        let (column, is_day) = match (is_day(left), is_day(right)) {
            (None, Some(is_day)) => (alone(left), is_day),
            (Some(is_day), None) => (alone(right), is_day),
            _ => continue,
        };
        if let Some(column) = column.filter(|column| !is_given(&tokens, column)) {
            *found.entry(column).or_default() |= is_day;
        }
    }
    found
}

/// Of a parameter that is a time, whether it is a day.
fn is_day(operand: &[Token<'_>]) -> Option<bool> {
    let [_, name] = operand else { return None };
    has_instant(operand)
        .then(|| Param::parse(name.text))
        .flatten()
        .map(|param| param.form == ParamForm::Date)
}

/// What may be a table, with its schema if that is said: others are among them.
pub(in crate::source) fn tables(
    dialect: Dialect,
    text: &str,
) -> BTreeSet<(Option<String>, String)> {
    let tokens = tokens(dialect, text);
    let name = |at: usize| tokens.get(at).and_then(Token::name).map(String::from);
    let mut found = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let begins = matches!(token.kind, TokenKind::Comma | TokenKind::Open)
            || token.is_one_of(&["FROM", "JOIN", "STRAIGHT_JOIN"]);
        let Some(first) = name(at + 1).filter(|_| begins) else { continue };
        let is_schema = tokens.get(at + 2).is_some_and(|next| next.kind == TokenKind::Dot);
        found.insert(match name(at + 3).filter(|_| is_schema) {
            Some(table) => (Some(first), table),
            None => (None, first),
        });
    }
    found
}

/// The column that an operand is, and nothing else.
fn alone(operand: &[Token<'_>]) -> Option<String> {
    let is_place = |(place, token): (usize, &Token<'_>)| match place % 2 {
        0 => token.name().is_some(),
        _ => token.kind == TokenKind::Dot,
    };
    let is_column = operand.len() % 2 == 1 && operand.iter().enumerate().all(is_place);
    operand.last().filter(|_| is_column)?.name().map(String::from)
}

/// Whether something else gets this name: `AS name`, `f(x) name`, `t.x name`, `WITH t (name) AS (`.
fn is_given(tokens: &[Token<'_>], name: &str) -> bool {
    let is = |token: &Token<'_>| token.name().is_some_and(|it| it.eq_ignore_ascii_case(name));
    let ends_something = |token: &Token<'_>| match token.kind {
        TokenKind::Close | TokenKind::Number | TokenKind::Text | TokenKind::Quoted => true,
        TokenKind::Word => !token.is_one_of(&BEFORE_COLUMNS),
        _ => false,
    };
    let is_listed = |close: usize| {
        let names = tokens[..close].iter().rev().take_while(|token| token.kind != TokenKind::Open);
        names.into_iter().any(is)
    };
    tokens.windows(2).any(|pair| ends_something(&pair[0]) && is(&pair[1]))
        || tokens.windows(3).enumerate().any(|(at, three)| {
            let [close, word, open] = [&three[0], &three[1], &three[2]];
            close.kind == TokenKind::Close
                && word.is("AS")
                && open.kind == TokenKind::Open
                && is_listed(at)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_among_what_may_be_one() {
        let text = "SELECT count(a.n) FROM a AS x JOIN s.`b c` ON (x.i = y.i), d STRAIGHT_JOIN e \
                    WHERE EXISTS (SELECT 1 FROM (f JOIN g)) AND at >= :window_start";
        let found = tables(Dialect::MySql, text);
        for (schema, table) in
            [(None, "a"), (Some("s"), "b c"), (None, "d"), (None, "e"), (None, "f"), (None, "g")]
        {
            assert!(found.contains(&(schema.map(String::from), table.to_owned())), "{table}");
        }
        assert!(found.len() < 12, "{found:?}");
    }

    #[test]
    fn columns_are_alone_where_nothing_is_made_of_them() {
        for (text, expected) in [
            (
                "SELECT 1 FROM t WHERE at >= :window_start AND s.t.`b` < :window_end",
                &[("at", false), ("b", false)][..],
            ),
            ("SELECT 1 FROM t WHERE (at BETWEEN :window_start_date AND :as_of)", &[("at", true)]),
            (
                "SELECT 1 FROM t WHERE :window_start <= at AND at < :as_of_date GROUP BY b",
                &[("at", true)],
            ),
            ("SELECT 1 FROM t WHERE FROM_UNIXTIME(at) >= :window_start", &[]),
            ("SELECT 1 FROM t WHERE at / 1000 >= :window_start AND b < :window_end + 1", &[]),
            ("SELECT 1 FROM t WHERE at >= :window_start_unix", &[]),
            ("SELECT 1 FROM (SELECT f(x) AS at FROM t) WHERE at >= :window_start", &[]),
            ("SELECT 1 FROM (SELECT f(x) at FROM t) WHERE at >= :window_start", &[]),
            ("SELECT 1 FROM (SELECT t.x at FROM t) WHERE at >= :window_start", &[]),
            ("SELECT 1 FROM (SELECT x / 1000 at FROM t) WHERE at >= :window_start", &[]),
            (
                "SELECT 1 FROM (SELECT CASE WHEN x THEN y END at FROM t) WHERE at >= :window_start",
                &[],
            ),
            (
                "WITH t (n, at) AS (SELECT n, f(at) FROM s) SELECT 1 FROM t WHERE at >= :window_start",
                &[],
            ),
            (
                "WITH t AS (SELECT n FROM s WHERE n IN (1, 2) AND at >= :window_start) SELECT 1 FROM t",
                &[("at", false)],
            ),
            (
                "SELECT DISTINCT at, n FROM t WHERE NOT at < :window_start OR at IS NULL ORDER BY at",
                &[("at", false)],
            ),
        ] {
            let found = compared_alone(Dialect::MySql, text);
            let found: Vec<_> = found.iter().map(|(name, day)| (name.as_str(), *day)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
