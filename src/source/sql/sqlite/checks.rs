//! Arithmetic in a statement, with its operands checked: `a * b` becomes
//! `kpi_number(a,'*') * kpi_number(b,'*')`, so that text that is no number ends the statement instead
//! of counting as zero or as its first digits. Everything else stays as it was written. Not here: the
//! functions themselves (`functions`) and sums (`sums`).

use std::collections::BTreeMap;

use super::tokens::{TokenKind, Tokens};

/// How far a statement is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Scope {
    /// Arithmetic: in a database of others, whose indexes have to stay useful.
    #[cfg(any(test, feature = "sqlite"))]
    Arithmetic,
    /// Also comparisons with numbers, minima, maxima and days of instants: in tables of our own.
    All,
}

/// First and last byte of an operand, and the function that is put around it.
type Place = (usize, usize, &'static str);

/// Functions that calculate with all of their arguments.
const CALCULATING: [&str; 35] = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "ceil",
    "ceiling",
    "cos",
    "cosh",
    "degrees",
    "exp",
    "floor",
    "ln",
    "log",
    "log10",
    "log2",
    "median",
    "mod",
    "percentile",
    "percentile_cont",
    "percentile_disc",
    "pow",
    "power",
    "radians",
    "round",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
];

/// The statement with checks. Text that is no SQL stays what it is.
pub(super) fn checked(sql: &str, scope: Scope) -> String {
    let tokens = Tokens::of(sql);
    let mut checks = Checks { tokens: &tokens, wraps: BTreeMap::new() };
    for at in 0..tokens.all.len() {
        checks.operator(at);
        checks.call(at);
        if scope == Scope::All {
            checks.comparison(at);
            checks.extreme(at);
            checks.day(at);
        }
    }
    written(sql, &checks.wraps)
}

struct Checks<'a> {
    tokens: &'a Tokens<'a>,
    /// With the second argument of the function, in quotes.
    wraps: BTreeMap<Place, Option<String>>,
}

