//! Columns that a query compares with a time as they are. Not here: all that stands beside one (`compared`).

use std::collections::BTreeMap;

use super::Dialect;
use super::compared::{after, before, compares, has_instant};
use super::tokens::{Token, TokenKind, tokens};
use crate::source::params::{Param, ParamForm};

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

/// The column that an operand is, and nothing else.
fn alone(operand: &[Token<'_>]) -> Option<String> {
    let is_place = |(place, token): (usize, &Token<'_>)| match place % 2 {
        0 => token.name().is_some(),
        _ => token.kind == TokenKind::Dot,
    };
    let is_column = operand.len() % 2 == 1 && operand.iter().enumerate().all(is_place);
    operand.last().filter(|_| is_column)?.name().map(String::from)
}

/// Whether something else gets this name: `AS name`, or `f(x) name`.
fn is_given(tokens: &[Token<'_>], name: &str) -> bool {
    tokens.windows(2).any(|pair| {
        let gives = pair[0].is("AS") || pair[0].kind == TokenKind::Close;
        gives && pair[1].name().is_some_and(|given| given.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            let found = compared_alone(Dialect::MySql, text);
            let found: Vec<_> = found.iter().map(|(name, day)| (name.as_str(), *day)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
