//! A table on its way from files or an HTTP API to SQLite: cells as text, column by column, with the
//! type that fits all of a column's cells. Neither knows formats nor SQL beyond making the table.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono_tz::Tz;
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::days::{self, DayOrder, Orders, OtherDays};
use super::infer::CellKind;
use super::texts::Texts;
use super::times::{self, TimeForm};
use super::writing::NumberFormat;
use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::sql::sqlite::quoted;

/// What is known of a cell besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Cell {
    /// Its format has types, and this is its.
    Typed(CellKind),
    /// Its format has no types: the text tells.
    Untyped,
}

/// Grows row by row; a row need not have all columns.
#[derive(Debug, Default)]
pub(in crate::source) struct Rows {
    numbers: NumberFormat,
    /// Which part of a day stands first, where the days do not tell.
    dates: Option<DayOrder>,
    columns: Vec<Column>,
    places: HashMap<String, usize>,
    len: usize,
}

#[derive(Debug, Default)]
struct Column {
    name: String,
    /// The cells one after the other; an empty one is NULL.
    text: String,
    /// Where each cell ends in it; shorter than the table when its last cells are NULL.
    ends: Vec<usize>,
    kind: Option<CellKind>,
    numbers: usize,
    /// Whether a whole number is too long for a double.
    long: bool,
    /// Where the first cell stands that is no number, and what it says.
    first_text: Option<String>,
    texts: usize,
    times: usize,
    /// Times that have to be brought into another form to be compared.
    other_times: usize,
    days: usize,
    /// Days that are not written as those of a query's parameters.
    other_days: usize,
    /// Those that are months.
    months: usize,
    /// Those whose time says its zone.
    instants: usize,
    /// The first in each of the sets of orders that one can have, and two that have none in common.
    kinds: Vec<(Orders, String)>,
    contradiction: Option<(String, String)>,
    /// The orders in which all are days, and the one that was said.
    orders: Orders,
    given: Option<DayOrder>,
}

/// The name of the order of times.
const TIME_ORDER: &str = "kpi_time";

impl Rows {
    /// None yet, with numbers and days written like this.
    pub(in crate::source) fn with(numbers: NumberFormat, dates: Option<DayOrder>) -> Self {
        Self { numbers, dates, ..Self::default() }
    }

    /// The place of a column, made if it is new. SQLite does not tell names apart by case.
    pub(in crate::source) fn column(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let folded = name.to_ascii_lowercase();
        let place = *self.places.entry(folded).or_insert_with(|| {
            let name = name.to_owned();
            self.columns.push(Column { name, given: self.dates, ..Column::default() });
            self.columns.len() - 1
        });
        self.places.insert(name.to_owned(), place);
        place
    }

    /// Sets a cell of the row that [`Rows::end_row`] will finish.
    pub(in crate::source) fn set(
        &mut self,
        column: usize,
        text: &str,
        cell: Cell,
        place: impl Fn() -> String,
    ) {
        let Some(column) = self.columns.get_mut(column) else { return };
        if text.is_empty() || column.ends.len() > self.len {
            return;
        }
        let (text, kind) = match cell {
            Cell::Typed(kind @ (CellKind::Integer | CellKind::Real)) => (Cow::Borrowed(text), kind),
            // Strings of JSON are text, unless the table says how they write numbers.
            Cell::Typed(CellKind::Text) if self.numbers == NumberFormat::default() => {
                (Cow::Borrowed(text), CellKind::Text)
            }
            _ => self.numbers.read(text),
        };
        column.ends.resize(self.len, column.text.len());
        column.text.push_str(&text);
        column.ends.push(column.text.len());
        column.note(&text, kind, place);
    }

    /// Finishes the row whose cells were set last.
    pub(in crate::source) fn end_row(&mut self) {
        self.len += 1;
    }

    pub(in crate::source) fn len(&self) -> usize {
        self.len
    }

    /// The columns as the table declares them: name and type.
    pub(in crate::source) fn declarations(&self) -> impl Iterator<Item = String> {
        let shown = self.columns.iter().map(Column::declaration);
        shown.chain(self.originals().map(|(_, name)| format!("{} TEXT", quoted(&name))))
    }

