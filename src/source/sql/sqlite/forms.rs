//! Columns that a statement compares with an instant of the window, and that hold what does not
//! compare with it: the instant is local text like `2026-11-28 00:00:00`, or seconds. To SQLite every number is
//! less than every text, so that such a comparison is true of all rows or of none. Not here: times in tables of
//! our own, which are brought into that form (`rows`), and how values are written (`day_forms`).

use rusqlite::types::Value;
use rusqlite::{Connection, Error};

use super::aliases::{Meaning, called, meaning};
use super::checks::Scope;
use super::comparisons::{Comparison, Instant, Operand, OperandKind, comparisons};
use super::day_forms::{Form, Unit, beginnings, is_dated};
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
        Value::Text(_) => Some(Bound::Part),
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
        let mut seen = (operand.clone(), Form::of(&values));
        // Of what it makes NULL or another day a function tells nothing: its argument does.
        let is_lost = operand.kind == OperandKind::Day
            && (values.is_empty() || seen.1.is_none() && all_are(&values, |text| !is_dated(text)));
        if matches!(bound, Bound::Part) && !(is_lost && values.is_empty()) {
            return Look::Fine;
        }
        if is_lost && let Some(column) = argument(operand) {
            values = self.values(table, &column, LOOKED_AT);
            seen = (column.clone(), Form::of(&values));
            if all_are(&values, |text| is_dated(text) && !has_word(text)) {
                return Look::Nothing;
            }
        }
        if let Bound::Local(text) = bound
            && let Some(one) = self.beginning(table, comparison, text, &values)
        {
            return Look::All(one);
        }
        let is_strange = |value: &Value| self.is_strange(value, comparison, bound);
        let all_strange = || values.iter().filter(|value| is_strange(value));
        let is_day = |value: &&Value| matches!(value, Value::Text(text) if is_dated(text));
        let other = all_strange().find(|value| !is_day(value));
        let Some(first) = other.or_else(|| all_strange().next()).cloned() else {
            return match self.lost(table, operand) {
                Some(lost) => Look::Some(lost),
                None if values.is_empty() => Look::Nothing,
                None => Look::Fine,
            };
        };
        let strange =
            |form| Strange { table: table.to_owned(), operand: seen.0.clone(), value: first, form };
        if let (false, Bound::Local(_), Some(Form::Month | Form::Year)) = (is_lost, bound, seen.1) {
            let is_plain = seen.1 == Some(Form::Month) && self.has_months(&seen.0);
            let is_right = is_plain || matches!(comparison.sign, "<=" | ">");
            return if is_right { Look::Fine } else { Look::Some(strange(seen.1)) };
        }
        let is_known = seen.1.is_some()
            || values.iter().all(|value| match value {
                Value::Text(text) => text.bytes().any(|byte| byte.is_ascii_digit()),
                Value::Integer(_) | Value::Real(_) => !matches!(bound, Bound::Unix),
                Value::Null | Value::Blob(_) => false,
            });
        let is_told = matches!(bound, Bound::Local(_));
        let certain =
            |value: &Value| is_strange(value) && (is_lost || !(is_told && is_zoned(value)));
        let has_days = || !is_lost && self.has_days(table, &seen.0, bound);
        if !is_known || !values.iter().all(certain) || has_days() {
            return Look::Some(strange(seen.1));
        }
        let closely = matches!(seen.1, Some(Form::Text(_)))
            .then(|| Form::of(&self.values(table, &seen.0, LOOKED_AT_CLOSELY)));
        Look::All(strange(closely.unwrap_or(seen.1)))
    }

    /// A value of which a function of SQLite's makes NULL, beside others that it knows.
    fn lost(&self, table: &str, operand: &Operand) -> Option<Strange> {
        let day = Some(operand).filter(|operand| operand.kind == OperandKind::Day);
        let column = argument(day?)?;
        let sql = format!(
            "SELECT v FROM (SELECT {0} AS v, {1} AS o FROM {2} WHERE {3} LIMIT {LOOKED_AT}) \
             WHERE o IS NULL LIMIT 1",
            column.sql,
            operand.sql,
            from(table, operand),
            tells(&column.sql)
        );
        let value: Value = self.connection.query_row(&sql, [], |row| row.get(0)).ok()?;
        let form = Form::of(std::slice::from_ref(&value));
        Some(Strange { table: table.to_owned(), operand: column, value, form })
    }

    /// A row of the minute, day, month or year that begins with the instant: as text it is before it.
    fn beginning(
        &self,
        table: &str,
        comparison: &Comparison,
        instant: &str,
        values: &[Value],
    ) -> Option<Strange> {
        let operand = &comparison.operand;
        let mut texts = beginnings(instant);
        if instant.len() == 10 && self.has_months(operand) {
            texts.retain(|text| text.len() != "2026-11".len());
        }
        // Most columns hold nothing of the kind.
        texts.retain(|text| {
            let is_like = |value: &Value| matches!(value, Value::Text(v) if v.len() == text.len());
            values.iter().any(is_like)
        });
        if texts.is_empty() || matches!(comparison.sign, "<=" | ">" | "<>") {
            return None;
        }
        let (sql, from) = (&operand.sql, from(table, operand));
        let sql = format!("SELECT {sql} FROM {from} WHERE ({sql}) = ?1 LIMIT 1");
        let find = |text: &&str| self.connection.query_row(&sql, [text], |row| row.get(0)).ok();
        let value: Value = texts.iter().find_map(find)?;
        let form = Form::of(std::slice::from_ref(&value));
        Some(Strange { table: table.to_owned(), operand: operand.clone(), value, form })
    }

    /// Whether months in it compare with days: in columns of our own tables they do.
    fn has_months(&self, operand: &Operand) -> bool {
        self.scope == Scope::All && operand.kind == OperandKind::Column
    }

    /// The first values that tell something: neither NULL nor what stands for it.
    fn values(&self, table: &str, operand: &Operand, most: u16) -> Vec<Value> {
        let (operand, table) = (&operand.sql, from(table, operand));
        let sql = format!("SELECT {operand} FROM {table} WHERE {} LIMIT {most}", tells(operand));
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
            Bound::Part => "0".to_owned(),
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
            (Bound::Part, _) | (Bound::Local(_), Value::Integer(_) | Value::Real(_)) => true,
            // Our own tables have brought their times into the form that compares.
            (Bound::Local(_), Value::Text(text)) => {
                let is_own = self.scope == Scope::All;
                !is_dated(text) || has_word(text) || !is_own && is_in_other_form(text, form)
            }
            (Bound::Unix, Value::Text(text)) if text.trim().parse::<f64>().is_err() => true,
            (Bound::Unix, value) => match Form::of(std::slice::from_ref(value)) {
                Some(Form::Number(unit, _)) => unit != Unit::Since1970(1),
                form => form.is_some(),
            },
        }
    }
}

/// That something is neither NULL nor what stands for it, or for never.
fn tells(sql: &str) -> String {
    let no_day = "'', '0', 0, -1, '00000000', '0000-00-00', '9999', '99991231'";
    format!("({sql}) IS NOT NULL AND ({sql}) NOT IN ({no_day})")
}

/// The one column that a function makes a day of.
fn argument(operand: &Operand) -> Option<Operand> {
    let [name] = operand.columns.as_slice() else { return None };
    let sql = match &operand.table {
        Some(table) => format!("{}.{}", quoted(table), written(name)),
        None => written(name),
    };
    Some(Operand { sql, kind: OperandKind::Column, ..operand.clone() })
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
