//! Names in databases: how people vary them, and how statements quote them.

use crate::source::statement::Dialect;

/// Words that mean something else in some database: quoted, however they are spelled.
const RESERVED: [&str; 98] = [
    "all",
    "alter",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "both",
    "by",
    "call",
    "case",
    "cast",
    "change",
    "check",
    "collate",
    "column",
    "condition",
    "constraint",
    "create",
    "cross",
    "cube",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "database",
    "default",
    "delete",
    "desc",
    "describe",
    "distinct",
    "div",
    "do",
    "drop",
    "each",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "full",
    "function",
    "grant",
    "group",
    "grouping",
    "groups",
    "having",
    "in",
    "index",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "key",
    "keys",
    "leading",
    "left",
    "like",
    "limit",
    "lock",
    "match",
    "mod",
    "natural",
    "not",
    "null",
    "of",
    "offset",
    "on",
    "or",
    "order",
    "out",
    "over",
    "partition",
    "primary",
    "range",
    "rank",
    "references",
    "release",
    "right",
    "row",
    "rows",
    "select",
    "set",
    "system",
    "table",
    "then",
    "to",
];
const MORE_RESERVED: [&str; 20] = [
    "trailing",
    "trigger",
    "true",
    "union",
    "unique",
    "update",
    "usage",
    "user",
    "using",
    "values",
    "verbose",
    "view",
    "when",
    "where",
    "window",
    "with",
    "work",
    "write",
    "lateral",
    "transaction",
];

/// A name as a statement of this dialect has it.
pub fn quoted(dialect: Dialect, name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&name)
        && !MORE_RESERVED.contains(&name);
    if plain {
        name.to_owned()
    } else if dialect == Dialect::MySql {
        format!("`{}`", name.replace('`', "``"))
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Whether a name, or a value, can stand in a statement in a configuration as it is.
pub(super) fn is_writable(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && !text.contains("${")
        && !text
            .chars()
            .any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}' || c == '\u{85}')
}

/// The words of a name in lower case, each in the singular: `OrderLines` is `order line`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let starts = c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit());
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else if starts || words.is_empty() {
            words.push(c.to_lowercase().collect());
        } else if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| singular(word)).collect()
}

fn singular(word: &str) -> String {
    match word {
        "status" | "address" | "nps" | "ads" | "gross" | "bus" => {
            word.trim_end_matches("ads").to_owned() + if word == "ads" { "ad" } else { "" }
        }
        _ => match (word.strip_suffix("ies"), word.strip_suffix('s')) {
            (Some(stem), _) if stem.len() > 1 => format!("{stem}y"),
            (_, Some(stem)) if stem.len() > 1 && !stem.ends_with('s') => stem.to_owned(),
            _ => word.to_owned(),
        },
    }
}
