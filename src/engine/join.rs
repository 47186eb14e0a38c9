//! A formula over metrics with labels: the outer natural join of their series, evaluated label set by
//! label set. A metric without labels joins with every label set; metrics that share a label join
//! where its values agree. A label set that one of the metrics lacks stays: it has no value, and what
//! it lacks is told; where the metric says so, it has 0 there.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::assess::{Absent, Sums};
use crate::id::MetricId;
use crate::kpi::{Expr, Formula, MetricRef};
use crate::metric::{Labels, Measurement, Series};

/// What a formula gives for one label set.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Joined {
    /// `None`: an operand was missing or a denominator zero.
    pub(super) value: Option<f64>,
    /// Numerator and denominator, when the formula is a quotient and both exist.
    pub(super) sums: Option<Sums>,
    /// The oldest `data_through` among the operands.
    pub(super) data_through: Option<DateTime<Utc>>,
}

/// What was measured of one metric of a formula.
pub(super) struct Input<'m> {
    /// Names of the labels that its rows have.
    pub(super) labels: Vec<&'m str>,
    /// The rows.
    pub(super) measured: Cow<'m, Measurement>,
    /// Whether a label set without a row is 0 there.
    pub(super) zero: bool,
    /// It may have so many label sets.
    pub(super) most: usize,
}

/// A formula with what was measured of its metrics over one span of each.
pub(super) struct Inputs<'m> {
    formula: &'m Formula,
    /// `None`: one of them was not measured at all, so nothing is known of any label set.
    of: Option<BTreeMap<&'m MetricId, Known<'m>>>,
}

struct Known<'m> {
    input: Input<'m>,
    /// Up to when a label set without a row is known to be 0.
    newest: Option<DateTime<Utc>>,
}

/// What there is of a metric for a label set.
#[derive(Clone, Copy)]
enum Row<'a> {
    Measured(&'a Series),
    Zero(Option<DateTime<Utc>>),
    Missing,
}

/// Label sets by the names of their labels.
type ByNames<'a> = BTreeMap<BTreeSet<&'a str>, BTreeSet<Labels>>;

impl<'m> Inputs<'m> {
    /// `of` gives what was measured of a metric, `None` where nothing was.
    pub(super) fn new(
        formula: &'m Formula,
        of: impl Fn(&'m MetricId) -> Option<Input<'m>>,
    ) -> Self {
        let known = |metric| {
            let input = of(metric)?;
            let through = input.measured.series.values().filter_map(|row| row.data_through);
            let newest = if input.zero { through.max() } else { None };
            Some((metric, Known { input, newest }))
        };
        Self { formula, of: formula.metrics().into_iter().map(known).collect() }
    }

    /// All label sets that any of the metrics has, joined as far as they agree: none is part of
    /// another. Without any row that is the one without labels.
    ///
    /// # Errors
    /// There would be more than all metrics together may have.
    pub(super) fn sets(&self) -> Result<BTreeSet<Labels>, Absent> {
        let Some(inputs) = &self.of else { return Ok(BTreeSet::new()) };
        let most: usize = inputs.values().map(|known| known.input.most).sum();
        let mut relations: BTreeMap<BTreeSet<&str>, BTreeSet<&Labels>> = BTreeMap::new();
        for Known { input, .. } in inputs.values().filter(|known| !known.input.labels.is_empty()) {
            let names = input.labels.iter().copied().collect();
            relations.entry(names).or_default().extend(input.measured.series.keys());
        }
        let mut all = ByNames::from([(BTreeSet::new(), BTreeSet::from([Labels::default()]))]);
        for (names, rows) in &relations {
            for (names, sets) in joined(&all, names, rows, most)? {
                all.entry(names).or_default().extend(sets);
            }
        }
        Ok(largest(all))
    }

    /// Whether a label set has all labels that the metrics have together, and no other.
    pub(super) fn has_names_of(&self, labels: &Labels) -> bool {
        let known = self.of.iter().flat_map(BTreeMap::values);
        let names: BTreeSet<&str> =
            known.flat_map(|known| known.input.labels.iter().copied()).collect();
        labels.names().eq(names)
    }

    /// What the formula gives for a label set. A metric with fewer labels (a plan without regions)
    /// serves all that agree with it.
    pub(super) fn at(&self, labels: &Labels) -> Joined {
        let Some(rows) = self.rows(labels) else { return Joined::default() };
        let value_of = |reference: &MetricRef| value(&rows, reference);
        let sums = self.formula.quotient().and_then(|(numerator, denominator)| {
            Some(Sums {
                numerator: numerator.eval(&value_of)?,
                denominator: denominator.eval(&value_of)?,
            })
        });
        let through = rows.values().filter_map(|row| match row {
            Row::Measured(series) => series.data_through,
            Row::Zero(newest) => *newest,
            Row::Missing => None,
        });
        Joined { value: self.formula.expr().eval(&value_of), sums, data_through: through.min() }
    }

    /// The formula for all its label sets; for none where they would be too many.
    pub(super) fn all(&self) -> BTreeMap<Labels, Joined> {
        let sets = self.sets().unwrap_or_default();
        sets.into_iter().map(|labels| (labels.clone(), self.at(&labels))).collect()
    }

    /// Why the formula has no value for a label set, as far as its metrics were measured.
    pub(super) fn why(&self, labels: &Labels) -> Option<Absent> {
        let rows = self.rows(labels)?;
        let lacks = |(metric, row): (&&MetricId, &Row<'_>)| {
            matches!(row, Row::Missing).then(|| (*metric).clone())
        };
        let missing: Vec<MetricId> = rows.iter().filter_map(lacks).collect();
        if !missing.is_empty() {
            let doubt = missing.iter().find_map(|metric| self.doubt(metric));
            return Some(Absent::NoRow { metrics: missing, of: labels.clone(), doubt });
        }
        for (reference, _) in self.formula.references() {
            let Some(Row::Measured(series)) = rows.get(&reference.metric) else { continue };
            let column = reference.column.as_deref();
            if let Some(bad) = series.bad(column) {
                return Some(Absent::Bad { what: reference.to_string(), bad: bad.clone() });
            }
            if series.value(column).is_none() {
                let doubt = self.doubt(&reference.metric);
                return Some(Absent::Null { what: reference.to_string(), doubt });
            }
        }
        let value_of = |reference: &MetricRef| value(&rows, reference);
        Some(match self.formula.expr().zero_denominator(&value_of) {
            Some(Expr::Metric(reference)) => Absent::Zero { what: Some(reference.to_string()) },
            Some(_) => Absent::Zero { what: None },
            None => Absent::TooLarge,
        })
    }

    fn doubt(&self, metric: &MetricId) -> Option<String> {
        self.of.as_ref()?.get(metric)?.input.measured.doubt.clone()
    }

    /// What there is of each metric for a label set.
    fn rows(&self, labels: &Labels) -> Option<BTreeMap<&MetricId, Row<'_>>> {
        let inputs = self.of.as_ref()?;
        Some(inputs.iter().map(|(metric, known)| (*metric, known.row(labels))).collect())
    }
}

