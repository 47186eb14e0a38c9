//! Where definitions stand in their files, for what is said of them once they are known to be right.
//! Not here: what is said (`lint`, `diff`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::reader::files::{Files, TextSpan};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// As the user named it.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Of each entry its key, under the empty name, and what its keys hold.
#[derive(Debug, Default, Clone)]
pub struct Places {
    kpis: BTreeMap<String, BTreeMap<&'static str, Spot>>,
    metrics: BTreeMap<String, BTreeMap<&'static str, Spot>>,
    names: BTreeMap<usize, Arc<str>>,
}

impl Places {
    /// Where a key of a KPI stands; the KPI itself where the key is not written.
    pub fn kpi(&self, id: &str, key: &str) -> Option<&Spot> {
        let of = self.kpis.get(id)?;
        of.get(key).or_else(|| of.get(""))
    }

    /// The same of a metric.
    pub fn metric(&self, id: &str, key: &str) -> Option<&Spot> {
        let of = self.metrics.get(id)?;
        of.get(key).or_else(|| of.get(""))
    }

    pub(super) fn add_kpi(
        &mut self,
        files: &Files,
        id: &str,
        keys: &[(&'static str, Option<TextSpan>)],
    ) {
        let spots = self.spots(files, keys);
        self.kpis.insert(id.to_owned(), spots);
    }

    pub(super) fn add_metric(
        &mut self,
        files: &Files,
        id: &str,
        keys: &[(&'static str, Option<TextSpan>)],
    ) {
        let spots = self.spots(files, keys);
        self.metrics.insert(id.to_owned(), spots);
    }

    fn spots(
        &mut self,
        files: &Files,
        keys: &[(&'static str, Option<TextSpan>)],
    ) -> BTreeMap<&'static str, Spot> {
        let given = keys.iter().filter_map(|(key, span)| Some((*key, (*span)?)));
        given
            .map(|(key, span)| {
                let name = self.names.entry(span.file.number());
                let file = name.or_insert_with(|| files.get(span.file).name.as_str().into());
                let (line, column) = files.line_column(span);
                (key, Spot { file: Arc::clone(file), line, column })
            })
            .collect()
    }
}