impl Checks<'_> {
    /// Both operands of an arithmetic operator, or the one after a sign.
    fn operator(&mut self, at: usize) {
        let tokens = self.tokens;
        let operators = ["+", "-", "*", "/", "%", "&", "|", "<<", ">>", "~"];
        if !tokens.is_operator(at, &operators) {
            return;
        }
        let binary = at > 0 && tokens.ends_operand(at - 1);
        let sign = tokens.text(at);
        // Otherwise `+` does nothing, and `*` stands for all columns.
        if !binary && !matches!(sign, "-" | "~") {
            return;
        }
        if binary && let Some(start) = tokens.operand_start(at - 1) {
            self.number(start, at - 1, sign);
        }
        // A sign binds tighter than `||`.
        let end = if binary { tokens.operand_end(at + 1) } else { tokens.primary_end(at + 1) };
        if let Some(end) = end {
            self.number(at + 1, end, sign);
        }
    }

    /// What is cast to a number, and the arguments of functions that calculate.
    fn call(&mut self, at: usize) {
        let tokens = self.tokens;
        let Some((open, close)) = self.parentheses(at) else { return };
        if tokens.is(at, "CAST") {
            let own = |at: &usize| tokens.is(*at, "AS") && tokens.is_directly_in(open, *at);
            let Some(word) = (open + 1..close).rev().find(own) else { return };
            if word > open + 1 && is_numeric_type(tokens, word + 1, close) {
                self.number(open + 1, word - 1, "CAST");
            }
            return;
        }
        let Some(name) = tokens.name(at).map(|name| name.to_ascii_lowercase()) else { return };
        let arguments = self.arguments(open, close);
        if CALCULATING.contains(&&*name) {
            for (start, end) in arguments {
                self.number(start, end, &name);
            }
        } else if matches!(&*name, "printf" | "format")
            && let Some((first, last)) = arguments.first()
            && first == last
            && tokens.kind(*first) == Some(TokenKind::Text)
        {
            for place in numbers_in(tokens.text(*first)) {
                if let Some((start, end)) = arguments.get(place) {
                    self.number(*start, *end, &name);
                }
            }
        }
    }

    /// An operand that is compared with a number: as a number, if it is one.
    fn comparison(&mut self, at: usize) {
        let tokens = self.tokens;
        let order = ["<", "<=", ">", ">="];
        let equality = ["=", "==", "<>", "!="];
        let negated = usize::from(at > 0 && tokens.is(at - 1, "NOT"));
        let (before, after, function) = if tokens.is_operator(at, &order) {
            (Some(at), at + 1, "kpi_ordered")
        } else if tokens.is_operator(at, &equality) {
            (Some(at), at + 1, "kpi_equal")
        } else if tokens.is(at, "BETWEEN") {
            (at.checked_sub(negated), at + 1, "kpi_ordered")
        } else if tokens.is(at, "IN") && tokens.kind(at + 1) == Some(TokenKind::Open) {
            (at.checked_sub(negated), at + 2, "kpi_equal")
        } else {
            return;
        };
        let Some(last) = before.and_then(|before| before.checked_sub(1)) else { return };
        if tokens.is_any(last, &["ROWS", "RANGE", "GROUPS"]) {
            return;
        }
        if self.is_number(after)
            && let Some(start) = tokens.operand_start(last)
        {
            self.wrap(start, last, function, None);
        }
        let number_before = tokens.kind(last) == Some(TokenKind::Number);
        if number_before
            && tokens.kind(at) == Some(TokenKind::Operator)
            && let Some(end) = tokens.operand_end(at + 1)
        {
            self.wrap(at + 1, end, function, None);
        }
    }

    /// The arguments of `min` and `max`, of which one call must not see both numbers and other text.
    /// A COLLATE says that text is meant.
    fn extreme(&mut self, at: usize) {
        let tokens = self.tokens;
        let Some(name) = tokens.name(at).map(|name| name.to_ascii_lowercase()) else { return };
        let Some((open, close)) = self.parentheses(at) else { return };
        if !matches!(&*name, "min" | "max") || (open..close).any(|at| tokens.is(at, "COLLATE")) {
            return;
        }
        let site = format!("'{name} {}'", tokens.all[at].at);
        for (start, end) in self.arguments(open, close) {
            let start = start + usize::from(tokens.is_any(start, &["DISTINCT", "ALL"]));
            if start <= end {
                self.wrap(start, end, "kpi_extreme", Some(site.clone()));
            }
        }
    }

    /// The local day or hour of an instant that our loader has written with its offset.
    fn day(&mut self, at: usize) {
        let tokens = self.tokens;
        let Some(name) = tokens.name(at).map(|name| name.to_ascii_lowercase()) else { return };
        let Some((open, close)) = self.parentheses(at) else { return };
        let arguments = self.arguments(open, close);
        let place = match &*name {
            "date" | "time" | "datetime" => 0,
            "strftime" => 1,
            _ => return,
        };
        // Whoever names a zone, or seconds since 1970, means the instant.
        let says = |at: usize, words: &[&str]| {
            let text = tokens.text(at).to_ascii_lowercase();
            tokens.kind(at) == Some(TokenKind::Text) && words.iter().any(|word| text.contains(word))
        };
        let instant = (open..close).any(|at| says(at, &["localtime", "utc"]))
            || place == 1
                && arguments.first().is_some_and(|(first, _)| says(*first, &["%s", "%j"]));
        if let Some((start, end)) = arguments.get(place).filter(|_| !instant) {
            self.wrap(*start, *end, "kpi_local", None);
        }
    }

    /// Whether a number, maybe signed, begins here.
    fn is_number(&self, at: usize) -> bool {
        let signs = (at..self.tokens.all.len())
            .take_while(|at| self.tokens.is_operator(*at, &["-", "+"]))
            .count();
        self.tokens.kind(at + signs) == Some(TokenKind::Number)
    }

    /// The parentheses of a call.
    fn parentheses(&self, at: usize) -> Option<(usize, usize)> {
        matches!(self.tokens.kind(at)?, TokenKind::Word | TokenKind::Quoted).then_some(())?;
        let open = at + 1;
        (self.tokens.kind(open)? == TokenKind::Open).then_some(())?;
        Some((open, self.tokens.partner(open)?))
    }

    /// First and last token of each argument.
    fn arguments(&self, open: usize, close: usize) -> Vec<(usize, usize)> {
        let commas = (open + 1..close).filter(|at| {
            self.tokens.kind(*at) == Some(TokenKind::Comma) && self.tokens.is_directly_in(open, *at)
        });
        let mut start = open + 1;
        let mut found = Vec::new();
        for end in commas.chain([close]) {
            if start < end {
                found.push((start, end - 1));
            }
            start = end + 1;
        }
        found
    }

    fn number(&mut self, start: usize, end: usize, done: &str) {
        if start == end && self.tokens.kind(start) == Some(TokenKind::Number) {
            return;
        }
        // A signed number.
        let signed = start + 1 == end && self.tokens.is_operator(start, &["-", "+"]);
        if !(signed && self.tokens.kind(end) == Some(TokenKind::Number)) {
            self.wrap(start, end, "kpi_number", Some(format!("'{done}'")));
        }
    }

    fn wrap(&mut self, start: usize, end: usize, function: &'static str, second: Option<String>) {
        let (Some(first), Some(last)) = (self.tokens.all.get(start), self.tokens.all.get(end))
        else {
            return;
        };
        self.wraps.entry((first.at, last.end(), function)).or_insert(second);
    }
}

