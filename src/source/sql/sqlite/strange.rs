//! What is said of a column that does not compare with the window. Not here: which columns these are (`forms`).

use rusqlite::types::Value;

use super::comparisons::{Comparison, Instant, Operand};
use super::day_forms::{Form, Unit, is_dated};
use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::params::ParamForm;

/// What an instant is in the statement.
pub(super) enum Bound {
    /// Local text that begins with a day.
    Local(String),
    /// Seconds since 1970.
    Unix,
    /// Another text, such as a month: nothing is wrong with what a function makes of a day, unless it is NULL.
    Part,
}

/// What a column has that does not compare.
pub(super) struct Strange {
    pub(super) table: String,
    pub(super) operand: Operand,
    pub(super) value: Value,
    /// What all of its values are, if that is known.
    pub(super) form: Option<Form>,
}

impl Strange {
    fn what(&self) -> String {
        let shown = match &self.value {
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) => shown::line(text, 40),
            Value::Null | Value::Blob(_) => String::new(),
        };
        let column = self.operand.columns.first().map(String::as_str).unwrap_or_default();
        format!("column `{column}` of table `{}` holds `{shown}`, which", self.table)
    }

    /// Why nothing is said instead of a number.
    pub(super) fn refusal(
        &self,
        instant: &Instant,
        bound: &Bound,
        all: &[Comparison],
    ) -> FetchError {
        let kind = match bound {
            Bound::Local(_) => "local text like `2026-11-28 09:00:00`",
            Bound::Unix => "seconds since 1970",
            Bound::Part => "for SQLite reads no day in it",
        };
        let message =
            format!("{} cannot be compared with `{}`, {kind}", self.what(), instant.shown());
        let same = |one: &&Comparison| {
            let same = |name: &String| {
                one.operand.columns.iter().any(|other| other.eq_ignore_ascii_case(name))
            };
            self.operand.columns.iter().any(same)
        };
        let mut compared: Vec<&Comparison> = all.iter().filter(same).collect();
        if compared.is_empty() {
            compared.extend(all.iter().filter(|one| one.instant == *instant));
        }
        FetchError::new(FetchErrorKind::Shape, message).with_hint(self.cure(&compared, bound))
    }

    /// What a person should know.
    pub(super) fn remark(&self, comparison: &Comparison, bound: &Bound) -> String {
        let kind = match bound {
            Bound::Local(_) => "local text like `2026-11-28 09:00:00`",
            Bound::Unix => "seconds since 1970",
            Bound::Part => "anything, for SQLite reads no day in it",
        };
        let cure = self.cure(&[comparison], bound);
        format!("{} does not compare with {kind}: {cure}", self.what())
    }

    /// What to write instead of these comparisons.
    fn cure(&self, compared: &[&Comparison], bound: &Bound) -> String {
        let operand = &self.operand;
        if matches!(bound, Bound::Part) {
            return match self.form {
                Some(Form::Number(Unit::Since1970(1), _)) => format!(
                    "say that it holds seconds, as in `date({0}, 'unixepoch')`, or compare `{0}` with \
                     `:window_start_unix` and `:window_end_unix`",
                    operand.sql
                ),
                _ => "make days like `2026-11-28` of it first, in the data or in the query"
                    .to_owned(),
            };
        }
        let dated = match &self.value {
            Value::Text(text) if is_dated(text) => Some(text.as_str()).filter(|text| {
                let is_local = !has_word(text) && !is_in_other_form(text, ParamForm::Instant);
                matches!(bound, Bound::Unix) || !is_local
            }),
            _ => None,
        };
        if dated.is_some_and(|text| as_instant("", text).is_none()) {
            return format!(
                "its zone is not read: compare `substr({0}, 1, 19)` if it is local time, or \
                 `unixepoch(substr({0}, 1, 19) || '+01:00')` with `:window_start_unix` if that is its offset",
                operand.sql
            );
        }
        let cured = |one: &&Comparison| {
            let one = Comparison { operand: operand.clone(), ..(*one).clone() };
            let Comparison { sign, instant, .. } = &one;
            if let Some(text) = dated {
                let is_local = !has_word(text) && !is_in_other_form(text, ParamForm::Instant);
                let form = if text.len() == 10 { ParamForm::Date } else { ParamForm::Instant };
                return Some(vec![match bound {
                    Bound::Unix if is_local => {
                        format!("{} {sign} {}", operand.sql, instant.written(form))
                    }
                    _ => {
                        let unix = instant.written(ParamForm::Unix);
                        format!("unixepoch({}) {sign} {unix}", as_instant(&operand.sql, text)?)
                    }
                }]);
            }
            self.form?.cured(&one)
        };
        let cured: Option<Vec<Vec<String>>> = compared.iter().map(cured).collect();
        let together = |place: usize| {
            let mut all: Vec<String> = Vec::new();
            for one in cured.iter().flatten().filter_map(|ways| ways.get(place)) {
                let one = format!("`{one}`");
                if !all.contains(&one) {
                    all.push(one);
                }
            }
            all.join(" and ")
        };
        match cured.as_deref() {
            Some([first, ..]) if first.len() > 1 => {
                format!("if the day stands first, write {}; if the month does, {}", together(0), together(1))
            }
            Some([_, ..]) => format!("write {}", together(0)),
            _ => "bring it into the form `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`, in the data or in the query, \
                  for example with `substr`"
                .to_owned(),
        }
    }
}

/// The zone of a time: `Z`, an offset, or a word; empty where there is none.
fn zone(text: &str) -> &str {
    let time = text.get(11..).unwrap_or_default();
    let is_clock = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | ' ');
    time.trim_start_matches(is_clock)
}

/// Whether it ends with the name of a zone, or another word.
pub(super) fn has_word(text: &str) -> bool {
    let zone = zone(text);
    zone.len() > 1 && zone.starts_with(|c: char| c.is_alphabetic() || c == '[')
}

/// As SQLite reads an instant; `None` where nobody knows the zone.
fn as_instant(value: &str, text: &str) -> Option<String> {
    let zone = zone(text);
    Some(match zone.len() {
        _ if matches!(zone, "UTC" | "GMT") => format!("substr({value}, 1, 19) || 'Z'"),
        _ if has_word(text) => return None,
        3 => format!("{value} || ':00'"),
        5 => format!("substr({value}, 1, length({value}) - 2) || ':' || substr({value}, -2)"),
        _ => value.to_owned(),
    })
}

/// A time with `T`, which a day does not mind, or with a zone that is not that of the calendar.
pub(super) fn is_in_other_form(text: &str, form: ParamForm) -> bool {
    let Some((separator, time)) = text.get(10..11).zip(text.get(11..)) else { return false };
    let zoned = time.ends_with(['Z', 'z']) || time.contains(['+', '-']);
    zoned || form == ParamForm::Instant && matches!(separator, "T" | "t")
}
