//! A query of the catalogue becomes one over the tables of a database: names in their places, times compared
//! as their types are, amounts and flags as numbers, words as the database spells them.

use std::fmt::Write as _;

use super::column::{Column, Holds};
use super::matching::{Found, is_minor};
use super::names::{is_writable, quoted, words};
use super::tables::{self, Known, Role, Wanted};
use crate::source::statement::Dialect;

/// Words that name what others call otherwise.
const SAME: [(&str, &[&str]); 12] = [
    ("won", &["closed won", "closedwon", "gewonnen"]),
    ("lost", &["closed lost", "closedlost", "verloren"]),
    ("organic", &["organic search", "seo", "google organic"]),
    ("call", &["phone call", "phone", "anruf"]),
    ("demo", &["product demo", "demonstration"]),
    ("revenue", &["income", "sale", "umsatz"]),
    ("cogs", &["cost of goods sold", "cost of goods", "cost of revenue"]),
    ("sales_marketing", &["sales and marketing", "s m"]),
    ("churn", &["churned", "cancellation", "lost"]),
    ("expansion", &["upgrade", "upsell"]),
    ("contraction", &["downgrade"]),
    ("refunded", &["refund", "returned", "erstattet"]),
];

/// A part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'q> {
    Word(&'q str),
    Text(&'q str),
    Parameter(&'q str),
    Other(&'q str),
}

fn parts<'q>(query: &'q str) -> Vec<Part<'q>> {
    let mut parts = Vec::new();
    let mut rest = query;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    while let Some(first) = rest.chars().next() {
        let end = |from: usize, stop: &dyn Fn(char) -> bool| {
            rest[from..].find(stop).map_or(rest.len(), |at| from + at)
        };
        let (length, part): (usize, fn(&'q str) -> Part<'q>) = if first == '\'' {
            (rest[1..].find('\'').map_or(rest.len(), |at| at + 2), Part::Text)
        } else if rest.starts_with("--") {
            (end(0, &|c| c == '\n'), Part::Other)
        } else if first == ':' {
            (end(1, &|c| !is_word(c)), Part::Parameter)
        } else if is_word(first) {
            (end(0, &|c| !is_word(c)), Part::Word)
        } else {
            (first.len_utf8(), Part::Other)
        };
        parts.push(part(&rest[..length]));
        rest = &rest[length..];
    }
    parts
}

/// The table of the catalogue that a query is over.
pub(super) fn table_of(query: &str) -> Option<&'static Known> {
    let parts = parts(query);
    let words = parts.iter().filter_map(|part| match part {
        Part::Word(word) => Some(*word),
        _ => None,
    });
    let words: Vec<&str> = words.collect();
    words.windows(2).filter(|pair| pair[0] == "FROM").find_map(|pair| tables::find(pair[1]))
}

/// The columns of it that the query asks for.
pub(super) fn columns_of(query: &str, known: &'static Known) -> Vec<&'static Wanted> {
    let mut needed: Vec<&'static Wanted> = Vec::new();
    let mut before = "";
    for part in parts(query) {
        let Part::Word(word) = part else { continue };
        let column = known
            .columns
            .iter()
            .find(|column| column.name == word && before != "AS" && before != "FROM");
        needed.extend(column.filter(|column| needed.iter().all(|n| n.name != column.name)));
        before = word;
    }
    // Those that can be taken for another come last.
    needed.sort_by_key(|wanted| wanted.otherwise.is_some());
    needed
}

/// The query over what was found.
///
/// # Errors
/// What cannot be said in it, for people.
pub(super) fn rewrite(dialect: Dialect, query: &str, found: &Found<'_>) -> Result<String, String> {
    let parts = parts(query);
    let mut text = String::new();
    let (mut before, mut time, mut word_column) = ("", Holds::Day, None);
    let (mut at, mut is_narrowed) = (0, false);
    while let Some(part) = parts.get(at) {
        match *part {
            Part::Word("date") if matches!(parts.get(at + 1), Some(Part::Other("("))) => {
                let (shifted, length) = shifted(dialect, time, &parts[at..])
                    .ok_or("its query moves days in a way that is not known here")?;
                text.push_str(&shifted);
                at += length;
                continue;
            }
            Part::Word(word) if word == found.known.name && before == "FROM" => {
                text.push_str(&found.table.in_sql(dialect));
            }
            Part::Word("WHERE") => {
                let indent = text
                    .rsplit('\n')
                    .next()
                    .map_or(0, |line| if line.trim().is_empty() { line.len() } else { 0 });
                text.push_str("WHERE");
                if let Some(condition) =
                    left_out(dialect, found).filter(|_| !std::mem::replace(&mut is_narrowed, true))
                {
                    let _ = write!(text, " {condition}\n{:indent$}  AND", "");
                }
            }
            Part::Word(word) if before != "AS" => match found.column(word) {
                Some((wanted, Some(column))) => {
                    if wanted.role == Role::Time {
                        time = column.holds(dialect);
                    } else if wanted.role == Role::Word {
                        word_column = Some(column);
                    }
                    let is_alone =
                        text.ends_with('(') && matches!(parts.get(at + 1), Some(Part::Other(")")));
                    let own = expression(dialect, wanted, column, &parts[at + 1..])?;
                    text.push_str(if is_alone { bare(&own) } else { &own });
                }
                // A row each: how many there are.
                Some((_, None)) if text.ends_with("sum(") => {
                    text.truncate(text.len() - "sum(".len());
                    text.push_str("count(*");
                }
                Some((wanted, None)) => text.push_str(wanted.otherwise.as_deref().unwrap_or(word)),
                None => text.push_str(word),
            },
            Part::Word(word) => text.push_str(word),
            Part::Text(literal) => match word_column {
                Some(column) => text.push_str(&spelled(literal, column)?),
                None => text.push_str(literal),
            },
            Part::Parameter(name) => text.push_str(&parameter(dialect, time, name)),
            Part::Other(comment) if comment.starts_with("--") => {
                // The catalogue's comment on dialects, and its line.
                text.truncate(text.trim_end().len());
            }
            Part::Other(other) => text.push_str(other),
        }
        if let Part::Word(word) = *part {
            before = word;
        }
        at += 1;
    }
    Ok(text)
}

/// A condition that leaves out rows which do not count.
fn left_out(dialect: Dialect, found: &Found<'_>) -> Option<String> {
    let (column, values) = found.left_out.as_ref()?;
    let name = quoted(dialect, &column.name);
    let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
    Some(format!("({name} IS NULL OR {name} NOT IN ({}))", values.join(", ")))
}

/// Without the parentheses of a part.
fn bare(expression: &str) -> &str {
    let inner = expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
    inner.filter(|inner| !inner.contains(['(', ')'])).unwrap_or(expression)
}

fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// What stands for a column, by what it is for and what follows it.
fn expression(
    dialect: Dialect,
    wanted: &Wanted,
    column: &Column,
    rest: &[Part<'_>],
) -> Result<String, String> {
    let name = quoted(dialect, &column.name);
    let holds = column.holds(dialect);
    let next =
        rest.iter().find(|part| !matches!(part, Part::Other(space) if space.trim().is_empty()));
    let compared = matches!(next, Some(Part::Other("<" | ">" | "=") | Part::Word("IS")));
    Ok(match (wanted.role, holds) {
        (Role::Time, Holds::DayText) if dialect != Dialect::Sqlite => {
            format!("CAST({name} AS date)")
        }
        (Role::Time, _) if compared => name,
        // The day of an instant.
        (Role::Time, Holds::Day) => name,
        (Role::Time, Holds::UnixSeconds | Holds::UnixMilliseconds) => {
            return Err(format!(
                "{} is a number of seconds, of which days cannot be made here",
                column.name
            ));
        }
        (Role::Time, _) if dialect == Dialect::Sqlite => format!("date({name})"),
        (Role::Time, _) => format!("CAST({name} AS date)"),
        (Role::Money | Role::Number, _) => amount(dialect, column, &name, holds),
        (Role::Flag, Holds::Flag) => format!("CASE WHEN {name} THEN 1 ELSE 0 END"),
        (Role::Flag, holds) if holds.is_time() => {
            format!("CASE WHEN {name} IS NOT NULL THEN 1 ELSE 0 END")
        }
        (Role::Flag, _) if column.name.to_lowercase().ends_with("id") => {
            format!("CASE WHEN {name} IS NOT NULL THEN 1 ELSE 0 END")
        }
        (Role::Flag | Role::Id | Role::Word, _) => name,
    })
}

fn amount(dialect: Dialect, column: &Column, name: &str, holds: Holds) -> String {
    let number = match (holds, dialect) {
        (Holds::Amount, _) => format!("CAST({name} AS numeric)"),
        (Holds::NumberText(sign), _) => {
            let plain = column.values.iter().all(|value| value.trim().parse::<f64>().is_ok());
            number_text(dialect, name, sign, plain)
        }
        _ => name.to_owned(),
    };
    let minor = words(&column.name).last().is_some_and(|word| is_minor(word));
    if minor {
        format!("({number} / 100.0)")
    } else if column.name.to_lowercase().ends_with("micros") {
        format!("({number} / 1000000.0)")
    } else {
        number
    }
}

/// Text like `€ 1.234,50` as a number.
fn number_text(dialect: Dialect, name: &str, sign: char, plain: bool) -> String {
    let class = if sign == ',' { "[^0-9,-]" } else { "[^0-9.-]" };
    let point =
        |text: String| if sign == ',' { format!("replace({text}, ',', '.')") } else { text };
    match dialect {
        Dialect::Postgres if plain => format!("CAST(nullif(trim({name}), '') AS numeric)"),
        Dialect::Postgres => {
            let digits = point(format!("regexp_replace({name}, '{class}', '', 'g')"));
            format!("CAST(nullif({digits}, '') AS numeric)")
        }
        Dialect::MySql if plain => format!("CAST(nullif(trim({name}), '') AS decimal(30, 6))"),
        Dialect::MySql => {
            let digits = point(format!("regexp_replace({name}, '{class}', '')"));
            format!("CAST(nullif({digits}, '') AS decimal(30, 6))")
        }
        _ if plain => format!("CAST(nullif(trim({name}), '') AS real)"),
        _ => {
            let thousands = if sign == ',' { '.' } else { ',' };
            let mut text = name.to_owned();
            for sign in ["€", "$", "£", "CHF", "EUR", "USD", "GBP", " ", &thousands.to_string()]
            {
                text = format!("replace({text}, '{sign}', '')");
            }
            format!("CAST(nullif({}, '') AS real)", point(text))
        }
    }
}

/// A word of the catalogue as the database spells it.
fn spelled(text: &str, column: &Column) -> Result<String, String> {
    let word = text.trim_matches('\'');
    let others = SAME.iter().find(|(same, _)| *same == word).map_or(&[][..], |(_, others)| others);
    let wanted: Vec<Vec<String>> =
        std::iter::once(word).chain(others.iter().copied()).map(words).collect();
    let usable = |value: &&String| is_writable(value) && !value.contains('\\');
    for wanted in &wanted {
        if let Some(value) =
            column.values.iter().filter(usable).find(|value| words(value) == *wanted)
        {
            return Ok(literal(value));
        }
    }
    let mut have = String::new();
    for value in column.values.iter().take(6) {
        let _ = write!(
            have,
            "{}{}",
            if have.is_empty() { "" } else { ", " },
            crate::shown::line(value, 30)
        );
    }
    let have = if have.is_empty() { "nothing".to_owned() } else { have };
    Err(format!("no value of {} is like `{word}`: it has {have}", column.name))
}

/// A parameter in the form in which the column that it is compared with has times.
fn parameter(dialect: Dialect, time: Holds, name: &str) -> String {
    let Some(instant) = name.strip_suffix("_date") else { return name.to_owned() };
    match time {
        Holds::Zoned => instant.to_owned(),
        Holds::Local if dialect == Dialect::MySql => instant.to_owned(),
        Holds::UnixSeconds => format!("{instant}_unix"),
        Holds::UnixMilliseconds => format!("{instant}_unix * 1000"),
        _ => name.to_owned(),
    }
}

/// `date(:window_start_date, '-30 days')` in a dialect, and of how many parts it is.
fn shifted(dialect: Dialect, time: Holds, parts: &[Part<'_>]) -> Option<(String, usize)> {
    let close = parts.iter().position(|part| *part == Part::Other(")"))?;
    let name = parts.iter().take(close).find_map(|part| match part {
        Part::Parameter(name) => Some(*name),
        _ => None,
    })?;
    let text = parts.iter().take(close).find_map(|part| match part {
        Part::Text(text) => Some(*text),
        _ => None,
    })?;
    let days: u32 =
        text.trim_matches('\'').strip_prefix('-')?.strip_suffix(" days")?.parse().ok()?;
    let start = parameter(dialect, time, name);
    let text = match (dialect, time) {
        (_, Holds::UnixSeconds) => format!("{start} - {days} * 86400"),
        (_, Holds::UnixMilliseconds) => format!("{start} - {days} * 86400000"),
        (Dialect::Postgres, Holds::Zoned) => format!("{start} - INTERVAL '{days} days'"),
        (Dialect::Postgres, _) => format!("{start} - {days}"),
        (Dialect::MySql, _) => format!("{start} - INTERVAL {days} DAY"),
        _ => format!("date({start}, '-{days} days')"),
    };
    Some((text, close + 1))
}
