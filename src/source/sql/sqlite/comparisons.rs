//! Comparisons of a statement in which one side is an instant of the window and the other takes it from
//! columns. Not here: what names stand for (`aliases`), and what the columns hold (`forms`).

use super::tokens::{TokenKind, Tokens};
use crate::source::params::{Param, ParamForm};

/// One comparison, turned so that the instant stands on its right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) operand: Operand,
    pub(super) sign: &'static str,
    pub(super) instant: Instant,
}

/// A side that takes what it is from columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operand {
    /// As it is written.
    pub(super) sql: String,
    /// Without what stands before a point.
    pub(super) columns: Vec<String>,
    /// What stands before the point, the same for all.
    pub(super) table: Option<String>,
    pub(super) kind: OperandKind,
    /// The parenthesis that it stands in, by which SELECTs are told apart.
    pub(super) around: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OperandKind {
    /// A column.
    Column,
    /// The day or time that a function of SQLite's makes of a column: NULL where it cannot.
    Day,
    /// One thing, such as a call.
    Whole,
    /// Parts with operators between them.
    Parts,
}

/// A side that is an instant of the window, with its parameters as they are bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instant {
    pub(super) sql: String,
    params: Vec<(usize, Param)>,
}

const ARITHMETIC: [&str; 5] = ["+", "-", "*", "/", "%"];

/// Functions of many rows.
const AGGREGATES: [&str; 8] =
    ["avg", "count", "group_concat", "string_agg", "sum", "total", "median", "json_group_array"];

impl Instant {
    /// As people write it, every parameter in a form.
    pub(super) fn written(&self, form: ParamForm) -> String {
        let mut sql = self.sql.clone();
        for (place, param) in self.params.iter().rev() {
            let name = Param { form, ..*param }.name();
            sql = sql.replace(&format!("?{place}"), &format!(":{name}"));
        }
        sql
    }

    /// The form that it has, where it is nothing but a parameter.
    pub(super) fn plain(&self) -> Option<ParamForm> {
        let [(place, param)] = self.params.as_slice() else { return None };
        (self.sql == format!("?{place}")).then_some(param.form)
    }

    /// As people write it.
    pub(super) fn shown(&self) -> String {
        let mut sql = self.sql.clone();
        for (place, param) in self.params.iter().rev() {
            sql = sql.replace(&format!("?{place}"), &format!(":{}", param.name()));
        }
        sql
    }
}

/// All of them in the statement.
pub(super) fn comparisons(sql: &str, tokens: &Tokens<'_>, params: &[Param]) -> Vec<Comparison> {
    let reader = Reader { sql, tokens, params };
    let mut found = Vec::new();
    for at in 1..tokens.all.len() {
        if tokens.is(at, "BETWEEN") {
            reader.between(at, &mut found);
            continue;
        }
        let Some((sign, turned)) = sign(tokens, at) else { continue };
        let (Some(before), Some(after)) = (reader.before(at - 1), reader.after(at + 1)) else {
            continue;
        };
        if let (Some(operand), Some(instant)) = (reader.operand(before), reader.instant(after)) {
            found.push(Comparison { operand, sign, instant });
        } else if let (Some(instant), Some(operand)) =
            (reader.instant(before), reader.operand(after))
        {
            found.push(Comparison { operand, sign: turned, instant });
        }
    }
    found
}

/// A comparison as it is, and with its sides changed.
fn sign(tokens: &Tokens<'_>, at: usize) -> Option<(&'static str, &'static str)> {
    const SIGNS: [(&str, &str, &str); 8] = [
        ("<", "<", ">"),
        ("<=", "<=", ">="),
        (">", ">", "<"),
        (">=", ">=", "<="),
        ("=", "=", "="),
        ("==", "=", "="),
        ("<>", "<>", "<>"),
        ("!=", "<>", "<>"),
    ];
    let found = SIGNS.iter().find(|(sign, _, _)| tokens.is_operator(at, &[sign]));
    found.map(|(_, sign, turned)| (*sign, *turned))
}

/// Reads sides of comparisons.
pub(super) struct Reader<'a> {
    pub(super) sql: &'a str,
    pub(super) tokens: &'a Tokens<'a>,
    pub(super) params: &'a [Param],
}

/// First and last token.
pub(super) type Place = (usize, usize);

