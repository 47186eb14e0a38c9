//! Columns that a statement compares with an instant of the window, and that hold what does not
//! compare with it: the instant is local text like `2026-11-28 00:00:00`, or seconds. To SQLite every number is
//! less than every text, so that such a comparison is true of all rows or of none. Not here: times in tables of
//! our own, which are brought into that form (`rows`), and how values are written (`day_forms`).

use rusqlite::types::Value;
use rusqlite::{Connection, Error};

use super::aliases::{Meaning, called, meaning};
use super::checks::Scope;
use super::comparisons::{Comparison, Instant, Operand, OperandKind, comparisons};
use super::day_forms::{Form, Unit, is_dated};
use super::names::{quoted, written};
use super::strange::{Bound, Strange, has_word, is_in_other_form};
use super::tokens::Tokens;
use crate::metric::FetchError;
use crate::source::params::{Param, ParamForm};

/// So many values of a column are looked at, and so many where day and month have to be told apart.
const LOOKED_AT: u16 = 20;
const LOOKED_AT_CLOSELY: u16 = 1000;

/// Names that stand for others that stand for others.
const DEEPEST: u8 = 4;

/// What a person should know of them.
///
/// # Errors
/// A column of which nothing can compare as it is compared: whatever comes out is not what is meant.
pub(super) fn look(
    connection: &Connection,
    (sql, params, values): (&str, &[Param], &[Value]),
    scope: Scope,
) -> Result<Vec<String>, FetchError> {
    let tokens = Tokens::of(sql);
    let all = comparisons(sql, &tokens, params);
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let tables = named_tables(connection, &tokens);
    let looker = Looker { connection, sql, tokens: &tokens, tables, scope };
    let mut remarks: Vec<(String, String)> = Vec::new();
    for comparison in &all {
        let Some(bound) = bound(connection, &comparison.instant, values) else { continue };
        let (strange, is_certain) = looker.strange(comparison, &bound);
        if let (true, Some(first)) = (is_certain, strange.first()) {
            return Err(first.refusal(&comparison.instant, &bound, &all));
        }
        for one in strange {
            let of = format!("{}.{}", one.table, one.operand.sql);
            if !remarks.iter().any(|(known, _)| *known == of) {
                remarks.push((of, one.remark(comparison, &bound)));
            }
        }
    }
    Ok(remarks.into_iter().map(|(_, remark)| remark).collect())
}

fn bound(connection: &Connection, instant: &Instant, values: &[Value]) -> Option<Bound> {
    if instant.plain() == Some(ParamForm::Unix) {
        return Some(Bound::Unix);
    }
    let mut query = connection.prepare(&format!("SELECT {}", instant.sql)).ok()?;
    for (index, value) in values.iter().enumerate().take(query.parameter_count()) {
        query.raw_bind_parameter(index + 1, value).ok()?;
    }
    let mut rows = query.raw_query();
    match rows.next().ok()??.get(0).ok()? {
        Value::Text(text) if is_dated(&text) => Some(Bound::Local(text)),
        _ => None,
    }
}

/// A table or view that a statement names, with its columns.
struct Known {
    name: String,
    columns: Vec<String>,
}

fn named_tables(connection: &Connection, tokens: &Tokens<'_>) -> Vec<Known> {
    let names: Vec<String> = (0..tokens.all.len()).filter_map(|at| tokens.name(at)).collect();
    let read = || {
        let mut query = connection.prepare(
            "SELECT s.name, c.name FROM sqlite_schema s, pragma_table_xinfo(s.name) c \
             WHERE s.type IN ('table', 'view') LIMIT 10000",
        )?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<Vec<(String, String)>, Error>>()
    };
    let mut tables: Vec<Known> = Vec::new();
    for (table, column) in read().unwrap_or_default() {
        match tables.last_mut().filter(|last| last.name == table) {
            Some(last) => last.columns.push(column),
            None => tables.push(Known { name: table, columns: vec![column] }),
        }
    }
    tables.retain(|table| names.iter().any(|name| name.eq_ignore_ascii_case(&table.name)));
    tables
}

struct Looker<'a> {
    connection: &'a Connection,
    sql: &'a str,
    tokens: &'a Tokens<'a>,
    tables: Vec<Known>,
    scope: Scope,
}

/// What was seen of an operand in a table.
enum Look {
    /// Nothing, or nothing that tells.
    Nothing,
    Fine,
    /// Something is strange, or all is.
    Some(Strange),
    All(Strange),
}