    /// How many columns there are.
    pub(in crate::source) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Refuses more columns than SQLite takes.
    pub(in crate::source) fn check_width(&self) -> Result<(), FetchError> {
        const MOST: usize = 2000;
        if self.declarations().count() <= MOST {
            return Ok(());
        }
        let message = format!("{} columns, more than {MOST}", self.columns.len());
        Err(FetchError::new(FetchErrorKind::Shape, message)
            .with_hint("is the delimiter the right one? otherwise make rows of the columns before"))
    }

    /// Columns of times in another form than that which compares, and the names under which their text
    /// is kept as it came, unless there is such a column.
    fn originals(&self) -> impl Iterator<Item = (&Column, String)> {
        self.columns.iter().filter(|column| column.is_reformed()).filter_map(|column| {
            let name = format!("{}_text", column.name);
            let taken = self.places.contains_key(&name.to_ascii_lowercase());
            (!taken).then_some((column, name))
        })
    }

    /// Columns with text that is no number, beside numbers or not.
    pub(in crate::source) fn texts(&self, table: &str) -> Vec<Texts> {
        let texts = self.columns.iter().filter_map(|column| {
            let first = column.first_text.clone()?;
            let cells = (0..column.ends.len()).filter_map(|row| column.cell(row));
            let times = column.times > 0;
            Some(Texts {
                table: table.to_owned(),
                column: column.name.clone(),
                first,
                numbers: column.numbers > 0,
                formats: if times { Vec::new() } else { self.numbers.others(cells) },
                days: column.other_days(),
                contradiction: column.contradiction.clone(),
            })
        });
        texts.collect()
    }

    /// Replaces the table of that name, in one transaction. Times become those of the zone.
    pub(in crate::source) fn store(
        &self,
        connection: &mut Connection,
        table: &str,
        zone: Tz,
    ) -> Result<(), rusqlite::Error> {
        let table = quoted(table);
        connection.create_collation(TIME_ORDER, move |one: &str, other: &str| {
            times::order(one, other, zone)
        })?;
        connection.create_collation(days::MONTH_ORDER, days::order)?;
        let transaction = connection.transaction()?;
        let declared: Vec<String> = self.declarations().collect();
        transaction.execute(&format!("DROP TABLE IF EXISTS {table}"), [])?;
        transaction.execute(&format!("CREATE TABLE {table} ({})", declared.join(", ")), [])?;
        let marks = vec!["?"; declared.len()].join(",");
        let mut insert = transaction.prepare(&format!("INSERT INTO {table} VALUES ({marks})"))?;
        let originals: Vec<&Column> = self.originals().map(|(column, _)| column).collect();
        for row in 0..self.len {
            let values = self.columns.iter().map(|column| column.value(row, zone));
            let texts = originals.iter().map(|column| column.text(row));
            for (index, value) in values.chain(texts).enumerate() {
                insert.raw_bind_parameter(index + 1, value)?;
            }
            insert.raw_execute()?;
        }
        drop(insert);
        transaction.commit()
    }
}

