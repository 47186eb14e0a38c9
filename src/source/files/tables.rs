//! The tables of a `files` source: a path, or a path and how the numbers in it are written. Nothing
//! is opened here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::scan;
use crate::reader::forms::{Alternative, Mixed, Pairs, Quantity};
use crate::reader::report::Report;
use crate::reader::spanned::{Spanned, Text};
use crate::source::{DayOrder, NumberFormat};

/// A table that is in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTable {
    /// A path or glob, already resolved against the configuration.
    pub path: PathBuf,
    /// The same as the configuration writes it.
    pub given: String,
    /// How its numbers are written.
    pub numbers: NumberFormat,
    /// Which part of a day stands first, where its days do not tell.
    pub dates: Option<DayOrder>,
}

impl From<PathBuf> for FileTable {
    /// With numbers as programs write them.
    fn from(path: PathBuf) -> Self {
        let numbers = NumberFormat::default();
        Self { given: path.display().to_string(), path, numbers, dates: None }
    }
}

/// A table and how its numbers are written, as the configuration has it.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TableRaw {
    path: Option<Text>,
    decimal: Option<Text>,
    thousands: Option<Text>,
    strip: Option<Vec<Text>>,
    dates: Option<Text>,
}

/// Bytes of a path or glob.
const LONGEST_PATH: usize = 4096;

impl Alternative for TableRaw {
    const EXPECTED: &'static str = "a path, or { path: data/orders.csv, decimal: \",\" }";
}

/// All tables; `None` after a mistake.
pub(super) fn tables(
    report: &mut Report<'_>,
    path: &str,
    given: &Pairs<String, Mixed<TableRaw>>,
) -> Option<BTreeMap<String, FileTable>> {
    let mut tables = BTreeMap::new();
    let mut good = true;
    for (name, table) in &given.0 {
        let named = check_name(report, path, name);
        let table = one(report, &format!("{path}.{}", name.value), table);
        match (named, table) {
            (Some(()), Some(table)) => drop(tables.insert(name.value.clone(), table)),
            _ => good = false,
        }
    }
    good.then_some(tables)
}

fn check_name(report: &mut Report<'_>, path: &str, name: &Text) -> Option<()> {
    let text = &name.value;
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Some(());
    }
    let message = format!("`{path}`: `{text}` cannot be the name of a table");
    let hint = "letters, digits and `_`, so that SQL needs no quotes".to_owned();
    report.problem(name.span, message, hint);
    None
}

fn one(report: &mut Report<'_>, path: &str, given: &Spanned<Mixed<TableRaw>>) -> Option<FileTable> {
    let (file, raw) = match &given.value {
        Mixed::Quantity(Quantity::Text(file)) => (file.clone(), None),
        Mixed::Quantity(Quantity::Number(number)) => (number.to_string(), None),
        Mixed::Map(raw) => {
            let Some(file) = &raw.path else {
                let hint = "add `path: data/orders.csv`".to_owned();
                report.problem(given.span, format!("`{path}` lacks `path`"), hint);
                return None;
            };
            (file.value.clone(), Some(raw))
        }
    };
    if file.is_empty() {
        let hint = "give a path, or a glob like data/*.csv".to_owned();
        report.problem(given.span, format!("`{path}` names no file"), hint);
        return None;
    }
    if file.len() > LONGEST_PATH {
        let hint = "no system takes a longer one".to_owned();
        let message = format!("`{path}`: a path has at most {LONGEST_PATH} bytes");
        report.problem(given.span, message, hint);
        return None;
    }
    let numbers = match raw {
        Some(raw) => numbers(report, path, raw)?,
        None => NumberFormat::default(),
    };
    let dates = match raw.and_then(|raw| raw.dates.as_ref()) {
        Some(given) => Some(dates(report, path, given)?),
        None => None,
    };
    let resolved = report.dir(given.span).join(&file);
    if let Err(message) = scan::check(&resolved) {
        report.problem(given.span, format!("`{path}`: {message}"), None);
        return None;
    }
    Some(FileTable { path: resolved, given: file, numbers, dates })
}

fn dates(report: &mut Report<'_>, path: &str, given: &Text) -> Option<DayOrder> {
    match given.value.as_str() {
        "day_first" => Some(DayOrder::DayFirst),
        "month_first" => Some(DayOrder::MonthFirst),
        other => {
            let other = crate::shown::line(other, 40);
            let message =
                format!("`{path}.dates`: expected `day_first` or `month_first`, found `{other}`");
            report.problem(given.span, message, None);
            None
        }
    }
}

fn numbers(report: &mut Report<'_>, path: &str, raw: &TableRaw) -> Option<NumberFormat> {
    let decimal = match &raw.decimal {
        None => Some('.'),
        Some(given) => {
            let expected = "`\".\"` or `\",\"`";
            sign(report, &format!("{path}.decimal"), given, &['.', ','], expected)
        }
    };
    let thousands = match &raw.thousands {
        None => Some(None),
        Some(given) => {
            let (known, expected) =
                (['.', ',', ' ', '\'', '_'], "`\".\"`, `\",\"`, `\" \"`, `\"'\"` or `\"_\"`");
            sign(report, &format!("{path}.thousands"), given, &known, expected).map(Some)
        }
    };
    let strip = strip(report, path, raw.strip.as_deref().unwrap_or_default());
    let (decimal, thousands, strip) = (decimal?, thousands?, strip?);
    if let (Some(given), true) = (&raw.thousands, thousands == Some(decimal)) {
        let message = format!("`{path}`: `thousands` and `decimal` are both `{decimal}`");
        let hint = if raw.decimal.is_none() {
            format!("add `decimal: \"{}\"`", if decimal == '.' { ',' } else { '.' })
        } else {
            "which of them stands before the fraction?".to_owned()
        };
        report.problem(given.span, message, hint);
        return None;
    }
    Some(NumberFormat { decimal, thousands, strip })
}

fn sign(
    report: &mut Report<'_>,
    path: &str,
    given: &Text,
    known: &[char],
    expected: &str,
) -> Option<char> {
    let mut chars = given.value.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) if known.contains(&one) => Some(one),
        _ => {
            let found = report.shown(given, &given.value);
            let message = format!("`{path}`: expected {expected}, found {found}");
            report.problem(given.span, message, None);
            None
        }
    }
}

/// What stands beside numbers has nothing in it that a number has.
fn strip(report: &mut Report<'_>, path: &str, given: &[Text]) -> Option<Vec<String>> {
    let mut good = true;
    for sign in given {
        let text = sign.value.as_str();
        let is_part = |c: char| c.is_ascii_digit() || c.is_whitespace() || "+-.,'".contains(c);
        if text.is_empty() || text.contains(is_part) {
            let found = report.shown(sign, text);
            let message = format!("`{path}.strip`: {found} cannot stand beside a number");
            let hint = "a sign without digits, spaces, `-`, `.` or `,`: \"€\", \"%\" or \"EUR\"";
            report.problem(sign.span, message, hint.to_owned());
            good = false;
        }
    }
    good.then(|| given.iter().map(|sign| sign.value.clone()).collect())
}
