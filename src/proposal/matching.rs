//! Which table, and which of its columns, are meant by those of the catalogue.

use super::column::{Column, Holds};
use super::names::{is_writable, words};
use super::tables::{Known, Role, Wanted};
use super::{Schema, Table};
use crate::source::statement::Dialect;

/// A table, and what of it is meant by which column.
#[derive(Debug)]
pub(super) struct Found<'s> {
    pub(super) known: &'static Known,
    pub(super) table: &'s Table,
    /// Without a column its `otherwise` stands for it.
    pub(super) columns: Vec<(&'static Wanted, Option<&'s Column>)>,
    /// Words that do not count, by a column that says so.
    pub(super) left_out: Option<(&'s Column, Vec<String>)>,
    /// Other tables that it could be.
    pub(super) besides: Vec<String>,
    pub(super) remarks: Vec<String>,
}

/// States of an order that never became one.
const NEVER: [&str; 14] = [
    "cancelled",
    "canceled",
    "cancel",
    "void",
    "voided",
    "failed",
    "draft",
    "abandoned",
    "declined",
    "expired",
    "test",
    "deleted",
    "storniert",
    "pending_payment",
];

/// What may follow the name of a table that holds the thing itself.
const SUFFIXES: [&str; 10] =
    ["header", "head", "table", "tbl", "data", "fact", "all", "view", "v", "record"];

impl Found<'_> {
    pub(super) fn column(&self, name: &str) -> Option<(&'static Wanted, Option<&Column>)> {
        self.columns.iter().find(|(wanted, _)| wanted.name == name).map(|(w, c)| (*w, *c))
    }

    /// The only currency of its rows, where a column tells.
    pub(super) fn currency(&self) -> Option<String> {
        let mut currencies = currencies(self.table);
        currencies.next().filter(|_| currencies.next().is_none())
    }
}

fn currencies(table: &Table) -> impl Iterator<Item = String> {
    let columns = table
        .columns
        .iter()
        .filter(|column| words(&column.name).last().is_some_and(|w| w == "currency"));
    let values = columns.take(1).flat_map(|column| column.values.iter());
    values.map(|value| value.trim().to_uppercase()).filter(|v| v.len() == 3)
}

/// How well a table's name fits; less is better.
fn fit(table: &Table, known: &Known) -> Option<usize> {
    let have = words(&table.name);
    let names = known.all_names();
    names
        .enumerate()
        .filter_map(|(at, name)| {
            let wanted = words(name);
            if have == wanted {
                Some(at)
            } else if have.len() <= wanted.len() + 2 && have.ends_with(&wanted) {
                Some(100 + at)
            } else if have.starts_with(&wanted) && SUFFIXES.contains(&have.last()?.as_str()) {
                Some(200 + at)
            } else {
                None
            }
        })
        .min()
}

/// Tables that may be meant, the likeliest first.
pub(super) fn candidates<'s>(schema: &'s Schema, known: &Known) -> Vec<&'s Table> {
    let usable =
        |table: &&Table| is_writable(&table.name) && is_writable(&format!("s{}", table.schema));
    let mut found: Vec<(bool, usize, bool, &Table)> = schema
        .tables
        .iter()
        .filter(usable)
        .filter_map(|table| Some((table.is_empty, fit(table, known)?, !table.is_home, table)))
        .collect();
    found.sort_by_key(|(empty, fit, away, table)| (*empty, *fit, *away, table.is_view));
    found.into_iter().map(|(_, _, _, table)| table).collect()
}

/// The table that somebody names, with its schema or without.
pub(super) fn named<'s>(schema: &'s Schema, name: &str) -> Option<&'s Table> {
    let mut tables = schema.tables.iter().filter(|table| {
        table.full_name() == name || format!("{}.{}", table.schema, table.name) == name
    });
    let exact = tables.next();
    exact.or_else(|| schema.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name)))
}

/// The likeliest table that has all columns.
///
/// # Errors
/// What there is not, for people.
pub(super) fn find<'s>(
    schema: &'s Schema,
    known: &'static Known,
    needed: &[&'static Wanted],
    chosen: Option<&String>,
) -> Result<Found<'s>, String> {
    let tables = match chosen {
        Some(name) => {
            vec![named(schema, name).ok_or_else(|| format!("there is no table {name}"))?]
        }
        None => candidates(schema, known),
    };
    let mut reason = None;
    let mut found: Option<Found<'s>> = None;
    for table in tables {
        match columns(schema.dialect, table, needed) {
            Ok(columns) if found.is_none() => {
                found = Some(with_remarks(schema.dialect, known, table, columns, needed));
            }
            Ok(_) => {
                if let Some(found) = &mut found {
                    found.besides.push(table.full_name());
                }
            }
            Err(missing) => {
                reason.get_or_insert_with(|| {
                    format!("{} has no column for {missing}", table.full_name())
                });
            }
        }
    }
    found.ok_or_else(|| {
        reason.unwrap_or_else(|| {
            let names: Vec<&str> = known.all_names().take(4).collect();
            format!("no table is named like {}", names.join(", "))
        })
    })
}