/// By SQLite's rules for the names of types.
fn is_numeric_type(tokens: &Tokens<'_>, start: usize, end: usize) -> bool {
    let name: String = (start..end).map(|at| tokens.text(at).to_ascii_uppercase()).collect();
    let has = |part: &str| name.contains(part);
    has("INT") || !(has("CHAR") || has("CLOB") || has("TEXT") || has("BLOB"))
}

/// Which arguments a format prints as numbers; none when it takes widths from arguments.
fn numbers_in(format: &str) -> Vec<usize> {
    let (mut places, mut place) = (Vec::new(), 0);
    let mut rest = format;
    while let Some((_, after)) = rest.split_once('%') {
        let Some(kind) = after.find(|c: char| c.is_ascii_alphabetic() || "%*".contains(c)) else {
            break;
        };
        match after.as_bytes()[kind] {
            b'*' => return Vec::new(),
            b'%' => {}
            letter => {
                place += 1;
                if b"difeEgGxXou".contains(&letter) {
                    places.push(place);
                }
            }
        }
        rest = &after[kind + 1..];
    }
    places
}

fn written(sql: &str, wraps: &BTreeMap<Place, Option<String>>) -> String {
    // What ends at a place comes before what begins there; the outer of two is first to begin and
    // last to end.
    let mut places = Vec::new();
    for (index, ((start, end, function), second)) in wraps.iter().enumerate() {
        let second = second.as_ref().map_or_else(String::new, |second| format!(",{second}"));
        places.push((*start, true, usize::MAX - (end - start), index, format!("{function}(")));
        places.push((*end, false, end - start, usize::MAX - index, format!("{second})")));
    }
    places.sort();
    let mut out = String::with_capacity(sql.len() + 40 * wraps.len());
    let mut copied = 0;
    for (at, _, _, _, text) in places {
        out.push_str(&sql[copied..at]);
        copied = at;
        out.push_str(&text);
    }
    out.push_str(&sql[copied..]);
    out
}

#[cfg(test)]
#[path = "tests/checks.rs"]
mod tests;
