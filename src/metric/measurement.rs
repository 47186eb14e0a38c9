//! From a table to numbers with labels: the rules that are the same for every kind of source. What
//! is missing is missing: nothing here turns into a 0. Not here: how the table was got, and what the
//! numbers mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use serde::{Deserialize, Serialize};

use super::columns::{BARE, Layout};
use super::{Cell, FetchError, FetchErrorKind, Few, Labels, Metric, Table, moment};
use crate::shown;

/// What to do about long labels.
const SHORTER: &str = "group by something shorter, or cut it in the query";
/// Bytes of a label.
const LONGEST_LABEL: usize = 4096;
/// Characters of a cell that are shown.
const LONGEST: usize = 40;

/// The numbers of one metric over one window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measurement {
    /// One series per label set; none when the answer had no rows.
    pub series: BTreeMap<Labels, Series>,
    /// The wholes, for a metric whose rows do not add up.
    pub totals: Option<BTreeMap<Labels, Series>>,
    /// Rows of which some value is no number.
    pub bad_rows: u64,
    /// The first of them, for people.
    pub first_bad_row: Option<String>,
    /// Why numbers may be missing, where some are or there are no rows.
    pub doubt: Option<String>,
}

/// The numbers of one label set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// By column, spelled as formulas spell it; the column that a formula means by the metric's
    /// bare name is `value`. A column without a number is absent. Finite.
    pub values: Few<f64>,
    /// Up to when the data are complete, if the source says so; 1970 if it says that none are.
    pub data_through: Option<DateTime<Utc>>,
    /// What is in columns that should hold a number, by the same names.
    pub bad: BTreeMap<String, Bad>,
}

/// What a column holds that is no number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bad {
    /// In so many rows.
    pub rows: u64,
    /// The first of them, for people: ``the text `12,5` ``.
    pub found: String,
}

impl Series {
    /// What a column holds that is no number; `None` means `value`.
    pub fn bad(&self, column: Option<&str>) -> Option<&Bad> {
        self.bad.get(column.unwrap_or(BARE))
    }

    /// The number in a column; `None` means `value`.
    pub fn value(&self, column: Option<&str>) -> Option<f64> {
        self.values.get(column.unwrap_or(BARE)).copied()
    }
}

impl Measurement {
    /// Reads the answer to a query of a metric; local times are read in `zone`.
    ///
    /// # Errors
    /// A `Shape` failure when columns are missing or ambiguous, two rows have the same labels, or
    /// there are more rows than the metric may have.
    pub fn from_table(metric: &Metric, zone: Tz, table: &Table) -> Result<Self, FetchError> {
        if table.rows.len() > metric.max_label_sets {
            return Err(too_many_rows(metric));
        }
        let layout = Layout::of(metric, table)?;
        let names: Vec<Arc<str>> = metric.labels.iter().map(|name| name.as_str().into()).collect();
        let mut measurement = Self::default();
        let mut bytes = 0;
        let mut lacks = table.rows.is_empty();
        // Most rows are complete up to the same instant.
        let mut last_through: Option<(&Cell, Option<DateTime<Utc>>)> = None;
        for (index, row) in table.rows.iter().enumerate() {
            let labels = labels(metric, &layout, &names, row, zone)?;
            bytes += labels.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
            if bytes as u64 > metric.max_bytes {
                return Err(too_many_bytes(metric, &measurement, &labels));
            }
            let mut series = Series::default();
            let mut bad = None;
            for (name, column) in &layout.values {
                match row[*column].number() {
                    Ok(Some(number)) => series.values.insert(Arc::clone(name), number),
                    Ok(None) => {}
                    Err(found) => {
                        bad.get_or_insert_with(|| {
                            let heading = shown::line(&table.columns[*column], LONGEST);
                            format!("row {}: column `{heading}` holds {found}", index + 1)
                        });
                        series
                            .bad
                            .insert(name.to_string(), Bad { rows: 1, found: found.to_string() });
                    }
                }
            }
            if let Some(column) = layout.data_through {
                let through = match last_through {
                    Some((cell, through)) if *cell == row[column] => through,
                    _ => moment::read(&row[column], zone)
                        .map_err(|found| bad_data_through(metric, &found))?,
                };
                last_through = Some((&row[column], through));
                // Nothing is complete, which is not the same as nothing being said.
                series.data_through = Some(through.unwrap_or(moment::NEVER));
            }
            if let Some(bad) = bad {
                measurement.bad_rows += 1;
                measurement.first_bad_row.get_or_insert(bad);
            }
            if measurement.series.contains_key(&labels) {
                return Err(same_labels(metric, &labels, &layout, table));
            }
            lacks |= series.values.len() + series.bad.len() < layout.values.len();
            measurement.series.insert(labels, series);
        }
        measurement.doubt = table.doubt.clone().filter(|_| lacks);
        Ok(measurement)
    }