impl Column {
    /// Takes note of what kind of cell was added.
    fn note(&mut self, text: &str, kind: CellKind, place: impl Fn() -> String) {
        self.kind = self.kind.max(Some(kind));
        if kind != CellKind::Text {
            self.numbers += 1;
            self.long |= is_long(text);
            return;
        }
        self.texts += 1;
        match times::form(text) {
            Some(TimeForm::Comparable) => self.times += 1,
            Some(TimeForm::Other) => {
                self.times += 1;
                self.other_times += 1;
            }
            None => self.note_day(text, &place),
        }
        // Digits alone are text because they are an id (`00012`): nothing is wrong with them.
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            self.first_text.get_or_insert_with(|| at(text, &place));
        }
    }

    fn note_day(&mut self, text: &str, place: &impl Fn() -> String) {
        let Some(orders) = Orders::of(text) else { return };
        self.days += 1;
        if orders != Orders::ANY || text.len() != "2026-11-30".len() {
            self.other_days += 1;
        }
        self.months += usize::from(days::is_month(text));
        self.instants += usize::from(days::is_instant(text));
        self.orders = self.orders.and(orders);
        if self.contradiction.is_none() && !self.kinds.iter().any(|(known, _)| *known == orders) {
            let mut others = self.kinds.iter();
            let other = others.find(|(known, _)| known.and(orders) == Orders::NONE);
            self.contradiction = other.map(|(_, other)| (other.clone(), at(text, place)));
            self.kinds.push((orders, at(text, place)));
        }
    }

    /// Whether it holds days of which some are not in the form that compares, and the order in which they are
    /// written: what they say themselves, or else what was said of them.
    fn other_days(&self) -> OtherDays {
        let is_most = (self.days + self.times) * 2 > self.texts;
        let is_other = self.other_days > 0 && self.numbers == 0 && is_most;
        if !is_other || self.is_months() || self.has_other_times() {
            return OtherDays::None;
        }
        let given = || self.given.filter(|given| self.orders.has(*given));
        self.orders.only().or_else(given).map_or(OtherDays::Doubtful, OtherDays::In)
    }

    fn is_months(&self) -> bool {
        self.months > 0 && self.months == self.days && self.times == 0 && self.numbers == 0
    }

    fn cell(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end]).filter(|cell| !cell.is_empty())
    }

    /// Whether it keeps its texts in another column.
    fn is_reformed(&self) -> bool {
        self.has_other_times() || matches!(self.other_days(), OtherDays::In(_))
    }

    /// Whether it holds times, and some in a form that does not compare.
    fn has_other_times(&self) -> bool {
        self.other_times > 0 && self.numbers == 0 && self.times * 2 > self.texts
    }

    /// Whether its days become instants.
    fn has_instants(&self) -> bool {
        self.instants > 0 && matches!(self.other_days(), OtherDays::In(_))
    }

    /// A cell as SQLite keeps it.
    fn value(&self, row: usize, zone: Tz) -> ToSqlOutput<'_> {
        let Some(cell) = self.cell(row) else { return ToSqlOutput::Owned(Value::Null) };
        let whole = || cell.parse().map(Value::Integer).ok();
        let owned = match self.kind {
            Some(CellKind::Integer) => whole(),
            // Ids that no double holds stay apart.
            Some(CellKind::Real) if self.long && is_long(cell) => whole(),
            Some(CellKind::Real) => cell.parse().map(Value::Real).ok(),
            Some(CellKind::Text) if self.has_other_times() => {
                times::comparable(cell, zone).map(Value::Text)
            }
            Some(CellKind::Text) => match self.other_days() {
                OtherDays::In(order) => order.comparable(cell, zone).map(Value::Text),
                OtherDays::None | OtherDays::Doubtful => None,
            },
            None => None,
        };
        owned.map_or_else(|| self.text(row), ToSqlOutput::Owned)
    }

    /// A cell as it came.
    fn text(&self, row: usize) -> ToSqlOutput<'_> {
        match self.cell(row) {
            Some(cell) => ToSqlOutput::Borrowed(ValueRef::Text(cell.as_bytes())),
            None => ToSqlOutput::Owned(Value::Null),
        }
    }

    fn declaration(&self) -> String {
        let kind = match self.kind {
            // With a type all of them would become doubles.
            Some(CellKind::Real) if self.long => "",
            Some(CellKind::Text) if self.has_other_times() || self.has_instants() => {
                " TEXT COLLATE kpi_time"
            }
            Some(CellKind::Text) if self.is_months() => " TEXT COLLATE kpi_month",
            Some(CellKind::Integer) => " INTEGER",
            Some(CellKind::Real) => " REAL",
            Some(CellKind::Text) | None => " TEXT",
        };
        format!("{}{kind}", quoted(&self.name))
    }
}

/// A text, and where it stands.
fn at(text: &str, place: &impl Fn() -> String) -> String {
    format!("`{}` in {}", shown::line(text, 60), place())
}

/// Whether a whole number is one that no double holds.
fn is_long(text: &str) -> bool {
    /// They hold all up to this.
    const EXACT: u64 = 1 << 53;
    text.parse::<i64>().is_ok_and(|number| number.unsigned_abs() > EXACT)
}
