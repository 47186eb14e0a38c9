//! Columns that have text in them which is no number: which, where, and what is said about them. Not
//! here: what a number is (`infer`, `writing`).

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::days::OtherDays;
use super::writing::NumberFormat;
use crate::metric::{FetchError, FetchErrorKind};
use crate::source::sql::sqlite::{Connection, quoted, written};

/// A column that has text in it which is no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct Texts {
    pub(in crate::source) table: String,
    pub(in crate::source) column: String,
    /// The first such text, and where it stands.
    pub(in crate::source) first: String,
    /// Whether there are numbers as well.
    pub(in crate::source) numbers: bool,
    /// Ways of writing numbers in which all of it are some.
    pub(in crate::source) formats: Vec<NumberFormat>,
    /// Its days that are not in the form that compares.
    pub(in crate::source) days: OtherDays,
    /// Two days, with their places, that are none in the same order.
    pub(in crate::source) contradiction: Option<(String, String)>,
}

impl Texts {
    /// Whether a statement may look at the column.
    pub(in crate::source) fn concern(&self, sql: &str) -> bool {
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let column = self.column.to_lowercase();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let named = sql.match_indices(&column).any(|(at, found)| {
            !sql[..at].ends_with(is_word) && !sql[at + found.len()..].starts_with(is_word)
        });
        named || ["select *", "distinct *", ".*", ", *"].iter().any(|all| sql.contains(all))
    }

    /// What a person should know of the column, if anything: `cure` is what to do about it.
    pub(in crate::source) fn remark(&self, cure: Option<&str>) -> Option<String> {
        let Self { table, column, first, .. } = self;
        match self.days {
            OtherDays::In(_) => {
                let read = format!("column `{column}` of table `{table}` has days like {first}");
                return Some(format!(
                    "{read}, read as year-month-day; `{column}_text` has what stands there"
                ));
            }
            OtherDays::Doubtful => return Some(self.doubt()),
            OtherDays::None => {}
        }
        if !self.numbers && self.formats.is_empty() {
            return None;
        }
        let beside =
            if self.numbers { "numbers, and text that is none" } else { "text, no numbers" };
        let cure = cure.map(|cure| format!("; {cure}")).unwrap_or_default();
        Some(format!("column `{column}` of table `{table}` has {beside}: {first}{cure}"))
    }

    /// What is wrong with days of which nobody knows if day or month stands first.
    pub(in crate::source) fn doubt(&self) -> String {
        let Self { table, column, first, .. } = self;
        if let Some((one, other)) = &self.contradiction {
            return format!(
                "column `{column}` of table `{table}` has both {one} and {other}: they are days in no common \
                 order, so that no window can be compared with them"
            );
        }
        format!(
            "column `{column}` of table `{table}` has days like {first}: they do not tell whether day \
             or month stands first, so that no window can be compared with them"
        )
    }

    /// Why a statement cannot have meant the column as it is read.
    pub(in crate::source) fn misread(&self, sql: &str) -> Option<String> {
        let Self { table, column, first, .. } = self;
        (matches!(self.days, OtherDays::In(_)) && self.is_cut(sql)).then(|| {
            format!(
                "column `{column}` of table `{table}` is read as year-month-day instead of {first}, and a \
                 part of it is another one: compare `{column}` itself, or take parts of `{column}_text`"
            )
        })
    }

    /// Whether a statement takes a part of the column.
    fn is_cut(&self, sql: &str) -> bool {
        let sql: String = sql.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
        let column = self.column.to_lowercase();
        let mut calls = ["substr(", "substring("]
            .iter()
            .flat_map(|call| sql.match_indices(call).map(|(at, call)| &sql[at + call.len()..]));
        calls.any(|argument| {
            let argument = argument.split(',').next().unwrap_or_default();
            argument.rsplit('.').next().unwrap_or_default().trim_matches('"') == column
        })
    }

    /// How a query makes numbers of the column.
    pub(in crate::source) fn in_sql(&self) -> Option<String> {
        let [format] = self.formats.as_slice() else { return None };
        let mut sql = written(&self.column);
        let mut without = |text: &str, with: &str| {
            let text = text.replace('\'', "''");
            sql = format!("replace({sql}, '{text}', '{with}')");
        };
        format.strip.iter().for_each(|sign| without(sign, ""));
        if let Some(thousands) = format.thousands {
            without(&thousands.to_string(), "");
        }
        if format.decimal != '.' {
            without(&format.decimal.to_string(), ".");
        }
        (sql.starts_with("replace")).then(|| format!("to read it as numbers, write `{sql}`"))
    }
}

/// Refuses a statement that cannot have meant one of the columns as it is read.
pub(in crate::source) fn no_misread(columns: &[Texts], sql: &str) -> Result<(), FetchError> {
    match columns.iter().find_map(|texts| texts.misread(sql)) {
        Some(message) => Err(FetchError::new(FetchErrorKind::Shape, message)),
        None => Ok(()),
    }
}

/// Adds to a failure the column in which the text stands that is no number.
pub(in crate::source) async fn located(
    error: FetchError,
    connection: &mut Connection,
    columns: Vec<Texts>,
    cure: impl FnOnce(&Texts) -> Option<String>,
) -> FetchError {
    let Some(text) = connection.refused().and_then(|refused| refused.text.clone()) else {
        return error;
    };
    let found = connection.write(move |connection| {
        for texts in columns {
            let (table, column) = (quoted(&texts.table), quoted(&texts.column));
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} = ?1)");
            if connection.query_row(&sql, [&text], |row| row.get(0))? {
                return Ok(Some(texts));
            }
        }
        Ok(None)
    });
    let Ok(Some(texts)) = found.await else { return error };
    let Texts { table, column, first, .. } = &texts;
    let message = format!(
        "{}; column `{column}` of table `{table}` has such text, first {first}",
        error.message
    );
    let hint = cure(&texts).or_else(|| error.hint.map(|hint| hint.replace("COLUMN", column)));
    let failure = FetchError::new(error.kind, message);
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// Remarks that were in the log already.
#[derive(Debug, Default)]
pub(in crate::source) struct LoggedRemarks(Mutex<BTreeSet<String>>);

impl LoggedRemarks {
    /// Puts remarks, each on something, into the log, each once: of many one, and how many there are.
    /// Gives those that are worth showing.
    pub(in crate::source) fn tell(&self, remarks: Vec<(String, String)>) -> Vec<String> {
        const MOST: usize = 5;
        let count = remarks.len();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut new, mut shown) = (Vec::new(), Vec::new());
        for (of, remark) in remarks {
            if known.insert(of) {
                new.push(remark.clone());
            }
            if shown.len() < MOST {
                shown.push(remark);
            }
        }
        match new.as_slice() {
            [first, rest @ ..] if rest.len() >= MOST => {
                tracing::warn!(more = rest.len(), "{first}, and so on for other columns");
            }
            few => few.iter().for_each(|remark| tracing::warn!("{remark}")),
        }
        if count > MOST {
            shown.push(format!("{} more columns like these", count - MOST));
        }
        shown
    }
}
