//! Columns that a query compares with an instant or a day: what they hold decides whether the window
//! is right. Not here: what the database says of these columns.

use super::Dialect;
use super::tokens::{Token, TokenKind, tokens};
use crate::source::params::{Param, ParamForm};

/// Where an operand ends, besides a bracket or a comma.
const BOUNDARIES: [&str; 25] = [
    "AND",
    "OR",
    "NOT",
    "WHERE",
    "ON",
    "HAVING",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CASE",
    "SELECT",
    "BETWEEN",
    "GROUP",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "WINDOW",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "AS",
];

/// Names that a query compares with a parameter that is no number of seconds, unless a zone is named
/// beside them: columns, and what else stands in the same operand.
pub(in crate::source) fn compared(dialect: Dialect, text: &str) -> Vec<String> {
    let tokens = tokens(dialect, text);
    let mut found: Vec<String> = Vec::new();
    for at in 0..tokens.len() {
        if !compares(&tokens[at]) && !tokens[at].is("BETWEEN") {
            continue;
        }
        let (left, right) = (before(&tokens, at), after(&tokens, at + 1));
        let names = match (has_instant(left), has_instant(right)) {
            (false, true) => names(left),
            (true, false) => names(right),
            _ => continue,
        };
        for name in names {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// Names of tables are among them.
pub(in crate::source) fn all_names(dialect: Dialect, text: &str) -> Vec<String> {
    let tokens = tokens(dialect, text);
    let mut names: Vec<String> = tokens.iter().filter_map(Token::name).map(String::from).collect();
    names.sort_unstable();
    names.dedup();
    names
}

pub(super) fn compares(token: &Token<'_>) -> bool {
    let signs = ["<", "<=", ">", ">=", "=", "==", "<>", "!="];
    token.kind == TokenKind::Operator && signs.contains(&token.text)
}

fn is_boundary(token: &Token<'_>) -> bool {
    token.is_one_of(&BOUNDARIES) || token.kind == TokenKind::Comma || compares(token)
}

pub(super) fn before<'a, 't>(tokens: &'a [Token<'t>], end: usize) -> &'a [Token<'t>] {
    let mut depth = 0_usize;
    let mut start = end;
    while let Some(at) = start.checked_sub(1) {
        match tokens[at].kind {
            TokenKind::Close => depth += 1,
            TokenKind::Open if depth == 0 => break,
            TokenKind::Open => depth -= 1,
            _ if depth == 0 && is_boundary(&tokens[at]) => break,
            _ => {}
        }
        start = at;
    }
    &tokens[start..end]
}

pub(super) fn after<'a, 't>(tokens: &'a [Token<'t>], start: usize) -> &'a [Token<'t>] {
    let mut depth = 0_usize;
    let mut end = start;
    while let Some(token) = tokens.get(end) {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close if depth == 0 => break,
            TokenKind::Close => depth -= 1,
            _ if depth == 0 && is_boundary(token) => break,
            _ => {}
        }
        end += 1;
    }
    tokens.get(start..end).unwrap_or_default()
}

pub(super) fn has_instant(operand: &[Token<'_>]) -> bool {
    let is_zoned = is_zoned(operand);
    operand.windows(2).any(|pair| {
        let param = (pair[0].text == ":").then(|| Param::parse(pair[1].text)).flatten();
        param.is_some_and(|param| param.form != ParamForm::Unix && !is_zoned)
    })
}

/// The zone of what is compared is said.
fn is_zoned(operand: &[Token<'_>]) -> bool {
    operand.windows(3).any(|three| three[0].is("AT") && three[1].is("TIME") && three[2].is("ZONE"))
        || operand.iter().any(|token| token.is_one_of(&["with_timezone", "convert_tz", "timezone"]))
}

fn names(operand: &[Token<'_>]) -> Vec<String> {
    if is_zoned(operand) {
        return Vec::new();
    }
    operand.iter().filter_map(Token::name).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_beside_an_instant_are_found() {
        for (text, expected) in [
            ("SELECT 1 FROM t WHERE at >= :window_start AND b < 5", &["at"][..]),
            (
                "SELECT 1 FROM t WHERE at>=:window_start AND t.\"End\" < :window_end",
                &["at", "t", "End"],
            ),
            ("SELECT 1 FROM t WHERE :window_start <= at", &["at"]),
            (
                "SELECT 1 FROM t WHERE (at::date BETWEEN :window_start_date AND :as_of_date)",
                &["at", "date"],
            ),
            (
                "SELECT count(*) FILTER (WHERE date_trunc('day', at) = :window_start) FROM t",
                &["date_trunc", "at"],
            ),
            ("SELECT 1 FROM t WHERE at AT TIME ZONE 'UTC' >= :window_start", &[]),
            ("SELECT 1 FROM t WHERE at >= :window_start AT TIME ZONE 'UTC'", &[]),
            ("SELECT 1 FROM t WHERE extract(epoch FROM at) >= :window_start_unix", &[]),
            ("SELECT :window_start AS at FROM t WHERE at > now()", &[]),
        ] {
            assert_eq!(compared(Dialect::Postgres, text), expected, "{text}");
        }
    }
}