fn with_remarks<'s>(
    dialect: Dialect,
    known: &'static Known,
    table: &'s Table,
    columns: Vec<(&'static Wanted, Option<&'s Column>)>,
    needed: &[&'static Wanted],
) -> Found<'s> {
    let mut found =
        Found { known, table, columns, left_out: None, besides: Vec::new(), remarks: Vec::new() };
    let has_status = needed.iter().any(|wanted| wanted.name == "status");
    let status =
        known.columns.iter().find(|wanted| wanted.name == "status").filter(|_| !has_status);
    if let Some(wanted) = status
        && let Some(column) = column_for(dialect, table, wanted, &[])
    {
        let never = |value: &&String| {
            NEVER.contains(&value.trim().to_lowercase().as_str())
                && is_writable(value)
                && !value.contains('\\')
        };
        let out: Vec<String> = column.values.iter().filter(never).cloned().collect();
        let rest: Vec<String> = column
            .values
            .iter()
            .filter(|value| !out.contains(value))
            .take(6)
            .map(|value| crate::shown::line(value, 30))
            .collect();
        if !out.is_empty() {
            let rest = if rest.is_empty() {
                String::new()
            } else {
                format!("; {} count", rest.join(", "))
            };
            found.remarks.push(format!(
                "rows with {} {} do not count{rest}",
                column.name,
                out.join(", ")
            ));
            found.left_out = Some((column, out));
        }
    }
    let all: Vec<String> = currencies(table).collect();
    if all.len() > 1 && needed.iter().any(|wanted| wanted.role == Role::Money) {
        found.remarks.push(format!(
            "amounts are in several currencies ({}): add up one, or convert",
            all.join(", ")
        ));
    }
    found
}

/// A column for each that is needed; else the first that has none.
fn columns<'s>(
    dialect: Dialect,
    table: &'s Table,
    needed: &[&'static Wanted],
) -> Result<Vec<(&'static Wanted, Option<&'s Column>)>, String> {
    let mut taken: Vec<(&'static Wanted, Option<&'s Column>)> = Vec::new();
    for wanted in needed {
        let used: Vec<&str> =
            taken.iter().filter_map(|(_, c)| c.map(|c| c.name.as_str())).collect();
        match column_for(dialect, table, wanted, &used) {
            Some(column) => taken.push((wanted, Some(column))),
            None if wanted.otherwise.is_some() => taken.push((wanted, None)),
            None => return Err(wanted.name.clone()),
        }
    }
    Ok(taken)
}

fn column_for<'s>(
    dialect: Dialect,
    table: &'s Table,
    wanted: &Wanted,
    used: &[&str],
) -> Option<&'s Column> {
    let fits = |column: &&Column| {
        is_writable(&column.name)
            && !used.contains(&column.name.as_str())
            && is_compatible(column, column.holds(dialect), wanted.role)
    };
    let names = std::iter::once(&wanted.name).chain(&wanted.names);
    let names: Vec<Vec<String>> = names.map(|name| words(name)).collect();
    let score = |column: &&Column| -> Option<usize> {
        let have = unit_apart(words(&column.name));
        names
            .iter()
            .enumerate()
            .filter_map(|(at, name)| {
                if have == *name {
                    Some(at)
                } else if have.len() > name.len()
                    && name.iter().any(|word| word.len() > 3)
                    && (have.ends_with(name) || have.starts_with(name))
                {
                    Some(100 + at)
                } else {
                    None
                }
            })
            .min()
    };
    let by_name =
        table.columns.iter().filter(fits).filter_map(|column| Some((score(&column)?, column)));
    let best = by_name.min_by_key(|(score, _)| *score).map(|(_, column)| column);
    // When there is one time only, it is when things happen.
    best.or_else(|| {
        let times = table.columns.iter().filter(|column| column.holds(dialect).is_time());
        let mut times = times.filter(|column| {
            let name = column.name.to_lowercase();
            let other = [
                "update", "modif", "delet", "birth", "expire", "ship", "deliver", "cancel",
                "refund", "return", "end", "clos", "chang",
            ];
            !other.iter().any(|word| name.contains(word))
        });
        let only = times.next().filter(|_| times.next().is_none())?;
        let begins = [
            "ordered_on",
            "day",
            "started_on",
            "created_on",
            "booked_on",
            "answered_on",
            "published_on",
        ];
        (begins.contains(&wanted.name.as_str())
            && !used.contains(&only.name.as_str())
            && is_writable(&only.name))
        .then_some(only)
    })
}

/// `total_cents` is a total.
fn unit_apart(mut words: Vec<String>) -> Vec<String> {
    if words.len() > 1 && words.last().is_some_and(|word| is_minor(word)) {
        words.pop();
    }
    words
}

/// Hundredths of a currency.
pub(super) fn is_minor(word: &str) -> bool {
    ["cent", "minor", "pence", "penny", "ct"].contains(&word)
}

fn is_compatible(column: &Column, holds: Holds, role: Role) -> bool {
    // Text that nobody looked at may be anything.
    let unknown = column.values.is_empty() && matches!(holds, Holds::Word);
    match role {
        Role::Time => holds.is_time() || unknown,
        Role::Money | Role::Number => holds.is_number() || unknown,
        Role::Flag => holds == Holds::Flag || holds.is_number() || holds.is_time() || unknown,
        Role::Word => holds == Holds::Word,
        Role::Id => !matches!(holds, Holds::Flag),
    }
}