impl Known<'_> {
    fn row(&self, labels: &Labels) -> Row<'_> {
        let Input { labels: names, measured, zero, .. } = &self.input;
        let row = if names.len() == labels.len() {
            measured.series.get(labels)
        } else {
            // A label set without one of the labels has no row.
            labels.only(names).and_then(|labels| measured.series.get(&labels))
        };
        match row {
            Some(series) => Row::Measured(series),
            // No label at all is no label set of a metric that has some.
            None if *zero && (names.is_empty() || !labels.is_empty()) => Row::Zero(self.newest),
            None => Row::Missing,
        }
    }
}

fn value(rows: &BTreeMap<&MetricId, Row<'_>>, reference: &MetricRef) -> Option<f64> {
    match rows.get(&reference.metric)? {
        Row::Measured(series) => series.value(reference.column.as_deref()),
        Row::Zero(_) => Some(0.0),
        Row::Missing => None,
    }
}

/// Every label set of `all` with every row that agrees with it, found by the labels both have.
fn joined<'a>(
    all: &ByNames<'a>,
    names: &BTreeSet<&'a str>,
    rows: &BTreeSet<&Labels>,
    most: usize,
) -> Result<ByNames<'a>, Absent> {
    let mut found = ByNames::new();
    let mut count = 0;
    for (have, sets) in all {
        let shared: Vec<&str> = have.intersection(names).copied().collect();
        let mut index: BTreeMap<Option<Labels>, Vec<&Labels>> = BTreeMap::new();
        for row in rows {
            index.entry(row.only(&shared)).or_default().push(row);
        }
        let into = found.entry(have.union(names).copied().collect()).or_default();
        for set in sets {
            for row in index.get(&set.only(&shared)).into_iter().flatten() {
                into.extend(set.join(row));
                count += 1;
                if count > most {
                    return Err(Absent::TooMany { most });
                }
            }
        }
    }
    Ok(found)
}

/// The label sets that are no part of another.
fn largest(mut all: ByNames<'_>) -> BTreeSet<Labels> {
    let names: Vec<BTreeSet<&str>> = all.keys().cloned().collect();
    for few in &names {
        let only: Vec<&str> = few.iter().copied().collect();
        let larger = names.iter().filter(|many| few.is_subset(many) && *many != few);
        let parts: BTreeSet<Labels> = larger
            .filter_map(|many| all.get(many))
            .flatten()
            .filter_map(|set| set.only(&only))
            .collect();
        if let Some(sets) = all.get_mut(few) {
            sets.retain(|set| !parts.contains(set));
        }
    }
    all.into_values().flatten().collect()
}

#[cfg(test)]
#[path = "tests/join.rs"]
mod tests;