impl Reader<'_> {
    fn between(&self, at: usize, found: &mut Vec<Comparison>) {
        let tokens = self.tokens;
        let negated = tokens.is(at - 1, "NOT");
        let end = at.checked_sub(1 + usize::from(negated));
        let Some(operand) =
            end.and_then(|end| self.before(end)).and_then(|place| self.operand(place))
        else {
            return;
        };
        let signs = if negated { ["<", ">"] } else { [">=", "<="] };
        let Some(first) = self.after(at + 1) else { return };
        let second = tokens.is(first.1 + 1, "AND").then(|| self.after(first.1 + 2)).flatten();
        for (place, sign) in [Some(first), second].into_iter().zip(signs) {
            if let Some(instant) = place.and_then(|place| self.instant(place)) {
                found.push(Comparison { operand: operand.clone(), sign, instant });
            }
        }
    }

    /// The side of a comparison that ends here.
    pub(super) fn before(&self, end: usize) -> Option<Place> {
        let tokens = self.tokens;
        let mut start = tokens.operand_start(end)?;
        while start >= 2
            && tokens.is_operator(start - 1, &ARITHMETIC)
            && tokens.ends_operand(start - 2)
        {
            start = tokens.operand_start(start - 2)?;
        }
        let tied = start > 0 && tokens.kind(start - 1) == Some(TokenKind::Operator);
        (!tied).then_some((start, end))
    }

    /// The side of a comparison that begins here.
    fn after(&self, start: usize) -> Option<Place> {
        let tokens = self.tokens;
        let mut end = tokens.operand_end(start)?;
        while tokens.is_operator(end + 1, &ARITHMETIC) {
            end = tokens.operand_end(end + 2)?;
        }
        Some((start, end))
    }

    /// Whether a column of an answer begins here.
    pub(super) fn begins_column(&self, start: usize) -> bool {
        let tokens = self.tokens;
        start > 0
            && (tokens.is_any(start - 1, &["SELECT", "DISTINCT", "ALL"])
                || tokens.kind(start - 1) == Some(TokenKind::Comma))
    }

    fn text(&self, (start, end): Place) -> Option<&str> {
        self.sql.get(self.tokens.all.get(start)?.at..self.tokens.all.get(end)?.end())
    }

    fn instant(&self, place: Place) -> Option<Instant> {
        let mut params = Vec::new();
        for at in place.0..=place.1 {
            if self.tokens.is(at, "SELECT") {
                return None;
            }
            if self.tokens.kind(at) == Some(TokenKind::Parameter) {
                let place: usize = self.tokens.text(at).strip_prefix('?')?.parse().ok()?;
                params.push((place, *self.params.get(place.checked_sub(1)?)?));
            }
        }
        params.sort_unstable_by_key(|(place, _)| *place);
        params.dedup();
        let sql = self.text(place)?.to_owned();
        (!params.is_empty()).then_some(Instant { sql, params })
    }

    /// What takes its value from columns and nothing else.
    pub(super) fn operand(&self, place: Place) -> Option<Operand> {
        let tokens = self.tokens;
        let (start, end) = self.inner(place);
        let (mut columns, mut table) = (Vec::new(), None);
        for at in start..=end {
            let called = tokens.kind(at + 1) == Some(TokenKind::Open);
            match tokens.kind(at)? {
                TokenKind::Parameter => return None,
                TokenKind::Word if tokens.is_any(at, &["SELECT", "OVER"]) => return None,
                TokenKind::Word if called && tokens.is_any(at, &AGGREGATES) => return None,
                // The name of a type or of an order.
                TokenKind::Word if at > start && tokens.is_any(at - 1, &["AS", "COLLATE"]) => {}
                TokenKind::Word if tokens.is_keyword(at) || tokens.is(at, "CAST") => {}
                TokenKind::Word | TokenKind::Quoted if called => {}
                TokenKind::Word | TokenKind::Quoted => {
                    let name = tokens.name(at)?;
                    if tokens.kind(at + 1) != Some(TokenKind::Dot) {
                        if !columns.contains(&name) {
                            columns.push(name);
                        }
                    } else if table.as_ref().is_none_or(|known| *known == name) {
                        table = Some(name);
                    } else {
                        return None;
                    }
                }
                _ => {}
            }
        }
        let kind = self.kind((start, end));
        let sql = self.text((start, end))?.to_owned();
        let around = tokens.around(place.0);
        (!columns.is_empty()).then_some(Operand { sql, columns, table, kind, around })
    }

    /// Without parentheses around it; the least and the greatest of a column are of its kind.
    fn inner(&self, (start, end): Place) -> Place {
        let tokens = self.tokens;
        let is_extreme = tokens.is_any(start, &["min", "max"]);
        let open = start + usize::from(is_extreme);
        let whole = tokens.kind(open) == Some(TokenKind::Open) && tokens.partner(open) == Some(end);
        let comma = |at: usize| {
            tokens.kind(at) == Some(TokenKind::Comma) && tokens.is_directly_in(open, at)
        };
        if !whole || end < open + 2 || (open..end).any(comma) {
            return (start, end);
        }
        self.inner((open + 1, end - 1))
    }

    fn kind(&self, (start, end): Place) -> OperandKind {
        let tokens = self.tokens;
        if (start..=end).all(|at| {
            matches!(tokens.kind(at), Some(TokenKind::Word | TokenKind::Quoted | TokenKind::Dot))
        }) && !(start..end).any(|at| tokens.is_keyword(at))
        {
            return OperandKind::Column;
        }
        let called = tokens.kind(start + 1) == Some(TokenKind::Open)
            && tokens.partner(start + 1) == Some(end);
        if called && tokens.is_any(start, &["date", "datetime", "strftime", "unixepoch"]) {
            return OperandKind::Day;
        }
        if called { OperandKind::Whole } else { OperandKind::Parts }
    }
}
