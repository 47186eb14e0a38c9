//! What names in a statement stand for besides columns of tables: what `AS` and lists of columns give them. Not here:
//! what is compared with what (`comparisons`).

use super::comparisons::{Operand, OperandKind, Reader};
use super::tokens::{TokenKind, Tokens};

/// What a name stands for besides a column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What each `AS` gives it.
    Given(Vec<Operand>),
    /// Nobody can tell from the text alone.
    Unknown,
}

/// The table that is called so in the statement.
pub(super) fn called<'t>(
    tokens: &Tokens<'_>,
    name: &str,
    tables: impl Iterator<Item = &'t str>,
) -> Option<&'t str> {
    let is = |at: Option<usize>, name: &str| {
        at.and_then(|at| tokens.name(at)).is_some_and(|found| found.eq_ignore_ascii_case(name))
    };
    let mut tables = tables;
    tables.find(|table| {
        table.eq_ignore_ascii_case(name)
            || (1..tokens.all.len()).filter(|at| is(Some(*at), name)).any(|at| {
                let before = at.checked_sub(1 + usize::from(tokens.is(at - 1, "AS")));
                is(before, table)
            })
    })
}

/// What else a name stands for in the statement.
pub(super) fn meaning(sql: &str, tokens: &Tokens<'_>, name: &str) -> Meaning {
    /// What makes columns of its own, and these.
    const MAKERS: [&str; 3] = ["json_each", "json_tree", "generate_series"];
    const MADE: [&str; 8] = ["key", "value", "type", "atom", "id", "parent", "fullkey", "path"];
    let is_made = MADE.iter().any(|made| made.eq_ignore_ascii_case(name));
    let reader = Reader { sql, tokens, params: &[] };
    let mut given = Vec::new();
    for at in 1..tokens.all.len() {
        // Who tells types apart knows of both.
        if tokens.is(at, "typeof") || is_made && tokens.is_any(at, &MAKERS) {
            return Meaning::Unknown;
        }
        match listed(&reader, at, name) {
            Some(Meaning::Given(operands)) => given.extend(operands),
            Some(Meaning::Unknown) => return Meaning::Unknown,
            None => {}
        }
        if !tokens.name(at).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            continue;
        }
        let end = if tokens.is(at - 1, "AS") {
            at.checked_sub(2)
        } else {
            (tokens.ends_operand(at - 1) || tokens.is(at - 1, "END")).then_some(at - 1)
        };
        let Some(end) = end else { continue };
        let operand = reader.before(end).filter(|(start, _)| reader.begins_column(*start));
        match operand.and_then(|place| reader.operand(place)) {
            // `t.day AS day` is the column itself.
            Some(same)
                if same.kind == OperandKind::Column
                    && same.columns[0].eq_ignore_ascii_case(name) => {}
            Some(operand) => given.push(operand),
            None => return Meaning::Unknown,
        }
    }
    Meaning::Given(given)
}

/// What a list of columns that begins here gives a name, as in `WITH t(day, n) AS (SELECT at, n FROM o)`.
fn listed(reader: &Reader<'_>, open: usize, name: &str) -> Option<Meaning> {
    let tokens = reader.tokens;
    let is_open = |at: usize| tokens.kind(at) == Some(TokenKind::Open);
    let close = is_open(open).then(|| tokens.partner(open)).flatten()?;
    let words = ["AS", "NOT", "MATERIALIZED"];
    let body = (close + 1..tokens.all.len()).find(|at| !tokens.is_any(*at, &words))?;
    if !tokens.is(close + 1, "AS") || !is_open(body) {
        return None;
    }
    let mut names = (open + 1..close).filter_map(|at| tokens.name(at));
    let place = names.position(|found| found.eq_ignore_ascii_case(name))?;
    let directly = |at: &usize| tokens.is_directly_in(body, *at);
    let ends = (body + 1..tokens.partner(body)?).filter(directly);
    let end = ends
        .take_while(|at| !tokens.is(at - 1, "FROM"))
        .filter(|at| tokens.kind(*at) == Some(TokenKind::Comma) || tokens.is(*at, "FROM"))
        .nth(place);
    let operand = end.and_then(|end| {
        let last = end - if tokens.is(end - 2, "AS") { 3 } else { 1 };
        let place = reader.before(last).filter(|(start, _)| reader.begins_column(*start))?;
        reader.operand(place)
    });
    Some(operand.map_or(Meaning::Unknown, |operand| Meaning::Given(vec![operand])))
}
