//! Rows of a measurement put together: the whole of what some columns divide.

use std::collections::BTreeMap;

use super::{Labels, Measurement, Series};

impl Measurement {
    /// The same with the labels of each row as `relabel` says; rows that get the same labels are added
    /// up, column by column, over those that have a number. The whole is complete up to where all its
    /// parts are.
    #[must_use]
    pub fn regrouped(&self, relabel: impl Fn(&Labels) -> Labels) -> Self {
        let mut series: BTreeMap<Labels, Series> = BTreeMap::new();
        for (labels, row) in &self.series {
            let whole = series.entry(relabel(labels)).or_default();
            for (column, number) in &row.values {
                *whole.values.entry(column.clone()).or_insert(0.0) += number;
            }
            whole.data_through = match (whole.data_through, row.data_through) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        for row in series.values_mut() {
            row.values.retain(|_, number| number.is_finite());
        }
        Self { series, totals: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pairs: &[(&str, &str)], value: Option<f64>) -> (Labels, Series) {
        let values = value.map(|value| ("value".to_owned(), value)).into_iter().collect();
        (pairs.iter().copied().collect(), Series { values, data_through: None })
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
}
