//! Rows of a measurement put together: the whole of what some columns divide.

use std::collections::BTreeMap;

use super::{Labels, Measurement, Series};

impl Measurement {
    /// The same with the labels of each row as `relabel` says; rows that get the same labels are added
    /// up, column by column, over those that have a number; with one that holds anything else there is
    /// no sum, for a part is never the whole. The whole is complete up to where all its
    /// parts are.
    #[must_use]
    pub fn regrouped(&self, relabel: impl Fn(&Labels) -> Labels) -> Self {
        let mut series: BTreeMap<Labels, Series> = BTreeMap::new();
        for (labels, row) in &self.series {
            let whole = series.entry(relabel(labels)).or_default();
            for (column, number) in row.values.iter() {
                *whole.values.entry(column, || 0.0) += number;
            }
            for (column, bad) in &row.bad {
                let all = whole.bad.entry(column.clone());
                all.and_modify(|all| all.rows += bad.rows).or_insert_with(|| bad.clone());
            }
            whole.data_through = match (whole.data_through, row.data_through) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        for row in series.values_mut() {
            // The sum of the other rows is not the whole.
            row.values.retain(|column, number| number.is_finite() && !row.bad.contains_key(column));
        }
        Self { series, totals: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bad;
    use super::*;

    fn row(pairs: &[(&str, &str)], value: Option<f64>) -> (Labels, Series) {
        let values = value.map(|value| ("value".to_owned(), value)).into_iter().collect();
        (pairs.iter().copied().collect(), Series { values, ..Series::default() })
    }

    #[test]
    fn rows_add_up_and_what_is_missing_stays_missing() {
        let measured = Measurement {
            series: BTreeMap::from([
                row(&[("country", "DE"), ("plan", "pro")], Some(3.0)),
                row(&[("country", "DE"), ("plan", "free")], None),
                row(&[("country", "FR"), ("plan", "free")], None),
            ]),
            ..Measurement::default()
        };
        let by_country = measured.regrouped(|labels| labels.without(&["plan"]));
        let values: Vec<_> =
            by_country.series.iter().map(|(l, s)| (l.to_string(), s.value(None))).collect();
        assert_eq!(
            values,
            [("{country=\"DE\"}".into(), Some(3.0)), ("{country=\"FR\"}".into(), None)]
        );
        let whole = measured.regrouped(|labels| labels.without(&["plan", "country"]));
        assert_eq!(whole.series[&Labels::default()].value(None), Some(3.0));
    }

    #[test]
    fn a_row_that_holds_text_leaves_no_sum_of_the_others() {
        let bad = |found: &str| [("value".to_owned(), Bad { rows: 1, found: found.into() })].into();
        let mut rows = [
            row(&[("country", "DE")], None),
            row(&[("country", "FR")], Some(2.0)),
            row(&[("country", "IT")], None),
        ];
        rows[0].1.bad = bad("the text `12,5`");
        rows[2].1.bad = bad("the text `n/a`");
        let measured = Measurement { series: rows.into(), ..Measurement::default() };
        let whole = measured.regrouped(|labels| labels.without(&["country"]));
        let whole = &whole.series[&Labels::default()];
        assert_eq!(whole.value(None), None);
        assert_eq!(whole.bad(None), Some(&Bad { rows: 2, found: "the text `12,5`".into() }));
    }
}
