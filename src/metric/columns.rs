//! Which column of an answer is a label, which a value, which `data_through`: decided once per
//! answer, by name, so that a renamed column is a failure and never a wrong number.

use std::sync::Arc;

use super::{Cell, FetchError, FetchErrorKind, Metric, Table};
use crate::shown;

/// The column that a metric's bare name means.
pub(super) const BARE: &str = "value";

const DATA_THROUGH: &str = "data_through";

/// Places of columns in the rows of a table.
pub(super) struct Layout {
    /// In the order of the metric's labels.
    pub(super) labels: Vec<usize>,
    /// Name under which formulas know the value, and its place.
    pub(super) values: Vec<(Arc<str>, usize)>,
    /// The optional column of that name.
    pub(super) data_through: Option<usize>,
}

impl Layout {
    pub(super) fn of(metric: &Metric, table: &Table) -> Result<Self, FetchError> {
        let required = |name: &str| match find(table, name) {
            Found::One(index) => Ok(index),
            Found::None => Err(missing(metric, table, name)),
            Found::Many => Err(ambiguous(metric, name)),
        };
        let labels = metric.labels.iter().map(|name| required(name)).collect::<Result<Vec<_>, _>>();
        let labels = labels?;
        let data_through = match find(table, DATA_THROUGH) {
            Found::One(index) => Some(index),
            Found::None => None,
            Found::Many => return Err(ambiguous(metric, DATA_THROUGH)),
        };
        let mut values: Vec<(Arc<str>, usize)> = Vec::new();
        for name in &metric.columns {
            values.push((name.as_str().into(), required(name)?));
        }
        let others: Vec<usize> = (0..table.columns.len())
            .filter(|index| !labels.contains(index) && Some(*index) != data_through)
            .collect();
        if metric.bare
            && !values.iter().any(|(name, _)| **name == *BARE)
            && let Some(index) = bare_column(metric, table, &others)?
        {
            values.push((BARE.into(), index));
        }
        if metric.columns.is_empty() && !metric.bare {
            values
                .extend(others.iter().map(|index| (table.columns[*index].as_str().into(), *index)));
        }
        Ok(Self { labels, values, data_through })
    }
}

/// The column that the metric's bare name means: `value`, or the only one that can be meant. `None`
/// when there are no rows to tell numbers from text.
fn bare_column(
    metric: &Metric,
    table: &Table,
    others: &[usize],
) -> Result<Option<usize>, FetchError> {
    match find(table, BARE) {
        Found::One(index) => return Ok(Some(index)),
        Found::Many => return Err(ambiguous(metric, BARE)),
        Found::None => {}
    }
    if let [only] = others {
        return Ok(Some(*only));
    }
    let numeric: Vec<usize> =
        others.iter().copied().filter(|index| holds_numbers(table, *index)).collect();
    match numeric.as_slice() {
        [only] => Ok(Some(*only)),
        [] if table.rows.is_empty() && !others.is_empty() => Ok(None),
        found => Err(no_bare_column(metric, table, found)),
    }
}

fn holds_numbers(table: &Table, column: usize) -> bool {
    table.rows.iter().any(|row| match &row[column] {
        Cell::Null => false,
        Cell::Number(_) | Cell::Written(..) => true,
        cell => cell.number().is_ok(),
    })
}

enum Found {
    None,
    One(usize),
    Many,
}

/// By exact name, else without regard to case (databases fold it differently).
fn find(table: &Table, name: &str) -> Found {
    let search = |same: &dyn Fn(&str) -> bool| {
        let mut places =
            table.columns.iter().enumerate().filter(|(_, column)| same(column)).map(|(i, _)| i);
        match (places.next(), places.next()) {
            (None, _) => Found::None,
            (Some(index), None) => Found::One(index),
            _ => Found::Many,
        }
    };
    match search(&|column| column == name) {
        Found::None => search(&|column| column.eq_ignore_ascii_case(name)),
        found => found,
    }
}

fn shape(message: String) -> FetchError {
    FetchError::new(FetchErrorKind::Shape, message)
}

/// The column that was probably meant.
fn similar<'a>(name: &str, columns: &'a [String]) -> Option<&'a String> {
    const ALIKE: f64 = 0.6;
    /// Names are compared letter by letter, and there may be many.
    const LONGEST: usize = 100;
    let likeness = |column: &String| {
        strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &column.to_lowercase())
    };
    columns
        .iter()
        .filter(|column| column.len() <= LONGEST)
        .map(|column| (likeness(column), column))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, column)| column)
}

fn missing(metric: &Metric, table: &Table, name: &str) -> FetchError {
    let known = shown::list(&table.columns);
    let hint = match similar(name, &table.columns) {
        Some(similar) => format!("did you mean `{}`?", shown::line(similar, shown::MOST)),
        None => format!("name it in the query: `... AS {name}`"),
    };
    shape(format!("metric `{}` has no column `{name}`; the answer has: {known}", metric.id))
        .with_hint(hint)
}

fn ambiguous(metric: &Metric, name: &str) -> FetchError {
    shape(format!("metric `{}` has two columns `{name}`", metric.id))
        .with_hint("give each column of the query its own name with AS")
}

fn no_bare_column(metric: &Metric, table: &Table, numeric: &[usize]) -> FetchError {
    let id = &metric.id;
    let names = |places: &[usize]| {
        shown::list(&places.iter().map(|index| &table.columns[*index]).collect::<Vec<_>>())
    };
    if numeric.is_empty() {
        let known = shown::list(&table.columns);
        return shape(format!("metric `{id}` has no value column; the answer has: {known}"))
            .with_hint("name the number in the query: `... AS value`");
    }
    let message = format!(
        "metric `{id}` has no column `value` and more than one that could be meant: {}",
        names(numeric)
    );
    let example = names(&numeric[..1]);
    shape(message)
        .with_hint(format!("name one `value` in the query, or write `{id}.{example}` in formulas"))
}