    /// What kinds of bad rows there are: column, and what it holds without the text itself.
    pub fn bad_kinds(&self) -> BTreeSet<(&str, &str)> {
        fn kind(found: &str) -> &str {
            found.split('`').next().unwrap_or_default()
        }
        let rows = self.series.values().chain(self.totals.iter().flat_map(BTreeMap::values));
        let bad = rows.flat_map(|row| &row.bad);
        bad.map(|(column, bad)| (column.as_str(), kind(&bad.found))).collect()
    }

    /// Up to when the data of all series are complete: the oldest that any of them says.
    pub fn data_through(&self) -> Option<DateTime<Utc>> {
        self.series.values().filter_map(|series| series.data_through).min()
    }
}

/// The failure of an answer with more rows than the metric may have. Sources use it as well, to stop
/// reading early.
pub(crate) fn too_many_rows(metric: &Metric) -> FetchError {
    let message = format!("metric `{}` got more than {} rows", metric.id, metric.max_label_sets);
    FetchError::new(FetchErrorKind::Shape, message)
        .with_hint("a forgotten GROUP BY? otherwise raise `limits: { max_label_sets: ... }`")
}

fn labels(
    metric: &Metric,
    layout: &Layout,
    names: &[Arc<str>],
    row: &[Cell],
    zone: Tz,
) -> Result<Labels, FetchError> {
    let pairs = names.iter().zip(&layout.labels).map(|(name, column)| {
        let text: Arc<str> = match &row[*column] {
            Cell::Null => Arc::default(),
            Cell::Number(number) => number.to_string().into(),
            Cell::Text(text) | Cell::Written(_, text) => text.as_str().into(),
            Cell::Instant(instant) => instant.with_timezone(&zone).to_rfc3339().into(),
            Cell::Other(kind) => {
                let message = format!(
                    "label column `{name}` of metric `{}` holds a value of type {kind}",
                    metric.id
                );
                return Err(FetchError::new(FetchErrorKind::Shape, message).with_hint(
                    if kind.contains(" of more than ") {
                        SHORTER
                    } else {
                        "cast or convert it to UTF-8 text in the query"
                    },
                ));
            }
        };
        if text.len() > LONGEST_LABEL {
            let message = format!(
                "label `{name}` of metric `{}` has more than {LONGEST_LABEL} bytes: `{}`",
                metric.id,
                shown::line(&text, LONGEST)
            );
            return Err(FetchError::new(FetchErrorKind::Shape, message).with_hint(SHORTER));
        }
        Ok((Arc::clone(name), text))
    });
    pairs.collect()
}

/// The failure of labels that are too large together: each stands in some twenty series of a KPI.
fn too_many_bytes(metric: &Metric, so_far: &Measurement, last: &Labels) -> FetchError {
    let all = so_far.series.keys().chain([last]).flat_map(Labels::iter);
    let longest = all.max_by_key(|(_, value)| value.len());
    let longest = longest.map_or_else(String::new, |(name, value)| {
        let shown = shown::line(value, LONGEST);
        format!("; the longest is `{name}` with {} bytes: `{shown}`", value.len())
    });
    let message = format!(
        "the labels of metric `{}` have more than {} KiB together{longest}",
        metric.id,
        metric.max_bytes >> 10
    );
    FetchError::new(FetchErrorKind::Shape, message)
        .with_hint("group by something shorter, or raise `limits: { max_metric_bytes: ... }`")
}

fn same_labels(metric: &Metric, labels: &Labels, layout: &Layout, table: &Table) -> FetchError {
    let is_empty = |cell: &Cell| matches!(cell, Cell::Text(text) if text.is_empty());
    let both = metric.labels.iter().zip(&layout.labels).find(|(_, column)| {
        let mut cells = table.rows.iter().map(|row| &row[**column]);
        cells.clone().any(|cell| *cell == Cell::Null) && cells.any(is_empty)
    });
    if let Some((name, _)) = both {
        let message = format!("metric `{}` got two rows with the labels {labels}", metric.id);
        let hint = format!(
            "NULL and '' are the same label: name one of them, as in \
             `coalesce({name}, 'unknown') AS {name}`, and GROUP BY that"
        );
        return FetchError::new(FetchErrorKind::Shape, message).with_hint(hint);
    }
    let (message, hint) = if metric.labels.is_empty() {
        (
            format!("metric `{}` has no labels, but got more than one row", metric.id),
            "aggregate to one row, or list the columns that tell rows apart under `labels`",
        )
    } else {
        (
            format!("metric `{}` got two rows with the labels {labels}", metric.id),
            "GROUP BY all label columns, or add the column that tells the rows apart to `labels`",
        )
    };
    FetchError::new(FetchErrorKind::Shape, message).with_hint(hint)
}

fn bad_data_through(metric: &Metric, found: &moment::NoInstant<'_>) -> FetchError {
    let message = format!("column `data_through` of metric `{}` holds {found}", metric.id);
    FetchError::new(FetchErrorKind::Shape, message)
        .with_hint("use a timestamp, a date, `YYYY-MM-DD HH:MM:SS`, RFC 3339 or seconds since 1970")
}

#[cfg(test)]
#[path = "tests/measurement.rs"]
mod tests;