impl Looker<'_> {
    /// What is strange, and whether the comparison cannot mean what it says.
    fn strange(&self, comparison: &Comparison, bound: &Bound) -> (Vec<Strange>, bool) {
        let (operands, mut is_certain) = self.stands_for(&comparison.operand, 0);
        let mut strange = Vec::new();
        for (place, operand) in operands.iter().enumerate() {
            let tables = self.tables_of(operand);
            // A name may be nothing but one that the statement gives.
            is_certain &= !tables.is_empty() || place == 0 && operands.len() > 1;
            for table in tables {
                let turned = Comparison { operand: operand.clone(), ..comparison.clone() };
                match self.look(&table.name, &turned, bound) {
                    // What a SELECT within gives a name is most likely what the name means.
                    Look::Fine if place > 0 => return (Vec::new(), false),
                    Look::Nothing | Look::Fine => is_certain = false,
                    Look::Some(one) => {
                        is_certain = false;
                        strange.push(one);
                    }
                    Look::All(one) => strange.push(one),
                }
            }
        }
        (strange, is_certain)
    }

    /// The tables that have all columns of an operand, or the one that it names.
    fn tables_of(&self, operand: &Operand) -> Vec<&Known> {
        let named = self.table_of(operand);
        let has = |table: &&Known| {
            operand
                .columns
                .iter()
                .all(|column| table.columns.iter().any(|known| known.eq_ignore_ascii_case(column)))
        };
        let is_meant = |table: &&Known| named.is_none_or(|named| named == table.name);
        self.tables.iter().filter(is_meant).filter(has).collect()
    }

    fn table_of(&self, operand: &Operand) -> Option<&str> {
        let names = self.tables.iter().map(|table| table.name.as_str());
        called(self.tokens, operand.table.as_deref()?, names)
    }

    /// An operand and, where it is a name, all that the statement gives this name to; and whether that is all.
    fn stands_for(&self, operand: &Operand, depth: u8) -> (Vec<Operand>, bool) {
        let (mut all, mut is_certain) = (vec![operand.clone()], true);
        if self.table_of(operand).is_some() {
            return (all, true);
        }
        let is_column = !self.tables_of(operand).is_empty();
        for column in &operand.columns {
            match meaning(self.sql, self.tokens, column) {
                // In its own SELECT a name that is given is that of the column, if there is one.
                Meaning::Given(given)
                    if given.iter().all(|one| is_column && one.around == operand.around) => {}
                Meaning::Given(given) if operand.kind == OperandKind::Column && depth < DEEPEST => {
                    for one in given {
                        let (more, certain) = self.stands_for(&one, depth + 1);
                        all.extend(more);
                        is_certain &= certain;
                    }
                }
                _ => is_certain = false,
            }
        }
        (all, is_certain)
    }

    fn look(&self, table: &str, comparison: &Comparison, bound: &Bound) -> Look {
        let operand = &comparison.operand;
        let mut values = self.values(table, operand, LOOKED_AT);
        let column = Operand { kind: OperandKind::Column, ..operand.clone() };
        let mut seen = (operand.clone(), Form::of(&values));
        // Of what it makes NULL or another day a function tells nothing: its argument does.
        let is_lost = operand.kind == OperandKind::Day
            && (values.is_empty() || seen.1.is_none() && all_are(&values, |text| !is_dated(text)));
        if is_lost && let [name] = operand.columns.as_slice() {
            let sql = match &operand.table {
                Some(table) => format!("{}.{}", quoted(table), written(name)),
                None => written(name),
            };
            let column = Operand { sql, ..column };
            values = self.values(table, &column, LOOKED_AT);
            seen = (column.clone(), Form::of(&values));
            if all_are(&values, is_dated) {
                return Look::Nothing;
            }
        }
        let is_strange = |value: &Value| self.is_strange(value, comparison, bound);
        let Some(first) = values.iter().find(|value| is_strange(value)).cloned() else {
            return if values.is_empty() { Look::Nothing } else { Look::Fine };
        };
        let strange =
            |form| Strange { table: table.to_owned(), operand: seen.0.clone(), value: first, form };
        if let Some(form @ (Form::Month | Form::Year)) = seen.1 {
            return self.prefix(table, comparison, bound, strange(Some(form)));
        }
        let is_known = seen.1.is_some()
            || values.iter().all(|value| match value {
                Value::Text(text) => text.bytes().any(|byte| byte.is_ascii_digit()),
                Value::Integer(_) | Value::Real(_) => matches!(bound, Bound::Local(_)),
                Value::Null | Value::Blob(_) => false,
            });
        let is_told = matches!(bound, Bound::Local(_));
        let certain = |value: &Value| is_strange(value) && !(is_told && is_zoned(value));
        if !is_known || !values.iter().all(certain) || self.has_days(table, &seen.0, bound) {
            return Look::Some(strange(seen.1));
        }
        let closely = matches!(seen.1, Some(Form::Text(_)))
            .then(|| Form::of(&self.values(table, &seen.0, LOOKED_AT_CLOSELY)));
        Look::All(strange(closely.unwrap_or(seen.1)))
    }

    /// Months and years as text are before all of their days, also before the first: that is wrong where a
    /// row is of the month or year that begins with the instant.
    fn prefix(&self, table: &str, of: &Comparison, bound: &Bound, strange: Strange) -> Look {
        let is_month = strange.form == Some(Form::Month);
        if is_month && self.scope == Scope::All && strange.operand.kind == OperandKind::Column {
            return Look::Fine;
        }
        let Bound::Local(text) = bound else { return Look::All(strange) };
        if matches!(of.sign, "<=" | ">") {
            return Look::Fine;
        }
        let (length, rest) = if is_month { (7, "-01") } else { (4, "-01-01") };
        let first = text.get(..length).filter(|_| text.get(length..10) == Some(rest));
        let operand = &strange.operand;
        let has = first.is_some_and(|first| {
            let (operand, table) = (&operand.sql, from(table, operand));
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE ({operand}) = ?1)");
            self.connection.query_row(&sql, [first], |row| row.get(0)).unwrap_or_default()
        });
        if has { Look::All(strange) } else { Look::Some(strange) }
    }

    /// The first values that tell something: neither NULL nor what stands for it.
    fn values(&self, table: &str, operand: &Operand, most: u16) -> Vec<Value> {
        let (operand, table) = (&operand.sql, from(table, operand));
        let sql = format!(
            "SELECT {operand} FROM {table} WHERE ({operand}) IS NOT NULL \
             AND ({operand}) NOT IN ('', '0', 0, -1, '00000000', '0000-00-00') LIMIT {most}"
        );
        let read = || {
            let mut query = self.connection.prepare(&sql)?;
            query.query_map([], |row| row.get(0))?.collect::<Result<_, Error>>()
        };
        read().unwrap_or_default()
    }

    /// Whether there is anything that compares beside what does not.
    fn has_days(&self, table: &str, operand: &Operand, bound: &Bound) -> bool {
        let (operand, table) = (&operand.sql, from(table, operand));
        let compares = match bound {
            Bound::Local(_) => format!("({operand}) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]*'"),
            Bound::Unix => format!(
                "CAST({operand} AS REAL) BETWEEN 100000000 AND 9999999999 \
                 AND (typeof({operand}) <> 'text' OR ({operand}) NOT GLOB '*[^0-9]*')"
            ),
        };
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {compares})");
        self.connection.query_row(&sql, [], |row| row.get(0)).unwrap_or(true)
    }

    fn is_strange(&self, value: &Value, comparison: &Comparison, bound: &Bound) -> bool {
        let form = comparison.instant.plain().unwrap_or(ParamForm::Instant);
        match (bound, value) {
            (_, Value::Null | Value::Blob(_)) => false,
            (Bound::Local(_), Value::Integer(_) | Value::Real(_)) => true,
            // Our own tables have brought their times into the form that compares.
            (Bound::Local(_), Value::Text(text)) => {
                let is_own = self.scope == Scope::All;
                !is_dated(text) || has_word(text) || !is_own && is_in_other_form(text, form)
            }
            (Bound::Unix, Value::Text(text)) if is_dated(text) => true,
            (Bound::Unix, value) => match Form::of(std::slice::from_ref(value)) {
                Some(Form::Number(unit, _)) => unit != Unit::Since1970(1),
                form => form.is_some(),
            },
        }
    }
}

/// A table, called what the operand calls it.
fn from(table: &str, operand: &Operand) -> String {
    match &operand.table {
        Some(name) => format!("{} AS {}", quoted(table), quoted(name)),
        None => quoted(table),
    }
}

fn all_are(values: &[Value], is: impl Fn(&str) -> bool) -> bool {
    !values.is_empty() && values.iter().all(|value| matches!(value, Value::Text(text) if is(text)))
}

fn is_zoned(value: &Value) -> bool {
    matches!(value, Value::Text(text) if is_dated(text)
        && (has_word(text) || is_in_other_form(text, ParamForm::Date)))
}
