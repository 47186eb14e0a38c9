//! A formula over metrics with labels: the natural join of their series, evaluated label set by
//! label set. A metric without labels joins with every label set; metrics that share a label join
//! where its values agree; a label set that one of the metrics lacks is not in the result.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::assess::Sums;
use crate::id::MetricId;
use crate::kpi::{Formula, MetricRef};
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

/// Evaluates `formula` over the measurements that `of` gives for its metrics.
pub(super) fn evaluate<'a>(
    formula: &Formula,
    of: impl Fn(&MetricId) -> Option<&'a Measurement>,
) -> BTreeMap<Labels, Joined> {
    let mut rows: Vec<Row<'_, '_>> = vec![(Labels::default(), BTreeMap::new())];
    for metric in formula.metrics() {
        let Some(measurement) = of(metric) else { return BTreeMap::new() };
        rows = join(rows, metric, measurement);
    }
    rows.into_iter().map(|(labels, row)| (labels, eval_row(formula, &row))).collect()
}

type Row<'m, 'a> = (Labels, BTreeMap<&'m MetricId, &'a Series>);

/// Joins one more metric, by an index on the labels both sides have.
fn join<'m, 'a>(
    rows: Vec<Row<'m, 'a>>,
    metric: &'m MetricId,
    with: &'a Measurement,
) -> Vec<Row<'m, 'a>> {
    let Some((first, _)) = rows.first() else { return rows };
    let shared: Vec<String> = with.series.keys().next().map_or_else(Vec::new, |labels| {
        labels.0.keys().filter(|name| first.0.contains_key(*name)).cloned().collect()
    });
    let key = |labels: &Labels| -> Vec<String> {
        shared.iter().filter_map(|name| labels.0.get(name).cloned()).collect()
    };
    let mut index: BTreeMap<Vec<String>, Vec<(&Labels, &'a Series)>> = BTreeMap::new();
    for (labels, series) in &with.series {
        index.entry(key(labels)).or_default().push((labels, series));
    }
    let mut joined = Vec::new();
    for (labels, row) in rows {
        for (other, series) in index.get(&key(&labels)).into_iter().flatten() {
            if let Some(both) = labels.join(other) {
                let mut row = row.clone();
                row.insert(metric, series);
                joined.push((both, row));
            }
        }
    }
    joined
}

fn eval_row(formula: &Formula, row: &BTreeMap<&MetricId, &Series>) -> Joined {
    let value_of =
        |reference: &MetricRef| row.get(&reference.metric)?.value(reference.column.as_deref());
    let sums = formula.quotient().and_then(|(numerator, denominator)| {
        Some(Sums {
            numerator: numerator.eval(&value_of)?,
            denominator: denominator.eval(&value_of)?,
        })
    });
    Joined {
        value: formula.expr().eval(&value_of),
        sums,
        data_through: row.values().filter_map(|series| series.data_through).min(),
    }
}

/// The entry for `labels` among results that may have fewer labels (a plan without regions serves
/// every region): the exact one, else the one with the most labels in common that contradicts none.
pub(super) fn lookup<'a, T>(results: &'a BTreeMap<Labels, T>, labels: &Labels) -> Option<&'a T> {
    results.get(labels).or_else(|| {
        results
            .iter()
            .filter(|(have, _)| {
                have.0.iter().all(|(name, value)| labels.0.get(name) == Some(value))
            })
            .max_by_key(|(have, _)| have.0.len())
            .map(|(_, result)| result)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(value: f64) -> Series {
        Series { values: BTreeMap::from([("value".to_owned(), value)]), data_through: None }
    }

    fn measurement(series_of: &[(&[(&str, &str)], f64)]) -> Measurement {
        let series = series_of
            .iter()
            .map(|(labels, value)| (labels.iter().copied().collect(), series(*value)))
            .collect();
        Measurement { series, ..Measurement::default() }
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().copied().collect()
    }

    fn values(text: &str, metrics: &[(&str, Measurement)]) -> Vec<(String, Option<f64>)> {
        let formula = Formula::parse(text).unwrap();
        let of = |id: &MetricId| metrics.iter().find(|(have, _)| id == have).map(|(_, m)| m);
        evaluate(&formula, of).into_iter().map(|(l, j)| (l.to_string(), j.value)).collect()
    }

    #[test]
    fn a_metric_without_labels_joins_with_every_label_set() {
        let spend = measurement(&[(&[("region", "EU")], 10.0), (&[("region", "US")], 40.0)]);
        let rate = measurement(&[(&[], 2.0)]);
        let joined = values("spend / rate", &[("spend", spend), ("rate", rate)]);
        let expected = [(r#"{region="EU"}"#, 5.0), (r#"{region="US"}"#, 20.0)];
        assert_eq!(joined, expected.map(|(l, v)| (l.to_owned(), Some(v))));
    }

    #[test]
    fn shared_labels_have_to_agree_and_other_labels_multiply() {
        let a = measurement(&[
            (&[("region", "EU"), ("plan", "pro")], 1.0),
            (&[("region", "EU"), ("plan", "free")], 2.0),
            (&[("region", "US"), ("plan", "pro")], 3.0),
        ]);
        let b = measurement(&[(&[("region", "EU")], 10.0), (&[("region", "APAC")], 99.0)]);
        let both_ways = [
            values("a * b", &[("a", a.clone()), ("b", b.clone())]),
            values("b * a", &[("a", a), ("b", b)]),
        ];
        for joined in both_ways {
            let expected =
                [(r#"{plan="free", region="EU"}"#, 20.0), (r#"{plan="pro", region="EU"}"#, 10.0)];
            assert_eq!(joined, expected.map(|(l, v)| (l.to_owned(), Some(v))));
        }
    }

    #[test]
    fn a_zero_denominator_keeps_its_label_set_without_a_value() {
        let a = measurement(&[(&[("region", "EU")], 1.0)]);
        let b = measurement(&[(&[("region", "EU")], 0.0)]);
        let joined = values("a / b", &[("a", a), ("b", b)]);
        assert_eq!(joined, [(r#"{region="EU"}"#.to_owned(), None)]);
    }

    #[test]
    fn a_metric_without_rows_or_not_measured_gives_nothing() {
        let a = measurement(&[(&[], 1.0)]);
        assert_eq!(values("a / b", &[("a", a.clone()), ("b", measurement(&[]))]), []);
        assert_eq!(values("a / b", &[("a", a)]), []);
    }

    #[test]
    fn the_oldest_data_counts() {
        let day = |d| {
            chrono::NaiveDate::from_ymd_opt(2026, 4, d).unwrap().and_time(chrono::NaiveTime::MIN)
        };
        let mut a = measurement(&[(&[], 6.0)]);
        let mut b = measurement(&[(&[], 3.0)]);
        for (measurement, d) in [(&mut a, 9), (&mut b, 7)] {
            for series in measurement.series.values_mut() {
                series.data_through = Some(day(d).and_utc());
            }
        }
        let formula = Formula::parse("a / b").unwrap();
        let joined = evaluate(&formula, |id| Some(if *id == "a" { &a } else { &b }));
        let joined = joined[&Labels::default()];
        assert_eq!(joined.data_through, Some(day(7).and_utc()));
        assert_eq!(joined.sums, Some(Sums { numerator: 6.0, denominator: 3.0 }));
    }

    #[test]
    fn a_plan_with_fewer_labels_serves_every_label_set_that_it_fits() {
        let plans = BTreeMap::from([
            (labels(&[]), 1),
            (labels(&[("region", "EU")]), 2),
            (labels(&[("region", "EU"), ("plan", "pro")]), 3),
        ]);
        for (wanted, found) in [
            (labels(&[("region", "EU"), ("plan", "pro")]), 3),
            (labels(&[("region", "EU"), ("plan", "free")]), 2),
            (labels(&[("region", "US"), ("plan", "pro")]), 1),
        ] {
            assert_eq!(lookup(&plans, &wanted), Some(&found), "{wanted}");
        }
    }
}
