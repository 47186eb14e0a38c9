//! One line in the log for many series that have the same to tell: with thousands of label sets, an
//! outage or a roll-over would be thousands of lines. Not here: what is told.

use std::collections::BTreeMap;

use crate::kpi::SeriesKey;
use crate::shown;

/// So many of a kind are told one by one.
const FEW: usize = 5;

/// Series by KPI and by what there is to tell of them, each with what it alone has to tell.
pub(super) struct Many<T, D = ()>(BTreeMap<(String, T), Vec<(String, D)>>);

/// What goes into one line.
#[derive(Debug, PartialEq)]
pub(super) struct Told<D = ()> {
    pub(super) kpi: String,
    /// The labels of the only series, or of one of them.
    pub(super) labels: String,
    /// How many series it stands for.
    pub(super) series: usize,
    /// What that series alone has to tell.
    pub(super) detail: D,
}

impl<T: Ord + Clone, D> Many<T, D> {
    pub(super) fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(super) fn add(&mut self, series: &SeriesKey, what: T, detail: D) {
        let all = self.0.entry((series.kpi.to_string(), what)).or_default();
        all.push((shown::line(&series.labels.to_string(), shown::MOST), detail));
    }

    /// The lines to write.
    pub(super) fn lines(self) -> Vec<(Told<D>, T)> {
        let mut lines = Vec::new();
        for ((kpi, what), all) in self.0 {
            let shown = if all.len() > FEW { 1 } else { all.len() };
            let series = if all.len() > FEW { all.len() } else { 1 };
            for (labels, detail) in all.into_iter().take(shown) {
                lines.push((Told { kpi: kpi.clone(), labels, series, detail }, what.clone()));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Labels;

    #[test]
    fn a_few_series_are_told_one_by_one_and_many_together() {
        let mut many = Many::new();
        let series = |kpi: &str, label: usize| {
            let labels: Labels = [("c", label.to_string())].into_iter().collect();
            SeriesKey::new(&kpi.into(), &labels)
        };
        for label in 0..20_000 {
            many.add(&series("a", label), "no_data", ());
        }
        for label in 0..FEW {
            many.add(&series("b", label), "no_data", ());
        }
        many.add(&series("a", 7), "on_track", ());
        let lines = many.lines();
        assert_eq!(lines.len(), 2 + FEW);
        let first =
            Told { kpi: "a".into(), labels: "{c=\"0\"}".into(), series: 20_000, detail: () };
        assert_eq!(lines[0], (first, "no_data"));
        assert!(lines[1..].iter().all(|(told, _)| told.series == 1));
    }
}
